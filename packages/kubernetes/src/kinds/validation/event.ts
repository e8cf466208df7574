import type { Event } from "kubernetes-types/core/v1.d.ts";

import { invalid, required } from "../field-error.ts";
import type { FieldError } from "../kind.ts";
import { dns1123Subdomain, qualifiedName, segmentName } from "./names.ts";
import { validateObjectMeta, validateObjectMetaUpdate } from "./object-meta.ts";

const TEXT_CHARACTERS_MAX = 128;
const MESSAGE_CHARACTERS_MAX = 1024;

/** Events with an `eventTime` are of the newer kind, which says who reports and what was done. */
export function validateEvent(object: Event): FieldError[] {
  const { namespace = "" } = object.metadata;
  const errors = validateObjectMeta(object.metadata, true, segmentName);
  const involved = object.involvedObject.namespace ?? "";
  // Events on objects without a namespace are kept in `default`.
  const mismatch = invalid("involvedObject.namespace", involved, "does not match event.namespace");
  if (object.eventTime == null) {
    if (involved === "" ? namespace !== "default" : namespace !== involved) errors.push(mismatch);
  } else {
    if (involved === "" && namespace !== "default" && namespace !== "kube-system") errors.push(mismatch);
    errors.push(...validateReporter(object));
  }
  for (const problem of dns1123Subdomain(namespace)) errors.push(invalid("namespace", namespace, problem));
  return errors;
}

function validateReporter(object: Event): FieldError[] {
  const component = object.reportingComponent ?? "";
  const errors: FieldError[] = component === "" ? [required("reportingComponent")] : [];
  errors.push(...qualifiedName(component).map((problem) => invalid("reportingComponent", component, problem)));
  for (const field of ["reportingInstance", "action", "reason"] as const) {
    const text = object[field] ?? "";
    if (text === "") errors.push(required(field));
    if (text.length > TEXT_CHARACTERS_MAX)
      errors.push(invalid(field, "", `can have at most ${TEXT_CHARACTERS_MAX} characters`));
  }
  if ((object.message ?? "").length > MESSAGE_CHARACTERS_MAX) {
    errors.push(invalid("message", "", `can have at most ${MESSAGE_CHARACTERS_MAX} characters`));
  }
  return errors;
}

export function validateEventUpdate(object: Event, old: Event): FieldError[] {
  return [...validateObjectMetaUpdate(object.metadata, old.metadata), ...validateEvent(object)];
}
