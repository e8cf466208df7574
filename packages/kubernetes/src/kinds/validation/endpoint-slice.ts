import type { EndpointSlice } from "kubernetes-types/discovery/v1.d.ts";

import type { FieldError } from "../kind.ts";
import { subdomainName } from "./names.ts";
import { validateObjectMeta, validateObjectMetaUpdate } from "./object-meta.ts";

export function validateEndpointSlice(object: EndpointSlice): FieldError[] {
  return validateObjectMeta(object.metadata ?? {}, true, subdomainName);
}

export function validateEndpointSliceUpdate(object: EndpointSlice, old: EndpointSlice): FieldError[] {
  return [...validateEndpointSlice(object), ...validateObjectMetaUpdate(object.metadata ?? {}, old.metadata ?? {})];
}
