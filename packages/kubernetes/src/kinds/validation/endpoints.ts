import type { EndpointAddress, EndpointPort, Endpoints } from "kubernetes-types/core/v1.d.ts";

import { invalid, required } from "../field-error.ts";
import type { FieldError } from "../kind.ts";
import { PROTOCOLS } from "./container.ts";
import { portNumber, qualifiedName, subdomainName } from "./names.ts";
import { validateObjectMeta, validateObjectMetaUpdate } from "./object-meta.ts";
import { validateOrdinaryAddress } from "./ordinary-address.ts";
import { ipAddress, label, oneOf, subdomain } from "./scalars.ts";

export function validateEndpoints(object: Endpoints): FieldError[] {
  const errors = validateObjectMeta(object.metadata ?? {}, true, subdomainName);
  for (const [index, { addresses = [], notReadyAddresses = [], ports = [] }] of (object.subsets ?? []).entries()) {
    const at = `subsets[${index}]`;
    if (addresses.length + notReadyAddresses.length === 0) {
      errors.push(required(at, "must specify `addresses` or `notReadyAddresses`"));
    }
    errors.push(
      ...addresses.flatMap((address, place) => validateAddress(address, `${at}.addresses[${place}]`)),
      ...notReadyAddresses.flatMap((address, place) => validateAddress(address, `${at}.notReadyAddresses[${place}]`)),
      ...ports.flatMap((port, place) => validatePort(port, ports.length > 1, `${at}.ports[${place}]`)),
    );
  }
  return errors;
}

function validateAddress({ ip, hostname, nodeName }: EndpointAddress, path: string): FieldError[] {
  return [
    ...ipAddress(ip, `${path}.ip`),
    ...(hostname ? label(hostname, `${path}.hostname`) : []),
    ...(nodeName === undefined ? [] : subdomain(nodeName, `${path}.nodeName`)),
    ...validateOrdinaryAddress(ip, `${path}.ip`),
  ];
}

function validatePort(
  { name = "", port, protocol, appProtocol }: EndpointPort,
  named: boolean,
  path: string,
): FieldError[] {
  const errors = name === "" ? (named ? [required(`${path}.name`)] : []) : label(name, `${path}.name`);
  errors.push(
    ...portNumber(port).map((problem) => invalid(`${path}.port`, port, problem)),
    ...oneOf(protocol, PROTOCOLS, `${path}.protocol`),
  );
  if (appProtocol === undefined) return errors;
  return [
    ...errors,
    ...qualifiedName(appProtocol).map((problem) => invalid(`${path}.appProtocol`, appProtocol, problem)),
  ];
}

export function validateEndpointsUpdate(object: Endpoints, old: Endpoints): FieldError[] {
  return [...validateObjectMetaUpdate(object.metadata ?? {}, old.metadata ?? {}), ...validateEndpoints(object)];
}
