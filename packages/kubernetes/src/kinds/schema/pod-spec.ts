import { affinity } from "./affinity.ts";
import { container, ephemeralContainer, resourceRequirements } from "./container.ts";
import { atomicMap, boolean, int32, int64, list, map, mergedList, object, quantity, string } from "./field.ts";
import { labelSelector } from "./label-selector.ts";
import { objectMeta } from "./meta.ts";
import { localObjectReference } from "./references.ts";
import { podSecurityContext } from "./security-context.ts";
import { volume } from "./volumes.ts";

export const toleration = object(
  "Toleration",
  {
    key: string,
    operator: string,
    value: string,
    effect: string,
    tolerationSeconds: int64,
  },
  { kept: ["tolerationSeconds"] },
);

export const hostAlias = object(
  "HostAlias",
  {
    ip: string,
    hostnames: list(string),
  },
  { always: ["ip"] },
);

export const podDNSConfigOption = object(
  "PodDNSConfigOption",
  {
    name: string,
    value: string,
  },
  { kept: ["value"] },
);

export const podDNSConfig = object("PodDNSConfig", {
  nameservers: list(string),
  searches: list(string),
  options: list(podDNSConfigOption),
});

export const podReadinessGate = object(
  "PodReadinessGate",
  {
    conditionType: string,
  },
  { always: ["conditionType"] },
);

export const topologySpreadConstraint = object(
  "TopologySpreadConstraint",
  {
    maxSkew: int32,
    topologyKey: string,
    whenUnsatisfiable: string,
    labelSelector,
    minDomains: int32,
    nodeAffinityPolicy: string,
    nodeTaintsPolicy: string,
    matchLabelKeys: list(string),
  },
  {
    always: ["maxSkew", "topologyKey", "whenUnsatisfiable"],
    kept: ["minDomains", "nodeAffinityPolicy", "nodeTaintsPolicy"],
  },
);

export const podOS = object(
  "PodOS",
  {
    name: string,
  },
  { always: ["name"] },
);

export const podSchedulingGate = object(
  "PodSchedulingGate",
  {
    name: string,
  },
  { always: ["name"] },
);

export const podResourceClaim = object(
  "PodResourceClaim",
  {
    name: string,
    resourceClaimName: string,
    resourceClaimTemplateName: string,
  },
  { always: ["name"], kept: ["resourceClaimName", "resourceClaimTemplateName"], retainKeys: true },
);

export const podSpec = object(
  "PodSpec",
  {
    volumes: mergedList(volume, "name"),
    initContainers: mergedList(container, "name"),
    containers: mergedList(container, "name"),
    ephemeralContainers: mergedList(ephemeralContainer, "name"),
    restartPolicy: string,
    terminationGracePeriodSeconds: int64,
    activeDeadlineSeconds: int64,
    dnsPolicy: string,
    nodeSelector: atomicMap(string),
    serviceAccountName: string,
    serviceAccount: string,
    automountServiceAccountToken: boolean,
    nodeName: string,
    hostNetwork: boolean,
    hostPID: boolean,
    hostIPC: boolean,
    shareProcessNamespace: boolean,
    securityContext: podSecurityContext,
    imagePullSecrets: mergedList(localObjectReference, "name"),
    hostname: string,
    subdomain: string,
    affinity,
    schedulerName: string,
    tolerations: list(toleration),
    hostAliases: mergedList(hostAlias, "ip"),
    priorityClassName: string,
    priority: int32,
    dnsConfig: podDNSConfig,
    readinessGates: list(podReadinessGate),
    runtimeClassName: string,
    enableServiceLinks: boolean,
    preemptionPolicy: string,
    overhead: map(quantity),
    topologySpreadConstraints: mergedList(topologySpreadConstraint, "topologyKey", "whenUnsatisfiable"),
    setHostnameAsFQDN: boolean,
    os: podOS,
    hostUsers: boolean,
    schedulingGates: mergedList(podSchedulingGate, "name"),
    resourceClaims: mergedList(podResourceClaim, "name"),
    resources: resourceRequirements,
  },
  {
    always: ["containers"],
    kept: [
      "terminationGracePeriodSeconds",
      "activeDeadlineSeconds",
      "automountServiceAccountToken",
      "shareProcessNamespace",
      "priority",
      "runtimeClassName",
      "enableServiceLinks",
      "preemptionPolicy",
      "setHostnameAsFQDN",
      "hostUsers",
    ],
  },
);

export const podTemplateSpec = object(
  "PodTemplateSpec",
  {
    metadata: objectMeta,
    spec: podSpec,
  },
  { always: ["metadata", "spec"] },
);
