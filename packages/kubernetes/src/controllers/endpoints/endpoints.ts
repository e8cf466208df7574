// The Endpoints controller: pkg/controller/endpoint/endpoints_controller.go and pkg/api/v1/endpoints/util.go (RepackSubsets)
// of Kubernetes.
import type { EndpointAddress, EndpointPort, EndpointSubset } from "kubernetes-types/core/v1.d.ts";

import type { Change, Controller } from "../controller.ts";
import { deepEqual } from "../deep-equal.ts";
import { NOTHING, type Action, type Plan } from "../plan.ts";
import { splitKey, type StoredEndpoints, type StoredPod, type StoredService, type View } from "../view.ts";
import {
  endpointFacts,
  endpointLabels,
  endpointPorts,
  isHeadless,
  isManaged,
  isReady,
  LAST_CHANGE,
  lastChange,
  podsOf,
  servicesOf,
} from "./service-pods.ts";

const OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity";
/** Addresses in one Endpoints object; the rest is only in EndpointSlices. */
const ADDRESSES_MAX = 1000;

export const endpointsController: Controller = {
  name: "endpoint-controller",
  watches: ["services", "pods", "endpoints"],
  keysOf(change: Change, view: View): string[] {
    // Only a deletion by somebody else needs an answer: own updates are what was wanted.
    if (change.resource !== "endpoints") return servicesOf(change, view);
    return change.next === undefined && change.old !== undefined
      ? [`${change.old.metadata.namespace ?? ""}/${change.old.metadata.name}`]
      : [];
  },
  reconcile(view: View, key: string): Plan {
    const [namespace, name] = splitKey(key);
    const service = view.get("services", namespace, name);
    const present = view.get("endpoints", namespace, name);
    if (service === undefined) {
      if (present === undefined) return NOTHING;
      return { steps: [{ kind: "delete", resource: "endpoints", namespace, name, uid: present.metadata.uid }] };
    }
    if (!isManaged(service)) return NOTHING;
    const pods = podsOf(view, service);
    return { steps: write(service, pods, present, truncate(subsetsOf(service, pods))) };
  },
};

function subsetsOf(service: StoredService, pods: readonly StoredPod[]): EndpointSubset[] {
  const groups = new Map<string, { ports: EndpointPort[]; ready: EndpointAddress[]; notReady: EndpointAddress[] }>();
  const unready = service.spec?.publishNotReadyAddresses === true;
  for (const pod of pods) {
    if (pod.metadata.deletionTimestamp !== undefined && !unready) continue;
    const ports = portsOf(service, pod);
    if (ports.length === 0 && !(isHeadless(service) && (service.spec?.ports ?? []).length === 0)) continue;
    const key = JSON.stringify(ports);
    let group = groups.get(key);
    if (group === undefined) groups.set(key, (group = { ports, ready: [], notReady: [] }));
    (unready || isReady(pod) ? group.ready : group.notReady).push(addressOf(service, pod));
  }
  return [...groups.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { ports, ready, notReady }]) => ({
      ...(ready.length > 0 ? { addresses: ready.sort(byAddress) } : {}),
      ...(notReady.length > 0 ? { notReadyAddresses: notReady.sort(byAddress) } : {}),
      ...(ports.length > 0 ? { ports } : {}),
    }));
}

function portsOf(service: StoredService, pod: StoredPod): EndpointPort[] {
  return endpointPorts(service, pod)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, ...port }) => (name === "" ? port : { name, ...port }));
}

function addressOf(service: StoredService, pod: StoredPod): EndpointAddress {
  return { ip: pod.status?.podIP ?? "", ...endpointFacts(service, pod) };
}

function byAddress(a: EndpointAddress, b: EndpointAddress): number {
  if (a.ip !== b.ip) return a.ip < b.ip ? -1 : 1;
  return (a.targetRef?.uid ?? "") < (b.targetRef?.uid ?? "") ? -1 : 1;
}

interface Truncated {
  readonly subsets: EndpointSubset[];
  readonly overCapacity: boolean;
}

/** Ready addresses are kept before those that are not. */
function truncate(subsets: EndpointSubset[]): Truncated {
  const total = subsets.reduce(
    (sum, subset) => sum + (subset.addresses?.length ?? 0) + (subset.notReadyAddresses?.length ?? 0),
    0,
  );
  if (total <= ADDRESSES_MAX) return { subsets, overCapacity: false };
  let room = ADDRESSES_MAX;
  const take = (addresses: EndpointAddress[] | undefined): EndpointAddress[] => {
    const taken = (addresses ?? []).slice(0, room);
    room -= taken.length;
    return taken;
  };
  const ready = subsets.map((subset) => take(subset.addresses));
  const notReady = subsets.map((subset) => take(subset.notReadyAddresses));
  const kept = subsets.flatMap((subset, index) => {
    const addresses = ready[index] ?? [];
    const notReadyAddresses = notReady[index] ?? [];
    if (addresses.length + notReadyAddresses.length === 0) return [];
    return {
      ...(addresses.length > 0 ? { addresses } : {}),
      ...(notReadyAddresses.length > 0 ? { notReadyAddresses } : {}),
      ...(subset.ports === undefined ? {} : { ports: subset.ports }),
    };
  });
  return { subsets: kept, overCapacity: true };
}

function write(
  service: StoredService,
  pods: readonly StoredPod[],
  old: StoredEndpoints | undefined,
  next: Truncated,
): Action[] {
  const labels = endpointLabels(service);
  const { [OVER_CAPACITY]: wasOver, ...others } = old?.metadata.annotations ?? {};
  const same =
    old !== undefined &&
    deepEqual(old.subsets ?? [], next.subsets) &&
    deepEqual(old.metadata.labels ?? {}, labels) &&
    (wasOver !== undefined) === next.overCapacity;
  if (same) return [];
  const annotations = {
    ...others,
    [LAST_CHANGE]: lastChange(service, pods),
    ...(next.overCapacity ? { [OVER_CAPACITY]: "truncated" } : {}),
  };
  const { namespace, name } = service.metadata;
  const body = { apiVersion: "v1", kind: "Endpoints", subsets: next.subsets };
  if (old === undefined)
    return [
      {
        kind: "create",
        resource: "endpoints",
        object: { ...body, metadata: { namespace, name, labels, annotations } },
      },
    ];
  return [
    { kind: "update", resource: "endpoints", object: { ...body, metadata: { ...old.metadata, labels, annotations } } },
  ];
}
