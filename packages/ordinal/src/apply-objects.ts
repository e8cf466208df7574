import type { Api } from "./api.ts";
import type { Manifest } from "./manifests.ts";
import { pathOf, type ResourceInfo } from "./resources.ts";
import { CommandError } from "./usage.ts";

/** kubectl keeps the last applied manifest here; the same one lets both apply the same objects in turn. */
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";
const QUERY = "?fieldManager=kubectl-client-side-apply&fieldValidation=Strict";

export type Outcome = "created" | "configured" | "unchanged";

/**
 * Creates the object or brings it to what the manifest says, as client-side apply does: fields of the last applied manifest that
 * are gone from this one are removed, fields that neither names are left alone.
 */
export async function applyObject(
  api: Api,
  resources: readonly ResourceInfo[],
  manifest: Manifest,
  namespace: string,
): Promise<{ name: string; outcome: Outcome }> {
  const resource = resources.find((one) => one.groupVersion === manifest.apiVersion && one.kind === manifest.kind);
  if (resource === undefined)
    throw new CommandError(`no matches for kind "${manifest.kind}" in version "${manifest.apiVersion}"`);
  const scope = manifest.metadata.namespace ?? namespace;
  const object = withLastApplied(
    resource.namespaced ? { ...manifest, metadata: { ...manifest.metadata, namespace: scope } } : manifest,
  );
  const name = `${resource.resource.replace(/s$/, "")}${resource.group === "" ? "" : `.${resource.group}`}/${manifest.metadata.name}`;
  const path = pathOf(resource, scope, manifest.metadata.name);
  const live = await api.maybe(path);
  if (live === undefined) {
    await api.json(pathOf(resource, scope) + QUERY, { method: "POST", body: JSON.stringify(object) });
    return { name, outcome: "created" };
  }
  const annotations = (live["metadata"] as { annotations?: Record<string, string> }).annotations;
  const previous: unknown = JSON.parse(annotations?.[LAST_APPLIED] ?? "{}");
  const patch = mergePatch(previous, object, live);
  if (patch === undefined) return { name, outcome: "unchanged" };
  const next = await api.json(path + QUERY, {
    method: "PATCH",
    contentType: "application/merge-patch+json",
    body: JSON.stringify(patch),
  });
  const before = (live["metadata"] as { resourceVersion: string }).resourceVersion;
  return {
    name,
    outcome: (next["metadata"] as { resourceVersion: string }).resourceVersion === before ? "unchanged" : "configured",
  };
}

function withLastApplied(object: Manifest): Manifest {
  const { [LAST_APPLIED]: _dropped, ...annotations } = object.metadata.annotations ?? {};
  const bare = { ...object, metadata: { ...object.metadata, annotations } };
  return {
    ...object,
    metadata: { ...object.metadata, annotations: { ...annotations, [LAST_APPLIED]: `${JSON.stringify(bare)}\n` } },
  };
}

/**
 * The JSON merge patch (RFC 7386) from `live` to `wanted`, with nulls for what only `previous` has. Lists are replaced whole; the
 * server fills their defaults again, so that an unchanged list ends as no change.
 */
export function mergePatch(previous: unknown, wanted: unknown, live: unknown): unknown {
  if (!isMap(wanted) || !isMap(live)) return JSON.stringify(wanted) === JSON.stringify(live) ? undefined : wanted;
  const patch: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(wanted)) {
    const part = mergePatch(isMap(previous) ? previous[key] : undefined, value, live[key]);
    if (part !== undefined) patch[key] = part;
  }
  if (isMap(previous)) for (const key of Object.keys(previous)) if (!(key in wanted) && key in live) patch[key] = null;
  return Object.keys(patch).length === 0 ? undefined : patch;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
