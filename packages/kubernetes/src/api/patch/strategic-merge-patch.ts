// Strategic merge patch after k8s.io/apimachinery/pkg/util/strategicpatch: lists of objects merge by a key that the
// schema names, lists of plain values as sets, and directives in the patch say the rest.
import { isRecord, setOwn } from "../../kinds/json-record.ts";
import type { ListMerge, ObjectSchema, Schema } from "../../kinds/kind.ts";
import { badRequest } from "../refusals.ts";
import { StatusError } from "../status-error.ts";

const DIRECTIVE = "$patch";
const RETAIN_KEYS = "$retainKeys";
const ELEMENT_ORDER = "$setElementOrder/";
const DELETE_FROM_LIST = "$deleteFromPrimitiveList/";

/** The patched object; neither argument is changed. Throws 400 for directives that make no sense, 500 for items without their key. */
export function strategicMergePatch(
  target: Record<string, unknown>,
  patch: Record<string, unknown>,
  schema: ObjectSchema,
): Record<string, unknown> {
  return mergeMaps(structuredClone(target), patch, schema);
}

/** Changes `target`, which belongs to the caller, and gives it. */
function mergeMaps(
  target: Record<string, unknown>,
  patch: Record<string, unknown>,
  schema: Schema | undefined,
): Record<string, unknown> {
  const directive = patch[DIRECTIVE];
  if (directive === "replace") return withoutDirectives(patch, schema);
  if (directive === "delete") return {};
  if (directive !== undefined && directive !== "merge") throw badRequest(`Unknown patch type: ${String(directive)}`);
  retainKeys(target, patch);
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith(DELETE_FROM_LIST)) deleteFromList(target, key.slice(DELETE_FROM_LIST.length), value);
  }
  for (const [key, value] of Object.entries(patch)) {
    if (isDirective(key)) continue;
    if (value === null) {
      delete target[key];
      continue;
    }
    const field = fieldSchema(schema, key);
    const order = patch[`${ELEMENT_ORDER}${key}`];
    const present = Object.hasOwn(target, key) ? target[key] : undefined;
    if (isRecord(value)) setOwn(target, key, mergeMaps(isRecord(present) ? present : {}, value, field));
    else if (Array.isArray(value))
      setOwn(target, key, mergeLists(Array.isArray(present) ? present : [], value, order, field, key));
    else setOwn(target, key, value);
  }
  for (const [key, order] of Object.entries(patch)) {
    if (!key.startsWith(ELEMENT_ORDER)) continue;
    const name = key.slice(ELEMENT_ORDER.length);
    const present = target[name];
    if (Object.hasOwn(patch, name) || !Array.isArray(present)) continue;
    target[name] = mergeLists(present, [], order, fieldSchema(schema, name), name);
  }
  return target;
}

function isDirective(key: string): boolean {
  return key === DIRECTIVE || key === RETAIN_KEYS || key.startsWith(ELEMENT_ORDER) || key.startsWith(DELETE_FROM_LIST);
}

function fieldSchema(schema: Schema | undefined, key: string): Schema | undefined {
  if (schema?.type === "object") return Object.hasOwn(schema.fields, key) ? schema.fields[key] : undefined;
  return schema?.type === "map" ? schema.values : undefined;
}

function retainKeys(target: Record<string, unknown>, patch: Record<string, unknown>): void {
  const retained = patch[RETAIN_KEYS];
  if (retained === undefined) return;
  if (!Array.isArray(retained)) throw badRequest("invalid patch format of retainKeys");
  for (const key of Object.keys(patch)) {
    if (!isDirective(key) && !retained.includes(key)) throw badRequest("invalid patch format of retainKeys");
  }
  for (const key of Object.keys(target)) if (!retained.includes(key)) delete target[key];
}

function deleteFromList(target: Record<string, unknown>, key: string, values: unknown): void {
  const present = target[key];
  if (!Array.isArray(values)) throw badRequest(`invalid patch format of ${DELETE_FROM_LIST}${key}`);
  if (Array.isArray(present)) target[key] = present.filter((item) => !values.includes(item));
}

/** How strategic merge treats a list; undefined when it replaces it. */
function strategicMerge(schema: Schema | undefined): ListMerge | undefined {
  if (schema?.type !== "array" || schema.merge?.only === "apply") return undefined;
  return schema.merge;
}

function mergeLists(
  target: unknown[],
  patch: readonly unknown[],
  order: unknown,
  schema: Schema | undefined,
  name: string,
): unknown[] {
  const merge = strategicMerge(schema);
  const items = schema?.type === "array" ? schema.items : undefined;
  if (merge === undefined) return patch.map((item) => withoutDirectivesOf(item, items));
  if (merge.kind === "set") {
    const union = [...target];
    const present = new Set(target.map(identity));
    for (const item of patch) {
      if (present.has(identity(item))) continue;
      present.add(identity(item));
      union.push(item);
    }
    return ordered(union, target, order, identity);
  }
  const key = merge.keys[0];
  const merged = mergeByKey(target, patch, key, items, name);
  return ordered(merged, target, order, (item) => (isRecord(item) ? identity(item[key]) : undefined));
}

function mergeByKey(
  target: readonly unknown[],
  patch: readonly unknown[],
  key: string,
  schema: Schema | undefined,
  name: string,
): unknown[] {
  if (patch.some((item) => isRecord(item) && item[DIRECTIVE] === "replace")) {
    return patch
      .filter((item) => !(isRecord(item) && item[DIRECTIVE] !== undefined))
      .map((item) => withoutDirectivesOf(item, schema));
  }
  const result: unknown[] = [...target];
  // By the key's value: a list may be long, and so may the patch.
  const places = new Map<string, number[]>();
  const found = (id: string, at: number) => {
    const known = places.get(id);
    if (known === undefined) places.set(id, [at]);
    else known.push(at);
  };
  for (const [at, item] of result.entries()) if (isRecord(item)) found(identity(item[key]), at);
  for (const item of patch) {
    if (!isRecord(item)) throw badRequest(`expected an object in the list ${name}`);
    const value = item[key];
    if (value === undefined || value === null) {
      throw new StatusError(500, undefined, `map: ${goMap(item)} does not contain declared merge key: ${key}`);
    }
    const id = identity(value);
    if (item[DIRECTIVE] === "delete") {
      for (const at of places.get(id) ?? []) result[at] = DELETED;
      places.delete(id);
      continue;
    }
    const at = places.get(id)?.[0];
    const present = at === undefined ? undefined : result[at];
    if (at !== undefined && isRecord(present)) result[at] = mergeMaps(present, item, schema);
    else {
      found(id, result.length);
      result.push(mergeMaps({}, item, schema));
    }
  }
  return result.filter((item) => item !== DELETED);
}

const DELETED = Symbol("deleted");

/** The same text for the same value. */
function identity(value: unknown): string {
  return JSON.stringify(value) ?? "";
}

/**
 * Puts a merged list into the order that the client asks for. Items that the client does not know keep their place
 * relative to those that were there before.
 */
function ordered(
  merged: readonly unknown[],
  before: readonly unknown[],
  order: unknown,
  idOf: (item: unknown) => string | undefined,
): unknown[] {
  if (!Array.isArray(order)) return [...merged];
  const wantedIds = new Set(order.map(idOf));
  wantedIds.delete(undefined);
  const byId = Map.groupBy(merged, idOf);
  const wanted = [...wantedIds].flatMap((id) => byId.get(id) ?? []);
  const others = merged.filter((item) => !wantedIds.has(idOf(item)));
  const places = new Map<string | undefined, number>();
  for (const [at, item] of before.entries()) if (!places.has(idOf(item))) places.set(idOf(item), at);
  const place = (item: unknown): number => places.get(idOf(item)) ?? -1;
  const result: unknown[] = [];
  let other = 0;
  for (const item of wanted) {
    const at = place(item);
    while (other < others.length && at >= 0 && place(others[other]) >= 0 && place(others[other]) < at) {
      result.push(others[other++]);
    }
    result.push(item);
  }
  return [...result, ...others.slice(other)];
}

/** What is new in the patch may carry directives and nulls for things that are not there. */
function withoutDirectives(patch: Record<string, unknown>, schema: Schema | undefined): Record<string, unknown> {
  const { [DIRECTIVE]: _directive, ...rest } = patch;
  return mergeMaps({}, rest, schema);
}

function withoutDirectivesOf(item: unknown, schema: Schema | undefined): unknown {
  return isRecord(item) ? mergeMaps({}, item, schema) : item;
}

/** A map as Go's `%v` prints it: keys sorted. */
function goMap(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goMap).join(" ")}]`;
  if (!isRecord(value)) return value === null ? "<nil>" : String(value);
  return `map[${Object.keys(value)
    .sort()
    .map((key) => `${key}:${goMap(value[key])}`)
    .join(" ")}]`;
}
