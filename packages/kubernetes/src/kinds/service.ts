import type { Service, ServiceSpec } from "kubernetes-types/core/v1.d.ts";

import { ageColumn, column, nameColumn, wideColumn } from "./columns.ts";
import { defineKind } from "./define-kind.ts";
import { since } from "./human-duration.ts";
import type { Kind } from "./kind.ts";
import { service as schema } from "./schema/service.ts";
import {
  allocateForCreate,
  allocateForUpdate,
  needsHealthCheckPort,
  normalizeClusterIPs,
  type ServiceRanges,
} from "./service-allocation.ts";
import { semanticallyEqual } from "./validation/immutable.ts";
import { validateService, validateServiceStatusUpdate, validateServiceUpdate } from "./validation/service.ts";

const CLIENT_IP_SECONDS = 10_800;

/** A name and an address for a changing set of pods. Addresses and node ports are given out from `ranges`. */
export function service(ranges: ServiceRanges): Kind {
  return defineKind<Service>({
    group: "",
    version: "v1",
    kind: "Service",
    resource: "services",
    singular: "service",
    namespaced: true,
    shortNames: ["svc"],
    categories: ["all"],
    subresources: ["status"],
    schema,
    defaults: ({ spec, status }) => {
      if (spec !== undefined) defaultSpec(spec);
      if (spec?.type !== "LoadBalancer") return;
      for (const ingress of status?.loadBalancer?.ingress ?? []) if (ingress.ip !== undefined) ingress.ipMode ??= "VIP";
    },
    strategy: {
      prepareForCreate(object, context) {
        object.status = {};
        allocateForCreate(object, ranges, context);
      },
      prepareForUpdate(object, old, context) {
        object.status = structuredClone(old.status ?? {});
        if (object.spec === undefined || old.spec === undefined) return;
        patchAllocated(object.spec, old.spec);
        normalizeClusterIPs(object.spec, old.spec);
        allocateForUpdate(object, old, ranges, context);
        dropTypeDependentFields(object, object.spec, old.spec);
      },
      validate: validateService,
      validateUpdate: validateServiceUpdate,
      validateStatusUpdate: validateServiceStatusUpdate,
      warnings({ spec = {} }) {
        const external = spec.type === "ExternalName";
        if (external && (spec.externalIPs?.length ?? 0) > 0)
          return ['spec.externalIPs is ignored when spec.type is "ExternalName"'];
        if (!external && spec.externalName)
          return ['spec.externalName is ignored when spec.type is not "ExternalName"'];
        return [];
      },
      deleteReturnsObject: true,
    },
    columns: [
      nameColumn,
      column("Type", "How the service is reached."),
      column("Cluster-IP", "Address inside the cluster."),
      column("External-IP", "Addresses outside the cluster."),
      column("Port(s)", "Ports, with their node ports."),
      ageColumn,
      wideColumn("Selector", "Labels of the pods behind the service."),
    ],
    row({ metadata, spec = {}, status }, now) {
      const selector = Object.entries(spec.selector ?? {}).map(([key, value]) => `${key}=${value}`);
      return [
        metadata.name,
        spec.type ?? "",
        spec.clusterIPs?.[0] ?? "<none>",
        externalAddress(spec, status?.loadBalancer?.ingress ?? []),
        portsText(spec) || "<none>",
        since(metadata.creationTimestamp, now),
        selector.sort().join(",") || "<none>",
      ];
    },
    selectableFields: {
      "spec.clusterIP": ({ spec }) => spec?.clusterIP ?? "",
      "spec.type": ({ spec }) => spec?.type ?? "",
    },
  });
}

function defaultSpec(spec: ServiceSpec): void {
  spec.sessionAffinity ??= "None";
  if (spec.sessionAffinity === "None") delete spec.sessionAffinityConfig;
  if (spec.sessionAffinity === "ClientIP" && spec.sessionAffinityConfig?.clientIP?.timeoutSeconds === undefined) {
    spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: CLIENT_IP_SECONDS } };
  }
  spec.type ??= "ClusterIP";
  for (const port of spec.ports ?? []) {
    port.protocol ??= "TCP";
    port.targetPort ||= port.port;
  }
  if (externallyAccessible(spec)) spec.externalTrafficPolicy ??= "Cluster";
  if (spec.type === "ClusterIP" || usesNodePorts(spec)) spec.internalTrafficPolicy ??= "Cluster";
  if (spec.type === "LoadBalancer") spec.allocateLoadBalancerNodePorts ??= true;
}

function externallyAccessible({ type, externalIPs }: ServiceSpec): boolean {
  return type === "LoadBalancer" || type === "NodePort" || (type === "ClusterIP" && (externalIPs?.length ?? 0) > 0);
}

/** A full replace that leaves allocated values out means those that the service has. */
function patchAllocated(spec: ServiceSpec, old: ServiceSpec): void {
  if (spec.type !== "ExternalName" && old.type !== "ExternalName") {
    if (old.clusterIP !== undefined) spec.clusterIP ??= old.clusterIP;
    if (old.clusterIPs !== undefined) spec.clusterIPs ??= [...old.clusterIPs];
  }
  if (usesNodePorts(spec) && usesNodePorts(old)) {
    const named = new Map((old.ports ?? []).map(({ name, nodePort }) => [name, nodePort]));
    const asked = new Set((spec.ports ?? []).map(({ nodePort }) => nodePort));
    for (const port of spec.ports ?? []) {
      const former = named.get(port.name);
      if (former !== undefined && !asked.has(former)) port.nodePort ??= former;
    }
  }
  if (needsHealthCheckPort(spec) && needsHealthCheckPort(old) && old.healthCheckNodePort !== undefined) {
    spec.healthCheckNodePort ??= old.healthCheckNodePort;
  }
}

/** A change of type clears what the new type does not have, unless the client changes that as well. */
function dropTypeDependentFields(object: Service, spec: ServiceSpec, old: ServiceSpec): void {
  const same = (field: keyof ServiceSpec): boolean => semanticallyEqual(spec[field], old[field]);
  if (old.type !== "ExternalName" && spec.type === "ExternalName") {
    if (same("clusterIP") && same("clusterIPs")) {
      delete spec.clusterIP;
      delete spec.clusterIPs;
    }
    if (same("ipFamilies")) delete spec.ipFamilies;
    if (same("ipFamilyPolicy")) delete spec.ipFamilyPolicy;
  }
  if (usesNodePorts(old) && !usesNodePorts(spec)) {
    const former = new Set((old.ports ?? []).map(({ nodePort }) => nodePort));
    const added = (spec.ports ?? []).some(({ nodePort }) => nodePort !== undefined && !former.has(nodePort));
    if (!added) for (const port of spec.ports ?? []) delete port.nodePort;
  }
  if (needsHealthCheckPort(old) && !needsHealthCheckPort(spec) && same("healthCheckNodePort"))
    delete spec.healthCheckNodePort;
  if (old.type === "LoadBalancer" && spec.type !== "LoadBalancer") {
    if (same("allocateLoadBalancerNodePorts")) delete spec.allocateLoadBalancerNodePorts;
    if (same("loadBalancerClass")) delete spec.loadBalancerClass;
  }
  if (externallyAccessible(old) && !externallyAccessible(spec) && same("externalTrafficPolicy"))
    delete spec.externalTrafficPolicy;
  if (spec.type !== "LoadBalancer" && object.status !== undefined) delete object.status.loadBalancer;
}

function usesNodePorts({ type }: ServiceSpec): boolean {
  return type === "NodePort" || type === "LoadBalancer";
}

function externalAddress(
  spec: ServiceSpec,
  ingress: readonly { readonly ip?: string; readonly hostname?: string }[],
): string {
  const external = spec.externalIPs ?? [];
  switch (spec.type) {
    case "ClusterIP":
    case "NodePort":
      return external.join(",") || "<none>";
    case "LoadBalancer": {
      const balanced = new Set(
        ingress.map(({ ip, hostname }) => ip || hostname || "").filter((address) => address !== ""),
      );
      return [...[...balanced].sort(), ...external].join(",") || "<pending>";
    }
    case "ExternalName":
      return spec.externalName ?? "";
    default:
      return "<unknown>";
  }
}

function portsText({ ports = [] }: ServiceSpec): string {
  return ports
    .map(({ port, nodePort, protocol }) =>
      nodePort === undefined ? `${port}/${protocol}` : `${port}:${nodePort}/${protocol}`,
    )
    .join(",");
}
