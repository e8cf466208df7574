import type { PersistentVolume, PersistentVolumeSpec } from "kubernetes-types/core/v1.d.ts";

import { forbidden, GoText, goQuote, invalid, notSupported, required } from "../field-error.ts";
import type { FieldError } from "../kind.ts";
import { compareQuantities, goQuantity } from "../quantity.ts";
import { immutable, semanticallyEqual } from "./immutable.ts";
import { subdomainName } from "./names.ts";
import { validateObjectMeta, validateObjectMetaUpdate } from "./object-meta.ts";
import { validateAccessModes, VOLUME_MODES } from "./persistent-volume-claim.ts";
import { absentOrOneOf, noBacksteps, requiredText, subdomain } from "./scalars.ts";
import { validateNodeSelectorTerms } from "./scheduling.ts";
import { specDifference } from "./spec-difference.ts";
import { validateHostPath, validateRequiredFields } from "./volumes.ts";

const RECLAIM_POLICIES = ["Delete", "Recycle", "Retain"] as const;

/** In the order in which the original looks at them. */
const SOURCES = [
  "hostPath",
  "gcePersistentDisk",
  "awsElasticBlockStore",
  "glusterfs",
  "flocker",
  "nfs",
  "rbd",
  "quobyte",
  "cephfs",
  "iscsi",
  "cinder",
  "fc",
  "flexVolume",
  "azureFile",
  "vsphereVolume",
  "photonPersistentDisk",
  "portworxVolume",
  "azureDisk",
  "scaleIO",
  "local",
  "storageos",
  "csi",
] as const satisfies readonly (keyof PersistentVolumeSpec)[];

export function validatePersistentVolume(object: PersistentVolume): FieldError[] {
  return [...validateObjectMeta(object.metadata ?? {}, false, subdomainName), ...validateSpec(object.spec ?? {})];
}

function validateSpec(spec: PersistentVolumeSpec): FieldError[] {
  const { capacity = {}, accessModes = [] } = spec;
  const errors: FieldError[] = [];
  if (accessModes.length === 0) errors.push(required("spec.accessModes"));
  errors.push(...validateAccessModes(accessModes, "spec.accessModes"));
  const names = Object.keys(capacity);
  if (names.length === 0) errors.push(required("spec.capacity"));
  if (names.length > 1 || (names.length === 1 && names[0] !== "storage")) {
    errors.push(notSupported("spec.capacity", goResourceList(capacity), ["storage"]));
  }
  for (const [name, amount] of Object.entries(capacity)) {
    if (compareQuantities(amount, 0) <= 0)
      errors.push(invalid(`spec.capacity[${name}]`, String(amount), "must be greater than zero"));
  }
  errors.push(
    ...absentOrOneOf(spec.persistentVolumeReclaimPolicy, RECLAIM_POLICIES, "spec.persistentVolumeReclaimPolicy"),
  );
  const needed = spec.nodeAffinity?.required;
  if (spec.nodeAffinity !== undefined) {
    if (needed === undefined)
      errors.push(required("spec.nodeAffinity.required", "must specify required node constraints"));
    else
      errors.push(
        ...validateNodeSelectorTerms(needed.nodeSelectorTerms ?? [], "spec.nodeAffinity.required.nodeSelectorTerms"),
      );
  }
  errors.push(...validateSource(spec));
  if (
    spec.hostPath !== undefined &&
    /^\/+$/.test(spec.hostPath.path) &&
    spec.persistentVolumeReclaimPolicy === "Recycle"
  ) {
    errors.push(forbidden("spec.persistentVolumeReclaimPolicy", "may not be 'recycle' for a hostPath mount of '/'"));
  }
  if (spec.storageClassName) errors.push(...subdomain(spec.storageClassName, "spec.storageClassName"));
  return [...errors, ...absentOrOneOf(spec.volumeMode, VOLUME_MODES, "spec.volumeMode")];
}

function goResourceList(amounts: Readonly<Record<string, string>>): GoText {
  const entries = Object.entries(amounts).map(([name, amount]) => `${goQuote(name)}:${goQuantity(amount).text}`);
  return new GoText(entries.length === 0 ? "core.ResourceList(nil)" : `core.ResourceList{${entries.join(", ")}}`);
}

function validateSource(spec: PersistentVolumeSpec): FieldError[] {
  const [first, ...more] = SOURCES.filter((name) => spec[name] !== undefined);
  if (first === undefined) return [required("spec", "must specify a volume type")];
  const errors = more.map((name) => forbidden(`spec.${name}`, "may not specify more than 1 volume type"));
  const { hostPath, local, nfs, csi } = spec;
  if (hostPath !== undefined) errors.push(...validateHostPath(hostPath.path, hostPath.type, "spec.hostPath"));
  else if (local !== undefined) {
    errors.push(...requiredText(local.path, "spec.local.path"), ...noBacksteps(local.path, "spec.local.path"));
    if (spec.nodeAffinity === undefined)
      errors.push(required("spec.nodeAffinity", "Local volume requires node affinity"));
  } else if (nfs !== undefined) {
    errors.push(...requiredText(nfs.server, "spec.nfs.server"), ...requiredText(nfs.path, "spec.nfs.path"));
    if (!nfs.path.startsWith("/")) errors.push(invalid("spec.nfs.path", nfs.path, "must be an absolute path"));
  } else if (csi !== undefined) {
    errors.push(
      ...requiredText(csi.driver, "spec.csi.driver"),
      ...requiredText(csi.volumeHandle, "spec.csi.volumeHandle"),
    );
  } else errors.push(...validateRequiredFields(spec, first, `spec.${first}`));
  return errors;
}

export function validatePersistentVolumeUpdate(object: PersistentVolume, old: PersistentVolume): FieldError[] {
  const after = source(object.spec);
  const before = source(old.spec);
  const errors = [
    ...validateObjectMetaUpdate(object.metadata ?? {}, old.metadata ?? {}),
    ...validatePersistentVolume(object),
  ];
  if (!semanticallyEqual(after, before)) {
    const difference = specDifference("core.PersistentVolumeSource", before, after);
    errors.push(
      forbidden(
        "spec.persistentvolumesource",
        `spec.persistentvolumesource is immutable after creation\n${difference}`,
      ),
    );
  }
  errors.push(...immutable(object.spec?.volumeMode, old.spec?.volumeMode, "volumeMode"));
  if (old.spec?.nodeAffinity !== undefined && !semanticallyEqual(object.spec?.nodeAffinity, old.spec.nodeAffinity)) {
    errors.push(...immutable(object.spec?.nodeAffinity, old.spec.nodeAffinity, "nodeAffinity"));
  }
  return errors;
}

function source(spec: PersistentVolumeSpec = {}): Partial<PersistentVolumeSpec> {
  return Object.fromEntries(SOURCES.flatMap((name) => (spec[name] === undefined ? [] : [[name, spec[name]]])));
}

export function validatePersistentVolumeStatusUpdate(object: PersistentVolume, old: PersistentVolume): FieldError[] {
  return validateObjectMetaUpdate(object.metadata ?? {}, old.metadata ?? {});
}
