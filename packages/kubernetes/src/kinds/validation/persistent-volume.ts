import type { PersistentVolume } from "kubernetes-types/core/v1.d.ts";

import type { FieldError } from "../kind.ts";
import { subdomainName } from "./names.ts";
import { validateObjectMeta, validateObjectMetaUpdate } from "./object-meta.ts";

export function validatePersistentVolume(object: PersistentVolume): FieldError[] {
  return validateObjectMeta(object.metadata ?? {}, false, subdomainName);
}

export function validatePersistentVolumeUpdate(object: PersistentVolume, old: PersistentVolume): FieldError[] {
  return validateObjectMetaUpdate(object.metadata ?? {}, old.metadata ?? {});
}

export function validatePersistentVolumeStatusUpdate(object: PersistentVolume, old: PersistentVolume): FieldError[] {
  return validateObjectMetaUpdate(object.metadata ?? {}, old.metadata ?? {});
}
