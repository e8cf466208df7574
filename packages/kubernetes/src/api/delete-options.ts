import { isRecord } from "../kinds/json-record.ts";
import type { DeleteOptions } from "./client.ts";
import { badRequest } from "./refusals.ts";
import { StatusError } from "./status-error.ts";

const PROPAGATIONS = ["Background", "Foreground", "Orphan"] as const;

/** Reads DeleteOptions out of a body or, without one, out of the query. */
export function deleteOptions(body: unknown, query: URLSearchParams): DeleteOptions {
  if (!isRecord(body)) throw badRequest("DeleteOptions is not an object");
  const given = (name: string): unknown => body[name] ?? query.get(name) ?? undefined;
  const grace = given("gracePeriodSeconds");
  const seconds = grace === undefined ? undefined : Number(grace);
  if (seconds !== undefined && !Number.isSafeInteger(seconds))
    throw badRequest("gracePeriodSeconds is not a whole number");
  let propagation = given("propagationPolicy");
  const orphan = given("orphanDependents");
  if (propagation === undefined && orphan !== undefined)
    propagation = String(orphan) === "true" ? "Orphan" : "Background";
  if (propagation !== undefined && !(PROPAGATIONS as readonly unknown[]).includes(propagation)) {
    throw new StatusError(
      422,
      "Invalid",
      `DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: ${JSON.stringify(propagation)}: supported values: "Foreground", "Background", "Orphan", "nil"`,
      { group: "meta.k8s.io", kind: "DeleteOptions" },
    );
  }
  const preconditions = isRecord(body["preconditions"]) ? body["preconditions"] : {};
  const { uid, resourceVersion } = preconditions;
  return {
    ...(seconds !== undefined && { gracePeriodSeconds: seconds }),
    ...(propagation !== undefined && { propagationPolicy: propagation as (typeof PROPAGATIONS)[number] }),
    preconditions: {
      ...(typeof uid === "string" && { uid }),
      ...(typeof resourceVersion === "string" && { resourceVersion }),
    },
  };
}
