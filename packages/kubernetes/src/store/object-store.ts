// All objects in memory, every change on disk before anyone hears of it.
//
// A write goes through three states: *pending* (validated against the latest state, its resourceVersion taken, waiting
// for the disk), *visible* (synced; reads and watches show it, its promise resolves) or *lost* (the sync failed; so did
// everything behind it, and nothing is written until the store is opened anew). Later writes are validated against
// pending ones, so that many of them share one fsync; this is sound because a lost write takes all later ones with it.
import type { Log, Store, StoreOperation } from "@ordinal/io";

import type { KubeObject } from "../api/object.ts";
import { StatusError } from "../api/status-error.ts";
import { ChangeHistory } from "./change-history.ts";
import { ObjectTable } from "./object-table.ts";
import { decodeObject, encodeObject, formatKey, objectKey, objectRange, versionKey } from "./records.ts";
import type { StoreChange } from "./store-change.ts";

export interface ObjectStoreOptions {
  readonly store: Store;
  readonly log?: Log;
  /** Changes kept for watches that start from an older resourceVersion. Default 10,000; fewer make more clients list again. */
  readonly historyMax?: number;
  /** Bytes of JSON of the objects in these changes, likewise. Default 64 MiB. */
  readonly historyBytesMax?: number;
  /** One batch holds at most this many changes: bounds the memory of a group commit. Default 1,000. */
  readonly batchMax?: number;
}

/** Largest object, as JSON: what etcd takes. */
const OBJECT_BYTES_MAX = 1.5 * 1024 * 1024;
const HISTORY_BYTES_MAX = 64 * 1024 * 1024;

/** The disk refused a write: nothing is written any more until the lab is started again. Reads go on. */
export class DiskFailedError extends Error {
  constructor(cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`the object store could not be written to disk (${reason}); changes are refused until the lab is restarted`);
    this.name = "DiskFailedError";
    this.cause = cause;
  }
}

interface Pending {
  readonly change: StoreChange;
  readonly operation: StoreOperation;
  resolve(): void;
  reject(error: Error): void;
}

/** Resources change at most 2^53 times: resourceVersions are numbers inside and decimal strings outside. */
export class ObjectStore {
  readonly #store: Store;
  readonly #log: Log | undefined;
  readonly #batchMax: number;
  readonly #visible = new ObjectTable();
  /** What is not visible yet, by key: the object as it will be, or undefined when it will be gone. */
  readonly #pending = new Map<string, { readonly resourceVersion: number; readonly object: KubeObject | undefined }>();
  readonly #listeners = new Map<string, Set<(change: StoreChange) => void>>();
  readonly #history: ChangeHistory;
  #queue: Pending[] = [];
  #flushing = false;
  #lastResourceVersion: number;
  #visibleResourceVersion: number;
  #failure: DiskFailedError | undefined;

  private constructor(options: ObjectStoreOptions, resourceVersion: number) {
    this.#store = options.store;
    this.#log = options.log;
    this.#batchMax = options.batchMax ?? 1000;
    this.#lastResourceVersion = resourceVersion;
    this.#visibleResourceVersion = resourceVersion;
    const { historyMax = 10_000, historyBytesMax = HISTORY_BYTES_MAX } = options;
    this.#history = new ChangeHistory(historyMax, historyBytesMax, resourceVersion);
  }

  /** Reads everything back. Throws when the store belongs to another format or an object cannot be read. */
  static async open(options: ObjectStoreOptions): Promise<ObjectStore> {
    const { store } = options;
    const format = await store.get(formatKey);
    if (format === undefined) {
      await store.batch([{ kind: "put", key: formatKey, value: Buffer.from("1") }], { sync: true });
    } else if (Buffer.from(format).toString() !== "1") {
      throw new Error(`the object store has format ${Buffer.from(format).toString()}; this version reads format 1`);
    }
    const version = await store.get(versionKey);
    const result = new ObjectStore(options, version === undefined ? 0 : Number(Buffer.from(version).toString()));
    for await (const [key, value] of store.iterate(objectRange)) {
      const { resource, object } = decodeObject(key, value);
      result.#visible.set(resource, object);
    }
    return result;
  }

  /** The last resourceVersion that reads can see. */
  get resourceVersion(): number {
    return this.#visibleResourceVersion;
  }

  /** Watches can start from this resourceVersion or later ones. */
  get oldestResourceVersion(): number {
    return this.#history.oldest;
  }

  get(resource: string, namespace: string, name: string): KubeObject | undefined {
    return this.#visible.get(resource, namespace, name);
  }

  /** By namespace, then name. All namespaces unless one is given. */
  list(resource: string, namespace?: string): KubeObject[] {
    return this.#visible.list(resource, namespace);
  }

  /** Objects, of any resource, whose ownerReferences name this uid. */
  dependents(ownerUid: string): readonly { readonly resource: string; readonly object: KubeObject }[] {
    return this.#visible.dependents(ownerUid);
  }

  /** As `get`, pending writes included: what the next write has to agree with. */
  latest(resource: string, namespace: string, name: string): KubeObject | undefined {
    const pending = this.#pending.get(objectKey(resource, namespace, name));
    return pending === undefined ? this.#visible.get(resource, namespace, name) : pending.object;
  }

  /** As `list`, pending writes included. */
  latestList(resource: string, namespace?: string): KubeObject[] {
    const visible = this.#visible.list(resource, namespace);
    if (this.#pending.size === 0) return visible;
    const prefix = namespace === undefined ? `o/${resource}/` : `o/${resource}/${namespace}/`;
    const byKey = new Map(visible.map((object) => [keyOf(resource, object), object]));
    for (const [key, { object }] of this.#pending) {
      if (!key.startsWith(prefix)) continue;
      if (object === undefined) byKey.delete(key);
      else byKey.set(key, object);
    }
    return [...byKey.values()];
  }

  /**
   * Takes the next resourceVersion, writes it into `object` (which belongs to the store from here on) and resolves once
   * the change is on disk and visible. Throws at once after the disk failed, and 500 in etcd's words for an object that
   * is too large.
   */
  write(kind: StoreChange["kind"], resource: string, object: KubeObject): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const resourceVersion = this.#lastResourceVersion + 1;
    object.metadata.resourceVersion = String(resourceVersion);
    const value = kind === "DELETED" ? undefined : encodeObject(object);
    if (value !== undefined && value.length > OBJECT_BYTES_MAX)
      throw new StatusError(500, undefined, "etcdserver: request is too large");
    this.#lastResourceVersion = resourceVersion;
    const key = keyOf(resource, object);
    const previous = this.latest(resource, object.metadata.namespace ?? "", object.metadata.name);
    const change: StoreChange = { kind, resource, object, previous, resourceVersion };
    const bytes = Buffer.from(key);
    const operation: StoreOperation =
      value === undefined ? { kind: "delete", key: bytes } : { kind: "put", key: bytes, value };
    this.#pending.set(key, { resourceVersion, object: kind === "DELETED" ? undefined : object });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#queue.push({ change, operation, resolve, reject });
    if (!this.#flushing) {
      this.#flushing = true;
      queueMicrotask(() => void this.#flush());
    }
    return promise;
  }

  /** Resolves once everything that is pending now is visible: answers that depend on pending writes wait for it. */
  async settled(): Promise<void> {
    const last = this.#queue.at(-1);
    if (last === undefined) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const { resolve: resolveLast, reject: rejectLast } = last;
    last.resolve = () => {
      resolveLast();
      resolve();
    };
    last.reject = (error) => {
      rejectLast(error);
      reject(error);
    };
    await promise;
  }

  /**
   * Calls `listener` with every later change of the resource, in order, synchronously once it is visible. Undefined
   * for `since` starts now; else the changes after that resourceVersion come first, before this returns. Returns false
   * when the history no longer reaches back to `since`.
   */
  subscribe(resource: string, since: number | undefined, listener: (change: StoreChange) => void): boolean {
    const past = since === undefined ? [] : this.#history.after(since, resource);
    if (past === undefined) return false;
    for (const change of past) listener(change);
    let listeners = this.#listeners.get(resource);
    if (listeners === undefined) this.#listeners.set(resource, (listeners = new Set()));
    listeners.add(listener);
    return true;
  }

  unsubscribe(resource: string, listener: (change: StoreChange) => void): void {
    this.#listeners.get(resource)?.delete(listener);
  }

  async #flush(): Promise<void> {
    // The queue keeps its entries until they are visible, so that `settled` finds those under way.
    while (this.#queue.length > 0) {
      const group = this.#queue.slice(0, this.#batchMax);
      const last = group.at(-1);
      const version = Buffer.from(String(last?.change.resourceVersion ?? 0));
      try {
        await this.#store.batch(
          [...group.map((entry) => entry.operation), { kind: "put", key: versionKey, value: version }],
          { sync: true },
        );
      } catch (cause) {
        this.#fail(cause);
        break;
      }
      this.#queue.splice(0, group.length);
      for (const entry of group) {
        this.#show(entry.change, entry.operation.kind === "put" ? entry.operation.value.length : 0);
        entry.resolve();
      }
    }
    this.#flushing = false;
  }

  #show(change: StoreChange, bytes: number): void {
    const { resource, object, resourceVersion } = change;
    if (change.kind === "DELETED") this.#visible.delete(resource, object);
    else this.#visible.set(resource, object);
    const key = keyOf(resource, object);
    if (this.#pending.get(key)?.resourceVersion === resourceVersion) this.#pending.delete(key);
    this.#visibleResourceVersion = resourceVersion;
    this.#history.add(change, bytes);
    // A listener that is added by another one has seen this change already in its first list.
    const listeners = Array.from(this.#listeners.get(resource) ?? []);
    for (const listener of listeners) {
      try {
        listener(change);
      } catch (error) {
        this.#log?.error("watch-listener-failed", { resource, error: String(error) });
      }
    }
  }

  #fail(cause: unknown): void {
    this.#failure = new DiskFailedError(cause);
    this.#log?.error("object-store-failed", { error: this.#failure.message });
    this.#pending.clear();
    const lost = this.#queue;
    this.#queue = [];
    for (const entry of lost) entry.reject(this.#failure);
  }
}

function keyOf(resource: string, object: KubeObject): string {
  return objectKey(resource, object.metadata.namespace ?? "", object.metadata.name);
}
