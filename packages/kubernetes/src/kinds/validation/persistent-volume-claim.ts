import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from "kubernetes-types/core/v1.d.ts";

import { forbidden, invalid, notSupported, required } from "../field-error.ts";
import type { FieldError } from "../kind.ts";
import { compareQuantities } from "../quantity.ts";
import { immutable, semanticallyEqual } from "./immutable.ts";
import { validateLabelSelector } from "./label-selector.ts";
import { dns1123Subdomain, subdomainName } from "./names.ts";
import { validateObjectMeta, validateObjectMetaUpdate } from "./object-meta.ts";
import { absentOrOneOf, requiredText, subdomain } from "./scalars.ts";
import { specDifference } from "./spec-difference.ts";

const ACCESS_MODES = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"] as const;
export const VOLUME_MODES = ["Block", "Filesystem"] as const;
const CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class";

export function validatePersistentVolumeClaim(claim: PersistentVolumeClaim): FieldError[] {
  return [
    ...validateObjectMeta(claim.metadata ?? {}, true, subdomainName),
    ...validateClaimSpec(claim.spec ?? {}, "spec"),
  ];
}

export function validateClaimSpec(spec: PersistentVolumeClaimSpec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if ((spec.accessModes?.length ?? 0) === 0)
    errors.push(required(`${path}.accessModes`, "at least 1 access mode is required"));
  errors.push(
    ...validateLabelSelector(spec.selector, `${path}.selector`),
    ...validateAccessModes(spec.accessModes, `${path}.accessModes`),
  );
  const storage = spec.resources?.requests?.storage;
  const storagePath = `${path}.resources[storage]`;
  if (storage === undefined) errors.push(required(storagePath));
  else if (compareQuantities(storage, 0) <= 0)
    errors.push(invalid(storagePath, String(storage), "must be greater than zero"));
  if (spec.storageClassName) errors.push(...subdomain(spec.storageClassName, `${path}.storageClassName`));
  errors.push(...absentOrOneOf(spec.volumeMode, VOLUME_MODES, `${path}.volumeMode`));
  for (const field of ["dataSource", "dataSourceRef"] as const) {
    const source = spec[field];
    if (source !== undefined) errors.push(...validateDataSource(source, `${path}.${field}`));
  }
  const { dataSource, dataSourceRef } = spec;
  if (dataSource !== undefined && dataSourceRef !== undefined) {
    if (dataSourceRef.namespace) {
      errors.push(
        invalid(path, `${path}.dataSource`, "may not be specified when dataSourceRef.namespace is specified"),
      );
    } else if (!semanticallyEqual({ ...dataSource }, { ...dataSourceRef })) {
      errors.push(invalid(path, `${path}.dataSource`, "must match dataSourceRef"));
    }
  }
  return errors;
}

export function validateAccessModes(modes: readonly string[] = [], path: string): FieldError[] {
  const errors = modes.flatMap((mode) =>
    ACCESS_MODES.some((known) => known === mode) ? [] : [notSupported(path, mode, ACCESS_MODES)],
  );
  const others = modes.some((mode) => mode !== "ReadWriteOncePod" && ACCESS_MODES.some((known) => known === mode));
  if (modes.includes("ReadWriteOncePod") && others) {
    errors.push(forbidden(path, "may not use ReadWriteOncePod with other access modes"));
  }
  return errors;
}

function validateDataSource(
  source: { readonly name: string; readonly kind: string; readonly apiGroup?: string },
  path: string,
): FieldError[] {
  const errors = [...requiredText(source.name, `${path}.name`), ...requiredText(source.kind, `${path}.kind`)];
  const group = source.apiGroup ?? "";
  if (group === "" && source.kind !== "PersistentVolumeClaim") {
    errors.push(invalid(path, source.kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup"));
  }
  if (group !== "")
    errors.push(...dns1123Subdomain(group).map((problem) => invalid(`${path}.apiGroup`, group, problem)));
  return errors;
}

export function validatePersistentVolumeClaimUpdate(
  claim: PersistentVolumeClaim,
  old: PersistentVolumeClaim,
): FieldError[] {
  const errors = [
    ...validateObjectMetaUpdate(claim.metadata ?? {}, old.metadata ?? {}),
    ...validatePersistentVolumeClaim(claim),
  ];
  const after = structuredClone(claim.spec ?? {});
  const before = structuredClone(old.spec ?? {});
  // A binder names the volume; a class may be given to a claim that has none.
  if (before.volumeName === undefined && after.volumeName !== undefined) before.volumeName = after.volumeName;
  const annotated = old.metadata?.annotations?.[CLASS_ANNOTATION];
  const gained = before.storageClassName === undefined && after.storageClassName !== undefined;
  if (gained && (annotated === undefined || annotated === after.storageClassName)) delete after.storageClassName;
  if (!gained || annotated !== claim.spec?.storageClassName) {
    const path = `metadata.annotations[${CLASS_ANNOTATION}]`;
    errors.push(...immutable(claim.metadata?.annotations?.[CLASS_ANNOTATION] ?? "", annotated ?? "", path));
  }
  const size = claim.spec?.resources?.requests?.storage ?? 0;
  const oldSize = old.spec?.resources?.requests?.storage ?? 0;
  if (claim.status?.phase === "Bound" && after.resources?.requests !== undefined)
    after.resources.requests.storage = String(oldSize);
  if (!semanticallyEqual(after, before)) {
    const words =
      "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";
    errors.push(forbidden("spec", `${words}\n${specDifference("core.PersistentVolumeClaimSpec", before, after)}`));
  }
  if (compareQuantities(size, oldSize) < 0 && compareQuantities(size, old.status?.capacity?.storage ?? 0) <= 0) {
    errors.push(forbidden("spec.resources.requests.storage", "field can not be less than status.capacity"));
  }
  errors.push(...immutable(claim.spec?.volumeMode, old.spec?.volumeMode, "volumeMode"));
  if (claim.spec?.volumeAttributesClassName !== old.spec?.volumeAttributesClassName) {
    const words = "update is forbidden when the VolumeAttributesClass feature gate is disabled";
    errors.push(forbidden("spec.volumeAttributesClassName", words));
  }
  return errors;
}

export function validateClaimStatusUpdate(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): FieldError[] {
  const errors = validateObjectMetaUpdate(claim.metadata ?? {}, old.metadata ?? {});
  for (const [name, amount] of Object.entries(claim.status?.capacity ?? {})) {
    if (compareQuantities(amount, 0) < 0) {
      errors.push(invalid(`status.capacity[${name}]`, Number(amount), "must be a valid resource quantity"));
    }
  }
  return errors;
}
