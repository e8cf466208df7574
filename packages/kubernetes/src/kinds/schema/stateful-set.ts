import { int32, int64, intOrString, list, mergedList, object, string, time } from "./field.ts";
import { labelSelector } from "./label-selector.ts";
import { objectMeta } from "./meta.ts";
import { persistentVolumeClaim } from "./persistent-volume-claim.ts";
import { podTemplateSpec } from "./pod-spec.ts";

export const rollingUpdateStatefulSetStrategy = object(
  "RollingUpdateStatefulSetStrategy",
  {
    partition: int32,
    maxUnavailable: intOrString,
  },
  { kept: ["partition", "maxUnavailable"] },
);

export const statefulSetUpdateStrategy = object("StatefulSetUpdateStrategy", {
  type: string,
  rollingUpdate: rollingUpdateStatefulSetStrategy,
});

export const statefulSetPersistentVolumeClaimRetentionPolicy = object(
  "StatefulSetPersistentVolumeClaimRetentionPolicy",
  {
    whenDeleted: string,
    whenScaled: string,
  },
);

export const statefulSetOrdinals = object(
  "StatefulSetOrdinals",
  {
    start: int32,
  },
  { always: ["start"] },
);

export const statefulSetSpec = object(
  "StatefulSetSpec",
  {
    replicas: int32,
    selector: labelSelector,
    template: podTemplateSpec,
    volumeClaimTemplates: list(persistentVolumeClaim),
    serviceName: string,
    podManagementPolicy: string,
    updateStrategy: statefulSetUpdateStrategy,
    revisionHistoryLimit: int32,
    minReadySeconds: int32,
    persistentVolumeClaimRetentionPolicy: statefulSetPersistentVolumeClaimRetentionPolicy,
    ordinals: statefulSetOrdinals,
  },
  {
    always: ["selector", "template", "serviceName", "updateStrategy"],
    kept: ["replicas", "selector", "revisionHistoryLimit"],
  },
);

export const statefulSetCondition = object(
  "StatefulSetCondition",
  {
    type: string,
    status: string,
    lastTransitionTime: time,
    reason: string,
    message: string,
  },
  { always: ["type", "status", "lastTransitionTime"] },
);

export const statefulSetStatus = object(
  "StatefulSetStatus",
  {
    observedGeneration: int64,
    replicas: int32,
    readyReplicas: int32,
    currentReplicas: int32,
    updatedReplicas: int32,
    currentRevision: string,
    updateRevision: string,
    collisionCount: int32,
    conditions: mergedList(statefulSetCondition, "type"),
    availableReplicas: int32,
  },
  { always: ["replicas", "availableReplicas"], kept: ["collisionCount"] },
);

export const statefulSet = object(
  "StatefulSet",
  {
    kind: string,
    apiVersion: string,
    metadata: objectMeta,
    spec: statefulSetSpec,
    status: statefulSetStatus,
  },
  { always: ["metadata", "spec", "status"] },
);
