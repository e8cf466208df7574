// The EndpointSlice controller: staging/src/k8s.io/endpointslice/reconciler.go of Kubernetes.
import type { Endpoint, EndpointPort, EndpointSlice } from "kubernetes-types/discovery/v1.d.ts";

import type { Change, Controller } from "../controller.ts";
import { deepEqual } from "../deep-equal.ts";
import { NOTHING, type Action, type Plan } from "../plan.ts";
import { splitKey, type StoredPod, type StoredService, type StoredSlice, type View } from "../view.ts";
import {
  endpointFacts,
  endpointLabels,
  endpointPorts,
  isManaged,
  isReady,
  LAST_CHANGE,
  lastChange,
  podsOf,
  servicesOf,
} from "./service-pods.ts";

const RESOURCE = "endpointslices.discovery.k8s.io";
const MANAGER = "endpointslice-controller.k8s.io";
const MANAGED_BY_LABEL = "endpointslice.kubernetes.io/managed-by";
const SERVICE_LABEL = "kubernetes.io/service-name";
/** Endpoints in one slice. A change rewrites its whole slice, so larger slices cost more each time. */
const ENDPOINTS_MAX = 100;

type AddressType = EndpointSlice["addressType"];

export const endpointSliceController: Controller = {
  name: "endpoint-slice-controller",
  watches: ["services", "pods", RESOURCE],
  keysOf(change: Change, view: View): string[] {
    if (change.resource !== RESOURCE) return servicesOf(change, view);
    const slice = change.next ?? change.old;
    const service = slice?.metadata.labels?.[SERVICE_LABEL];
    if (slice?.metadata.labels?.[MANAGED_BY_LABEL] !== MANAGER || service === undefined) return [];
    return [`${slice.metadata.namespace ?? ""}/${service}`];
  },
  reconcile(view: View, key: string): Plan {
    const service = view.get("services", ...splitKey(key));
    // Slices of a service that is gone are garbage-collected with it.
    if (service === undefined || service.metadata.deletionTimestamp !== undefined || !isManaged(service))
      return NOTHING;
    const pods = podsOf(view, service);
    const slices = view
      .list(RESOURCE, service.metadata.namespace)
      .filter(
        (slice) =>
          slice.metadata.labels?.[SERVICE_LABEL] === service.metadata.name &&
          slice.metadata.labels[MANAGED_BY_LABEL] === MANAGER,
      );
    const types = (service.spec?.ipFamilies ?? ["IPv4"]) as readonly AddressType[];
    const strays = slices.filter((slice) => !types.includes(slice.addressType)).map(remove);
    return { steps: [...strays, ...types.flatMap((type) => reconcileType(service, pods, slices, type))] };
  },
};

interface Wanted {
  readonly ports: EndpointPort[];
  /** By pod uid. */
  readonly endpoints: Map<string, Endpoint>;
}

interface Draft {
  readonly ports: EndpointPort[];
  readonly endpoints: Endpoint[];
  /** The slice to rewrite; undefined for one to create. */
  readonly slice: StoredSlice | undefined;
}

function reconcileType(
  service: StoredService,
  pods: readonly StoredPod[],
  all: readonly StoredSlice[],
  type: AddressType,
): Action[] {
  const present = all.filter((slice) => slice.addressType === type && slice.metadata.deletionTimestamp === undefined);
  const wanted = wantedEndpoints(service, pods, type);
  const drafts: Draft[] = [];
  const spare: StoredSlice[] = [];
  for (const slice of present) {
    const group = wanted.get(portKey(slice.ports ?? []));
    const kept = group === undefined ? [] : takeKept(group, slice);
    if (group === undefined || kept.length === 0) spare.push(slice);
    else drafts.push({ ports: group.ports, endpoints: kept, slice });
  }
  for (const [key, group] of wanted) {
    const rest = [...group.endpoints.values()];
    for (const draft of drafts) {
      if (portKey(draft.ports) === key) draft.endpoints.push(...rest.splice(0, ENDPOINTS_MAX - draft.endpoints.length));
    }
    while (rest.length > 0)
      drafts.push({ ports: group.ports, endpoints: rest.splice(0, ENDPOINTS_MAX), slice: undefined });
  }
  // A service without endpoints has one empty slice: that says that there are none.
  if (drafts.length === 0) drafts.push({ ports: [], endpoints: [], slice: undefined });
  const actions: Action[] = [];
  for (const draft of drafts) actions.push(...write(service, pods, draft, draft.slice ?? spare.shift(), type));
  return [...actions, ...spare.map(remove)];
}

/** Endpoints by the ports that their pods give the service's ports; pods may name different numbers. */
function wantedEndpoints(service: StoredService, pods: readonly StoredPod[], type: AddressType): Map<string, Wanted> {
  const groups = new Map<string, Wanted>();
  for (const pod of pods) {
    const endpoint = endpointOf(service, pod, type);
    if (endpoint === undefined) continue;
    const ports = endpointPorts(service, pod);
    const key = portKey(ports);
    let group = groups.get(key);
    if (group === undefined) groups.set(key, (group = { ports, endpoints: new Map() }));
    group.endpoints.set(pod.metadata.uid, endpoint);
  }
  return groups;
}

function endpointOf(service: StoredService, pod: StoredPod, type: AddressType): Endpoint | undefined {
  const addresses = pod.status?.podIPs?.map(({ ip }) => ip ?? "") ?? [pod.status?.podIP ?? ""];
  const address = addresses.find((ip) => ip !== "" && ip.includes(":") === (type === "IPv6"));
  if (address === undefined) return undefined;
  const serving = isReady(pod);
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  return {
    addresses: [address],
    conditions: {
      ready: service.spec?.publishNotReadyAddresses === true || (serving && !terminating),
      serving,
      terminating,
    },
    ...endpointFacts(service, pod),
  };
}

/** The slice's endpoints that are still wanted, as they are now and in their old order. They are taken out of `group`. */
function takeKept(group: Wanted, slice: StoredSlice): Endpoint[] {
  const kept: Endpoint[] = [];
  for (const old of slice.endpoints ?? []) {
    const uid = old.targetRef?.uid ?? "";
    const next = group.endpoints.get(uid);
    if (next === undefined) continue;
    kept.push(next);
    group.endpoints.delete(uid);
  }
  return kept;
}

function write(
  service: StoredService,
  pods: readonly StoredPod[],
  draft: Draft,
  slice: StoredSlice | undefined,
  addressType: AddressType,
): Action[] {
  const labels = {
    ...endpointLabels(service),
    [MANAGED_BY_LABEL]: MANAGER,
    [SERVICE_LABEL]: service.metadata.name,
  };
  const annotations = { ...slice?.metadata.annotations, [LAST_CHANGE]: lastChange(service, pods) };
  const { endpoints, ports } = draft;
  if (slice === undefined) {
    const { namespace, name, uid } = service.metadata;
    const ownerReferences = [
      { apiVersion: "v1", kind: "Service", name, uid, controller: true, blockOwnerDeletion: true },
    ];
    const metadata = { generateName: `${name}-`, namespace, labels, annotations, ownerReferences };
    const object = {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata,
      addressType,
      endpoints,
      ports,
    };
    return [{ kind: "create", resource: RESOURCE, object }];
  }
  const same =
    deepEqual(slice.endpoints ?? [], endpoints) &&
    portKey(slice.ports ?? []) === portKey(ports) &&
    deepEqual(slice.metadata.labels ?? {}, labels);
  if (same) return [];
  return [
    {
      kind: "update",
      resource: RESOURCE,
      object: { ...slice, metadata: { ...slice.metadata, labels, annotations }, endpoints, ports },
    },
  ];
}

function remove(slice: StoredSlice): Action {
  const { namespace = "", name, uid } = slice.metadata;
  return { kind: "delete", resource: RESOURCE, namespace, name, uid };
}

/** Equal for the same ports in any order. */
function portKey(ports: readonly EndpointPort[]): string {
  return ports
    .map((port) => `${port.name ?? ""} ${port.protocol ?? "TCP"} ${port.port ?? ""} ${port.appProtocol ?? ""}`)
    .sort()
    .join("\n");
}
