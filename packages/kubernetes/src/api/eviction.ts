import { isRecord } from "../kinds/json-record.ts";
import { deleteOptions } from "./delete-options.ts";
import { badRequest } from "./refusals.ts";
import type { Registry } from "./registry.ts";
import type { WriteOptions } from "./request-options.ts";

/** The `eviction` subresource of pods: deletes the pod with the eviction's own delete options. */
export async function evictPod(
  registry: Registry,
  namespace: string,
  name: string,
  eviction: unknown,
  options: WriteOptions,
): Promise<void> {
  if (!isRecord(eviction)) throw badRequest("the eviction is not an object");
  const given = eviction["deleteOptions"] ?? {};
  const dryRun = isRecord(given) && Array.isArray(given["dryRun"]) && given["dryRun"].includes("All");
  const request = deleteOptions(given, new URLSearchParams());
  await registry.delete(registry.table.named("pods"), namespace, name, request, {
    ...options,
    dryRun: options.dryRun === true || dryRun,
  });
}
