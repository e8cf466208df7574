import type { ObjectMeta } from "kubernetes-types/meta/v1.d.ts";

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Any stored object: decoded JSON with the fields every kind has. Kinds are typed by `kubernetes-types`. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: Writable<ObjectMeta> & { name: string; resourceVersion: string; uid: string; creationTimestamp: string };
  [field: string]: unknown;
}
