/** Everything the zone knows at one moment, indexed the ways that questions ask. */
import type { Pod, Service, Slice } from "./objects.ts";

export class Records {
  /** Names in lower case. */
  readonly namespaces = new Set<string>();
  /** By `service.namespace` in lower case. */
  readonly services = new Map<string, Service>();
  /** Slices by their service's key, then by their own name. */
  readonly slices = new Map<string, Map<string, Slice>>();
  /** By the address's key: the keys of the services that have it as a ClusterIP. */
  readonly clusterAddresses = new Map<string, Set<string>>();
  /** By the address's key: the slices with a ready endpoint there. */
  readonly endpointAddresses = new Map<string, Set<Slice>>();
  /** By the address's key: the pods that have it. */
  readonly podAddresses = new Map<string, Set<Pod>>();
}

export function serviceKey(name: string, namespace: string): string {
  return `${name}.${namespace}`.toLowerCase();
}

export function addToIndex<Key, Value>(index: Map<Key, Set<Value>>, key: Key, value: Value): void {
  const values = index.get(key);
  if (values === undefined) index.set(key, new Set([value]));
  else values.add(value);
}

export function removeFromIndex<Key, Value>(index: Map<Key, Set<Value>>, key: Key, value: Value): void {
  const values = index.get(key);
  if (values?.delete(value) === true && values.size === 0) index.delete(key);
}
