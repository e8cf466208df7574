import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from "kubernetes-types/core/v1.d.ts";
import type { StorageClass } from "kubernetes-types/storage/v1.d.ts";

import { accessModesText, storageClassName } from "./access-modes.ts";
import { ageColumn, column, nameColumn, wideColumn } from "./columns.ts";
import { defaultPersistentVolumeClaim } from "./defaults/persistent-volume-claim.ts";
import { defineKind } from "./define-kind.ts";
import { since } from "./human-duration.ts";
import type { StrategyContext } from "./kind.ts";
import { persistentVolumeClaim as schema } from "./schema/persistent-volume-claim.ts";
import { isDefaultClass } from "./storage-class.ts";
import {
  validateClaimStatusUpdate,
  validatePersistentVolumeClaim,
  validatePersistentVolumeClaimUpdate,
} from "./validation/persistent-volume-claim.ts";
import { claimSpecWarnings } from "./warnings.ts";

const CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class";
const PROTECTION_FINALIZER = "kubernetes.io/pvc-protection";

/** A claim to storage. */
export const persistentVolumeClaim = defineKind<PersistentVolumeClaim>({
  group: "",
  version: "v1",
  kind: "PersistentVolumeClaim",
  resource: "persistentvolumeclaims",
  singular: "persistentvolumeclaim",
  namespaced: true,
  shortNames: ["pvc"],
  subresources: ["status"],
  schema,
  defaults: defaultPersistentVolumeClaim,
  strategy: {
    prepareForCreate(object, context) {
      object.status = { phase: "Pending" };
      if (object.spec !== undefined) mirrorDataSource(object.spec);
      setDefaultClass(object, context);
      const finalizers = object.metadata.finalizers ?? [];
      if (!finalizers.includes(PROTECTION_FINALIZER))
        object.metadata.finalizers = [...finalizers, PROTECTION_FINALIZER];
    },
    prepareForUpdate(object, old) {
      if (old.status !== undefined) object.status = structuredClone(old.status);
    },
    validate: validatePersistentVolumeClaim,
    validateUpdate: validatePersistentVolumeClaimUpdate,
    validateStatusUpdate: validateClaimStatusUpdate,
    warnings({ metadata, spec }) {
      const old = metadata.annotations?.[CLASS_ANNOTATION] !== undefined;
      const words = `metadata.annotations[${CLASS_ANNOTATION}]: deprecated since v1.8; use "storageClassName" attribute instead`;
      return [...(old ? [words] : []), ...claimSpecWarnings(spec ?? {}, "spec")];
    },
    deleteReturnsObject: true,
  },
  columns: [
    nameColumn,
    column("Status", "Pending, Bound, Lost or Terminating."),
    column("Volume", "The volume that the claim is bound to."),
    column("Capacity", "Size of the volume."),
    column("Access Modes", "How the volume may be mounted."),
    column("StorageClass", "Class of the claim."),
    column("VolumeAttributesClass", "Attributes class of the claim."),
    ageColumn,
    wideColumn("VolumeMode", "Filesystem or Block."),
  ],
  row(object, now) {
    const { metadata, spec = {}, status = {} } = object;
    const bound = (spec.volumeName ?? "") !== "";
    return [
      metadata.name,
      metadata.deletionTimestamp != null ? "Terminating" : (status.phase ?? ""),
      spec.volumeName ?? "",
      bound ? String(status.capacity?.storage ?? "0") : "",
      bound ? accessModesText(status.accessModes) : "",
      storageClassName(object),
      spec.volumeAttributesClassName ?? "<unset>",
      since(metadata.creationTimestamp, now),
      spec.volumeMode ?? "<unset>",
    ];
  },
});

/** An older and a newer field for one thing: each fills the other when it alone is given. */
function mirrorDataSource(spec: PersistentVolumeClaimSpec): void {
  if (spec.dataSource !== undefined && spec.dataSourceRef === undefined) spec.dataSourceRef = { ...spec.dataSource };
  else if (
    spec.dataSourceRef !== undefined &&
    spec.dataSource === undefined &&
    spec.dataSourceRef.namespace === undefined
  ) {
    spec.dataSource = { ...spec.dataSourceRef };
  }
}

/** The newest of the default classes, by name among equals: what the original's admission picks. */
function setDefaultClass(claim: PersistentVolumeClaim, context: StrategyContext): void {
  if (claim.spec === undefined || storageClassIsNamed(claim)) return;
  const defaults = (context.list("storageclasses.storage.k8s.io") as unknown as readonly StorageClass[]).filter(
    isDefaultClass,
  );
  const [first] = defaults.sort((left, right) => {
    const difference =
      Date.parse(right.metadata?.creationTimestamp ?? "") - Date.parse(left.metadata?.creationTimestamp ?? "");
    return difference || ((left.metadata?.name ?? "") < (right.metadata?.name ?? "") ? -1 : 1);
  });
  if (first?.metadata?.name !== undefined) claim.spec.storageClassName = first.metadata.name;
}

function storageClassIsNamed(claim: PersistentVolumeClaim): boolean {
  const annotated = claim.metadata?.annotations?.[CLASS_ANNOTATION] !== undefined;
  return annotated || claim.spec?.storageClassName !== undefined;
}
