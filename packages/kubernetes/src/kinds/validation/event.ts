import type { Event } from "kubernetes-types/core/v1.d.ts";

import { invalid } from "../field-error.ts";
import type { FieldError } from "../kind.ts";
import { dns1123Subdomain } from "./names.ts";
import { validateObjectMetaUpdate } from "./object-meta.ts";

export function validateEvent(object: Event): FieldError[] {
  const errors: FieldError[] = [];
  const { namespace = "" } = object.metadata;
  const involved = object.involvedObject.namespace ?? "";
  // Events on objects without a namespace are kept in `default`.
  if (involved === "" ? namespace !== "default" && namespace !== "kube-system" : namespace !== involved) {
    errors.push(invalid("involvedObject.namespace", involved, "does not match event.namespace"));
  }
  for (const problem of dns1123Subdomain(namespace)) errors.push(invalid("namespace", namespace, problem));
  return errors;
}

export function validateEventUpdate(object: Event, old: Event): FieldError[] {
  return [...validateObjectMetaUpdate(object.metadata, old.metadata), ...validateEvent(object)];
}
