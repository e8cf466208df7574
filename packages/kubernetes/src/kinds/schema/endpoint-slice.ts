import { appliedSet, boolean, int32, list, map, object, string } from "./field.ts";
import { objectMeta } from "./meta.ts";
import { objectReference } from "./references.ts";

export const endpointConditions = object(
  "EndpointConditions",
  {
    ready: boolean,
    serving: boolean,
    terminating: boolean,
  },
  { kept: ["ready", "serving", "terminating"] },
);

export const forZone = object(
  "ForZone",
  {
    name: string,
  },
  { always: ["name"] },
);

export const endpointHints = object("EndpointHints", {
  forZones: list(forZone),
});

export const endpoint = object(
  "Endpoint",
  {
    addresses: appliedSet(string),
    conditions: endpointConditions,
    hostname: string,
    targetRef: objectReference,
    deprecatedTopology: map(string),
    nodeName: string,
    zone: string,
    hints: endpointHints,
  },
  { always: ["addresses", "conditions"], kept: ["hostname", "nodeName", "zone"] },
);

export const endpointPort = object(
  "EndpointPort",
  {
    name: string,
    protocol: string,
    port: int32,
    appProtocol: string,
  },
  { kept: ["name", "protocol", "port", "appProtocol"], atomic: true },
);

export const endpointSlice = object(
  "EndpointSlice",
  {
    kind: string,
    apiVersion: string,
    metadata: objectMeta,
    addressType: string,
    endpoints: list(endpoint),
    ports: list(endpointPort),
  },
  { always: ["metadata", "addressType", "endpoints", "ports"] },
);
