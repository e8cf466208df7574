import type { Pod } from "kubernetes-types/core/v1.d.ts";

import type { FieldError } from "../kind.ts";
import { subdomainName } from "./names.ts";
import { validateObjectMeta, validateObjectMetaUpdate } from "./object-meta.ts";

export function validatePod(pod: Pod): FieldError[] {
  return validateObjectMeta(pod.metadata ?? {}, true, subdomainName);
}

export function validatePodUpdate(pod: Pod, old: Pod): FieldError[] {
  return validateObjectMetaUpdate(pod.metadata ?? {}, old.metadata ?? {});
}

export function validatePodStatusUpdate(pod: Pod, old: Pod): FieldError[] {
  return validateObjectMetaUpdate(pod.metadata ?? {}, old.metadata ?? {});
}
