import type { Client, ListOptions, ResourceName, WatchHandle } from "../api/client.ts";
import type { KubeObject } from "../api/object.ts";

/** The present objects of one resource, followed by a watch. */
export class WatchCache {
  readonly #objects = new Map<string, KubeObject>();
  readonly #handle: WatchHandle;
  /** Resolves once the objects that were there at the start have been seen. */
  readonly synced: Promise<void>;

  /** `onChange` is told of every object after the cache knows it; `gone` with its last state. */
  constructor(
    client: Client,
    resource: ResourceName,
    options: ListOptions = {},
    onChange: (object: KubeObject, gone: boolean) => void = () => {},
  ) {
    let resolveSynced: () => void = () => {};
    this.synced = new Promise((resolve) => (resolveSynced = resolve));
    this.#handle = client.watch(resource, options, (event) => {
      if (event.kind === "SYNCED") {
        resolveSynced();
        return;
      }
      const key = objectKey(event.object.metadata.namespace ?? "", event.object.metadata.name);
      if (event.kind === "DELETED") this.#objects.delete(key);
      else this.#objects.set(key, event.object);
      onChange(event.object, event.kind === "DELETED");
    });
  }

  get(namespace: string, name: string): KubeObject | undefined {
    return this.#objects.get(objectKey(namespace, name));
  }

  all(): IterableIterator<KubeObject> {
    return this.#objects.values();
  }

  stop(): void {
    this.#handle.stop();
  }
}

function objectKey(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}
