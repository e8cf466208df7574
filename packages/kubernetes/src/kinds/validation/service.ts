import type { Service, ServiceSpec } from "kubernetes-types/core/v1.d.ts";

import type { FieldError } from "../kind.ts";
import { serviceName } from "./names.ts";
import { validateObjectMeta, validateObjectMetaUpdate } from "./object-meta.ts";

export function validateService(service: Service): FieldError[] {
  return validateObjectMeta(service.metadata ?? {}, true, serviceName);
}

export function validateServiceUpdate(service: Service, old: Service): FieldError[] {
  return [...validateObjectMetaUpdate(service.metadata ?? {}, old.metadata ?? {}), ...validateService(service)];
}

export function validateServiceStatusUpdate(service: Service, old: Service): FieldError[] {
  return validateObjectMetaUpdate(service.metadata ?? {}, old.metadata ?? {});
}

export function validateClusterIPFields(_spec: ServiceSpec): FieldError[] {
  return [];
}
