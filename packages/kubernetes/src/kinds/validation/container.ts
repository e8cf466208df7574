import type {
  Container,
  ContainerPort,
  EphemeralContainer,
  Volume,
  VolumeDevice,
  VolumeMount,
} from "kubernetes-types/core/v1.d.ts";

import { duplicate, forbidden, invalid, notFound, notSupported, required } from "../field-error.ts";
import type { FieldError } from "../kind.ts";
import { validateEnv, validateEnvFrom } from "./env.ts";
import { portName, portNumber } from "./names.ts";
import { validateLifecycle, validateProbe } from "./probe.ts";
import { validateResourceRequirements } from "./resources.ts";
import { absentOrOneOf, descendingPath, noBacksteps, oneOf, requiredLabel, requiredText } from "./scalars.ts";
import { validateSecurityContext } from "./security-context.ts";

export const PROTOCOLS = ["SCTP", "TCP", "UDP"] as const;
const PULL_POLICIES = ["Always", "IfNotPresent", "Never"] as const;
const MESSAGE_POLICIES = ["File", "FallbackToLogsOnError"] as const;
const PROPAGATIONS = ["Bidirectional", "HostToContainer", "None"] as const;
const RECURSIVE_READ_ONLY = ["Disabled", "Enabled", "IfPossible"] as const;
const NOT_EPHEMERAL = ["ports", "resources", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle"] as const;

/** What the rules of a container depend on in its pod. */
export interface ContainerSurroundings {
  readonly volumes: ReadonlyMap<string, Volume>;
  readonly graceSeconds: number;
  readonly restartPolicy: string;
  readonly hostUsers: boolean;
}

export function validateContainers(
  containers: readonly Container[],
  pod: ContainerSurroundings,
  path: string,
): FieldError[] {
  if (containers.length === 0) return [required(path)];
  const names = new Set<string>();
  const errors: FieldError[] = [];
  for (const [index, container] of containers.entries()) {
    const at = `${path}[${index}]`;
    errors.push(...validateContainer(container, pod, at));
    if (names.has(container.name)) errors.push(duplicate(`${at}.name`, container.name));
    names.add(container.name);
    errors.push(...validateHooks(container, pod, at));
    if (container.restartPolicy !== undefined) {
      errors.push(forbidden(`${at}.restartPolicy`, "may not be set for non-init containers"));
    }
  }
  return [...errors, ...hostPortConflicts(containers, path)];
}

export function validateInitContainers(
  containers: readonly Container[],
  regular: readonly Container[],
  pod: ContainerSurroundings,
  path: string,
): FieldError[] {
  const names = new Set(regular.map(({ name }) => name));
  return containers.flatMap((container, index) => {
    const at = `${path}[${index}]`;
    const errors = validateContainer(container, pod, at);
    errors.push(...absentOrOneOf(container.restartPolicy, ["Always"], `${at}.restartPolicy`));
    if (names.has(container.name)) errors.push(duplicate(`${at}.name`, container.name));
    else if (container.name !== "") names.add(container.name);
    errors.push(...hostPortConflicts([container], path));
    if (container.restartPolicy === "Always") return [...errors, ...validateHooks(container, pod, at)];
    for (const field of ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] as const) {
      if (container[field] === undefined) continue;
      errors.push(forbidden(`${at}.${field}`, "may not be set for init containers without restartPolicy=Always"));
    }
    return errors;
  });
}

export function validateEphemeralContainers(
  containers: readonly EphemeralContainer[],
  others: readonly Container[],
  pod: ContainerSurroundings,
  path: string,
): FieldError[] {
  const targets = new Set(others.map(({ name }) => name));
  const names = new Set(targets);
  const words = "cannot be set for an Ephemeral Container";
  return containers.flatMap((container, index) => {
    const at = `${path}[${index}]`;
    const errors = [...validateContainer(container, pod, at), ...validateImageSpace(container, at)];
    if (names.has(container.name)) errors.push(duplicate(`${at}.name`, container.name));
    names.add(container.name);
    const target = container.targetContainerName ?? "";
    if (target !== "" && !targets.has(target)) errors.push(notFound(`${at}.targetContainerName`, target));
    for (const field of NOT_EPHEMERAL) {
      const value = container[field];
      if (value !== undefined && Object.keys(value).length > 0) errors.push(forbidden(`${at}.${field}`, words));
    }
    for (const [mountIndex, mount] of (container.volumeMounts ?? []).entries()) {
      if (mount.subPath) errors.push(forbidden(`${at}.volumeMounts[${mountIndex}].subPath`, words));
      if (mount.subPathExpr) errors.push(forbidden(`${at}.volumeMounts[${mountIndex}].subPathExpr`, words));
    }
    return errors;
  });
}

/** Of pods only; templates of older times may have such images. */
export function validateImageSpace({ image = "" }: Pick<Container, "image">, path: string): FieldError[] {
  return image.trim() === image
    ? []
    : [invalid(`${path}.image`, image, "must not have leading or trailing whitespace")];
}

function validateContainer(
  container: Container | EphemeralContainer,
  pod: ContainerSurroundings,
  path: string,
): FieldError[] {
  const { volumeMounts = [], volumeDevices = [] } = container;
  return [
    ...requiredLabel(container.name, `${path}.name`),
    ...requiredText(container.image, `${path}.image`),
    ...oneOf(container.terminationMessagePolicy, MESSAGE_POLICIES, `${path}.terminationMessagePolicy`),
    ...validatePorts(container.ports ?? [], `${path}.ports`),
    ...validateEnv(container.env ?? [], `${path}.env`),
    ...validateEnvFrom(container.envFrom ?? [], `${path}.envFrom`),
    ...validateMounts(volumeMounts, volumeDevices, container, pod, `${path}.volumeMounts`),
    ...validateDevices(volumeDevices, volumeMounts, pod, `${path}.volumeDevices`),
    ...oneOf(container.imagePullPolicy, PULL_POLICIES, `${path}.imagePullPolicy`),
    ...validateResourceRequirements(container.resources ?? {}, `${path}.resources`),
    ...validateSecurityContext(container.securityContext, pod.hostUsers, `${path}.securityContext`),
  ];
}

function validateHooks(container: Container, { graceSeconds }: ContainerSurroundings, path: string): FieldError[] {
  return [
    ...(container.lifecycle === undefined
      ? []
      : validateLifecycle(container.lifecycle, graceSeconds, `${path}.lifecycle`)),
    ...validateProbe(container.livenessProbe, "liveness", graceSeconds, `${path}.livenessProbe`),
    ...validateProbe(container.readinessProbe, "readiness", graceSeconds, `${path}.readinessProbe`),
    ...validateProbe(container.startupProbe, "startup", graceSeconds, `${path}.startupProbe`),
  ];
}

function validatePorts(ports: readonly ContainerPort[], path: string): FieldError[] {
  const names = new Set<string>();
  return ports.flatMap((port, index) => {
    const at = `${path}[${index}]`;
    const { name = "", containerPort, hostPort, protocol } = port;
    const errors: FieldError[] = [];
    if (name !== "") {
      const problems = portName(name);
      errors.push(...problems.map((problem) => invalid(`${at}.name`, name, problem)));
      if (problems.length === 0 && names.has(name)) errors.push(duplicate(`${at}.name`, name));
      names.add(name);
    }
    if (containerPort === 0) errors.push(required(`${at}.containerPort`));
    else
      errors.push(
        ...portNumber(containerPort).map((problem) => invalid(`${at}.containerPort`, containerPort, problem)),
      );
    if (hostPort !== undefined)
      errors.push(...portNumber(hostPort).map((problem) => invalid(`${at}.hostPort`, hostPort, problem)));
    return [...errors, ...oneOf(protocol, PROTOCOLS, `${at}.protocol`)];
  });
}

function hostPortConflicts(containers: readonly Container[], path: string): FieldError[] {
  const taken = new Set<string>();
  const errors: FieldError[] = [];
  for (const [index, { ports = [] }] of containers.entries()) {
    for (const [portIndex, { protocol, hostIP = "", hostPort }] of ports.entries()) {
      if (hostPort === undefined) continue;
      const key = `${protocol}/${hostIP}/${hostPort}`;
      if (taken.has(key)) errors.push(duplicate(`${path}[${index}].ports[${portIndex}].hostPort`, key));
      taken.add(key);
    }
  }
  return errors;
}

function validateMounts(
  mounts: readonly VolumeMount[],
  devices: readonly VolumeDevice[],
  container: Container | EphemeralContainer,
  { volumes }: ContainerSurroundings,
  path: string,
): FieldError[] {
  const points = new Set<string>();
  return mounts.flatMap((mount, index) => {
    const at = `${path}[${index}]`;
    const { name, mountPath, subPath = "", subPathExpr = "" } = mount;
    const errors: FieldError[] = [];
    if (name === "") errors.push(required(`${at}.name`));
    if (!volumes.has(name)) errors.push(notFound(`${at}.name`, name));
    if (mountPath === "") errors.push(required(`${at}.mountPath`));
    if (points.has(mountPath)) errors.push(invalid(`${at}.mountPath`, mountPath, "must be unique"));
    points.add(mountPath);
    if (devices.some((device) => device.name === name)) {
      errors.push(invalid(`${at}.name`, name, "must not already exist in volumeDevices"));
    }
    if (devices.some(({ devicePath }) => devicePath === mountPath)) {
      errors.push(invalid(`${at}.mountPath`, mountPath, "must not already exist as a path in volumeDevices"));
    }
    if (subPath !== "") errors.push(...descendingPath(subPath, `${path}.subPath`));
    if (subPathExpr !== "") {
      if (subPath !== "")
        errors.push(invalid(`${at}.subPathExpr`, subPathExpr, "subPathExpr and subPath are mutually exclusive"));
      errors.push(...descendingPath(subPathExpr, `${path}.subPathExpr`));
    }
    const privileged = container.securityContext?.privileged === true;
    return [...errors, ...validatePropagation(mount, privileged, path), ...validateRecursiveReadOnly(mount, path)];
  });
}

function validatePropagation({ mountPropagation }: VolumeMount, privileged: boolean, path: string): FieldError[] {
  const errors = absentOrOneOf(mountPropagation, PROPAGATIONS, `${path}.mountPropagation`);
  if (mountPropagation === "Bidirectional" && !privileged) {
    errors.push(
      forbidden(
        `${path}.mountPropagation`,
        "Bidirectional mount propagation is available only to privileged containers",
      ),
    );
  }
  return errors;
}

function validateRecursiveReadOnly(mount: VolumeMount, path: string): FieldError[] {
  const mode = mount.recursiveReadOnly;
  const at = `${path}.recursiveReadOnly`;
  if (mode === undefined || mode === "Disabled") return [];
  if (!RECURSIVE_READ_ONLY.some((known) => known === mode)) return [notSupported(at, mode, RECURSIVE_READ_ONLY)];
  const propagated = mount.mountPropagation !== undefined && mount.mountPropagation !== "None";
  return [
    ...(mount.readOnly === true ? [] : [forbidden(at, "may only be specified when readOnly is true")]),
    ...(propagated ? [forbidden(at, "may only be specified when mountPropagation is None or not specified")] : []),
  ];
}

function validateDevices(
  devices: readonly VolumeDevice[],
  mounts: readonly VolumeMount[],
  { volumes }: ContainerSurroundings,
  path: string,
): FieldError[] {
  const names = new Set<string>();
  const paths = new Set<string>();
  return devices.flatMap(({ name, devicePath }, index) => {
    const at = `${path}[${index}]`;
    const errors: FieldError[] = [];
    const volume = volumes.get(name);
    if (name === "") errors.push(required(`${at}.name`));
    if (names.has(name)) errors.push(invalid(`${at}.name`, name, "must be unique"));
    if (volume === undefined) errors.push(notFound(`${at}.name`, name));
    else if (volume.persistentVolumeClaim === undefined && volume.ephemeral === undefined) {
      const words = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode";
      errors.push(invalid(`${at}.name`, name, words));
    }
    if (devicePath === "") errors.push(required(`${at}.devicePath`));
    if (paths.has(devicePath)) errors.push(invalid(`${at}.devicePath`, devicePath, "must be unique"));
    if (noBacksteps(devicePath, at).length > 0) {
      errors.push(invalid(`${at}.devicePath`, devicePath, "can not contain backsteps ('..')"));
    } else paths.add(devicePath);
    if (mounts.some((mount) => mount.name === name))
      errors.push(invalid(`${at}.name`, name, "must not already exist in volumeMounts"));
    if (mounts.some(({ mountPath }) => mountPath === devicePath)) {
      errors.push(invalid(`${at}.devicePath`, devicePath, "must not already exist as a path in volumeMounts"));
    }
    if (name !== "") names.add(name);
    return errors;
  });
}
