import type { KubeObject } from "../api/object.ts";

interface Dependent {
  readonly resource: string;
  readonly object: KubeObject;
}

/** Objects by resource, namespace and name, with an index of the owners that they name. */
export class ObjectTable {
  readonly #resources = new Map<string, Map<string, Map<string, KubeObject>>>();
  readonly #dependents = new Map<string, Map<string, Dependent>>();

  get(resource: string, namespace: string, name: string): KubeObject | undefined {
    return this.#resources.get(resource)?.get(namespace)?.get(name);
  }

  /** By namespace, then name, as their bytes sort. */
  list(resource: string, namespace?: string): KubeObject[] {
    const namespaces = this.#resources.get(resource);
    if (namespaces === undefined) return [];
    const names = namespace === undefined ? [...namespaces.keys()].sort() : [namespace];
    return names.flatMap((key) => {
      const objects = [...(namespaces.get(key)?.values() ?? [])];
      return objects.sort((left, right) => (left.metadata.name < right.metadata.name ? -1 : 1));
    });
  }

  dependents(ownerUid: string): readonly Dependent[] {
    return [...(this.#dependents.get(ownerUid)?.values() ?? [])];
  }

  set(resource: string, object: KubeObject): void {
    const { namespace = "", name } = object.metadata;
    let namespaces = this.#resources.get(resource);
    if (namespaces === undefined) this.#resources.set(resource, (namespaces = new Map()));
    let objects = namespaces.get(namespace);
    if (objects === undefined) namespaces.set(namespace, (objects = new Map()));
    const previous = objects.get(name);
    if (previous !== undefined) this.#forgetOwners(previous);
    objects.set(name, object);
    for (const owner of object.metadata.ownerReferences ?? []) {
      let dependents = this.#dependents.get(owner.uid);
      if (dependents === undefined) this.#dependents.set(owner.uid, (dependents = new Map()));
      dependents.set(object.metadata.uid, { resource, object });
    }
  }

  delete(resource: string, object: KubeObject): void {
    const { namespace = "", name } = object.metadata;
    const namespaces = this.#resources.get(resource);
    const objects = namespaces?.get(namespace);
    const previous = objects?.get(name);
    if (previous === undefined) return;
    this.#forgetOwners(previous);
    objects?.delete(name);
    if (objects?.size === 0) namespaces?.delete(namespace);
  }

  #forgetOwners(object: KubeObject): void {
    for (const owner of object.metadata.ownerReferences ?? []) {
      const dependents = this.#dependents.get(owner.uid);
      dependents?.delete(object.metadata.uid);
      if (dependents?.size === 0) this.#dependents.delete(owner.uid);
    }
  }
}
