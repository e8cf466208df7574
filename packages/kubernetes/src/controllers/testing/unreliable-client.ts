import type { Clock } from "@ordinal/io";

import type { Client, ResourceName, WatchEvent } from "../../api/client.ts";

/** What can go wrong between a controller and the API. */
export interface Trouble {
  /** Throw from here to refuse a write before it happens. */
  refuse?: (verb: string, resource: ResourceName, name: string) => void;
  /** Milliseconds by which watch events come late; their order stays. */
  lagMs?: () => number;
}

/** A client that goes through `trouble`, which may change at any time, and notes its writes as `verb resource name`. */
export function unreliable(client: Client, clock: Clock, trouble: Trouble, journal: string[] = []): Client {
  const write = async <T>(verb: string, resource: ResourceName, name: string, work: () => Promise<T>): Promise<T> => {
    trouble.refuse?.(verb, resource, name);
    const result = await work();
    if (resource !== "events") journal.push(`${verb} ${resource} ${name}`);
    return result;
  };
  const nameOf = (object: object): string => {
    const { metadata } = object as { metadata?: { name?: string; generateName?: string } };
    return metadata?.name ?? metadata?.generateName ?? "";
  };
  return {
    get: (resource, namespace, name) => client.get(resource, namespace, name),
    list: (resource, options) => client.list(resource, options),
    watch(resource, options, onEvent) {
      let stopped = false;
      const late: WatchEvent[] = [];
      let waiting = false;
      const deliver = (): void => {
        waiting = false;
        while (!stopped && late.length > 0) onEvent(late.shift() as WatchEvent);
      };
      const handle = client.watch(resource, options, (event) => {
        const lagMs = trouble.lagMs?.() ?? 0;
        if (lagMs === 0 && !waiting) {
          if (!stopped) onEvent(event);
          return;
        }
        late.push(event);
        if (waiting) return;
        waiting = true;
        clock.setTimer(lagMs, deliver);
      });
      return {
        stop() {
          stopped = true;
          handle.stop();
        },
      };
    },
    create: (resource, object, options) =>
      write("create", resource, nameOf(object), () => client.create(resource, object, options)),
    update: (resource, object) => write("update", resource, nameOf(object), () => client.update(resource, object)),
    updateStatus: (resource, object) =>
      write("updateStatus", resource, nameOf(object), () => client.updateStatus(resource, object)),
    patch: (resource, namespace, name, patch, options) =>
      write("patch", resource, name, () => client.patch(resource, namespace, name, patch, options)),
    delete: (resource, namespace, name, options) =>
      write("delete", resource, name, () => client.delete(resource, namespace, name, options)),
    bind: (namespace, podName, nodeName) =>
      write("bind", "pods", podName, () => client.bind(namespace, podName, nodeName)),
  };
}
