import type { PodSpec } from "kubernetes-types/core/v1.d.ts";

import { compareQuantities } from "./quantity.ts";

const COMPUTE_RESOURCES = ["cpu", "memory"] as const;

/** `Guaranteed`, `Burstable` or `BestEffort`, as the requests and limits of the pod's containers have it. */
export function qosClass(spec: PodSpec): "Guaranteed" | "Burstable" | "BestEffort" {
  const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  let named = false;
  let guaranteed = true;
  for (const { resources } of containers) {
    for (const name of COMPUTE_RESOURCES) {
      const request = positive(resources?.requests?.[name]);
      const limit = positive(resources?.limits?.[name]);
      named ||= request !== undefined || limit !== undefined;
      guaranteed &&= limit !== undefined && (request === undefined || compareQuantities(request, limit) === 0);
    }
  }
  if (!named) return "BestEffort";
  return guaranteed ? "Guaranteed" : "Burstable";
}

function positive(amount: string | number | undefined): string | number | undefined {
  return amount !== undefined && compareQuantities(amount, 0) > 0 ? amount : undefined;
}
