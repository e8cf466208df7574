import type { PersistentVolume, PersistentVolumeClaim } from "kubernetes-types/core/v1.d.ts";

const SHORT_NAMES = [
  ["ReadWriteOnce", "RWO"],
  ["ReadOnlyMany", "ROX"],
  ["ReadWriteMany", "RWX"],
  ["ReadWriteOncePod", "RWOP"],
] as const;

/** `RWO,ROX`, in a fixed order and without repetition. */
export function accessModesText(modes: readonly string[] | undefined): string {
  return SHORT_NAMES.filter(([mode]) => modes?.includes(mode))
    .map(([, short]) => short)
    .join(",");
}

/** The class that a volume or claim names, by its field or by the annotation that came before the field. */
export function storageClassName(object: PersistentVolume | PersistentVolumeClaim): string {
  return (
    object.metadata?.annotations?.["volume.beta.kubernetes.io/storage-class"] ?? object.spec?.storageClassName ?? ""
  );
}
