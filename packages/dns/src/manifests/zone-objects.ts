/**
 * What the zone is told of a set of manifests. It does the part of the control plane that names depend on: the
 * namespaces that are used exist, and a service that has a selector and no EndpointSlice gets one from its pods, by the
 * rules of the EndpointSlice controller (kubernetes staging/src/k8s.io/endpointslice, utils.go).
 */
import { type Fields, fieldsOf, listOf } from "../zone/json.ts";
import type { ZoneKind, ZoneObject } from "../zone/objects.ts";
import type { ManifestObject } from "./parse.ts";
import { type ManifestPod, podsOf } from "./pods.ts";

export interface PlacedObject {
  readonly kind: ZoneKind;
  readonly object: ZoneObject & { readonly metadata: { readonly name: string } };
}

export interface ZoneObjectsOptions {
  /** Present addresses by `namespace/name`, for pods whose manifest has none. */
  readonly followed: ReadonlyMap<string, readonly string[]>;
  /** Address under which the pods know the DNS server: it is given the service that it has in a cluster. */
  readonly dnsServiceAddress: string | undefined;
}

const SERVICE_NAME = "kubernetes.io/service-name";

export function zoneObjects(objects: readonly ManifestObject[], options: ZoneObjectsOptions): PlacedObject[] {
  const placed: PlacedObject[] = [];
  const services = objects.filter((object) => object.kind === "Service").map(withAddress);
  const ownAddress = options.dnsServiceAddress;
  if (ownAddress !== undefined && !services.some((service) => isDnsService(service, ownAddress)))
    services.push(dnsService(ownAddress));
  const slices = objects.filter((object) => object.kind === "EndpointSlice");
  const pods = podsOf(objects).map((pod) => withFollowed(pod, options.followed));
  const namespaces = new Set([
    "default",
    ...pods.map((pod) => pod.namespace),
    ...[...services, ...slices].map(namespaceOf),
  ]);
  for (const object of objects) if (object.kind === "Namespace") namespaces.add(object.metadata.name);

  for (const name of namespaces) placed.push({ kind: "Namespace", object: { metadata: { name } } });
  const sliced = new Set(slices.map((slice) => `${namespaceOf(slice)}/${slice.metadata.labels?.[SERVICE_NAME]}`));
  for (const slice of slices) placed.push({ kind: "EndpointSlice", object: slice });
  for (const service of services) {
    placed.push({ kind: "Service", object: service });
    if (sliced.has(`${namespaceOf(service)}/${service.metadata.name}`)) continue;
    for (const slice of slicesFromPods(service, pods)) placed.push({ kind: "EndpointSlice", object: slice });
  }
  for (const pod of pods) {
    const status = { podIPs: pod.addresses.map((ip) => ({ ip })) };
    placed.push({ kind: "Pod", object: { metadata: { name: pod.name, namespace: pod.namespace }, status } });
  }
  return placed;
}

/** Nobody here would forward a service's own address to its pods, so a service that does not state one is named by its pods. */
function withAddress(service: ManifestObject): ManifestObject {
  const spec = fieldsOf(service["spec"]);
  const stated =
    spec["type"] === "ExternalName" ||
    (typeof spec["clusterIP"] === "string" && spec["clusterIP"] !== "") ||
    listOf(spec["clusterIPs"]).length > 0;
  return stated ? service : { ...service, spec: { ...spec, clusterIP: "None" } };
}

function isDnsService(service: ManifestObject, address: string): boolean {
  const spec = fieldsOf(service["spec"]);
  const isNamed = service.metadata.name === "kube-dns" && service.metadata.namespace === "kube-system";
  return isNamed || spec["clusterIP"] === address || listOf(spec["clusterIPs"]).includes(address);
}

function dnsService(address: string): ManifestObject {
  const ports = [
    { name: "dns", protocol: "UDP", port: 53 },
    { name: "dns-tcp", protocol: "TCP", port: 53 },
  ];
  return {
    kind: "Service",
    metadata: { name: "kube-dns", namespace: "kube-system" },
    spec: { clusterIP: address, ports },
  };
}

function withFollowed(pod: ManifestPod, followed: ReadonlyMap<string, readonly string[]>): ManifestPod {
  return pod.addresses.length > 0 ? pod : { ...pod, addresses: followed.get(`${pod.namespace}/${pod.name}`) ?? [] };
}

/** One slice for all pods whose ports come to the same numbers. */
function slicesFromPods(service: ManifestObject, pods: readonly ManifestPod[]): PlacedObject["object"][] {
  const spec = fieldsOf(service["spec"]);
  const selector = Object.entries(fieldsOf(spec["selector"]));
  if (selector.length === 0 || spec["type"] === "ExternalName") return [];
  const byPorts = new Map<string, { readonly ports: readonly object[]; readonly endpoints: object[] }>();
  for (const pod of pods) {
    const matches =
      pod.namespace === namespaceOf(service) && selector.every(([key, value]) => pod.labels[key] === value);
    if (!matches || pod.addresses.length === 0) continue;
    const ports = portsAt(spec, pod);
    const key = JSON.stringify(ports);
    const group = byPorts.get(key) ?? { ports, endpoints: [] };
    byPorts.set(key, group);
    group.endpoints.push({
      addresses: pod.addresses,
      conditions: { ready: pod.ready || spec["publishNotReadyAddresses"] === true },
      ...(pod.hostname !== undefined && pod.subdomain === service.metadata.name ? { hostname: pod.hostname } : {}),
    });
  }
  return [...byPorts.values()].map(({ ports, endpoints }, index) => ({
    metadata: {
      name: `${service.metadata.name}-${index}`,
      namespace: namespaceOf(service),
      labels: { [SERVICE_NAME]: service.metadata.name },
    },
    ports,
    endpoints,
  }));
}

/** The service's ports with the numbers they have at the pod; one that the pod does not have is left out. */
function portsAt(spec: Fields, pod: ManifestPod): object[] {
  return listOf(spec["ports"])
    .map(fieldsOf)
    .flatMap((port) => {
      const target = port["targetPort"] ?? port["port"];
      const number = typeof target === "string" ? pod.namedPorts.get(target) : target;
      return number === undefined
        ? []
        : [{ name: port["name"] ?? "", protocol: port["protocol"] ?? "TCP", port: number }];
    });
}

function namespaceOf(object: ManifestObject): string {
  return object.metadata.namespace ?? "default";
}
