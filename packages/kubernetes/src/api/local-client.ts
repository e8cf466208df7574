// The in-process Client: the lab's own parts on the registry itself.
import type {
  Client,
  DeleteOptions,
  ListOptions,
  PatchOptions,
  ResourceName,
  WatchEvent,
  WatchHandle,
} from "./client.ts";
import type { KubeObject } from "./object.ts";
import type { Registry } from "./registry.ts";
import type { WriteOptions } from "./request-options.ts";

/** `manager` owns what the client writes, unless a call names another. */
export function createLocalClient(registry: Registry, manager: string): Client {
  const { table } = registry;
  const own: WriteOptions = { manager };
  const body = (value: unknown) => ({ value, duplicates: [] });
  const namesOf = (object: object): { namespace: string; name: string } => {
    const { metadata } = object as { metadata?: { namespace?: string; name?: string } };
    return { namespace: metadata?.namespace ?? "", name: metadata?.name ?? "" };
  };
  return {
    async get(resource, namespace, name) {
      return registry.get(table.named(resource), namespace, name);
    },
    async list(resource, options = {}) {
      const { items, resourceVersion } = registry.list(table.named(resource), options);
      return { items, resourceVersion };
    },
    watch: (resource, options, onEvent) => watch(registry, resource, options, onEvent),
    create: (resource, object, options) =>
      registry.create(table.named(resource), namesOf(object).namespace, body(object), {
        manager: options?.manager ?? manager,
      }),
    update(resource, object) {
      const { namespace, name } = namesOf(object);
      return registry.update(table.named(resource), namespace, name, body(object), own);
    },
    updateStatus(resource, object) {
      const { namespace, name } = namesOf(object);
      return registry.update(table.named(resource), namespace, name, body(object), own, "status");
    },
    async patch(resource, namespace, name, patch, options: PatchOptions) {
      const request = { type: options.type, body: body(patch), subresource: options.subresource };
      return (await registry.patch(table.named(resource), namespace, name, request, own)).object;
    },
    async delete(resource: ResourceName, namespace: string, name: string, options: DeleteOptions = {}) {
      await registry.delete(table.named(resource), namespace, name, options, own);
    },
    async bind(namespace, podName, nodeName) {
      const binding = { target: { apiVersion: "v1", kind: "Node", name: nodeName } };
      await registry.bind(namespace, podName, binding, own);
    },
  };
}

/** The present objects come in the next turn, so that the caller holds the handle by then. */
function watch(
  registry: Registry,
  resource: ResourceName,
  options: ListOptions,
  onEvent: (event: WatchEvent) => void,
): WatchHandle {
  const kind = registry.table.named(resource);
  // Refusals of selectors belong to the caller, not to the next turn.
  registry.checkSelection(kind, options);
  let stopped = false;
  let handle: WatchHandle | undefined;
  queueMicrotask(() => {
    if (stopped) return;
    handle = registry.watch(kind, options, {
      event: (type, object: KubeObject) => {
        if (!stopped) onEvent({ kind: type, object });
      },
      synced: (resourceVersion) => {
        if (!stopped) onEvent({ kind: "SYNCED", resourceVersion });
      },
    });
    if (stopped) handle.stop();
  });
  return {
    stop() {
      stopped = true;
      handle?.stop();
    },
  };
}
