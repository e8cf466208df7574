import type { StatefulSet } from "kubernetes-types/apps/v1.d.ts";

import type { FieldError } from "../kind.ts";
import { labelName } from "./names.ts";
import { validateObjectMeta, validateObjectMetaUpdate } from "./object-meta.ts";

export function validateStatefulSet(set: StatefulSet): FieldError[] {
  return validateObjectMeta(set.metadata ?? {}, true, labelName);
}

export function validateStatefulSetUpdate(set: StatefulSet, old: StatefulSet): FieldError[] {
  return validateObjectMetaUpdate(set.metadata ?? {}, old.metadata ?? {});
}

export function validateStatefulSetStatusUpdate(set: StatefulSet, old: StatefulSet): FieldError[] {
  return validateObjectMetaUpdate(set.metadata ?? {}, old.metadata ?? {});
}
