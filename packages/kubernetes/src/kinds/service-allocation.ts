import type { Service, ServicePort, ServiceSpec } from "kubernetes-types/core/v1.d.ts";

import { StatusError } from "../api/status-error.ts";
import { invalid, invalidObject } from "./field-error.ts";
import type { FieldError, StrategyContext } from "./kind.ts";
import { validateClusterIPFields } from "./validation/service.ts";

// What pkg/registry/core/service/storage/alloc.go of the original does, on a cluster with IPv4 alone. There is no
// register of what is taken: the stored services are it, and the caller holds the write.

export interface ServiceRanges {
  /** Addresses for `clusterIP`, as `127.10.240.0/20`. */
  readonly clusterIPRange: string;
  /** First and last port for `nodePort`, both included. */
  readonly nodePortRange: { readonly first: number; readonly last: number };
}

/** Gives a new service its families, addresses and node ports. Throws `StatusError` when it asks for what is not to be had. */
export function allocateForCreate(service: Service, ranges: ServiceRanges, context: StrategyContext): void {
  const { spec } = service;
  if (spec === undefined) return;
  normalizeClusterIPs(spec);
  initializeFamilies(service, spec, undefined);
  if (spec.type !== "ExternalName") allocateClusterIP(service, spec, ranges, context);
  allocateNodePorts(service, spec, new Set(), ranges, context);
}

/** The same for a changed service, which keeps what it has where it still may have it. */
export function allocateForUpdate(
  service: Service,
  old: Service,
  ranges: ServiceRanges,
  context: StrategyContext,
): void {
  const { spec } = service;
  const oldSpec = old.spec;
  if (spec === undefined || oldSpec === undefined) return;
  initializeFamilies(service, spec, oldSpec);
  if (oldSpec.type === "ExternalName" && spec.type !== "ExternalName")
    allocateClusterIP(service, spec, ranges, context);
  const own = new Set((oldSpec.ports ?? []).map(({ nodePort }) => nodePort ?? 0));
  if (needsHealthCheckPort(oldSpec)) own.add(oldSpec.healthCheckNodePort ?? 0);
  allocateNodePorts(service, spec, own, ranges, context);
}

/**
 * Keeps the singular and the plural field alike. A client that knows the singular alone changes or clears that; one that
 * leaves the plural out means what is stored.
 */
export function normalizeClusterIPs(spec: ServiceSpec, old?: ServiceSpec): void {
  if (old === undefined) {
    if (spec.clusterIP !== undefined && spec.clusterIPs === undefined) spec.clusterIPs = [spec.clusterIP];
    return;
  }
  const sameIP = spec.clusterIP === old.clusterIP;
  if (sameIP && spec.clusterIPs === undefined && old.clusterIPs !== undefined) spec.clusterIPs = [...old.clusterIPs];
  if (sameIP || JSON.stringify(spec.clusterIPs) !== JSON.stringify(old.clusterIPs)) return;
  if (spec.clusterIP === undefined) delete spec.clusterIPs;
  else spec.clusterIPs = [spec.clusterIP];
}

function initializeFamilies(service: Service, spec: ServiceSpec, old: ServiceSpec | undefined): void {
  if (spec.type === "ExternalName") return;
  const selectorless = Object.keys(spec.selector ?? {}).length === 0;
  const headless = spec.clusterIP === "None";
  // Without a selector nobody knows which families the endpoints will have.
  spec.ipFamilyPolicy ??= old?.ipFamilyPolicy ?? (headless && selectorless ? "RequireDualStack" : "SingleStack");
  const errors = validateClusterIPFields(spec);
  refuse(service, errors);
  if (spec.ipFamilyPolicy === "SingleStack") {
    if (spec.clusterIPs?.length === 2) errors.push(dualNeeded(spec, "cluster IPs"));
    if (spec.ipFamilies?.length === 2) errors.push(dualNeeded(spec, "IP families"));
  }
  for (const [index, ip] of (spec.clusterIPs ?? []).entries()) {
    if (ip === "None") break;
    if (index < (spec.ipFamilies?.length ?? 0)) continue;
    if (ip.includes(":"))
      errors.push(invalid(`spec.clusterIPs[${index}]`, spec.clusterIPs, "IPv6 is not configured on this cluster"));
    else spec.ipFamilies = [...(spec.ipFamilies ?? []), "IPv4"];
  }
  refuse(service, errors);
  if (headless && selectorless) {
    spec.ipFamilies ??= ["IPv4"];
    if (spec.ipFamilies.length < 2 && spec.ipFamilyPolicy !== "SingleStack") {
      spec.ipFamilies = [...spec.ipFamilies, spec.ipFamilies[0] === "IPv4" ? "IPv6" : "IPv4"];
    }
    return;
  }
  if (spec.ipFamilyPolicy === "RequireDualStack") {
    errors.push(
      invalid("spec.ipFamilyPolicy", spec.ipFamilyPolicy, "this cluster is not configured for dual-stack services"),
    );
  }
  for (const [index, family] of (spec.ipFamilies ?? []).entries()) {
    if (family !== "IPv4") errors.push(invalid(`spec.ipFamilies[${index}]`, family, "not configured on this cluster"));
  }
  refuse(service, errors);
  spec.ipFamilies ??= ["IPv4"];
}

function dualNeeded(spec: ServiceSpec, what: string): FieldError {
  const words = `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`;
  return invalid("spec.ipFamilyPolicy", spec.ipFamilyPolicy, words);
}

function refuse(service: Service, errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalidObject("Service", "", service.metadata?.name ?? "", errors);
}

function allocateClusterIP(service: Service, spec: ServiceSpec, ranges: ServiceRanges, context: StrategyContext): void {
  if (spec.clusterIPs?.[0] === "None") return;
  const range = parseRange(ranges.clusterIPRange);
  const taken = new Set(others(service, context).flatMap((other) => other.spec?.clusterIPs ?? []));
  const requested = spec.clusterIPs?.[0] ?? "";
  if (requested !== "") {
    const address = addressNumber(requested);
    const outside = Number.isNaN(address) || address <= range.base || address >= range.base + range.size - 1;
    const problem = outside
      ? `the provided IP (${requested}) is not in the valid range. The range of valid IPs is ${ranges.clusterIPRange}`
      : taken.has(requested) && "provided IP is already allocated";
    if (problem !== false)
      refuse(service, [invalid("spec.clusterIPs", spec.clusterIPs, `failed to allocate IP ${requested}: ${problem}`)]);
    return;
  }
  const free = freeNumber(
    seedOf(service),
    range.base + 1 + staticBand(range.size),
    range.base + range.size - 2,
    (address) => taken.has(addressText(address)),
  );
  const found =
    free ??
    freeNumber(0, range.base + 1, range.base + staticBand(range.size), (address) => taken.has(addressText(address)));
  if (found === undefined) throw internal("failed to allocate a serviceIP: range is full");
  spec.clusterIP = addressText(found);
  spec.clusterIPs = [spec.clusterIP];
}

/** Low addresses are left to who asks for them by number, as `kubernetes` and the resolver do: a sixteenth, 16 to 256. */
function staticBand(size: number): number {
  return size < 32 ? 0 : Math.min(Math.max(16, Math.floor(size / 16)), 256);
}

function allocateNodePorts(
  service: Service,
  spec: ServiceSpec,
  own: ReadonlySet<number>,
  ranges: ServiceRanges,
  context: StrategyContext,
): void {
  const { first, last } = ranges.nodePortRange;
  const taken = new Set(others(service, context).flatMap((other) => nodePortsOf(other)));
  const mine = new Set<number>();
  const take = (port: number, path: string): void => {
    if (own.has(port) || mine.has(port)) return;
    const problem =
      port < first || port > last
        ? `provided port is not in the valid range. The range of valid ports is ${first}-${last}`
        : undefined;
    const taking = problem ?? (taken.has(port) ? "provided port is already allocated" : undefined);
    if (taking !== undefined) refuse(service, [invalid(path, port, taking)]);
    mine.add(port);
  };
  const next = (): number => {
    const found = freeNumber(
      seedOf(service),
      first,
      last,
      (port) => taken.has(port) || mine.has(port) || own.has(port),
    );
    if (found === undefined) throw internal("failed to allocate a nodePort: range is full");
    mine.add(found);
    return found;
  };
  if (spec.type === "NodePort" || spec.type === "LoadBalancer") {
    const ports = spec.ports ?? [];
    for (const [index, port] of ports.entries()) {
      if (port.nodePort !== undefined) take(port.nodePort, `spec.ports[${index}].nodePort`);
    }
    if (spec.type === "LoadBalancer" && spec.allocateLoadBalancerNodePorts === false) return;
    for (const port of ports) port.nodePort ??= samePort(port, ports) ?? next();
  }
  if (needsHealthCheckPort(spec)) {
    if (spec.healthCheckNodePort === undefined) spec.healthCheckNodePort = next();
    else take(spec.healthCheckNodePort, "spec.healthCheckNodePort");
  }
}

/** One node port serves a port number over every protocol. */
function samePort(port: ServicePort, ports: readonly ServicePort[]): number | undefined {
  return ports.find(
    (other) => other.port === port.port && other.protocol !== port.protocol && other.nodePort !== undefined,
  )?.nodePort;
}

function nodePortsOf({ spec }: Service): number[] {
  const ports = (spec?.ports ?? []).flatMap(({ nodePort }) => nodePort ?? []);
  return spec?.healthCheckNodePort === undefined ? ports : [...ports, spec.healthCheckNodePort];
}

export function needsHealthCheckPort(spec: ServiceSpec): boolean {
  return spec.type === "LoadBalancer" && spec.externalTrafficPolicy === "Local";
}

function others(service: Service, context: StrategyContext): readonly Service[] {
  const { name, namespace } = service.metadata ?? {};
  const services = context.list("services") as unknown as readonly Service[];
  return services.filter(({ metadata }) => metadata?.name !== name || metadata?.namespace !== namespace);
}

/** The first free number of the range, looking from a place that differs between services. */
function freeNumber(seed: number, first: number, last: number, taken: (number: number) => boolean): number | undefined {
  const count = last - first + 1;
  for (let step = 0; step < count; step++) {
    const candidate = first + ((seed + step) % count);
    if (!taken(candidate)) return candidate;
  }
  return undefined;
}

function seedOf({ metadata }: Service): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(`${metadata?.uid ?? ""}/${metadata?.namespace}/${metadata?.name}`)) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return hash;
}

function parseRange(cidr: string): { base: number; size: number } {
  const [address = "", bits = "32"] = cidr.split("/");
  const size = 2 ** (32 - Number(bits));
  return { base: Math.floor(addressNumber(address) / size) * size, size };
}

function addressNumber(address: string): number {
  return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

function addressText(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
}

function internal(reason: string): StatusError {
  return new StatusError(500, "InternalError", `Internal error occurred: ${reason}`, { causes: [{ message: reason }] });
}
