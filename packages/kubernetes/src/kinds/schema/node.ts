import { boolean, int32, int64, list, map, mergedList, mergedSet, object, quantity, string, time } from "./field.ts";
import { objectMeta } from "./meta.ts";

export const taint = object(
  "Taint",
  {
    key: string,
    value: string,
    effect: string,
    timeAdded: time,
  },
  { always: ["key", "effect"], kept: ["timeAdded"] },
);

export const configMapNodeConfigSource = object(
  "ConfigMapNodeConfigSource",
  {
    namespace: string,
    name: string,
    uid: string,
    resourceVersion: string,
    kubeletConfigKey: string,
  },
  { always: ["namespace", "name", "kubeletConfigKey"] },
);

export const nodeConfigSource = object("NodeConfigSource", {
  configMap: configMapNodeConfigSource,
});

export const nodeSpec = object("NodeSpec", {
  podCIDR: string,
  podCIDRs: mergedSet(string),
  providerID: string,
  unschedulable: boolean,
  taints: list(taint),
  configSource: nodeConfigSource,
  externalID: string,
});

export const nodeCondition = object(
  "NodeCondition",
  {
    type: string,
    status: string,
    lastHeartbeatTime: time,
    lastTransitionTime: time,
    reason: string,
    message: string,
  },
  { always: ["type", "status", "lastHeartbeatTime", "lastTransitionTime"] },
);

export const nodeAddress = object(
  "NodeAddress",
  {
    type: string,
    address: string,
  },
  { always: ["type", "address"] },
);

export const daemonEndpoint = object(
  "DaemonEndpoint",
  {
    Port: int32,
  },
  { always: ["Port"] },
);

export const nodeDaemonEndpoints = object(
  "NodeDaemonEndpoints",
  {
    kubeletEndpoint: daemonEndpoint,
  },
  { always: ["kubeletEndpoint"] },
);

export const nodeSystemInfo = object(
  "NodeSystemInfo",
  {
    machineID: string,
    systemUUID: string,
    bootID: string,
    kernelVersion: string,
    osImage: string,
    containerRuntimeVersion: string,
    kubeletVersion: string,
    kubeProxyVersion: string,
    operatingSystem: string,
    architecture: string,
  },
  {
    always: [
      "machineID",
      "systemUUID",
      "bootID",
      "kernelVersion",
      "osImage",
      "containerRuntimeVersion",
      "kubeletVersion",
      "kubeProxyVersion",
      "operatingSystem",
      "architecture",
    ],
  },
);

export const containerImage = object(
  "ContainerImage",
  {
    names: list(string),
    sizeBytes: int64,
  },
  { always: ["names"] },
);

export const attachedVolume = object(
  "AttachedVolume",
  {
    name: string,
    devicePath: string,
  },
  { always: ["name", "devicePath"] },
);

export const nodeConfigStatus = object("NodeConfigStatus", {
  assigned: nodeConfigSource,
  active: nodeConfigSource,
  lastKnownGood: nodeConfigSource,
  error: string,
});

export const nodeRuntimeHandlerFeatures = object(
  "NodeRuntimeHandlerFeatures",
  {
    recursiveReadOnlyMounts: boolean,
    userNamespaces: boolean,
  },
  { kept: ["recursiveReadOnlyMounts", "userNamespaces"] },
);

export const nodeRuntimeHandler = object(
  "NodeRuntimeHandler",
  {
    name: string,
    features: nodeRuntimeHandlerFeatures,
  },
  { always: ["name"] },
);

export const nodeFeatures = object(
  "NodeFeatures",
  {
    supplementalGroupsPolicy: boolean,
  },
  { kept: ["supplementalGroupsPolicy"] },
);

export const nodeStatus = object(
  "NodeStatus",
  {
    capacity: map(quantity),
    allocatable: map(quantity),
    phase: string,
    conditions: mergedList(nodeCondition, "type"),
    addresses: mergedList(nodeAddress, "type"),
    daemonEndpoints: nodeDaemonEndpoints,
    nodeInfo: nodeSystemInfo,
    images: list(containerImage),
    volumesInUse: list(string),
    volumesAttached: list(attachedVolume),
    config: nodeConfigStatus,
    runtimeHandlers: list(nodeRuntimeHandler),
    features: nodeFeatures,
  },
  { always: ["daemonEndpoints", "nodeInfo"] },
);

export const node = object(
  "Node",
  {
    kind: string,
    apiVersion: string,
    metadata: objectMeta,
    spec: nodeSpec,
    status: nodeStatus,
  },
  { always: ["metadata", "spec", "status"] },
);
