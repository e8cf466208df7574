import { any, boolean, int64, list, map, mergedList, mergedSet, object, string, time } from "./field.ts";

export const ownerReference = object(
  "OwnerReference",
  {
    apiVersion: string,
    kind: string,
    name: string,
    uid: string,
    controller: boolean,
    blockOwnerDeletion: boolean,
  },
  {
    always: ["apiVersion", "kind", "name", "uid"],
    kept: ["controller", "blockOwnerDeletion"],
    atomic: true,
  },
);

export const managedFieldsEntry = object(
  "ManagedFieldsEntry",
  {
    manager: string,
    operation: string,
    apiVersion: string,
    time,
    fieldsType: string,
    fieldsV1: any,
    subresource: string,
  },
  { kept: ["time", "fieldsV1"] },
);

export const objectMeta = object(
  "ObjectMeta",
  {
    name: string,
    generateName: string,
    namespace: string,
    selfLink: string,
    uid: string,
    resourceVersion: string,
    generation: int64,
    creationTimestamp: time,
    deletionTimestamp: time,
    deletionGracePeriodSeconds: int64,
    labels: map(string),
    annotations: map(string),
    ownerReferences: mergedList(ownerReference, "uid"),
    finalizers: mergedSet(string),
    managedFields: list(managedFieldsEntry),
  },
  { always: ["creationTimestamp"], kept: ["deletionTimestamp", "deletionGracePeriodSeconds"] },
);

export const condition = object(
  "Condition",
  {
    type: string,
    status: string,
    observedGeneration: int64,
    lastTransitionTime: time,
    reason: string,
    message: string,
  },
  { always: ["type", "status", "lastTransitionTime", "reason", "message"] },
);
