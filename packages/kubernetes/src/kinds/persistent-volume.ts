import type { PersistentVolume } from "kubernetes-types/core/v1.d.ts";

import { accessModesText, storageClassName } from "./access-modes.ts";
import { apiTime } from "./api-time.ts";
import { ageColumn, column, nameColumn, wideColumn } from "./columns.ts";
import { defaultResourceList } from "./defaults/resource-list.ts";
import { defaultStorageSystem } from "./defaults/storage-system.ts";
import { defineKind } from "./define-kind.ts";
import { since } from "./human-duration.ts";
import { persistentVolume as schema } from "./schema/persistent-volume.ts";
import {
  validatePersistentVolume,
  validatePersistentVolumeStatusUpdate,
  validatePersistentVolumeUpdate,
} from "./validation/persistent-volume.ts";

const PROTECTION_FINALIZER = "kubernetes.io/pv-protection";

/** A piece of storage. */
export const persistentVolume = defineKind<PersistentVolume>({
  group: "",
  version: "v1",
  kind: "PersistentVolume",
  resource: "persistentvolumes",
  singular: "persistentvolume",
  namespaced: false,
  shortNames: ["pv"],
  subresources: ["status"],
  schema,
  defaults(object) {
    object.status = { ...object.status, phase: object.status?.phase ?? "Pending" };
    if (object.spec === undefined) return;
    object.spec.persistentVolumeReclaimPolicy ??= "Retain";
    object.spec.volumeMode ??= "Filesystem";
    defaultStorageSystem(object.spec);
    defaultResourceList(object.spec.capacity);
  },
  strategy: {
    prepareForCreate(object, context) {
      object.status = {
        phase: "Pending",
        lastPhaseTransitionTime: apiTime(context.now),
      } as PersistentVolume["status"] & object;
      const finalizers = object.metadata.finalizers ?? [];
      if (!finalizers.includes(PROTECTION_FINALIZER))
        object.metadata.finalizers = [...finalizers, PROTECTION_FINALIZER];
    },
    prepareForUpdate(object, old) {
      if (old.status !== undefined) object.status = structuredClone(old.status);
    },
    prepareForStatusUpdate(object, old, context) {
      if (old.spec !== undefined) object.spec = structuredClone(old.spec);
      const { status } = object;
      if (status !== undefined && status.phase !== old.status?.phase) {
        object.status = { ...status, lastPhaseTransitionTime: apiTime(context.now) } as typeof status;
      }
    },
    validate: validatePersistentVolume,
    validateUpdate: validatePersistentVolumeUpdate,
    validateStatusUpdate: validatePersistentVolumeStatusUpdate,
    deleteReturnsObject: true,
  },
  columns: [
    nameColumn,
    column("Capacity", "Size of the volume."),
    column("Access Modes", "How the volume may be mounted."),
    column("Reclaim Policy", "What becomes of the volume when its claim is gone."),
    column("Status", "Available, Bound, Released, Failed or Terminating."),
    column("Claim", "The claim that the volume is bound to."),
    column("StorageClass", "Class of the volume."),
    column("VolumeAttributesClass", "Attributes class of the volume."),
    column("Reason", "Why the volume is in its state."),
    ageColumn,
    wideColumn("VolumeMode", "Filesystem or Block."),
  ],
  row(object, now) {
    const { metadata, spec = {}, status = {} } = object;
    return [
      metadata.name,
      String(spec.capacity?.storage ?? "0"),
      accessModesText(spec.accessModes),
      spec.persistentVolumeReclaimPolicy ?? "",
      metadata.deletionTimestamp != null ? "Terminating" : (status.phase ?? ""),
      spec.claimRef === undefined ? "" : `${spec.claimRef.namespace ?? ""}/${spec.claimRef.name ?? ""}`,
      storageClassName(object),
      spec.volumeAttributesClassName ?? "<unset>",
      status.reason ?? "",
      since(metadata.creationTimestamp, now),
      spec.volumeMode ?? "<unset>",
    ];
  },
});
