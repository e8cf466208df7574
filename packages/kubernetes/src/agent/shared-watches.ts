import type { Client, ListOptions, ResourceName, WatchEvent, WatchHandle } from "../api/client.ts";
import type { KubeObject } from "../api/object.ts";

interface Hub {
  readonly objects: Map<string, KubeObject>;
  readonly listeners: Set<(event: WatchEvent) => void>;
  resourceVersion: string | undefined;
}

/**
 * A client whose watches of a whole resource share one: kubelet, DNS and forwarding all follow pods and services, and each
 * change needs to cross the channel once. Shared watches are never stopped.
 */
export function shareWatches(client: Client): Client {
  const hubs = new Map<string, Hub>();
  const watch = (resource: ResourceName, options: ListOptions, onEvent: (event: WatchEvent) => void): WatchHandle => {
    if (Object.values(options).some((value) => value !== undefined)) return client.watch(resource, options, onEvent);
    let hub = hubs.get(resource);
    if (hub === undefined) {
      const created: Hub = { objects: new Map(), listeners: new Set(), resourceVersion: undefined };
      hub = created;
      hubs.set(resource, hub);
      client.watch(resource, {}, (event) => deliver(created, event));
    }
    for (const object of hub.objects.values()) onEvent({ kind: "ADDED", object });
    if (hub.resourceVersion !== undefined) onEvent({ kind: "SYNCED", resourceVersion: hub.resourceVersion });
    const { listeners } = hub;
    listeners.add(onEvent);
    return { stop: () => void listeners.delete(onEvent) };
  };
  return {
    get: (...args) => client.get(...args),
    list: (...args) => client.list(...args),
    watch,
    create: (...args) => client.create(...args),
    update: (...args) => client.update(...args),
    updateStatus: (...args) => client.updateStatus(...args),
    patch: (...args) => client.patch(...args),
    delete: (...args) => client.delete(...args),
    bind: (...args) => client.bind(...args),
  };
}

function deliver(hub: Hub, event: WatchEvent): void {
  if (event.kind === "SYNCED") hub.resourceVersion = event.resourceVersion;
  else if (event.kind === "DELETED") hub.objects.delete(event.object.metadata.uid);
  else hub.objects.set(event.object.metadata.uid, event.object);
  for (const listener of hub.listeners) listener(event);
}
