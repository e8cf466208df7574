import { atomicMap, boolean, int32, intOrString, list, mergedList, object, string } from "./field.ts";
import { condition, objectMeta } from "./meta.ts";

export const servicePort = object(
  "ServicePort",
  {
    name: string,
    protocol: string,
    appProtocol: string,
    port: int32,
    targetPort: intOrString,
    nodePort: int32,
  },
  { always: ["port", "targetPort"], kept: ["appProtocol"] },
);

export const clientIPConfig = object(
  "ClientIPConfig",
  {
    timeoutSeconds: int32,
  },
  { kept: ["timeoutSeconds"] },
);

export const sessionAffinityConfig = object("SessionAffinityConfig", {
  clientIP: clientIPConfig,
});

export const serviceSpec = object(
  "ServiceSpec",
  {
    ports: mergedList(servicePort, "port", "protocol"),
    selector: atomicMap(string),
    clusterIP: string,
    clusterIPs: list(string),
    type: string,
    externalIPs: list(string),
    sessionAffinity: string,
    loadBalancerIP: string,
    loadBalancerSourceRanges: list(string),
    externalName: string,
    externalTrafficPolicy: string,
    healthCheckNodePort: int32,
    publishNotReadyAddresses: boolean,
    sessionAffinityConfig,
    ipFamilies: list(string),
    ipFamilyPolicy: string,
    allocateLoadBalancerNodePorts: boolean,
    loadBalancerClass: string,
    internalTrafficPolicy: string,
    trafficDistribution: string,
  },
  {
    kept: [
      "ipFamilyPolicy",
      "allocateLoadBalancerNodePorts",
      "loadBalancerClass",
      "internalTrafficPolicy",
      "trafficDistribution",
    ],
  },
);

export const portStatus = object(
  "PortStatus",
  {
    port: int32,
    protocol: string,
    error: string,
  },
  { always: ["port", "protocol"], kept: ["error"] },
);

export const loadBalancerIngress = object(
  "LoadBalancerIngress",
  {
    ip: string,
    hostname: string,
    ipMode: string,
    ports: list(portStatus),
  },
  { kept: ["ipMode"] },
);

export const loadBalancerStatus = object("LoadBalancerStatus", {
  ingress: list(loadBalancerIngress),
});

export const serviceStatus = object(
  "ServiceStatus",
  {
    loadBalancer: loadBalancerStatus,
    conditions: mergedList(condition, "type"),
  },
  { always: ["loadBalancer"] },
);

export const service = object(
  "Service",
  {
    kind: string,
    apiVersion: string,
    metadata: objectMeta,
    spec: serviceSpec,
    status: serviceStatus,
  },
  { always: ["metadata", "spec", "status"] },
);
