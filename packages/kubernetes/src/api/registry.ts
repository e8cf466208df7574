// The registry: reads, watches and the writes of every kind. HTTP and the lab's own parts meet here.
import { type Clock, type Log, type Random, realClock, realRandom, type Store } from "@ordinal/io";

import type { Kind } from "../kinds/kind.ts";
import { ObjectStore } from "../store/object-store.ts";
import { decodeBody } from "./body.ts";
import type { DeleteOptions } from "./client.ts";
import { deleteObject, type Deleted } from "./deletion.ts";
import { EventExpiry } from "./event-expiry.ts";
import { KindTable } from "./kind-table.ts";
import { ListPages, type Page } from "./list-pages.ts";
import type { KubeObject } from "./object.ts";
import { applyPatch } from "./patch/apply-patch.ts";
import type { PatchRequest } from "./patch/patch-request.ts";
import { bindPod } from "./pod-binding.ts";
import { notFound, qualifiedResource } from "./refusals.ts";
import type { ListRequest, ReadSelection, RequestBody, Subresource, WriteOptions } from "./request-options.ts";
import { isEverything, parseFieldSelector, parseLabelSelector, selectedName } from "./selectors.ts";
import { type RegistryWatch, watchObjects, type WatchRequest, type WatchSink } from "./watch.ts";
import { WritePipeline } from "./write-pipeline.ts";

export interface RegistryOptions {
  readonly kinds: readonly Kind[];
  /** Belongs to the registry from here on; `close` closes it. */
  readonly store: Store;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly log?: Log;
  /** Changes kept for watches that begin in the past. Default 10,000. */
  readonly historyMax?: number;
  /** Namespaces that are made when they are missing. */
  readonly namespaces?: readonly string[];
}

const INITIAL_NAMESPACES = ["default", "kube-system", "kube-public", "kube-node-lease"];

/** Opens the objects in `store` and makes the namespaces that every cluster has. */
export async function createRegistry(options: RegistryOptions): Promise<Registry> {
  const objects = await ObjectStore.open(options);
  const registry = new Registry(options, objects);
  const namespaces = registry.table.find("namespaces");
  if (namespaces !== undefined) {
    for (const name of options.namespaces ?? INITIAL_NAMESPACES) {
      if (registry.peek("namespaces", "", name) !== undefined) continue;
      const value = { metadata: { name } };
      await registry.create(namespaces, "", { value, duplicates: [] }, { manager: "kube-apiserver" });
    }
  }
  return registry;
}

export class Registry {
  readonly table: KindTable;
  readonly objects: ObjectStore;
  readonly clock: Clock;
  readonly #store: Store;
  readonly #pipeline: WritePipeline;
  readonly #pages = new ListPages();
  readonly #watches = new Set<RegistryWatch>();
  readonly #expiry: EventExpiry;

  /** Use `createRegistry`. */
  constructor(options: RegistryOptions, objects: ObjectStore) {
    this.table = new KindTable(options.kinds);
    this.objects = objects;
    this.clock = options.clock ?? realClock;
    this.#store = options.store;
    const random = options.random ?? realRandom;
    this.#pipeline = new WritePipeline({ store: objects, table: this.table, clock: this.clock, random });
    this.#expiry = new EventExpiry(this, this.clock, options.log);
  }

  /** The object as it is now, or undefined. `resource` as `pods` or `statefulsets.apps`; shared, not to be changed. */
  peek(resource: string, namespace: string, name: string): KubeObject | undefined {
    return this.objects.get(resource, namespace, name);
  }

  /** All objects of a resource, by namespace and name; shared, not to be changed. */
  peekAll(resource: string, namespace?: string): readonly KubeObject[] {
    return this.objects.list(resource, namespace);
  }

  /** Objects of any resource that name this uid in their ownerReferences. */
  dependents(ownerUid: string): readonly { readonly resource: string; readonly object: KubeObject }[] {
    return this.objects.dependents(ownerUid);
  }

  /** Throws 404. */
  get(kind: Kind, namespace: string, name: string): KubeObject {
    const object = this.objects.get(qualifiedResource(kind), kind.namespaced ? namespace : "", name);
    if (object === undefined) throw notFound(kind, name);
    return object;
  }

  list(kind: Kind, request: ListRequest): Page {
    const counted = isEverything(request.labelSelector, request.fieldSelector);
    const matches = matcher(kind, request);
    if (request.continue !== undefined && request.continue !== "") {
      return this.#pages.after(request.continue, request.limit, counted);
    }
    return this.#pages.first(
      this.#candidates(kind, request).filter(matches),
      String(this.objects.resourceVersion),
      request.limit,
      counted,
    );
  }

  /** Throws 400 for selectors that are none. */
  checkSelection(kind: Kind, selection: ReadSelection): void {
    matcher(kind, selection);
  }

  /** Throws 400 for selectors that are none. What came before the watch is delivered before this returns. */
  watch(kind: Kind, request: WatchRequest, sink: WatchSink): RegistryWatch {
    const handle = watchObjects(this.objects, kind, request, matcher(kind, request), sink, () =>
      this.#watches.delete(handle),
    );
    this.#watches.add(handle);
    return handle;
  }

  create(kind: Kind, namespace: string, body: RequestBody, options: WriteOptions): Promise<KubeObject> {
    return this.#pipeline.run(() => this.#pipeline.create(kind, namespace, decodeBody(kind, body, options), options));
  }

  update(
    kind: Kind,
    namespace: string,
    name: string,
    body: RequestBody,
    options: WriteOptions,
    subresource?: Subresource,
  ): Promise<KubeObject> {
    return this.#pipeline.run(() => {
      const object = decodeBody(kind, body, options);
      const old = this.#pipeline.current(kind, namespace, name);
      return this.#pipeline.replace(kind, old, object, options, subresource);
    });
  }

  /** `created` when server-side apply made the object. */
  patch(
    kind: Kind,
    namespace: string,
    name: string,
    request: PatchRequest,
    options: WriteOptions,
  ): Promise<{ readonly object: KubeObject; readonly created: boolean }> {
    return this.#pipeline.run(() => {
      const { written, created } = applyPatch(this.#pipeline, kind, namespace, name, request, options);
      return { result: { object: written.result, created }, done: written.done };
    });
  }

  delete(kind: Kind, namespace: string, name: string, request: DeleteOptions, options: WriteOptions): Promise<Deleted> {
    return this.#pipeline.run(() => {
      const old = this.#pipeline.current(kind, namespace, name);
      const deleted = deleteObject(this.#pipeline, kind, old, request, options);
      return { result: deleted, done: deleted.done };
    });
  }

  /** Deletes what the selection holds now; gives what was there. */
  async deleteCollection(
    kind: Kind,
    selection: ReadSelection,
    request: DeleteOptions,
    options: WriteOptions,
  ): Promise<KubeObject[]> {
    const matches = matcher(kind, selection);
    const found = this.#candidates(kind, selection).filter(matches);
    const results = await Promise.all(
      found.map(async ({ metadata }) => {
        try {
          return (await this.delete(kind, metadata.namespace ?? "", metadata.name, request, options)).result;
        } catch (error) {
          if (error instanceof Error && "code" in error && error.code === 404) return undefined;
          throw error;
        }
      }),
    );
    return results.filter((object) => object !== undefined);
  }

  /** What the scheduler does: gives a pod its node, once. */
  bind(namespace: string, name: string, binding: unknown, options: WriteOptions): Promise<KubeObject> {
    const kind = this.table.named("pods");
    return this.#pipeline.run(() => bindPod(this.#pipeline, kind, namespace, name, binding, options));
  }

  /** The write pipeline, for subresources that are made of other writes. */
  get pipeline(): WritePipeline {
    return this.#pipeline;
  }

  /** Ends all watches, waits for pending writes and closes the store. */
  async close(): Promise<void> {
    this.#expiry.stop();
    for (const watch of this.#watches) watch.stop();
    await this.objects.settled().catch(() => undefined);
    await this.#store.close();
  }

  #candidates(kind: Kind, selection: ReadSelection): KubeObject[] {
    const resource = qualifiedResource(kind);
    const namespace = kind.namespaced && selection.namespace !== "" ? selection.namespace : undefined;
    const name = selectedName(selection.fieldSelector);
    if (name !== undefined && (namespace !== undefined || !kind.namespaced)) {
      const object = this.objects.get(resource, namespace ?? "", name);
      return object === undefined ? [] : [object];
    }
    return this.objects.list(resource, namespace);
  }
}

function matcher(kind: Kind, selection: ReadSelection): (object: KubeObject) => boolean {
  const labels = parseLabelSelector(selection.labelSelector);
  const fields = parseFieldSelector(kind, selection.fieldSelector);
  const namespace = kind.namespaced && selection.namespace !== "" ? selection.namespace : undefined;
  return (object) =>
    (namespace === undefined || object.metadata.namespace === namespace) && labels(object) && fields(object);
}
