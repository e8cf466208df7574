// Server-side apply: the client sends what it wants to own; the rest of the object is left to its owners.
import { isRecord } from "../../kinds/json-record.ts";
import type { Kind } from "../../kinds/kind.ts";
import { decodeObject, groupVersion } from "../body.ts";
import { decode, DecodeError } from "../decode.ts";
import { FieldSet, pathText, type PathElement } from "../fields/field-set.ts";
import { type Manager, readManagers, scope, trackable, writeManagers } from "../fields/managed-fields.ts";
import { compare, mergeConfig, ownedBy, removeFields } from "../fields/structure.ts";
import type { KubeObject } from "../object.ts";
import { badRequest, qualifiedResource } from "../refusals.ts";
import type { WriteOptions } from "../request-options.ts";
import { StatusError } from "../status-error.ts";
import type { WritePipeline, Written } from "../write-pipeline.ts";
import type { PatchRequest } from "./patch-request.ts";

/** Makes the object when it is absent. Throws 409 with the conflicts unless they are forced. */
export function serverSideApply(
  pipeline: WritePipeline,
  kind: Kind,
  namespace: string,
  name: string,
  request: PatchRequest,
  options: WriteOptions,
): { readonly written: Written; readonly created: boolean } {
  const config = readConfig(kind, namespace, name, request.body.value);
  const { subresource } = request;
  const old = pipeline.store.latest(qualifiedResource(kind), kind.namespaced ? namespace : "", name);
  if (old !== undefined && (config["metadata"] as { uid?: string }).uid === old.metadata.uid) {
    delete (config["metadata"] as { uid?: string }).uid;
  }
  const everything = scope(ownedBy(trackable(config as unknown as KubeObject), kind.schema), subresource);
  // Metadata of which nothing is left belongs to nobody.
  const owned =
    everything.children.get("f:metadata")?.children.size === 0 ? everything.without("f:metadata") : everything;
  const own: Manager = {
    manager: options.manager ?? "unknown",
    operation: "Apply",
    apiVersion: groupVersion(kind),
    subresource: subresource ?? "",
    time: pipeline.timestamp(),
    fields: owned,
  };
  if (old === undefined) {
    if (subresource !== undefined) pipeline.current(kind, namespace, name);
    const { object } = decodeObject(kind, config);
    const managed = owned.empty ? [] : writeManagers([own]);
    return { written: pipeline.create(kind, namespace, object, options, managed), created: true };
  }
  const managers = readManagers(old.metadata.managedFields ?? []);
  const last = managers.find((entry) => isSame(entry, own));
  const others = managers.filter((entry) => !isSame(entry, own));
  const merged = mergeConfig(old, config, kind.schema) as Record<string, unknown>;
  const kept = others.reduce((set, entry) => set.union(entry.fields), owned);
  const gone = (last?.fields ?? new FieldSet()).difference(owned);
  const value = removeFields(merged, kind.schema, gone, kept) as Record<string, unknown>;
  const { object } = decodeObject(kind, value);
  // As the client wrote it, without defaults: an atomic list that it gives short of them is another list, and a conflict.
  const { changed, removed } = compare(trackable(old), trackable(value as unknown as KubeObject), kind.schema);
  const conflicts = others.flatMap((entry) => {
    const shared = entry.fields.intersection(scope(changed, subresource).intersection(owned));
    return [...shared.paths()].map((path) => ({ entry, path }));
  });
  if (conflicts.length > 0 && options.force !== true) throw conflictError(conflicts);
  const after = others
    .map((entry) => ({ ...entry, fields: entry.fields.difference(changed).difference(removed) }))
    .filter((entry) => !entry.fields.empty);
  const same = last !== undefined && JSON.stringify(last.fields) === JSON.stringify(owned);
  const applier = { ...own, time: same ? last.time : own.time };
  const managed = writeManagers(owned.empty ? after : [...after, applier]);
  return { written: pipeline.replace(kind, old, object, options, subresource, managed), created: false };
}

function isSame(left: Manager, right: Manager): boolean {
  return left.operation === "Apply" && left.manager === right.manager && left.subresource === right.subresource;
}

function readConfig(kind: Kind, namespace: string, name: string, value: unknown): Record<string, unknown> {
  if (!isRecord(value)) throw badRequest("error decoding YAML: the patch is not an object");
  const { apiVersion, kind: kindName } = value;
  if (apiVersion !== groupVersion(kind) || kindName !== kind.kind) {
    throw badRequest(
      `the applied object is a ${String(kindName)} of ${String(apiVersion)}, not a ${kind.kind} of ${groupVersion(kind)}`,
    );
  }
  let decoded;
  try {
    decoded = decode(value, kind.schema);
  } catch (error) {
    if (error instanceof DecodeError) throw typedError(kind, namespace, name, error.message);
    throw error;
  }
  const unknown = decoded.unknown[0];
  if (unknown !== undefined) throw typedError(kind, namespace, name, `.${unknown}: field not declared in schema`);
  const metadata = isRecord(decoded.value["metadata"]) ? decoded.value["metadata"] : {};
  if (Array.isArray(metadata["managedFields"]) && metadata["managedFields"].length > 0) {
    throw badRequest("metadata.managedFields must be nil");
  }
  decoded.value["metadata"] = { name, ...(kind.namespaced && { namespace }), ...metadata };
  return structuredClone(decoded.value);
}

/** The original gives no reason with this one. */
function typedError(kind: Kind, namespace: string, name: string, why: string): StatusError {
  const which = `${namespace === "" ? "" : `${namespace}/`}${name}; ${groupVersion(kind)}, Kind=${kind.kind}`;
  return new StatusError(500, undefined, `failed to create typed patch object (${which}): ${why}`);
}

interface Conflict {
  readonly entry: Manager;
  readonly path: readonly PathElement[];
}

function conflictError(conflicts: readonly Conflict[]): StatusError {
  const causes = conflicts.map(({ entry, path }) => ({
    reason: "FieldManagerConflict",
    message: `conflict with ${managerText(entry)}`,
    field: pathText(path),
  }));
  return new StatusError(409, "Conflict", conflictMessage(conflicts), { causes });
}

function conflictMessage(conflicts: readonly Conflict[]): string {
  const [first] = conflicts;
  if (first !== undefined && conflicts.length === 1) {
    return `Apply failed with 1 conflict: conflict with ${managerText(first.entry)}: ${pathText(first.path)}`;
  }
  const byManager = Map.groupBy(conflicts, ({ entry }) => managerText(entry));
  const lines = [...byManager.keys()]
    .sort()
    .flatMap((manager) => [
      `conflicts with ${manager}:`,
      ...(byManager.get(manager) ?? []).map(({ path }) => `- ${pathText(path)}`),
    ]);
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join("\n")}`;
}

function managerText({ manager, operation, subresource, apiVersion }: Manager): string {
  const part = subresource === "" ? "" : ` with subresource ${JSON.stringify(subresource)}`;
  return `${JSON.stringify(manager)}${part}${operation === "Update" ? ` using ${apiVersion}` : ""}`;
}
