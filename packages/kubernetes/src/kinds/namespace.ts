import type { Namespace } from "kubernetes-types/core/v1.d.ts";

import { ageColumn, column, nameColumn } from "./columns.ts";
import { defineKind } from "./define-kind.ts";
import { invalid } from "./field-error.ts";
import { since } from "./human-duration.ts";
import type { FieldError } from "./kind.ts";
import { namespace as schema } from "./schema/namespace.ts";
import { labelName, qualifiedName } from "./validation/names.ts";
import { validateFinalizerName, validateObjectMeta, validateObjectMetaUpdate } from "./validation/object-meta.ts";

const NAME_LABEL = "kubernetes.io/metadata.name";

function setNameLabel(object: Namespace): void {
  const { metadata } = object;
  if (metadata?.name === undefined || metadata.name === "") return;
  metadata.labels = { ...metadata.labels, [NAME_LABEL]: metadata.name };
}

/** A namespace. Its content is deleted before it: `spec.finalizers` holds it until then. */
export const namespace = defineKind<Namespace>({
  group: "",
  version: "v1",
  kind: "Namespace",
  resource: "namespaces",
  singular: "namespace",
  namespaced: false,
  shortNames: ["ns"],
  verbs: ["create", "delete", "get", "list", "patch", "update", "watch"],
  subresources: ["finalize", "status"],
  schema,
  defaults(object) {
    setNameLabel(object);
    object.status = { ...object.status, phase: object.status?.phase ?? "Active" };
  },
  strategy: {
    prepareForCreate(object) {
      setNameLabel(object);
      object.status = { phase: "Active" };
      object.spec = { ...object.spec, finalizers: [...new Set([...(object.spec?.finalizers ?? []), "kubernetes"])] };
    },
    prepareForUpdate(object, old) {
      if (old.spec === undefined) delete object.spec;
      else object.spec = old.spec;
      if (old.status === undefined) delete object.status;
      else object.status = old.status;
    },
    validate: validateNamespace,
    validateUpdate: (object, old) => [
      ...validateNamespace(object),
      ...validateObjectMetaUpdate(object.metadata, old.metadata),
    ],
    validateStatusUpdate(object, old) {
      const errors = validateObjectMetaUpdate(object.metadata, old.metadata);
      const phase = object.status?.phase ?? "";
      const deleting = object.metadata.deletionTimestamp != null;
      if (deleting !== (phase === "Terminating")) {
        const words = deleting
          ? "may only be 'Terminating' if `deletionTimestamp` is not empty"
          : "may only be 'Active' if `deletionTimestamp` is empty";
        errors.push(invalid("status.Phase", phase, words));
      }
      return errors;
    },
    deleteReturnsObject: true,
  },
  columns: [nameColumn, column("Status", "Active, or Terminating while its content is deleted."), ageColumn],
  row: (object, now) => [
    object.metadata.name,
    object.status?.phase ?? "",
    since(object.metadata.creationTimestamp, now),
  ],
  selectableFields: { "status.phase": (object) => object.status?.phase ?? "" },
});

function validateNamespace(object: Namespace): FieldError[] {
  const errors = validateObjectMeta(object.metadata ?? {}, false, labelName);
  for (const finalizer of object.spec?.finalizers ?? []) {
    for (const problem of qualifiedName(finalizer)) errors.push(invalid("spec.finalizers", finalizer, problem));
    errors.push(...validateFinalizerName(finalizer, "spec.finalizers"));
  }
  return errors;
}
