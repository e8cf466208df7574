import type { Endpoint, EndpointSlice } from "kubernetes-types/discovery/v1.d.ts";

import { duplicate, invalid, required, tooMany } from "../field-error.ts";
import type { FieldError } from "../kind.ts";
import { PROTOCOLS } from "./container.ts";
import { immutable } from "./immutable.ts";
import { dns1123Label, labelValue, qualifiedName, subdomainName } from "./names.ts";
import { validateLabels, validateObjectMeta, validateObjectMetaUpdate } from "./object-meta.ts";
import { validateOrdinaryAddress } from "./ordinary-address.ts";
import { isIPv4, isIPv6, label, oneOf, subdomain } from "./scalars.ts";

const ENDPOINTS_MAX = 1000;
const ADDRESSES_MAX = 100;
const PORTS_MAX = 20_000;
const TOPOLOGY_LABELS_MAX = 16;
const ZONE_HINTS_MAX = 8;

export function validateEndpointSlice(object: EndpointSlice): FieldError[] {
  const { addressType } = object;
  // Lists that are always written are null when empty.
  const endpoints = object.endpoints ?? [];
  const errors = [
    ...validateObjectMeta(object.metadata ?? {}, true, subdomainName),
    ...oneOf(addressType, ["FQDN", "IPv4", "IPv6"], "addressType"),
  ];
  if (endpoints.length > ENDPOINTS_MAX) errors.push(tooMany("endpoints", endpoints.length, ENDPOINTS_MAX));
  else
    errors.push(
      ...endpoints.flatMap((endpoint, index) => validateEndpoint(endpoint, addressType, `endpoints[${index}]`)),
    );
  return [...errors, ...validatePorts(object.ports ?? [])];
}

function validateEndpoint(endpoint: Endpoint, addressType: string, path: string): FieldError[] {
  const { deprecatedTopology = {}, hints } = endpoint;
  const addresses = endpoint.addresses ?? [];
  const errors: FieldError[] = [];
  if (addresses.length === 0) errors.push(required(`${path}.addresses`, "must contain at least 1 address"));
  else if (addresses.length > ADDRESSES_MAX) errors.push(tooMany(`${path}.addresses`, addresses.length, ADDRESSES_MAX));
  for (const [index, address] of addresses.entries())
    errors.push(...validateAddress(address, addressType, `${path}.addresses[${index}]`));
  if (endpoint.nodeName !== undefined) errors.push(...subdomain(endpoint.nodeName, `${path}.nodeName`));
  const labels = Object.keys(deprecatedTopology).length;
  if (labels > TOPOLOGY_LABELS_MAX) errors.push(tooMany(`${path}.deprecatedTopology`, labels, TOPOLOGY_LABELS_MAX));
  errors.push(...validateLabels(deprecatedTopology, `${path}.deprecatedTopology`));
  if (endpoint.hostname !== undefined) errors.push(...label(endpoint.hostname, `${path}.hostname`));
  const zones = hints?.forZones ?? [];
  if (zones.length > ZONE_HINTS_MAX)
    return [...errors, tooMany(`${path}.hints.forZones`, zones.length, ZONE_HINTS_MAX)];
  const seen = new Set<string>();
  for (const [index, { name }] of zones.entries()) {
    const at = `${path}.hints.forZones[${index}].name`;
    if (seen.has(name)) errors.push(duplicate(at, name));
    seen.add(name);
    errors.push(...labelValue(name).map((problem) => invalid(at, name, problem)));
  }
  return errors;
}

function validateAddress(address: string, type: string, path: string): FieldError[] {
  switch (type) {
    case "IPv4":
      return [
        ...(isIPv4(address) ? [] : [invalid(path, address, "must be a valid IPv4 address")]),
        ...validateOrdinaryAddress(address, path),
      ];
    case "IPv6":
      return [
        ...(isIPv6(address) ? [] : [invalid(path, address, "must be a valid IPv6 address")]),
        ...validateOrdinaryAddress(address, path),
      ];
    case "FQDN":
      return validateDomain(address.replace(/\.$/, ""), path);
    default:
      return [];
  }
}

function validateDomain(name: string, path: string): FieldError[] {
  if (name === "") return [required(path)];
  const problems = subdomain(name, path);
  if (problems.length > 0) return problems;
  const labels = name.split(".");
  if (labels.length < 2)
    return [invalid(path, name, "should be a domain with at least two segments separated by dots")];
  return labels.flatMap((part) => {
    const wrong = dns1123Label(part);
    return wrong.length > 0 ? [invalid(path, part, wrong.join(","))] : [];
  });
}

function validatePorts(ports: NonNullable<EndpointSlice["ports"]>): FieldError[] {
  if (ports.length > PORTS_MAX) return [tooMany("ports", ports.length, PORTS_MAX)];
  const names = new Set<string>();
  return ports.flatMap(({ name = "", protocol, appProtocol }, index) => {
    const at = `ports[${index}]`;
    const errors = name === "" ? [] : label(name, `${at}.name`);
    if (names.has(name)) errors.push(duplicate(`${at}.name`, name));
    names.add(name);
    errors.push(...oneOf(protocol, PROTOCOLS, `${at}.protocol`));
    if (appProtocol === undefined) return errors;
    return [
      ...errors,
      ...qualifiedName(appProtocol).map((problem) => invalid(`${at}.appProtocol`, appProtocol, problem)),
    ];
  });
}

export function validateEndpointSliceUpdate(object: EndpointSlice, old: EndpointSlice): FieldError[] {
  return [
    ...validateObjectMetaUpdate(object.metadata ?? {}, old.metadata ?? {}),
    ...validateEndpointSlice(object),
    ...immutable(object.addressType, old.addressType, "addressType"),
  ];
}
