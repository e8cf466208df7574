// metadata.managedFields: who owns which fields, after k8s.io/apimachinery/pkg/util/managedfields.
import { canonicalize } from "../../kinds/canonical.ts";
import type { Kind } from "../../kinds/kind.ts";
import { groupVersion } from "../body.ts";
import type { KubeObject } from "../object.ts";
import type { Subresource } from "../request-options.ts";
import { FieldSet } from "./field-set.ts";
import { compare } from "./structure.ts";

export type ManagedFields = NonNullable<KubeObject["metadata"]["managedFields"]>;

export interface Stamp {
  readonly manager: string;
  /** As objects show it. */
  readonly time: string;
}

export interface Manager {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly apiVersion: string;
  readonly subresource: string;
  readonly time: string | undefined;
  readonly fields: FieldSet;
}

/** Update managers beyond so many are merged, the oldest first. */
const UPDATE_MANAGERS_MAX = 10;
const ANCIENT = "ancient-changes";

/** Metadata that belongs to the server, and what names the object. */
const UNOWNED_METADATA = [
  "name",
  "namespace",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "selfLink",
  "uid",
  "generation",
  "managedFields",
  "resourceVersion",
];

/** The entries after an ordinary write: `object` as the client would have it, `old` undefined for a creation. */
export function trackFields(
  kind: Kind,
  object: KubeObject,
  old: KubeObject | undefined,
  subresource: Subresource,
  stamp: Stamp,
): ManagedFields {
  const before = old ?? emptyObject(kind);
  // The client may hand entries back, changed even; those of the object itself count when it says nothing.
  const given = object.metadata.managedFields ?? [];
  const managers = readManagers(given.length > 0 ? given : (old?.metadata.managedFields ?? []));
  const { changed, removed } = compare(trackable(before), trackable(object), kind.schema);
  return writeManagers(
    changeOwners(managers, scope(changed, subresource), scope(removed, subresource), kind, subresource, stamp),
  );
}

/** Without what nobody owns. */
export function trackable(object: KubeObject): Record<string, unknown> {
  const { apiVersion: _apiVersion, kind: _kind, metadata, ...rest } = object;
  const owned: Record<string, unknown> = { ...metadata };
  for (const field of UNOWNED_METADATA) delete owned[field];
  return { metadata: owned, ...rest };
}

function emptyObject(kind: Kind): KubeObject {
  const object: Record<string, unknown> = {};
  canonicalize(object, kind.schema);
  return { metadata: {}, ...object } as unknown as KubeObject;
}

/** A subresource touches its part alone, and the object itself never the status. */
export function scope(set: FieldSet, subresource: Subresource): FieldSet {
  switch (subresource) {
    case "status":
      return set.only("f:status");
    case "scale":
    case "finalize":
    case "binding":
      return set.only("f:spec");
    default:
      return set.without("f:status");
  }
}

function changeOwners(
  managers: readonly Manager[],
  changed: FieldSet,
  removed: FieldSet,
  kind: Kind,
  subresource: Subresource,
  stamp: Stamp,
): Manager[] {
  if (changed.empty && removed.empty) return [...managers];
  const apiVersion = groupVersion(kind);
  const isOwn = (entry: Manager): boolean =>
    entry.operation === "Update" &&
    entry.manager === stamp.manager &&
    entry.apiVersion === apiVersion &&
    entry.subresource === (subresource ?? "");
  const own = managers.find(isOwn);
  const result: Manager[] = [];
  for (const entry of managers) {
    if (isOwn(entry)) continue;
    const fields = entry.fields.difference(changed).difference(removed);
    if (!fields.empty) result.push({ ...entry, fields });
  }
  const before = own?.fields ?? new FieldSet();
  const fields = before.union(changed).difference(removed);
  if (!fields.empty) {
    const same = JSON.stringify(before) === JSON.stringify(fields);
    result.push({
      manager: stamp.manager,
      operation: "Update",
      apiVersion,
      subresource: subresource ?? "",
      time: same ? own?.time : stamp.time,
      fields,
    });
  }
  return mergeAncient(result);
}

function mergeAncient(managers: readonly Manager[]): Manager[] {
  const updates = managers.filter((entry) => entry.operation === "Update");
  if (updates.length <= UPDATE_MANAGERS_MAX) return [...managers];
  updates.sort((left, right) => ((left.time ?? "") < (right.time ?? "") ? -1 : 1));
  const ancient = new Map<string, Manager>();
  for (const entry of updates.slice(0, updates.length - UPDATE_MANAGERS_MAX + 1)) {
    const present = ancient.get(entry.apiVersion);
    const fields = present === undefined ? entry.fields : present.fields.union(entry.fields);
    ancient.set(entry.apiVersion, { ...entry, manager: ANCIENT, subresource: "", fields });
  }
  const kept = new Set(updates.slice(updates.length - UPDATE_MANAGERS_MAX + 1));
  return [...managers.filter((entry) => entry.operation === "Apply" || kept.has(entry)), ...ancient.values()];
}

export function readManagers(entries: readonly unknown[]): Manager[] {
  return (entries as ManagedFields).flatMap((entry) => {
    const { manager = "", operation, apiVersion = "", subresource = "", time, fieldsV1 } = entry;
    if (operation !== "Apply" && operation !== "Update") return [];
    return [{ manager, operation, apiVersion, subresource, time: time ?? undefined, fields: FieldSet.parse(fieldsV1) }];
  });
}

/** Sorted as the original sorts them: by operation, time, manager. */
export function writeManagers(managers: readonly Manager[]): ManagedFields {
  const sorted = [...managers].sort(
    (left, right) =>
      order(left.operation, right.operation) ||
      order(left.time ?? "", right.time ?? "") ||
      order(left.manager, right.manager) ||
      order(left.apiVersion, right.apiVersion) ||
      order(left.subresource, right.subresource),
  );
  return sorted.map(({ manager, operation, apiVersion, subresource, time, fields }) => ({
    manager,
    operation,
    apiVersion,
    ...(time !== undefined && { time }),
    fieldsType: "FieldsV1",
    fieldsV1: fields.toJSON(),
    ...(subresource !== "" && { subresource }),
  }));
}

function order(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
