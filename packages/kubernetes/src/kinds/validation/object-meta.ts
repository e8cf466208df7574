import type { ObjectMeta, OwnerReference } from "kubernetes-types/meta/v1.d.ts";

import { forbidden, GoText, goQuote, invalid, required, tooLong } from "../field-error.ts";
import type { FieldError } from "../kind.ts";
import { immutable } from "./immutable.ts";
import { dns1123Label, labelValue, type NameRule, qualifiedName } from "./names.ts";

const ANNOTATIONS_BYTES_MAX = 256 * 1024;

/** Rules for the metadata of a new object, whose name has been generated already. */
export function validateObjectMeta(meta: ObjectMeta, namespaced: boolean, nameRule: NameRule): FieldError[] {
  const errors: FieldError[] = [];
  const { generateName = "", name = "", namespace = "" } = meta;
  if (generateName !== "") {
    for (const problem of nameRule(generateName, true))
      errors.push(invalid("metadata.generateName", generateName, problem));
  }
  if (name === "") errors.push(required("metadata.name", "name or generateName is required"));
  else for (const problem of nameRule(name, false)) errors.push(invalid("metadata.name", name, problem));
  if (namespaced) {
    if (namespace === "") errors.push(required("metadata.namespace"));
    else for (const problem of dns1123Label(namespace)) errors.push(invalid("metadata.namespace", namespace, problem));
  } else if (namespace !== "") {
    errors.push(forbidden("metadata.namespace", "not allowed on this type"));
  }
  if ((meta.generation ?? 0) < 0) {
    errors.push(invalid("metadata.generation", meta.generation, "must be greater than or equal to 0"));
  }
  errors.push(
    ...validateLabels(meta.labels, "metadata.labels"),
    ...validateAnnotations(meta.annotations, "metadata.annotations"),
    ...validateOwnerReferences(meta.ownerReferences ?? [], "metadata.ownerReferences"),
    ...validateFinalizers(meta.finalizers ?? [], "metadata.finalizers"),
  );
  return errors;
}

/** Rules for changing metadata. */
export function validateObjectMetaUpdate(meta: ObjectMeta, old: ObjectMeta): FieldError[] {
  const errors: FieldError[] = [];
  if (old.deletionTimestamp != null) {
    const added = (meta.finalizers ?? []).filter((finalizer) => !(old.finalizers ?? []).includes(finalizer)).sort();
    if (added.length > 0) {
      const shown = `[]string{${added.map(goQuote).join(", ")}}`;
      const words = "no new finalizers can be added if the object is being deleted, found new finalizers";
      errors.push(forbidden("metadata.finalizers", `${words} ${shown}`));
    }
  }
  if ((meta.generation ?? 0) < (old.generation ?? 0)) {
    errors.push(invalid("metadata.generation", meta.generation ?? 0, "must not be decremented"));
  }
  errors.push(
    ...immutable(meta.name ?? "", old.name ?? "", "metadata.name"),
    ...immutable(meta.namespace ?? "", old.namespace ?? "", "metadata.namespace"),
    ...immutable(meta.uid ?? "", old.uid ?? "", "metadata.uid"),
    ...immutable(meta.creationTimestamp, old.creationTimestamp, "metadata.creationTimestamp"),
    ...immutable(meta.deletionTimestamp ?? null, old.deletionTimestamp ?? null, "metadata.deletionTimestamp"),
    ...immutable(
      meta.deletionGracePeriodSeconds ?? null,
      old.deletionGracePeriodSeconds ?? null,
      "metadata.deletionGracePeriodSeconds",
    ),
    ...validateLabels(meta.labels, "metadata.labels"),
    ...validateAnnotations(meta.annotations, "metadata.annotations"),
    ...validateOwnerReferences(meta.ownerReferences ?? [], "metadata.ownerReferences"),
  );
  return errors;
}

export function validateLabels(labels: Readonly<Record<string, string>> | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [key, value] of Object.entries(labels ?? {})) {
    errors.push(...validateLabelName(key, path));
    for (const problem of labelValue(value)) errors.push(invalid(path, value, problem));
  }
  return errors;
}

export function validateLabelName(name: string, path: string): FieldError[] {
  return qualifiedName(name).map((problem) => invalid(path, name, problem));
}

export function validateAnnotations(
  annotations: Readonly<Record<string, string>> | undefined,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations ?? {})) {
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
    for (const problem of qualifiedName(key.toLowerCase())) errors.push(invalid(path, key, problem));
  }
  if (bytes > ANNOTATIONS_BYTES_MAX) errors.push(tooLong(path, ANNOTATIONS_BYTES_MAX));
  return errors;
}

function validateOwnerReferences(references: readonly OwnerReference[], path: string): FieldError[] {
  const errors: FieldError[] = [];
  let controller = "";
  for (const reference of references) {
    const version = reference.apiVersion.split("/").at(-1) ?? "";
    if (version === "") errors.push(invalid(`${path}.apiVersion`, reference.apiVersion, "version must not be empty"));
    if (reference.kind === "") errors.push(invalid(`${path}.kind`, "", "kind must not be empty"));
    if (reference.name === "") errors.push(invalid(`${path}.name`, "", "name must not be empty"));
    if (reference.uid === "") errors.push(invalid(`${path}.uid`, "", "uid must not be empty"));
    if (reference.apiVersion === "v1" && reference.kind === "Event") {
      errors.push(
        invalid(
          path,
          new GoText(ownerReferenceLiteral(reference)),
          "/v1, Kind=Event is disallowed from being an owner",
        ),
      );
    }
    if (reference.controller !== true) continue;
    const present = `${reference.kind}/${reference.name}`;
    if (controller === "") controller = present;
    else {
      const words = `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${present}`;
      errors.push(
        invalid(path, new GoText(`[]v1.OwnerReference{${references.map(ownerReferenceLiteral).join(", ")}}`), words),
      );
    }
  }
  return errors;
}

function ownerReferenceLiteral(reference: OwnerReference): string {
  const { apiVersion, kind, name, uid } = reference;
  return `v1.OwnerReference{APIVersion:${goQuote(apiVersion)}, Kind:${goQuote(kind)}, Name:${goQuote(name)}, UID:${goQuote(uid)}}`;
}

function validateFinalizers(finalizers: readonly string[], path: string): FieldError[] {
  const errors = finalizers.flatMap((finalizer) =>
    qualifiedName(finalizer).map((problem) => invalid(path, finalizer, problem)),
  );
  if (finalizers.includes("orphan") && finalizers.includes("foregroundDeletion")) {
    errors.push(invalid(path, finalizers, "finalizer orphan and foregroundDeletion cannot be both set"));
  }
  for (const [index, finalizer] of finalizers.entries())
    errors.push(...validateFinalizerName(finalizer, `${path}[${index}]`));
  return errors;
}

const STANDARD_FINALIZERS: ReadonlySet<string> = new Set(["kubernetes", "orphan", "foregroundDeletion"]);

/** A finalizer is one of the server's own or says by its prefix whose it is. */
export function validateFinalizerName(finalizer: string, path: string): FieldError[] {
  if (finalizer.includes("/") || STANDARD_FINALIZERS.has(finalizer)) return [];
  return [invalid(path, finalizer, "name is neither a standard finalizer name nor is it fully qualified")];
}
