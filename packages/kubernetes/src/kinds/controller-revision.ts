import type { ControllerRevision } from "kubernetes-types/apps/v1.d.ts";

import { ageColumn, column, nameColumn } from "./columns.ts";
import { defineKind } from "./define-kind.ts";
import { GoText, required } from "./field-error.ts";
import { since } from "./human-duration.ts";
import type { FieldError } from "./kind.ts";
import { controllerRevision as schema } from "./schema/controller-revision.ts";
import { immutable } from "./validation/immutable.ts";
import { subdomainName } from "./validation/names.ts";
import { validateObjectMeta, validateObjectMetaUpdate } from "./validation/object-meta.ts";
import { nonNegative } from "./validation/scalars.ts";

/** One state of a set's template, kept for undo. */
export const controllerRevision = defineKind<ControllerRevision>({
  group: "apps",
  version: "v1",
  kind: "ControllerRevision",
  resource: "controllerrevisions",
  singular: "controllerrevision",
  namespaced: true,
  subresources: [],
  schema,
  strategy: {
    validate: validateControllerRevision,
    validateUpdate: (object, old) => [
      ...validateObjectMetaUpdate(object.metadata, old.metadata),
      ...validateRevision(object),
      ...immutable(object.data, old.data, "data", goBytes(object.data)),
    ],
  },
  columns: [
    nameColumn,
    column("Controller", "What the revision belongs to."),
    column("Revision", "Its place in the order of revisions."),
    ageColumn,
  ],
  row(object, now) {
    const owner = object.metadata.ownerReferences?.find((reference) => reference.controller === true);
    const group = owner?.apiVersion.includes("/") ? `.${owner.apiVersion.split("/")[0]}` : "";
    const controller = owner === undefined ? "<none>" : `${`${owner.kind}${group}`.toLowerCase()}/${owner.name}`;
    return [object.metadata.name, controller, object.revision, since(object.metadata.creationTimestamp, now)];
  },
});

function validateControllerRevision(object: ControllerRevision): FieldError[] {
  const errors = validateRevision(object);
  if (object.data == null) errors.push(required("data", "data is mandatory"));
  else if (typeof object.data !== "object" || Array.isArray(object.data))
    errors.push(required("data", "data must be a valid JSON object"));
  return errors;
}

function validateRevision(object: ControllerRevision): FieldError[] {
  return [
    ...validateObjectMeta(object.metadata ?? {}, true, subdomainName),
    ...nonNegative(object.revision, "revision"),
  ];
}

/** The original keeps the data as bytes, and prints them as such. */
function goBytes(data: unknown): GoText {
  const bytes = [...Buffer.from(JSON.stringify(data ?? null))].map((byte) => `0x${byte.toString(16)}`);
  return new GoText(`runtime.RawExtension{Raw:[]uint8{${bytes.join(", ")}}, Object:runtime.Object(nil)}`);
}
