import type { HostAlias, PodDNSConfig, PodSpec } from "kubernetes-types/core/v1.d.ts";
import type { ObjectMeta } from "kubernetes-types/meta/v1.d.ts";

import { duplicate, forbidden, invalid, required } from "../field-error.ts";
import type { FieldError } from "../kind.ts";
import {
  validateContainers,
  validateEphemeralContainers,
  validateInitContainers,
  type ContainerSurroundings,
} from "./container.ts";
import { qualifiedName } from "./names.ts";
import { validateLabels } from "./object-meta.ts";
import { absentOrOneOf, ipAddress, label, oneOf, subdomain } from "./scalars.ts";
import { validateAffinity, validateSpreading, validateTolerations } from "./scheduling.ts";
import { validateHostNamespaces, validatePodSecurityContext } from "./security-context.ts";
import { validateEphemeralClaimName, validateVolumes } from "./volumes.ts";

const RESTART_POLICIES = ["Always", "OnFailure", "Never"] as const;
const DNS_POLICIES = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"] as const;
const PREEMPTION_POLICIES = ["PreemptLowerPriority", "Never"] as const;
const INT32_MAX = 2_147_483_647;
const NAMESERVERS_MAX = 3;
const SEARCHES_MAX = 32;
const SEARCH_CHARACTERS_MAX = 2048;

/** Rules of a pod's spec; `meta` is the pod's metadata, undefined for a template. */
export function validatePodSpec(spec: PodSpec, meta: ObjectMeta | undefined, path: string): FieldError[] {
  const { restartPolicy, dnsPolicy, terminationGracePeriodSeconds } = spec;
  const errors: FieldError[] = [];
  if (terminationGracePeriodSeconds === undefined) errors.push(required(`${path}.terminationGracePeriodSeconds`));
  const volumes = validateVolumes(spec.volumes ?? [], `${path}.volumes`);
  errors.push(...volumes.errors);
  if (meta?.name) {
    for (const [index, { name, ephemeral }] of (spec.volumes ?? []).entries()) {
      if (ephemeral !== undefined)
        errors.push(...validateEphemeralClaimName(meta.name, name, `${path}.volumes[${index}]`));
    }
  }
  const surroundings: ContainerSurroundings = {
    volumes: volumes.valid,
    graceSeconds: terminationGracePeriodSeconds ?? 0,
    restartPolicy: restartPolicy ?? "",
    hostUsers: spec.hostUsers ?? true,
  };
  const containers = spec.containers ?? [];
  const init = spec.initContainers ?? [];
  errors.push(
    ...validateContainers(containers, surroundings, `${path}.containers`),
    ...validateInitContainers(init, containers, surroundings, `${path}.initContainers`),
    ...validateEphemeralContainers(
      spec.ephemeralContainers ?? [],
      [...containers, ...init],
      surroundings,
      `${path}.ephemeralContainers`,
    ),
    ...validateHostPorts(spec, meta !== undefined, `${path}.containers`),
    ...oneOf(restartPolicy, RESTART_POLICIES, `${path}.restartPolicy`),
    ...oneOf(dnsPolicy, DNS_POLICIES, `${path}.dnsPolicy`),
    ...validateLabels(spec.nodeSelector, `${path}.nodeSelector`),
    ...validatePodSecurityContext(spec.securityContext, spec, path),
    ...validateAffinity(spec.affinity, `${path}.affinity`),
    ...validateDnsConfig(spec.dnsConfig, dnsPolicy, `${path}.dnsConfig`),
    ...validateGates(spec, path),
    ...validateSpreading(spec.topologySpreadConstraints ?? [], `${path}.topologySpreadConstraints`),
    ...validateHostNamespaces(spec, path),
    ...validateNames(spec, path),
  );
  const deadline = spec.activeDeadlineSeconds;
  if (deadline !== undefined && (deadline < 1 || deadline > INT32_MAX)) {
    errors.push(invalid(`${path}.activeDeadlineSeconds`, deadline, `must be between 1 and ${INT32_MAX}, inclusive`));
  }
  errors.push(
    ...validateTolerations(spec.tolerations ?? [], `${path}.tolerations`),
    ...validateHostAliases(spec.hostAliases ?? [], `${path}.hostAliases`),
    ...absentOrOneOf(spec.preemptionPolicy, PREEMPTION_POLICIES, `${path}.preemptionPolicy`),
  );
  const system = spec.os?.name;
  if (spec.os !== undefined) errors.push(...oneOf(system, ["linux", "windows"], `${path}.os.name`));
  return errors;
}

function validateNames(spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const field of ["serviceAccountName", "nodeName", "priorityClassName", "runtimeClassName"] as const) {
    const value = spec[field];
    if (value) errors.push(...subdomain(value, `${path}.${field}`));
  }
  for (const field of ["hostname", "subdomain"] as const) {
    const value = spec[field];
    if (value) errors.push(...label(value, `${path}.${field}`));
  }
  return errors;
}

function validateGates(spec: PodSpec, path: string): FieldError[] {
  const errors = (spec.readinessGates ?? []).flatMap(({ conditionType }, index) => {
    const at = `${path}.readinessGates[${index}].conditionType`;
    return qualifiedName(conditionType).map((problem) => invalid(at, conditionType, problem));
  });
  const seen = new Set<string>();
  for (const [index, { name }] of (spec.schedulingGates ?? []).entries()) {
    const at = `${path}.schedulingGates[${index}]`;
    errors.push(...qualifiedName(name).map((problem) => invalid(at, name, problem)));
    if (seen.has(name)) errors.push(duplicate(at, name));
    seen.add(name);
  }
  return errors;
}

function validateHostPorts(spec: PodSpec, isPod: boolean, path: string): FieldError[] {
  if (spec.hostNetwork !== true) return [];
  return (spec.containers ?? []).flatMap(({ ports = [] }, index) =>
    ports.flatMap(({ hostPort, containerPort }, portIndex) => {
      if (hostPort === containerPort || (!isPod && hostPort === undefined)) return [];
      const words = "must match `containerPort` when `hostNetwork` is true";
      return [invalid(`${path}[${index}].ports[${portIndex}].hostPort`, hostPort ?? 0, words)];
    }),
  );
}

function validateDnsConfig(config: PodDNSConfig | undefined, policy: string | undefined, path: string): FieldError[] {
  if (policy === "None") {
    if (config === undefined) return [required(path, "must provide `dnsConfig` when `dnsPolicy` is None")];
    if ((config.nameservers?.length ?? 0) === 0) {
      return [required(`${path}.nameservers`, "must provide at least one DNS nameserver when `dnsPolicy` is None")];
    }
  }
  const { nameservers = [], searches = [], options = [] } = config ?? {};
  const errors: FieldError[] = [];
  if (nameservers.length > NAMESERVERS_MAX) {
    errors.push(invalid(`${path}.nameservers`, nameservers, `must not have more than ${NAMESERVERS_MAX} nameservers`));
  }
  errors.push(...nameservers.flatMap((address, index) => ipAddress(address, `${path}.nameservers[${index}]`)));
  if (searches.length > SEARCHES_MAX) {
    errors.push(invalid(`${path}.searches`, searches, `must not have more than ${SEARCHES_MAX} search paths`));
  }
  if (searches.join(" ").length > SEARCH_CHARACTERS_MAX) {
    const words = `must not have more than ${SEARCH_CHARACTERS_MAX} characters (including spaces) in the search list`;
    errors.push(invalid(`${path}.searches`, searches, words));
  }
  for (const [index, search] of searches.entries())
    errors.push(...subdomain(search.replace(/\.$/, ""), `${path}.searches[${index}]`));
  for (const [index, { name = "" }] of options.entries()) {
    if (name === "") errors.push(required(`${path}.options[${index}]`, "must not be empty"));
  }
  return errors;
}

function validateHostAliases(aliases: readonly HostAlias[], path: string): FieldError[] {
  return aliases.flatMap(({ ip = "", hostnames = [] }, index) => [
    ...ipAddress(ip, `${path}[${index}].ip`),
    ...hostnames.flatMap((name, nameIndex) => subdomain(name, `${path}[${index}].hostnames[${nameIndex}]`)),
  ]);
}

/** Rules for a pod alone: no service account's token without an account. */
export function validateTokenAccount(spec: PodSpec, path: string): FieldError[] {
  if (spec.serviceAccountName) return [];
  return (spec.volumes ?? []).flatMap(({ projected }, index) =>
    (projected?.sources ?? []).flatMap(({ serviceAccountToken }, sourceIndex) => {
      if (serviceAccountToken === undefined) return [];
      const at = `${path}.volumes[${index}].projected.sources[${sourceIndex}].serviceAccountToken`;
      return [forbidden(at, "must not be specified when serviceAccountName is not set")];
    }),
  );
}
