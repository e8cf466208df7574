import type { Service, ServicePort, ServiceSpec, ServiceStatus } from "kubernetes-types/core/v1.d.ts";

import { duplicate, forbidden, GoText, goQuote, invalid, notSupported, required } from "../field-error.ts";
import type { FieldError } from "../kind.ts";
import { PROTOCOLS } from "./container.ts";
import { semanticallyEqual } from "./immutable.ts";
import { dns1123Subdomain, portNumber, qualifiedName, serviceName } from "./names.ts";
import { validateLabels, validateObjectMeta, validateObjectMetaUpdate } from "./object-meta.ts";
import { validateOrdinaryAddress } from "./ordinary-address.ts";
import { absentOrOneOf, ipAddress, isIPv4, isIPv6, label, oneOf, portNumberOrName, subdomain } from "./scalars.ts";

const TYPES = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"] as const;
/** Types whose addresses lead to pods. */
const TYPES_WITH_TRAFFIC: ReadonlySet<string> = new Set(["ClusterIP", "LoadBalancer", "NodePort"]);
const AFFINITIES = ["ClientIP", "None"] as const;
const TRAFFIC_POLICIES = ["Cluster", "Local"] as const;
const FAMILIES = ["IPv4", "IPv6"] as const;
const FAMILY_POLICIES = ["PreferDualStack", "RequireDualStack", "SingleStack"] as const;
const AFFINITY_SECONDS_MAX = 86_400;
const KUBELET_PORT = 10_250;

export function validateService(service: Service): FieldError[] {
  const { spec = {} } = service;
  const errors = validateObjectMeta(service.metadata ?? {}, true, serviceName);
  if ((spec.ports?.length ?? 0) === 0 && !isHeadless(spec) && spec.type !== "ExternalName")
    errors.push(required("spec.ports"));
  errors.push(
    ...validateType(spec),
    ...validatePorts(spec),
    ...validateLabels(spec.selector, "spec.selector"),
    ...validateAffinity(spec),
    ...validateClusterIPFields(spec),
  );
  for (const [index, ip] of (spec.externalIPs ?? []).entries()) {
    const at = `spec.externalIPs[${index}]`;
    const malformed = ipAddress(ip, at);
    errors.push(...(malformed.length > 0 ? malformed : validateOrdinaryAddress(ip, at)));
  }
  errors.push(...oneOf(spec.type, TYPES, "spec.type"), ...validateRepeatedPorts(spec));
  if (spec.type !== "LoadBalancer") {
    const words = "may only be used when `type` is 'LoadBalancer'";
    if ((spec.loadBalancerSourceRanges?.length ?? 0) > 0)
      errors.push(forbidden("spec.LoadBalancerSourceRanges", words));
    if (spec.allocateLoadBalancerNodePorts !== undefined)
      errors.push(forbidden("spec.allocateLoadBalancerNodePorts", words));
    if (spec.loadBalancerClass !== undefined) errors.push(forbidden("spec.loadBalancerClass", words));
  } else {
    for (const [index, range] of (spec.loadBalancerSourceRanges ?? []).entries()) {
      if (isCidr(range.trim())) continue;
      const words = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
      errors.push(invalid(`spec.LoadBalancerSourceRanges[${index}]`, range.trim(), words));
    }
    const { loadBalancerClass } = spec;
    if (loadBalancerClass !== undefined) {
      errors.push(
        ...qualifiedName(loadBalancerClass).map((problem) =>
          invalid("spec.loadBalancerClass", loadBalancerClass, problem),
        ),
      );
    }
  }
  return [...errors, ...validateTrafficPolicies(spec)];
}

function isHeadless({ clusterIPs }: ServiceSpec): boolean {
  return clusterIPs?.length === 1 && clusterIPs[0] === "None";
}

function validateType(spec: ServiceSpec): FieldError[] {
  const errors: FieldError[] = [];
  if (spec.type === "LoadBalancer") {
    for (const [index, { port }] of (spec.ports ?? []).entries()) {
      if (port !== KUBELET_PORT) continue;
      const words = `may not expose port ${KUBELET_PORT} externally since it is used by kubelet`;
      errors.push(invalid(`spec.ports[${index}]`, port, words));
    }
  }
  if ((spec.type === "LoadBalancer" || spec.type === "NodePort") && isHeadless(spec)) {
    errors.push(invalid("spec.clusterIPs[0]", "None", `may not be set to 'None' for ${spec.type} services`));
  }
  if (spec.type === "ExternalName") {
    for (const field of ["clusterIPs", "ipFamilies", "ipFamilyPolicy"] as const) {
      if ((spec[field]?.length ?? 0) > 0)
        errors.push(forbidden(`spec.${field}`, "may not be set for ExternalName services"));
    }
    const name = (spec.externalName ?? "").replace(/\.$/, "");
    errors.push(...(name === "" ? [required("spec.externalName")] : subdomain(name, "spec.externalName")));
  }
  return errors;
}

function validatePorts({ ports = [] }: ServiceSpec): FieldError[] {
  const names = new Set<string>();
  return ports.flatMap((port, index) => {
    const at = `spec.ports[${index}]`;
    const { name = "", appProtocol } = port;
    const errors: FieldError[] = [];
    if (name === "") {
      if (ports.length > 1) errors.push(required(`${at}.name`));
    } else {
      errors.push(...label(name, `${at}.name`));
      if (names.has(name)) errors.push(duplicate(`${at}.name`, name));
      names.add(name);
    }
    errors.push(
      ...portNumber(port.port).map((problem) => invalid(`${at}.port`, port.port, problem)),
      ...oneOf(port.protocol, PROTOCOLS, `${at}.protocol`),
      ...portNumberOrName(port.targetPort ?? 0, `${at}.targetPort`),
    );
    if (appProtocol === undefined) return errors;
    return [
      ...errors,
      ...qualifiedName(appProtocol).map((problem) => invalid(`${at}.appProtocol`, appProtocol, problem)),
    ];
  });
}

function validateRepeatedPorts({ type, ports = [] }: ServiceSpec): FieldError[] {
  const errors: FieldError[] = [];
  if (type === "ClusterIP") {
    for (const [index, { nodePort }] of ports.entries()) {
      if (nodePort !== undefined) {
        errors.push(forbidden(`spec.ports[${index}].nodePort`, "may not be used when `type` is 'ClusterIP'"));
      }
    }
  }
  const nodePorts = new Set<string>();
  for (const [index, { protocol, nodePort }] of ports.entries()) {
    if (nodePort === undefined) continue;
    if (nodePorts.has(`${protocol}/${nodePort}`)) errors.push(duplicate(`spec.ports[${index}].nodePort`, nodePort));
    nodePorts.add(`${protocol}/${nodePort}`);
  }
  const taken = new Set<string>();
  for (const [index, port] of ports.entries()) {
    const key = `${port.protocol}/${port.port}`;
    if (taken.has(key)) errors.push(duplicate(`spec.ports[${index}]`, goPort(port)));
    taken.add(key);
  }
  return errors;
}

function goPort({ protocol = "", port }: ServicePort): GoText {
  const target = 'intstr.IntOrString{Type:0, IntVal:0, StrVal:""}';
  return new GoText(
    `core.ServicePort{Name:"", Protocol:${goQuote(protocol)}, AppProtocol:(*string)(nil), Port:${port}, TargetPort:${target}, NodePort:0}`,
  );
}

function validateAffinity(spec: ServiceSpec): FieldError[] {
  const errors = oneOf(spec.sessionAffinity, AFFINITIES, "spec.sessionAffinity");
  const seconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds;
  if (
    spec.sessionAffinity === "ClientIP" &&
    seconds !== undefined &&
    (seconds <= 0 || seconds > AFFINITY_SECONDS_MAX)
  ) {
    const path = "spec.sessionAffinityConfig.clientIP.timeoutSeconds";
    errors.push(invalid(path, seconds, `must be greater than 0 and less than ${AFFINITY_SECONDS_MAX}`));
  }
  return errors;
}

/** Rules for the cluster addresses and their families, which are checked before addresses are given out too. */
export function validateClusterIPFields(spec: ServiceSpec): FieldError[] {
  if (spec.type === "ExternalName") return [];
  const { clusterIP = "", clusterIPs = [], ipFamilies = [] } = spec;
  const path = "spec.clusterIPs";
  const errors: FieldError[] = [];
  if (clusterIP !== "") {
    if (clusterIPs.length === 0) errors.push(required(path));
    else if (clusterIPs[0] !== clusterIP) errors.push(invalid(path, clusterIPs, "first value must match `clusterIP`"));
  } else if (clusterIPs.length > 0)
    errors.push(invalid(path, clusterIPs, "must be empty when `clusterIP` is not specified"));
  for (const [index, family] of ipFamilies.entries()) {
    const at = `spec.ipFamilies[${index}]`;
    if (!FAMILIES.some((known) => known === family)) errors.push(notSupported(at, family, FAMILIES));
    if (ipFamilies.indexOf(family) < index) errors.push(duplicate(at, family));
  }
  errors.push(...absentOrOneOf(spec.ipFamilyPolicy, FAMILY_POLICIES, "spec.ipFamilyPolicy"));
  let malformed = false;
  for (const [index, ip] of clusterIPs.entries()) {
    const problems = index === 0 && ip === "None" ? [] : ipAddress(ip, `${path}[${index}]`);
    if (index === 0 && ip === "None" && clusterIPs.length > 1) {
      problems.push(invalid(path, clusterIPs, "'None' must be the first and only value"));
    }
    malformed ||= problems.length > 0;
    errors.push(...problems);
  }
  if (clusterIPs.length > 2) errors.push(invalid(path, clusterIPs, "may only hold up to 2 values"));
  if (malformed) return errors;
  if (clusterIPs.length > 1 && (clusterIPs.every(isIPv4) || clusterIPs.every(isIPv6))) {
    errors.push(invalid(path, clusterIPs, "may specify no more than one IP for each IP family"));
  }
  if (isHeadless(spec)) return errors;
  for (const [index, ip] of clusterIPs.entries()) {
    const family = ipFamilies[index];
    if (family === undefined || family === (isIPv6(ip) ? "IPv6" : "IPv4")) continue;
    if (family === "IPv4" || family === "IPv6") {
      errors.push(
        invalid(`${path}[${index}]`, ip, `expected an ${family} value as indicated by \`ipFamilies[${index}]\``),
      );
    }
  }
  return errors;
}

function validateTrafficPolicies(spec: ServiceSpec): FieldError[] {
  const {
    type,
    externalIPs = [],
    externalTrafficPolicy,
    healthCheckNodePort,
    internalTrafficPolicy,
    trafficDistribution,
  } = spec;
  const external = type === "LoadBalancer" || type === "NodePort" || (type === "ClusterIP" && externalIPs.length > 0);
  const errors: FieldError[] = [];
  if (external) errors.push(...oneOf(externalTrafficPolicy, TRAFFIC_POLICIES, "spec.externalTrafficPolicy"));
  else if (externalTrafficPolicy !== undefined) {
    errors.push(
      invalid(
        "spec.externalTrafficPolicy",
        externalTrafficPolicy,
        "may only be set for externally-accessible services",
      ),
    );
  }
  if (type === "LoadBalancer" && externalTrafficPolicy === "Local") {
    if (healthCheckNodePort === undefined) errors.push(required("spec.healthCheckNodePort"));
    else
      errors.push(
        ...portNumber(healthCheckNodePort).map((problem) =>
          invalid("spec.healthCheckNodePort", healthCheckNodePort, problem),
        ),
      );
  } else if (healthCheckNodePort !== undefined) {
    const words = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
    errors.push(invalid("spec.healthCheckNodePort", healthCheckNodePort, words));
  }
  if (internalTrafficPolicy === undefined && TYPES_WITH_TRAFFIC.has(type ?? ""))
    errors.push(required("spec.internalTrafficPolicy"));
  errors.push(
    ...absentOrOneOf(internalTrafficPolicy, TRAFFIC_POLICIES, "spec.internalTrafficPolicy"),
    ...absentOrOneOf(trafficDistribution, ["PreferClose"], "spec.trafficDistribution"),
  );
  return errors;
}

function isCidr(text: string): boolean {
  const [address = "", bits = "", more] = text.split("/");
  if (more !== undefined || !/^\d{1,3}$/.test(bits)) return false;
  return (isIPv4(address) && Number(bits) <= 32) || (isIPv6(address) && Number(bits) <= 128);
}

export function validateServiceUpdate(service: Service, old: Service): FieldError[] {
  const spec = service.spec ?? {};
  const before = old.spec ?? {};
  const errors = validateObjectMetaUpdate(service.metadata ?? {}, old.metadata ?? {});
  if (spec.type !== "ExternalName" && before.type !== "ExternalName" && !(isHeadless(spec) && isHeadless(before))) {
    errors.push(...validateKeptAddresses(spec, before));
  }
  if (spec.type === "LoadBalancer" && before.type === "LoadBalancer") {
    if (!semanticallyEqual(spec.loadBalancerClass, before.loadBalancerClass)) {
      errors.push(invalid("spec.loadBalancerClass", spec.loadBalancerClass ?? null, "may not change once set"));
    }
    const local = spec.externalTrafficPolicy === "Local" && before.externalTrafficPolicy === "Local";
    if (local && spec.healthCheckNodePort !== before.healthCheckNodePort) {
      errors.push(forbidden("spec.healthCheckNodePort", "field is immutable"));
    }
  }
  return [...errors, ...validateService(service)];
}

function validateKeptAddresses(spec: ServiceSpec, old: ServiceSpec): FieldError[] {
  const ips = spec.clusterIPs ?? [];
  const former = old.clusterIPs ?? [];
  const errors: FieldError[] = [];
  if (former.length > 0 && ips.length === 0)
    errors.push(invalid("spec.clusterIPs[0]", ips, "primary clusterIP can not be unset"));
  const common = former.length === ips.length ? former.length : Math.min(1, former.length, ips.length);
  for (let index = 0; index < common; index++) {
    if (ips[index] !== former[index]) errors.push(invalid(`spec.clusterIPs[${index}]`, ips, "may not change once set"));
  }
  if (former.length > ips.length && ips.length === 1 && spec.ipFamilyPolicy !== "SingleStack") {
    const words = "must be set to 'SingleStack' when releasing the secondary clusterIP";
    errors.push(invalid("spec.ipFamilyPolicy", spec.ipFamilyPolicy ?? null, words));
  }
  if (isHeadless(spec) !== isHeadless(old)) return errors;
  const [family] = spec.ipFamilies ?? [];
  const [formerFamily] = old.ipFamilies ?? [];
  if (family !== undefined && formerFamily !== undefined && family !== formerFamily) {
    errors.push(invalid("spec.ipFamilies[0]", spec.ipFamilies, "may not change once set"));
  }
  return errors;
}

export function validateServiceStatusUpdate(service: Service, old: Service): FieldError[] {
  const errors = validateObjectMetaUpdate(service.metadata ?? {}, old.metadata ?? {});
  return [...errors, ...validateIngress(service.status?.loadBalancer?.ingress ?? [], service.spec?.type)];
}

type Ingress = NonNullable<NonNullable<NonNullable<ServiceStatus["loadBalancer"]>["ingress"]>[number]>;

function validateIngress(ingress: readonly Ingress[], type: string | undefined): FieldError[] {
  const path = "status.loadBalancer.ingress";
  if (ingress.length > 0 && type !== "LoadBalancer")
    return [forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'")];
  return ingress.flatMap(({ ip = "", ipMode, hostname = "" }, index) => {
    const at = `${path}[${index}]`;
    const errors = ip === "" ? [] : ipAddress(ip, `${at}.ip`);
    if (ip !== "" && ipMode === undefined) errors.push(required(`${at}.ipMode`, "must be specified when `ip` is set"));
    if (ip === "" && ipMode !== undefined)
      errors.push(forbidden(`${at}.ipMode`, "may not be specified when `ip` is not set"));
    else errors.push(...absentOrOneOf(ipMode, ["Proxy", "VIP"], `${at}.ipMode`));
    if (hostname === "") return errors;
    errors.push(...dns1123Subdomain(hostname).map((problem) => invalid(`${at}.hostname`, hostname, problem)));
    if (isIPv4(hostname) || isIPv6(hostname))
      errors.push(invalid(`${at}.hostname`, hostname, "must be a DNS name, not an IP address"));
    return errors;
  });
}
