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
  const patch = applyPatch(previous, object, live);
  if (patch === undefined) return { name, outcome: "unchanged" };
  const next = await api.json(path + QUERY, {
    method: "PATCH",
    contentType: "application/strategic-merge-patch+json",
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
    metadata: {
      ...object.metadata,
      annotations: { ...annotations, [LAST_APPLIED]: `${goJson(bare)}\n` },
    },
  };
}

/** As kubectl writes it, so that it finds its own words again: sorted keys, and Go's escapes for what HTML minds. */
function goJson(value: unknown): string {
  return JSON.stringify(sorted(value)).replaceAll(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isMap(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  );
}

/** Strategic merge's key of each list that is merged and not replaced. `ports` have one in containers and another in services. */
const MERGE_KEYS: Readonly<Record<string, readonly string[]>> = {
  containers: ["name"],
  initContainers: ["name"],
  env: ["name"],
  imagePullSecrets: ["name"],
  volumes: ["name"],
  secrets: ["name"],
  volumeMounts: ["mountPath"],
  volumeDevices: ["devicePath"],
  ports: ["containerPort", "port"],
  hostAliases: ["ip"],
  topologySpreadConstraints: ["topologyKey"],
};

/**
 * The strategic merge patch from `live` to `wanted`: undefined when live has all of it. What only `previous` names is removed; what
 * neither names, such as the server's defaults, stays. Lists with a merge key are merged item by item, others replaced.
 */
export function applyPatch(previous: unknown, wanted: unknown, live: unknown, field = ""): unknown {
  if (isMap(wanted) && isMap(live)) return mapPatch(isMap(previous) ? previous : {}, wanted, live);
  if (Array.isArray(wanted) && Array.isArray(live)) {
    const key = MERGE_KEYS[field]?.find((name) => wanted.every((item) => isMap(item) && item[name] !== undefined));
    if (key !== undefined && wanted.length > 0)
      return listPatch(Array.isArray(previous) ? previous : [], wanted as Item[], live as Item[], key);
  }
  return JSON.stringify(wanted) === JSON.stringify(live) ? undefined : wanted;
}

type Item = Record<string, unknown>;

function mapPatch(previous: Item, wanted: Item, live: Item): Item | undefined {
  const patch: Item = {};
  for (const [key, value] of Object.entries(wanted)) {
    const part = applyPatch(previous[key], value, live[key], key);
    if (part !== undefined) patch[key] = part;
  }
  for (const key of Object.keys(previous)) if (!(key in wanted) && key in live) patch[key] = null;
  return Object.keys(patch).length === 0 ? undefined : patch;
}

function listPatch(
  previous: readonly Item[],
  wanted: readonly Item[],
  live: readonly Item[],
  key: string,
): Item[] | undefined {
  const find = (list: readonly Item[], item: Item): Item | undefined => list.find((other) => other[key] === item[key]);
  const patch: Item[] = [];
  for (const item of wanted) {
    const present = find(live, item);
    const part = present === undefined ? item : mapPatch(find(previous, item) ?? {}, item, present);
    if (part !== undefined) patch.push({ ...part, [key]: item[key] });
  }
  for (const item of previous)
    if (isMap(item) && find(wanted, item) === undefined && find(live, item) !== undefined)
      patch.push({ $patch: "delete", [key]: item[key] });
  return patch.length === 0 ? undefined : patch;
}

function isMap(value: unknown): value is Item {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
