import type {
  Container,
  ContainerPort,
  PersistentVolumeClaimSpec,
  PodSpec,
  Volume,
} from "kubernetes-types/core/v1.d.ts";

import { quantityNano } from "./quantity.ts";

// Remarks on objects that are accepted, in the words of pkg/api/pod/warnings.go and its neighbours.

const NANO = 1_000_000_000n;
const DEPRECATED_VOLUMES = [
  ["photonPersistentDisk", "photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"],
  ["gitRepo", "gitRepo", "deprecated in v1.11"],
  ["scaleIO", "scaleIO", "deprecated in v1.16, non-functional in v1.22+"],
  ["flocker", "flocker", "deprecated in v1.22, non-functional in v1.25+"],
  ["storageos", "storageOS", "deprecated in v1.22, non-functional in v1.25+"],
  ["quobyte", "quobyte", "deprecated in v1.22, non-functional in v1.25+"],
  ["glusterfs", "glusterfs", "deprecated in v1.25, non-functional in v1.26+"],
  ["cephfs", "cephfs", "deprecated in v1.28, non-functional in v1.31+"],
  ["rbd", "rbd", "deprecated in v1.28, non-functional in v1.31+"],
] as const satisfies readonly (readonly [keyof Volume, string, string])[];

/** Remarks on a pod's or a template's spec at `path`. */
export function podSpecWarnings(spec: PodSpec | undefined, path: string): string[] {
  if (spec === undefined) return [];
  const warnings: string[] = [];
  for (const [index, { labelSelector }] of (spec.topologySpreadConstraints ?? []).entries()) {
    if (labelSelector !== undefined) continue;
    const at = `${path}.topologySpreadConstraints[${index}].labelSelector`;
    warnings.push(`${at}: a null labelSelector results in matching no pod`);
  }
  for (const [index, volume] of (spec.volumes ?? []).entries()) {
    for (const [field, shown, words] of DEPRECATED_VOLUMES) {
      if (volume[field] !== undefined) warnings.push(`${path}.volumes[${index}].${shown}: ${words}`);
    }
    const claim = volume.ephemeral?.volumeClaimTemplate?.spec;
    if (claim !== undefined)
      warnings.push(...claimSpecWarnings(claim, `${path}.volumes[${index}].ephemeral.volumeClaimTemplate.spec`));
  }
  warnings.push(
    ...duplicates(
      (spec.hostAliases ?? []).map(({ ip = "" }) => ip),
      `${path}.hostAliases`,
      "ip",
    ),
    ...duplicates(
      (spec.imagePullSecrets ?? []).map(({ name = "" }) => name),
      `${path}.imagePullSecrets`,
      "name",
    ),
  );
  for (const [at, container] of containersOf(spec, path)) warnings.push(...containerWarnings(container, at));
  warnings.push(...portWarnings(spec, path));
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) {
    warnings.push(
      `${path}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`,
    );
  }
  return warnings;
}

function containersOf(spec: PodSpec, path: string): [string, Container][] {
  return (["initContainers", "containers"] as const).flatMap((list) =>
    (spec[list] ?? []).map((container, index): [string, Container] => [`${path}.${list}[${index}]`, container]),
  );
}

function containerWarnings({ resources, env = [] }: Container, path: string): string[] {
  const warnings: string[] = [];
  for (const name of ["memory", "ephemeral-storage"]) {
    for (const list of ["limits", "requests"] as const) {
      warnings.push(...fractionWarning(resources?.[list]?.[name], `${path}.resources.${list}[${name}]`));
    }
  }
  const names = new Set<string>();
  for (const [index, { name, value = "", valueFrom }] of env.entries()) {
    // A value that builds on the one before is no mistake, unless it is nothing else.
    const reference = `$(${name})`;
    const hides = valueFrom !== undefined || value === reference || !value.includes(reference);
    if (names.has(name) && hides) {
      warnings.push(
        `${path}.env[${index}]: hides previous definition of "${name}", which may be dropped when using apply`,
      );
    }
    names.add(name);
  }
  return warnings;
}

function portWarnings(spec: PodSpec, path: string): string[] {
  const warnings: string[] = [];
  const taken = new Map<string, { readonly at: string; readonly port: ContainerPort }[]>();
  for (const [containerPath, { ports = [] }] of containersOf(spec, path)) {
    for (const [index, port] of ports.entries()) {
      const at = `${containerPath}.ports[${index}]`;
      const key = `${port.containerPort}/${port.protocol}`;
      const others = taken.get(key) ?? [];
      for (const other of others) {
        const conflict = portConflict(port, other.port);
        if (conflict !== undefined) warnings.push(`${at}: ${conflict} port definition with ${other.at}`);
      }
      taken.set(key, [...others, { at, port }]);
    }
  }
  return warnings;
}

function portConflict(port: ContainerPort, other: ContainerPort): string | undefined {
  if (port.hostIP === other.hostIP && port.hostPort === other.hostPort) return "duplicate";
  if (port.hostPort === undefined || other.hostPort === undefined) return "overlapping";
  const oneAddress = (port.hostIP === undefined) !== (other.hostIP === undefined);
  return port.hostPort === other.hostPort && oneAddress ? "dangerously ambiguous" : undefined;
}

function duplicates(values: readonly string[], path: string, field: string): string[] {
  return values.flatMap((value, index) => {
    const at = `${path}[${index}].${field}`;
    return values.indexOf(value) < index ? [`${at}: duplicate ${field} "${value}"`] : [];
  });
}

/** Remarks on a claim's spec at `path`. */
export function claimSpecWarnings({ resources }: PersistentVolumeClaimSpec, path: string): string[] {
  return (["requests", "limits"] as const).flatMap((list) =>
    fractionWarning(resources?.[list]?.["storage"], `${path}.resources.${list}[storage]`),
  );
}

function fractionWarning(amount: string | number | undefined, path: string): string[] {
  if (amount === undefined || (quantityNano(amount) ?? 0n) % NANO === 0n) return [];
  return [`${path}: fractional byte value "${amount}" is invalid, must be an integer`];
}
