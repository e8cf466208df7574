import type { ResourceName, WatchEvent } from "../api/client.ts";
import type { KubeObject } from "../api/object.ts";
import type { Change } from "./controller.ts";
import { keyOf } from "./view.ts";

/**
 * One resource's objects as a watch tells them. Answers of own writes go in too (`noteWritten`), so that a watch that
 * lags does not make a controller create the same thing twice; what the watch then tells late is ignored.
 */
export class ObjectCache {
  readonly resource: ResourceName;
  readonly #objects = new Map<string, KubeObject>();
  readonly #byNamespace = new Map<string, Map<string, KubeObject>>();
  #sorted = new Map<string, readonly KubeObject[]>();
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
    const sorted = source === undefined ? [] : [...source].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, object]) => object);
    this.#sorted.set(namespace ?? "*", sorted);
    return sorted;
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
      if (old === undefined || old.metadata.uid !== object.metadata.uid) return undefined;
      this.#remove(object);
      return { resource: this.resource, old, next: undefined };
    }
    return this.#put(old, object);
  }

  /** Takes in what a write of ours was answered with. */
  noteWritten(object: KubeObject): Change | undefined {
    return this.#put(this.#objects.get(keyOf(object)), object);
  }

  #put(old: KubeObject | undefined, next: KubeObject): Change | undefined {
    if (old !== undefined && !isNewer(next, old)) return undefined;
    const key = keyOf(next);
    const namespace = next.metadata.namespace ?? "";
    this.#objects.set(key, next);
    let siblings = this.#byNamespace.get(namespace);
    if (siblings === undefined) this.#byNamespace.set(namespace, (siblings = new Map()));
    siblings.set(key, next);
    this.#forgetSorted(namespace);
    return { resource: this.resource, old, next };
  }

  #remove(object: KubeObject): void {
    const namespace = object.metadata.namespace ?? "";
    this.#objects.delete(keyOf(object));
    this.#byNamespace.get(namespace)?.delete(keyOf(object));
    this.#forgetSorted(namespace);
  }

  #forgetSorted(namespace: string): void {
    this.#sorted.delete("*");
    this.#sorted.delete(namespace);
  }
}

/** One counter numbers all commits, so versions of one resource are ordered. */
function isNewer(next: KubeObject, old: KubeObject): boolean {
  return BigInt(next.metadata.resourceVersion) > BigInt(old.metadata.resourceVersion);
}
