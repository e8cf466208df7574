import type { StatefulSet } from "kubernetes-types/apps/v1.d.ts";
import type { PersistentVolumeClaim } from "kubernetes-types/core/v1.d.ts";

import { ageColumn, column, nameColumn, wideColumn } from "./columns.ts";
import { defaultPersistentVolumeClaim } from "./defaults/persistent-volume-claim.ts";
import { defaultPodTemplateSpec } from "./defaults/pod-template.ts";
import { defineKind } from "./define-kind.ts";
import { since } from "./human-duration.ts";
import { statefulSet as schema } from "./schema/stateful-set.ts";
import {
  validateStatefulSet,
  validateStatefulSetStatusUpdate,
  validateStatefulSetUpdate,
} from "./validation/stateful-set.ts";
import { claimSpecWarnings, podSpecWarnings } from "./warnings.ts";

/** Pods with sticky names and claims. */
export const statefulSet = defineKind<StatefulSet>({
  group: "apps",
  version: "v1",
  kind: "StatefulSet",
  resource: "statefulsets",
  singular: "statefulset",
  namespaced: true,
  shortNames: ["sts"],
  categories: ["all"],
  subresources: ["scale", "status"],
  schema,
  defaults: defaultStatefulSet,
  strategy: {
    generation: true,
    prepareForCreate(object) {
      object.status = { replicas: 0 };
      dropAlphaFields(object);
    },
    prepareForUpdate(object, old) {
      if (old.status !== undefined) object.status = structuredClone(old.status);
      dropAlphaFields(object);
    },
    validate: validateStatefulSet,
    validateUpdate: validateStatefulSetUpdate,
    validateStatusUpdate: validateStatefulSetStatusUpdate,
    warnings: ({ spec }) => [
      ...podSpecWarnings(spec?.template.spec, "spec.template.spec"),
      ...(spec?.volumeClaimTemplates ?? []).flatMap((claim, index) =>
        claimSpecWarnings(claim.spec ?? {}, `spec.volumeClaimTemplates[${index}]`),
      ),
    ],
    defaultPropagation: "Background",
  },
  columns: [
    nameColumn,
    column("Ready", "Ready pods of those wanted."),
    ageColumn,
    wideColumn("Containers", "Names of the template's containers."),
    wideColumn("Images", "Images of the template's containers."),
  ],
  row(object, now) {
    const containers = object.spec?.template.spec?.containers ?? [];
    return [
      object.metadata.name,
      `${object.status?.readyReplicas ?? 0}/${object.spec?.replicas ?? 0}`,
      since(object.metadata.creationTimestamp, now),
      containers.map(({ name }) => name).join(","),
      containers.map(({ image }) => image ?? "").join(","),
    ];
  },
});

function defaultStatefulSet(object: StatefulSet): void {
  const { spec } = object;
  if (spec === undefined) return;
  spec.podManagementPolicy ??= "OrderedReady";
  // A strategy that names its type keeps what it says of `rollingUpdate`, nothing included: kubectl's words on a
  // rollout and the revision of a pod made anew depend on it.
  const strategy = (spec.updateStrategy ??= {});
  if (strategy.type === undefined) {
    strategy.type = "RollingUpdate";
    strategy.rollingUpdate ??= {};
  }
  if (strategy.rollingUpdate !== undefined) strategy.rollingUpdate.partition ??= 0;
  const retention = (spec.persistentVolumeClaimRetentionPolicy ??= {});
  retention.whenDeleted ??= "Retain";
  retention.whenScaled ??= "Retain";
  spec.replicas ??= 1;
  spec.revisionHistoryLimit ??= 10;
  if (spec.template.spec !== undefined) defaultPodTemplateSpec(spec.template.spec);
  for (const claim of spec.volumeClaimTemplates ?? []) {
    claim.apiVersion = "v1";
    claim.kind = "PersistentVolumeClaim";
    defaultPersistentVolumeClaim(claim as PersistentVolumeClaim);
  }
}

/** `maxUnavailable` is behind a gate that 1.32 leaves closed. */
function dropAlphaFields(object: StatefulSet): void {
  const rollingUpdate: { maxUnavailable?: unknown } | undefined = object.spec?.updateStrategy?.rollingUpdate;
  if (rollingUpdate !== undefined) delete rollingUpdate.maxUnavailable;
}
