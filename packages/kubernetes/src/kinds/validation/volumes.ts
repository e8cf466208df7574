import type {
  ConfigMapVolumeSource,
  DownwardAPIVolumeFile,
  KeyToPath,
  ProjectedVolumeSource,
  ServiceAccountTokenProjection,
  Volume,
} from "kubernetes-types/core/v1.d.ts";

import { duplicate, forbidden, invalid, notSupported, required } from "../field-error.ts";
import type { FieldError } from "../kind.ts";
import { compareQuantities } from "../quantity.ts";
import { validateFieldSelector, validateResourceSelector, VOLUME_FIELDS } from "./env.ts";
import { subdomainName } from "./names.ts";
import { validateAnnotations, validateLabels } from "./object-meta.ts";
import { validateClaimSpec } from "./persistent-volume-claim.ts";
import { fileMode, noBacksteps, ownPath, requiredLabel, requiredText } from "./scalars.ts";

const HOST_PATH_TYPES = [
  "",
  "BlockDevice",
  "CharDevice",
  "Directory",
  "DirectoryOrCreate",
  "File",
  "FileOrCreate",
  "Socket",
];
const TOKEN_SECONDS_MIN = 600;
const TOKEN_SECONDS_MAX = 2 ** 32;

type SourceName = Exclude<keyof Volume, "name"> | "image";

/** In the order in which the original looks at them: the first is checked, any other is one too many. */
const SOURCES: readonly SourceName[] = [
  "emptyDir",
  "hostPath",
  "gitRepo",
  "gcePersistentDisk",
  "awsElasticBlockStore",
  "secret",
  "nfs",
  "iscsi",
  "glusterfs",
  "flocker",
  "persistentVolumeClaim",
  "rbd",
  "cinder",
  "cephfs",
  "quobyte",
  "downwardAPI",
  "fc",
  "flexVolume",
  "configMap",
  "azureFile",
  "vsphereVolume",
  "photonPersistentDisk",
  "portworxVolume",
  "azureDisk",
  "storageos",
  "projected",
  "scaleIO",
  "csi",
  "ephemeral",
  "image",
];

/** Fields that the sources of storage systems cannot do without. */
const REQUIRED_FIELDS: ReadonlyMap<SourceName, readonly string[]> = new Map([
  ["gitRepo", ["repository"]],
  ["gcePersistentDisk", ["pdName"]],
  ["awsElasticBlockStore", ["volumeID"]],
  ["iscsi", ["targetPortal", "iqn"]],
  ["glusterfs", ["endpoints", "path"]],
  ["rbd", ["monitors", "image"]],
  ["cinder", ["volumeID"]],
  ["cephfs", ["monitors"]],
  ["quobyte", ["registry", "volume"]],
  ["flexVolume", ["driver"]],
  ["azureFile", ["secretName", "shareName"]],
  ["vsphereVolume", ["volumePath"]],
  ["photonPersistentDisk", ["pdID"]],
  ["portworxVolume", ["volumeID"]],
  ["azureDisk", ["diskName", "diskURI"]],
  ["scaleIO", ["gateway", "system", "volumeName"]],
  ["csi", ["driver"]],
]);

/** The problems of a pod's volumes, and those without problems, which mounts may name. */
export function validateVolumes(
  volumes: readonly Volume[],
  path: string,
): { errors: FieldError[]; valid: Map<string, Volume> } {
  const errors: FieldError[] = [];
  const valid = new Map<string, Volume>();
  for (const [index, volume] of volumes.entries()) {
    const at = `${path}[${index}]`;
    const own = [...validateSource(volume, at), ...requiredLabel(volume.name, `${at}.name`)];
    if (valid.has(volume.name)) own.push(duplicate(`${at}.name`, volume.name));
    if (own.length === 0) valid.set(volume.name, volume);
    errors.push(...own);
  }
  return { errors, valid };
}

function validateSource(volume: Volume, path: string): FieldError[] {
  const present: Readonly<Record<string, unknown>> = { ...volume };
  const [first, ...more] = SOURCES.filter((name) => present[name] !== undefined);
  // The image source is behind a gate that 1.32 leaves closed: the field is dropped before it is looked at.
  if (first === undefined || first === "image") return [required(path, "must specify a volume type")];
  return [
    ...validateKnownSource(volume, first, path),
    ...more.map((name) => forbidden(`${path}.${name}`, "may not specify more than 1 volume type")),
  ];
}

function validateKnownSource(volume: Volume, name: SourceName, path: string): FieldError[] {
  const at = `${path}.${name}`;
  const { emptyDir, hostPath, secret, nfs, persistentVolumeClaim, downwardAPI, configMap, projected, ephemeral } =
    volume;
  if (emptyDir?.sizeLimit !== undefined && compareQuantities(emptyDir.sizeLimit, 0) < 0) {
    return [forbidden(`${at}.sizeLimit`, "SizeLimit field must be a valid resource quantity")];
  }
  if (hostPath !== undefined) return validateHostPath(hostPath.path, hostPath.type, at);
  if (secret !== undefined)
    return [...requiredText(secret.secretName, `${at}.secretName`), ...validateFiles(secret, at)];
  if (configMap !== undefined) return [...requiredText(configMap.name, `${at}.name`), ...validateFiles(configMap, at)];
  if (nfs !== undefined) {
    const relative = nfs.path.startsWith("/") ? [] : [invalid(`${at}.path`, nfs.path, "must be an absolute path")];
    return [...requiredText(nfs.server, `${at}.server`), ...requiredText(nfs.path, `${at}.path`), ...relative];
  }
  if (persistentVolumeClaim !== undefined) return requiredText(persistentVolumeClaim.claimName, `${at}.claimName`);
  if (downwardAPI !== undefined) {
    const items = (downwardAPI.items ?? []).flatMap((file) => validateDownwardFile(file, at));
    return [...fileMode(downwardAPI.defaultMode, `${at}.defaultMode`), ...items];
  }
  if (projected !== undefined)
    return [...fileMode(projected.defaultMode, `${at}.defaultMode`), ...validateProjection(projected, at)];
  if (ephemeral !== undefined) {
    const template = ephemeral.volumeClaimTemplate;
    if (template === undefined) return [required(`${at}.volumeClaimTemplate`)];
    return [
      ...validateAnnotations(template.metadata?.annotations, `${at}.volumeClaimTemplate.metadata.annotations`),
      ...validateLabels(template.metadata?.labels, `${at}.volumeClaimTemplate.metadata.labels`),
      ...validateClaimSpec(template.spec, `${at}.volumeClaimTemplate.spec`),
    ];
  }
  return validateRequiredFields(volume, name, at);
}

/** Of a pod's volume or of a PersistentVolume: what its storage system needs to find the data. */
export function validateRequiredFields(source: object, name: string, path: string): FieldError[] {
  const fields: Readonly<Record<string, unknown>> = { ...source };
  const value: Readonly<Record<string, unknown>> = { ...(fields[name] as object | undefined) };
  return (REQUIRED_FIELDS.get(name as SourceName) ?? []).flatMap((field) => {
    const present = value[field];
    const empty =
      present === undefined || present === null || present === "" || (Array.isArray(present) && present.length === 0);
    return empty ? [required(`${path}.${field}`)] : [];
  });
}

export function validateHostPath(target: string, type: string | undefined, path: string): FieldError[] {
  if (target === "") return [required(`${path}.path`)];
  const errors = noBacksteps(target, `${path}.path`);
  if (type !== undefined && !HOST_PATH_TYPES.includes(type))
    errors.push(notSupported(`${path}.type`, type, HOST_PATH_TYPES));
  return errors;
}

function validateFiles(
  { defaultMode, items = [] }: Pick<ConfigMapVolumeSource, "defaultMode" | "items">,
  path: string,
): FieldError[] {
  return [
    ...fileMode(defaultMode, `${path}.defaultMode`),
    ...items.flatMap((item, index) => validateKeyToPath(item, `${path}.items[${index}]`)),
  ];
}

function validateKeyToPath(item: KeyToPath, path: string): FieldError[] {
  return [
    ...requiredText(item.key, `${path}.key`),
    ...requiredText(item.path, `${path}.path`),
    ...ownPath(item.path, `${path}.path`),
    ...fileMode(item.mode, `${path}.mode`),
  ];
}

function validateDownwardFile(file: DownwardAPIVolumeFile, path: string): FieldError[] {
  const { fieldRef, resourceFieldRef } = file;
  const errors = [...requiredText(file.path, `${path}.path`), ...ownPath(file.path, `${path}.path`)];
  if (fieldRef !== undefined) {
    errors.push(...validateFieldSelector(fieldRef, VOLUME_FIELDS, `${path}.fieldRef`));
    if (resourceFieldRef !== undefined) {
      errors.push(invalid(path, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously"));
    }
  } else if (resourceFieldRef !== undefined) {
    errors.push(...validateResourceSelector(resourceFieldRef, true, `${path}.resourceFieldRef`));
  } else errors.push(required(path, "one of fieldRef and resourceFieldRef is required"));
  return [...errors, ...fileMode(file.mode, `${path}.mode`)];
}

function validateProjection({ sources }: ProjectedVolumeSource, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const paths = new Set<string>();
  const claimPath = (target: string, shown: string): void => {
    if (paths.has(target)) errors.push(invalid(path, shown, "conflicting duplicate paths"));
    else if (target !== "") paths.add(target);
  };
  for (const [index, source] of (sources ?? []).entries()) {
    const at = `${path}.sources[${index}]`;
    for (const kind of ["secret", "configMap"] as const) {
      const files = source[kind];
      if (files === undefined) continue;
      errors.push(...requiredText(files.name, `${at}.${kind}.name`));
      for (const [itemIndex, item] of (files.items ?? []).entries()) {
        errors.push(...validateKeyToPath(item, `${at}.${kind}.items[${itemIndex}]`));
        claimPath(item.path, files.name ?? "");
      }
    }
    for (const file of source.downwardAPI?.items ?? []) {
      errors.push(...validateDownwardFile(file, `${at}.downwardAPI`));
      claimPath(file.path, file.path);
    }
    const token = source.serviceAccountToken;
    if (token !== undefined) errors.push(...validateToken(token, `${at}.serviceAccountToken`, path));
    if (Object.keys(source).length > 1)
      errors.push(forbidden(at, "may not specify more than 1 volume type per source"));
  }
  return errors;
}

function validateToken(token: ServiceAccountTokenProjection, path: string, volumePath: string): FieldError[] {
  const seconds = token.expirationSeconds ?? 0;
  const errors: FieldError[] = [];
  if (seconds < TOKEN_SECONDS_MIN) {
    errors.push(invalid(`${path}.expirationSeconds`, seconds, "may not specify a duration less than 10 minutes"));
  }
  if (seconds > TOKEN_SECONDS_MAX) {
    errors.push(invalid(`${path}.expirationSeconds`, seconds, "may not specify a duration larger than 2^32 seconds"));
  }
  const target = `${volumePath}.path`;
  return [...errors, ...(token.path === "" ? [required(target)] : ownPath(token.path, target))];
}

/** Names that claims made for ephemeral volumes get from a pod and a volume. */
export function validateEphemeralClaimName(podName: string, volume: string, path: string): FieldError[] {
  const claim = `${podName}-${volume}`;
  return subdomainName(claim).map((problem) => invalid(`${path}.name`, volume, `PVC name "${claim}": ${problem}`));
}
