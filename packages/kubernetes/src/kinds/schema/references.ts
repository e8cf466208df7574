import { boolean, object, quantity, string } from "./field.ts";

export const localObjectReference = object(
  "LocalObjectReference",
  {
    name: string,
  },
  { atomic: true },
);

export const objectFieldSelector = object(
  "ObjectFieldSelector",
  {
    apiVersion: string,
    fieldPath: string,
  },
  { always: ["fieldPath"], atomic: true },
);

export const resourceFieldSelector = object(
  "ResourceFieldSelector",
  {
    containerName: string,
    resource: string,
    divisor: quantity,
  },
  { always: ["resource", "divisor"], atomic: true },
);

export const typedLocalObjectReference = object(
  "TypedLocalObjectReference",
  {
    apiGroup: string,
    kind: string,
    name: string,
  },
  { always: ["apiGroup", "kind", "name"], kept: ["apiGroup"], atomic: true },
);

export const typedObjectReference = object(
  "TypedObjectReference",
  {
    apiGroup: string,
    kind: string,
    name: string,
    namespace: string,
  },
  { always: ["apiGroup", "kind", "name"], kept: ["apiGroup", "namespace"] },
);

export const configMapKeySelector = object(
  "ConfigMapKeySelector",
  {
    name: string,
    key: string,
    optional: boolean,
  },
  { always: ["key"], kept: ["optional"], atomic: true },
);

export const secretKeySelector = object(
  "SecretKeySelector",
  {
    name: string,
    key: string,
    optional: boolean,
  },
  { always: ["key"], kept: ["optional"], atomic: true },
);

export const objectReference = object(
  "ObjectReference",
  {
    kind: string,
    namespace: string,
    name: string,
    uid: string,
    apiVersion: string,
    resourceVersion: string,
    fieldPath: string,
  },
  { atomic: true },
);

export const secretReference = object(
  "SecretReference",
  {
    name: string,
    namespace: string,
  },
  { atomic: true },
);
