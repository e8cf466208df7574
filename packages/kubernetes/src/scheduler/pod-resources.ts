// What a pod asks for: staging/src/k8s.io/component-helpers/resource/helpers.go (PodRequests) of Kubernetes.
import type { Container, PodSpec } from "kubernetes-types/core/v1.d.ts";

import type { StoredPod } from "../controllers/view.ts";
import { quantityNano } from "../kinds/quantity.ts";

/** Amounts by resource name, in billionths of its unit. */
export type Amounts = ReadonlyMap<string, bigint>;

const NANO = 1_000_000_000n;
/** A container that asks for nothing counts as this much when nodes are compared, so that many such pods spread. */
const ASSUMED_CPU = NANO / 10n;
const ASSUMED_MEMORY = 200n * 1024n * 1024n * NANO;

const known = new WeakMap<object, Amounts>();

/** The most that the pod needs at any time of its start, and while it runs. */
export function podRequests(pod: Pick<StoredPod, "spec">): Amounts {
  const spec = pod.spec;
  if (spec === undefined) return new Map();
  const found = known.get(spec);
  if (found !== undefined) return found;
  const amounts = sumRequests(spec, requestsOf);
  known.set(spec, amounts);
  return amounts;
}

/** As `podRequests`, with something for containers that ask for no CPU or memory. */
export function podRequestsForScoring(pod: Pick<StoredPod, "spec">): Amounts {
  return pod.spec === undefined ? new Map() : sumRequests(pod.spec, scoringRequestsOf);
}

/** Billionths of a quantity text; 0 for what is none. */
export function amountOf(quantity: string | number | undefined): bigint {
  return quantity === undefined ? 0n : (quantityNano(quantity) ?? 0n);
}

function sumRequests(spec: PodSpec, of: (container: Container) => Map<string, bigint>): Amounts {
  const total = new Map<string, bigint>();
  for (const container of spec.containers) add(total, of(container));
  // Sidecars run beside everything after them; other init containers run alone with the sidecars before them.
  const sidecars = new Map<string, bigint>();
  const peak = new Map<string, bigint>();
  for (const container of spec.initContainers ?? []) {
    const own = of(container);
    if (container.restartPolicy === "Always") {
      add(sidecars, own);
      add(total, own);
      raise(peak, sidecars);
    } else {
      add(own, sidecars);
      raise(peak, own);
    }
  }
  raise(total, peak);
  for (const [name, quantity] of Object.entries(spec.overhead ?? {})) add(total, new Map([[name, amountOf(quantity)]]));
  return total;
}

function requestsOf(container: Container): Map<string, bigint> {
  const requests = { ...container.resources?.limits, ...container.resources?.requests };
  return new Map(Object.entries(requests).map(([name, quantity]) => [name, amountOf(quantity)]));
}

function scoringRequestsOf(container: Container): Map<string, bigint> {
  const requests = requestsOf(container);
  if (!requests.has("cpu")) requests.set("cpu", ASSUMED_CPU);
  if (!requests.has("memory")) requests.set("memory", ASSUMED_MEMORY);
  return requests;
}

function add(total: Map<string, bigint>, more: ReadonlyMap<string, bigint>): void {
  for (const [name, amount] of more) total.set(name, (total.get(name) ?? 0n) + amount);
}

function raise(total: Map<string, bigint>, floor: ReadonlyMap<string, bigint>): void {
  for (const [name, amount] of floor) if (amount > (total.get(name) ?? 0n)) total.set(name, amount);
}
