import { int32, list, object, string } from "./field.ts";
import { objectMeta } from "./meta.ts";
import { objectReference } from "./references.ts";

export const endpointAddress = object(
  "EndpointAddress",
  {
    ip: string,
    hostname: string,
    nodeName: string,
    targetRef: objectReference,
  },
  { always: ["ip"], kept: ["nodeName"], atomic: true },
);

export const endpointPort = object(
  "EndpointPort",
  {
    name: string,
    port: int32,
    protocol: string,
    appProtocol: string,
  },
  { always: ["port"], kept: ["appProtocol"], atomic: true },
);

export const endpointSubset = object("EndpointSubset", {
  addresses: list(endpointAddress),
  notReadyAddresses: list(endpointAddress),
  ports: list(endpointPort),
});

export const endpoints = object(
  "Endpoints",
  {
    kind: string,
    apiVersion: string,
    metadata: objectMeta,
    subsets: list(endpointSubset),
  },
  { always: ["metadata"] },
);
