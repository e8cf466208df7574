import type { PodDisruptionBudget } from "kubernetes-types/policy/v1.d.ts";

import type { FieldError } from "../kind.ts";
import { subdomainName } from "./names.ts";
import { validateObjectMeta, validateObjectMetaUpdate } from "./object-meta.ts";

export function validatePodDisruptionBudget(object: PodDisruptionBudget): FieldError[] {
  return validateObjectMeta(object.metadata ?? {}, true, subdomainName);
}

export function validatePodDisruptionBudgetUpdate(object: PodDisruptionBudget, old: PodDisruptionBudget): FieldError[] {
  return [
    ...validatePodDisruptionBudget(object),
    ...validateObjectMetaUpdate(object.metadata ?? {}, old.metadata ?? {}),
  ];
}
