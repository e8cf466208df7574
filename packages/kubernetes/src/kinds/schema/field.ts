import type { ObjectSchema, Schema } from "../kind.ts";

// The words in which the schemas of this folder are written. They follow the Go types of the original's API at 1.32:
// names, order and encoding of the fields, and the keys by which lists merge.

type ScalarType = Exclude<Schema["type"], "array" | "map" | "object">;

function scalar(type: ScalarType): Schema {
  return { type };
}

export const string = scalar("string");
export const boolean = scalar("boolean");
export const int32 = scalar("int32");
export const int64 = scalar("int64");
export const quantity = scalar("quantity");
export const time = scalar("time");
export const microTime = scalar("microTime");
export const intOrString = scalar("intOrString");
export const bytes = scalar("bytes");
export const any = scalar("any");

export type ObjectOptions = Pick<ObjectSchema, "always" | "kept" | "atomic" | "retainKeys">;

export function object(
  goName: string,
  fields: Readonly<Record<string, Schema>>,
  options: ObjectOptions = {},
): ObjectSchema {
  return { type: "object", goName, fields, ...options };
}

/** A list that is replaced as a whole. */
export function list(items: Schema): Schema {
  return { type: "array", items };
}

/** A list of objects told apart by `keys`, for strategic merge (by the first key) and for server-side apply (by all). */
export function mergedList(items: Schema, ...keys: [string, ...string[]]): Schema {
  return { type: "array", items, merge: { kind: "keys", keys } };
}

/** As `mergedList` for server-side apply; strategic merge replaces it. */
export function appliedList(items: Schema, ...keys: [string, ...string[]]): Schema {
  return { type: "array", items, merge: { kind: "keys", keys, only: "apply" } };
}

/** As `mergedList` for strategic merge; server-side apply replaces it. */
export function patchedList(items: Schema, key: string): Schema {
  return { type: "array", items, merge: { kind: "keys", keys: [key], only: "strategic" } };
}

/** A list of plain values without duplicates, for strategic merge and for server-side apply. */
export function mergedSet(items: Schema): Schema {
  return { type: "array", items, merge: { kind: "set" } };
}

/** As `mergedSet` for server-side apply; strategic merge replaces it. */
export function appliedSet(items: Schema): Schema {
  return { type: "array", items, merge: { kind: "set", only: "apply" } };
}

export function map(values: Schema): Schema {
  return { type: "map", values };
}

/** A map that has one owner: managed fields name it, not its keys. */
export function atomicMap(values: Schema): Schema {
  return { type: "map", values, atomic: true };
}
