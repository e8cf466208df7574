import type { ResourceName, WatchEvent } from "../api/client.ts";
import type { KubeObject } from "../api/object.ts";
import type { Change } from "./controller.ts";
import { keyOf } from "./view.ts";

/** Deleted objects remembered. Fewer, and a very late answer could bring a dead object back into the cache. */
const DELETED_MAX = 4096;

/**
 * One resource's objects as a watch tells them. Answers of own writes go in too (`noteWritten`), so that a watch that
 * lags does not make a controller create the same thing twice; what the watch then tells late is ignored.
 */
export class ObjectCache {
  readonly resource: ResourceName;
  readonly #objects = new Map<string, KubeObject>();
  readonly #byNamespace = new Map<string, Map<string, KubeObject>>();
  readonly #byOwner = new Map<string, Map<string, KubeObject>>();
  #sorted = new Map<string, readonly KubeObject[]>();
  /** Uids of the latest deleted objects: the answer of a write may come after the watch has told the object's end. */
  readonly #deleted = new Set<string>();
  #synced = false;

  constructor(resource: ResourceName) {
    this.resource = resource;
  }

  /** The initial list is complete. */
  get synced(): boolean {
    return this.#synced;
  }

  get(namespace: string, name: string): KubeObject | undefined {
    return this.#objects.get(namespace === "" ? name : `${namespace}/${name}`);
  }

  /** Sorted by namespace and name; do not change the array. */
  list(namespace?: string): readonly KubeObject[] {
    const known = this.#sorted.get(namespace ?? "*");
    if (known !== undefined) return known;
    const source = namespace === undefined ? this.#objects : this.#byNamespace.get(namespace);
    const sorted = source === undefined ? [] : sortedValues(source);
    this.#sorted.set(namespace ?? "*", sorted);
    return sorted;
  }

  /** Objects with an owner reference to this uid, by namespace and name. */
  dependents(uid: string): readonly KubeObject[] {
    const found = this.#byOwner.get(uid);
    return found === undefined ? [] : sortedValues(found);
  }

  /** Takes a watch event in; undefined when it changes nothing. */
  apply(event: WatchEvent): Change | undefined {
    if (event.kind === "SYNCED") {
      this.#synced = true;
      return undefined;
    }
    const { object } = event;
    const old = this.#objects.get(keyOf(object));
    if (event.kind === "DELETED") {
      this.#noteDeleted(object.metadata.uid);
      if (old === undefined || old.metadata.uid !== object.metadata.uid) return undefined;
      this.#remove(old);
      return { resource: this.resource, old, next: undefined };
    }
    return this.#put(old, object);
  }

  /** Takes in what a write of ours was answered with. */
  noteWritten(object: KubeObject): Change | undefined {
    if (this.#deleted.has(object.metadata.uid)) return undefined;
    return this.#put(this.#objects.get(keyOf(object)), object);
  }

  #noteDeleted(uid: string): void {
    this.#deleted.add(uid);
    for (const oldest of this.#deleted) {
      if (this.#deleted.size <= DELETED_MAX) return;
      this.#deleted.delete(oldest);
    }
  }

  #put(old: KubeObject | undefined, next: KubeObject): Change | undefined {
    if (old !== undefined && !isNewer(next, old)) return undefined;
    const key = keyOf(next);
    const namespace = next.metadata.namespace ?? "";
    this.#objects.set(key, next);
    let siblings = this.#byNamespace.get(namespace);
    if (siblings === undefined) this.#byNamespace.set(namespace, (siblings = new Map()));
    siblings.set(key, next);
    if (old !== undefined) this.#forgetOwners(key, old);
    for (const { uid } of next.metadata.ownerReferences ?? []) {
      let dependents = this.#byOwner.get(uid);
      if (dependents === undefined) this.#byOwner.set(uid, (dependents = new Map()));
      dependents.set(key, next);
    }
    this.#forgetSorted(namespace);
    return { resource: this.resource, old, next };
  }

  #remove(old: KubeObject): void {
    const namespace = old.metadata.namespace ?? "";
    this.#objects.delete(keyOf(old));
    this.#byNamespace.get(namespace)?.delete(keyOf(old));
    this.#forgetOwners(keyOf(old), old);
    this.#forgetSorted(namespace);
  }

  #forgetOwners(key: string, old: KubeObject): void {
    for (const { uid } of old.metadata.ownerReferences ?? []) {
      const dependents = this.#byOwner.get(uid);
      dependents?.delete(key);
      if (dependents?.size === 0) this.#byOwner.delete(uid);
    }
  }

  #forgetSorted(namespace: string): void {
    this.#sorted.delete("*");
    this.#sorted.delete(namespace);
  }
}

function sortedValues(objects: ReadonlyMap<string, KubeObject>): KubeObject[] {
  return [...objects].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, object]) => object);
}

/** One counter numbers all commits, so versions of one resource are ordered. */
function isNewer(next: KubeObject, old: KubeObject): boolean {
  return BigInt(next.metadata.resourceVersion) > BigInt(old.metadata.resourceVersion);
}
