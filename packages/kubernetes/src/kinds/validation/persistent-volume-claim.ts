import type { PersistentVolumeClaim } from "kubernetes-types/core/v1.d.ts";

import type { FieldError } from "../kind.ts";
import { subdomainName } from "./names.ts";
import { validateObjectMeta, validateObjectMetaUpdate } from "./object-meta.ts";

export function validatePersistentVolumeClaim(object: PersistentVolumeClaim): FieldError[] {
  return validateObjectMeta(object.metadata ?? {}, true, subdomainName);
}

export function validatePersistentVolumeClaimUpdate(
  object: PersistentVolumeClaim,
  old: PersistentVolumeClaim,
): FieldError[] {
  return validateObjectMetaUpdate(object.metadata ?? {}, old.metadata ?? {});
}

export function validateClaimStatusUpdate(object: PersistentVolumeClaim, old: PersistentVolumeClaim): FieldError[] {
  return validateObjectMetaUpdate(object.metadata ?? {}, old.metadata ?? {});
}
