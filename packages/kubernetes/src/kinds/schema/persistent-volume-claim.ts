import { list, map, mergedList, object, quantity, string, time } from "./field.ts";
import { labelSelector } from "./label-selector.ts";
import { objectMeta } from "./meta.ts";
import { typedLocalObjectReference, typedObjectReference } from "./references.ts";

export const volumeResourceRequirements = object("VolumeResourceRequirements", {
  limits: map(quantity),
  requests: map(quantity),
});

export const persistentVolumeClaimSpec = object(
  "PersistentVolumeClaimSpec",
  {
    accessModes: list(string),
    selector: labelSelector,
    resources: volumeResourceRequirements,
    volumeName: string,
    storageClassName: string,
    volumeMode: string,
    dataSource: typedLocalObjectReference,
    dataSourceRef: typedObjectReference,
    volumeAttributesClassName: string,
  },
  { always: ["resources"], kept: ["storageClassName", "volumeMode", "volumeAttributesClassName"] },
);

export const persistentVolumeClaimCondition = object(
  "PersistentVolumeClaimCondition",
  {
    type: string,
    status: string,
    lastProbeTime: time,
    lastTransitionTime: time,
    reason: string,
    message: string,
  },
  { always: ["type", "status", "lastProbeTime", "lastTransitionTime"] },
);

export const modifyVolumeStatus = object(
  "ModifyVolumeStatus",
  {
    targetVolumeAttributesClassName: string,
    status: string,
  },
  { always: ["status"] },
);

export const persistentVolumeClaimStatus = object(
  "PersistentVolumeClaimStatus",
  {
    phase: string,
    accessModes: list(string),
    capacity: map(quantity),
    conditions: mergedList(persistentVolumeClaimCondition, "type"),
    allocatedResources: map(quantity),
    allocatedResourceStatuses: map(string),
    currentVolumeAttributesClassName: string,
    modifyVolumeStatus,
  },
  { kept: ["currentVolumeAttributesClassName"] },
);

export const persistentVolumeClaim = object(
  "PersistentVolumeClaim",
  {
    kind: string,
    apiVersion: string,
    metadata: objectMeta,
    spec: persistentVolumeClaimSpec,
    status: persistentVolumeClaimStatus,
  },
  { always: ["metadata", "spec", "status"] },
);
