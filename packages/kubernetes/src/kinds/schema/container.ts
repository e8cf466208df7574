import { appliedList, boolean, int32, list, map, mergedList, object, quantity, string } from "./field.ts";
import { lifecycle, probe } from "./probe.ts";
import { configMapKeySelector, objectFieldSelector, resourceFieldSelector, secretKeySelector } from "./references.ts";
import { securityContext } from "./security-context.ts";

export const containerPort = object(
  "ContainerPort",
  {
    name: string,
    hostPort: int32,
    containerPort: int32,
    protocol: string,
    hostIP: string,
  },
  { always: ["containerPort"] },
);

export const configMapEnvSource = object(
  "ConfigMapEnvSource",
  {
    name: string,
    optional: boolean,
  },
  { kept: ["optional"] },
);

export const secretEnvSource = object(
  "SecretEnvSource",
  {
    name: string,
    optional: boolean,
  },
  { kept: ["optional"] },
);

export const envFromSource = object("EnvFromSource", {
  prefix: string,
  configMapRef: configMapEnvSource,
  secretRef: secretEnvSource,
});

export const envVarSource = object("EnvVarSource", {
  fieldRef: objectFieldSelector,
  resourceFieldRef: resourceFieldSelector,
  configMapKeyRef: configMapKeySelector,
  secretKeyRef: secretKeySelector,
});

export const envVar = object(
  "EnvVar",
  {
    name: string,
    value: string,
    valueFrom: envVarSource,
  },
  { always: ["name"] },
);

export const resourceClaim = object(
  "ResourceClaim",
  {
    name: string,
    request: string,
  },
  { always: ["name"] },
);

export const resourceRequirements = object("ResourceRequirements", {
  limits: map(quantity),
  requests: map(quantity),
  claims: appliedList(resourceClaim, "name"),
});

export const containerResizePolicy = object(
  "ContainerResizePolicy",
  {
    resourceName: string,
    restartPolicy: string,
  },
  { always: ["resourceName", "restartPolicy"] },
);

export const volumeMount = object(
  "VolumeMount",
  {
    name: string,
    readOnly: boolean,
    recursiveReadOnly: string,
    mountPath: string,
    subPath: string,
    mountPropagation: string,
    subPathExpr: string,
  },
  { always: ["name", "mountPath"], kept: ["recursiveReadOnly", "mountPropagation"] },
);

export const volumeDevice = object(
  "VolumeDevice",
  {
    name: string,
    devicePath: string,
  },
  { always: ["name", "devicePath"] },
);

const containerFields = {
  name: string,
  image: string,
  command: list(string),
  args: list(string),
  workingDir: string,
  ports: mergedList(containerPort, "containerPort", "protocol"),
  envFrom: list(envFromSource),
  env: mergedList(envVar, "name"),
  resources: resourceRequirements,
  resizePolicy: list(containerResizePolicy),
  restartPolicy: string,
  volumeMounts: mergedList(volumeMount, "mountPath"),
  volumeDevices: mergedList(volumeDevice, "devicePath"),
  livenessProbe: probe,
  readinessProbe: probe,
  startupProbe: probe,
  lifecycle,
  terminationMessagePath: string,
  terminationMessagePolicy: string,
  imagePullPolicy: string,
  securityContext,
  stdin: boolean,
  stdinOnce: boolean,
  tty: boolean,
};
const containerOptions = { always: ["name", "resources"], kept: ["restartPolicy"] };

export const container = object("Container", containerFields, containerOptions);

export const ephemeralContainer = object(
  "EphemeralContainer",
  { ...containerFields, targetContainerName: string },
  containerOptions,
);
