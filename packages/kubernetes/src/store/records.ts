import type { StoreRange } from "@ordinal/io";

import type { KubeObject } from "../api/object.ts";

// The records of the object store: `o/<resource>/<namespace>/<name>` holds an object as JSON, `m/…` what is about the store.

export const formatKey = Buffer.from("m/format");
/** The resourceVersion of the last change, which may have been a deletion. */
export const versionKey = Buffer.from("m/resourceVersion");
export const objectRange: StoreRange = { gte: Buffer.from("o/"), lt: Buffer.from("o0") };

/** Names and namespaces never hold a slash: the API refuses them. */
export function objectKey(resource: string, namespace: string, name: string): string {
  return `o/${resource}/${namespace}/${name}`;
}

export function encodeObject(object: KubeObject): Uint8Array {
  return Buffer.from(JSON.stringify(object));
}

export function decodeObject(key: Uint8Array, value: Uint8Array): { resource: string; object: KubeObject } {
  const text = Buffer.from(key).toString();
  const resource = text.split("/")[1] ?? "";
  try {
    return { resource, object: JSON.parse(Buffer.from(value).toString()) as KubeObject };
  } catch (cause) {
    throw new Error(`the object store's record ${text} cannot be read`, { cause });
  }
}
