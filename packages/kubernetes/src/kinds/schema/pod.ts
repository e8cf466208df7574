import { resourceRequirements } from "./container.ts";
import {
  appliedList,
  boolean,
  int32,
  int64,
  list,
  map,
  mergedList,
  patchedList,
  object,
  quantity,
  string,
  time,
} from "./field.ts";
import { objectMeta } from "./meta.ts";
import { podSpec } from "./pod-spec.ts";

export const podCondition = object(
  "PodCondition",
  {
    type: string,
    status: string,
    lastProbeTime: time,
    lastTransitionTime: time,
    reason: string,
    message: string,
  },
  { always: ["type", "status", "lastProbeTime", "lastTransitionTime"] },
);

export const hostIP = object(
  "HostIP",
  {
    ip: string,
  },
  { always: ["ip"] },
);

export const podIP = object(
  "PodIP",
  {
    ip: string,
  },
  { always: ["ip"] },
);

export const containerStateWaiting = object("ContainerStateWaiting", {
  reason: string,
  message: string,
});

export const containerStateRunning = object(
  "ContainerStateRunning",
  {
    startedAt: time,
  },
  { always: ["startedAt"] },
);

export const containerStateTerminated = object(
  "ContainerStateTerminated",
  {
    exitCode: int32,
    signal: int32,
    reason: string,
    message: string,
    startedAt: time,
    finishedAt: time,
    containerID: string,
  },
  { always: ["exitCode", "startedAt", "finishedAt"] },
);

export const containerState = object("ContainerState", {
  waiting: containerStateWaiting,
  running: containerStateRunning,
  terminated: containerStateTerminated,
});

export const volumeMountStatus = object(
  "VolumeMountStatus",
  {
    name: string,
    mountPath: string,
    readOnly: boolean,
    recursiveReadOnly: string,
  },
  { always: ["name", "mountPath"], kept: ["recursiveReadOnly"] },
);

export const linuxContainerUser = object(
  "LinuxContainerUser",
  {
    uid: int64,
    gid: int64,
    supplementalGroups: list(int64),
  },
  { always: ["uid", "gid"] },
);

export const containerUser = object("ContainerUser", {
  linux: linuxContainerUser,
});

export const resourceHealth = object(
  "ResourceHealth",
  {
    resourceID: string,
    health: string,
  },
  { always: ["resourceID"] },
);

export const resourceStatus = object(
  "ResourceStatus",
  {
    name: string,
    resources: appliedList(resourceHealth, "resourceID"),
  },
  { always: ["name"] },
);

export const containerStatus = object(
  "ContainerStatus",
  {
    name: string,
    state: containerState,
    lastState: containerState,
    ready: boolean,
    restartCount: int32,
    image: string,
    imageID: string,
    containerID: string,
    started: boolean,
    allocatedResources: map(quantity),
    resources: resourceRequirements,
    volumeMounts: mergedList(volumeMountStatus, "mountPath"),
    user: containerUser,
    allocatedResourcesStatus: mergedList(resourceStatus, "name"),
  },
  {
    always: ["name", "state", "lastState", "ready", "restartCount", "image", "imageID"],
    kept: ["started"],
  },
);

export const podResourceClaimStatus = object(
  "PodResourceClaimStatus",
  {
    name: string,
    resourceClaimName: string,
  },
  { always: ["name"], kept: ["resourceClaimName"], retainKeys: true },
);

export const podStatus = object(
  "PodStatus",
  {
    phase: string,
    conditions: mergedList(podCondition, "type"),
    message: string,
    reason: string,
    nominatedNodeName: string,
    hostIP: string,
    hostIPs: patchedList(hostIP, "ip"),
    podIP: string,
    podIPs: mergedList(podIP, "ip"),
    startTime: time,
    initContainerStatuses: list(containerStatus),
    containerStatuses: list(containerStatus),
    qosClass: string,
    ephemeralContainerStatuses: list(containerStatus),
    resize: string,
    resourceClaimStatuses: mergedList(podResourceClaimStatus, "name"),
  },
  { kept: ["startTime"] },
);

export const pod = object(
  "Pod",
  {
    kind: string,
    apiVersion: string,
    metadata: objectMeta,
    spec: podSpec,
    status: podStatus,
  },
  { always: ["metadata", "spec", "status"] },
);
