import type { StorageClass } from "kubernetes-types/storage/v1.d.ts";

import type { FieldError } from "../kind.ts";
import { subdomainName } from "./names.ts";
import { validateObjectMeta, validateObjectMetaUpdate } from "./object-meta.ts";

export function validateStorageClass(object: StorageClass): FieldError[] {
  return validateObjectMeta(object.metadata ?? {}, false, subdomainName);
}

export function validateStorageClassUpdate(object: StorageClass, old: StorageClass): FieldError[] {
  return validateObjectMetaUpdate(object.metadata ?? {}, old.metadata ?? {});
}
