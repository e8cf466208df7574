import type { Endpoints } from "kubernetes-types/core/v1.d.ts";

import type { FieldError } from "../kind.ts";
import { subdomainName } from "./names.ts";
import { validateObjectMeta, validateObjectMetaUpdate } from "./object-meta.ts";

export function validateEndpoints(object: Endpoints): FieldError[] {
  return validateObjectMeta(object.metadata ?? {}, true, subdomainName);
}

export function validateEndpointsUpdate(object: Endpoints, old: Endpoints): FieldError[] {
  return [...validateObjectMetaUpdate(object.metadata ?? {}, old.metadata ?? {}), ...validateEndpoints(object)];
}
