import type {
  Client,
  DeleteOptions,
  ListOptions,
  PatchOptions,
  ResourceName,
  WatchEvent,
  WatchHandle,
} from "../../api/client.ts";
import type { KubeObject } from "../../api/object.ts";
import { StatusError } from "../../api/status-error.ts";
import { keyOf } from "../view.ts";

/** What only the API itself sets. */
type Metadata = { -readonly [K in keyof KubeObject["metadata"]]: KubeObject["metadata"][K] };

interface Watcher {
  readonly resource: ResourceName;
  readonly onEvent: (event: WatchEvent) => void;
}

const CLUSTER_SCOPED = new Set(["nodes", "namespaces", "persistentvolumes", "storageclasses.storage.k8s.io"]);
const WITH_STATUS = new Set([
  "pods",
  "nodes",
  "namespaces",
  "persistentvolumes",
  "persistentvolumeclaims",
  "services",
  "statefulsets.apps",
]);
const WITH_GENERATION = new Set(["statefulsets.apps", "endpointslices.discovery.k8s.io"]);

/**
 * An API without defaulting and validation, in memory: versions, uids, finalizers, grace, propagation, watches that
 * deliver inside the write, as the registry's do. For tests of the controllers alone.
 */
export class MemoryClient implements Client {
  readonly #objects = new Map<ResourceName, Map<string, KubeObject>>();
  readonly #watchers = new Set<Watcher>();
  readonly #now: () => number;
  #version = 0;
  #uids = 0;
  /** Every write in order, as `verb resource key`. */
  readonly journal: string[] = [];
  /** Throw from here to refuse a write before it happens. */
  refuse: (verb: string, resource: ResourceName, object: KubeObject) => void = () => {};

  constructor(now: () => number) {
    this.#now = now;
  }

  all(resource: ResourceName): KubeObject[] {
    return [...(this.#objects.get(resource)?.values() ?? [])];
  }

  find(resource: ResourceName, namespace: string, name: string): KubeObject | undefined {
    return this.#table(resource).get(keyOf({ metadata: { namespace, name } }));
  }

  async get(resource: ResourceName, namespace: string, name: string): Promise<KubeObject> {
    return this.#must(resource, namespace, name);
  }

  async list(
    resource: ResourceName,
    options: ListOptions = {},
  ): Promise<{ items: KubeObject[]; resourceVersion: string }> {
    const items = this.all(resource).filter(
      (object) => options.namespace === undefined || object.metadata.namespace === options.namespace,
    );
    return { items, resourceVersion: String(this.#version) };
  }

  watch(resource: ResourceName, _options: ListOptions, onEvent: (event: WatchEvent) => void): WatchHandle {
    for (const object of this.all(resource)) onEvent({ kind: "ADDED", object });
    onEvent({ kind: "SYNCED", resourceVersion: String(this.#version) });
    const watcher = { resource, onEvent };
    this.#watchers.add(watcher);
    return { stop: () => void this.#watchers.delete(watcher) };
  }

  async create(resource: ResourceName, input: object): Promise<KubeObject> {
    const object = structuredClone(input) as KubeObject;
    const metadata: Metadata = object.metadata;
    metadata.name ??= `${metadata.generateName ?? ""}${String(++this.#uids).padStart(5, "0")}`;
    if (CLUSTER_SCOPED.has(resource)) delete metadata.namespace;
    this.refuse("create", resource, object);
    if (this.#table(resource).has(keyOf(object))) {
      throw new StatusError(409, "AlreadyExists", `${resource} "${metadata.name}" already exists`);
    }
    metadata.uid = `uid-${++this.#uids}`;
    metadata.creationTimestamp = this.#time();
    if (WITH_GENERATION.has(resource)) metadata.generation = 1;
    if (WITH_STATUS.has(resource)) object["status"] = firstStatus(resource, object["status"]);
    if (resource === "persistentvolumeclaims") metadata.finalizers = ["kubernetes.io/pvc-protection"];
    if (resource === "persistentvolumes")
      metadata.finalizers = [...(metadata.finalizers ?? []), "kubernetes.io/pv-protection"];
    return this.#commit("create", resource, object, "ADDED");
  }

  async update(resource: ResourceName, input: object): Promise<KubeObject> {
    const next = structuredClone(input) as KubeObject;
    const old = this.#current(resource, next);
    if (WITH_STATUS.has(resource)) next["status"] = old["status"];
    return this.#replace("update", resource, old, next);
  }

  async updateStatus(resource: ResourceName, input: object): Promise<KubeObject> {
    const old = this.#current(resource, input as KubeObject);
    return this.#replace("updateStatus", resource, old, {
      ...structuredClone(old),
      status: structuredClone((input as KubeObject)["status"]),
    });
  }

  async patch(
    resource: ResourceName,
    namespace: string,
    name: string,
    patch: unknown,
    options: PatchOptions,
  ): Promise<KubeObject> {
    if (options.type !== "merge") throw new Error(`no ${options.type} patch here`);
    const old = this.#must(resource, namespace, name);
    const merged = mergePatch(old, patch) as KubeObject;
    if (merged.metadata.uid !== old.metadata.uid) throw conflict(resource, name);
    this.#current(resource, merged);
    if (WITH_STATUS.has(resource) && options.subresource === undefined) merged["status"] = old["status"];
    return this.#replace("patch", resource, old, merged);
  }

  async delete(resource: ResourceName, namespace: string, name: string, options: DeleteOptions = {}): Promise<void> {
    const old = this.#must(resource, namespace, name);
    const { uid } = options.preconditions ?? {};
    if (uid !== undefined && uid !== old.metadata.uid) throw conflict(resource, name);
    this.refuse("delete", resource, old);
    const object = structuredClone(old);
    const finalizers = new Set(object.metadata.finalizers ?? []);
    if (options.propagationPolicy === "Orphan") finalizers.add("orphan");
    if (options.propagationPolicy === "Foreground") finalizers.add("foregroundDeletion");
    object.metadata.finalizers = [...finalizers];
    const grace = resource === "pods" ? podGrace(object, options.gracePeriodSeconds) : 0;
    if (object.metadata.deletionTimestamp !== undefined) {
      if (
        grace >= (object.metadata.deletionGracePeriodSeconds ?? 0) &&
        finalizers.size === (old.metadata.finalizers ?? []).length
      ) {
        if (grace > 0 || finalizers.size > 0) return;
      }
    }
    const metadata: Metadata = object.metadata;
    metadata.deletionTimestamp ??= this.#time();
    metadata.deletionGracePeriodSeconds = grace;
    if (resource === "namespaces") object["status"] = { phase: "Terminating" };
    if (this.#isDone(resource, object)) this.#remove(resource, object);
    else this.#commit("delete", resource, object, "MODIFIED");
  }

  async bind(namespace: string, podName: string, nodeName: string): Promise<void> {
    const pod = structuredClone(this.#must("pods", namespace, podName));
    const spec = pod["spec"] as Record<string, unknown>;
    if (spec["nodeName"] !== undefined) throw conflict("pods", podName);
    spec["nodeName"] = nodeName;
    const status = pod["status"] as { conditions?: { type: string }[] };
    const others = (status.conditions ?? []).filter((condition) => condition.type !== "PodScheduled");
    status.conditions = [...others, { type: "PodScheduled", status: "True" } as { type: string }];
    this.#commit("bind", "pods", pod, "MODIFIED");
  }

  #current(resource: ResourceName, next: KubeObject): KubeObject {
    const old = this.#must(resource, next.metadata.namespace ?? "", next.metadata.name);
    const { resourceVersion } = next.metadata;
    if (resourceVersion !== undefined && resourceVersion !== old.metadata.resourceVersion)
      throw conflict(resource, next.metadata.name);
    return old;
  }

  #replace(verb: string, resource: ResourceName, old: KubeObject, next: KubeObject): KubeObject {
    this.refuse(verb, resource, next);
    next.metadata.resourceVersion = old.metadata.resourceVersion;
    if (JSON.stringify(next) === JSON.stringify(old)) return old;
    if (WITH_GENERATION.has(resource) && JSON.stringify(next["spec"]) !== JSON.stringify(old["spec"])) {
      const metadata: Metadata = next.metadata;
      metadata.generation = (old.metadata.generation ?? 0) + 1;
    }
    if (this.#isDone(resource, next)) {
      this.#remove(resource, next);
      return next;
    }
    return this.#commit(verb, resource, next, "MODIFIED");
  }

  /** Deleted, nobody holds it, and its grace is over. */
  #isDone(resource: ResourceName, object: KubeObject): boolean {
    const { deletionTimestamp, finalizers, deletionGracePeriodSeconds } = object.metadata;
    if (deletionTimestamp === undefined || (finalizers ?? []).length > 0) return false;
    if (resource === "namespaces")
      return ((object["spec"] as { finalizers?: string[] })?.finalizers ?? []).length === 0;
    return (deletionGracePeriodSeconds ?? 0) === 0;
  }

  #commit(verb: string, resource: ResourceName, object: KubeObject, kind: "ADDED" | "MODIFIED"): KubeObject {
    object.metadata.resourceVersion = String(++this.#version);
    this.#table(resource).set(keyOf(object), object);
    this.#tell(verb, resource, { kind, object });
    return object;
  }

  #remove(resource: ResourceName, object: KubeObject): void {
    object.metadata.resourceVersion = String(++this.#version);
    this.#table(resource).delete(keyOf(object));
    this.#tell("remove", resource, { kind: "DELETED", object });
  }

  #tell(verb: string, resource: ResourceName, event: WatchEvent & { readonly object: KubeObject }): void {
    this.journal.push(`${verb} ${resource} ${keyOf(event.object)}`);
    for (const watcher of this.#watchers) if (watcher.resource === resource) watcher.onEvent(event);
  }

  #must(resource: ResourceName, namespace: string, name: string): KubeObject {
    const object = this.find(resource, namespace, name);
    if (object === undefined) throw new StatusError(404, "NotFound", `${resource} "${name}" not found`);
    return object;
  }

  #table(resource: ResourceName): Map<string, KubeObject> {
    let table = this.#objects.get(resource);
    if (table === undefined) this.#objects.set(resource, (table = new Map()));
    return table;
  }

  #time(): string {
    return new Date(this.#now()).toISOString().replace(/\.\d+Z$/, "Z");
  }
}

function firstStatus(resource: ResourceName, given: unknown): unknown {
  switch (resource) {
    case "pods":
    case "persistentvolumeclaims":
    case "persistentvolumes":
      return { phase: "Pending" };
    case "namespaces":
      return { phase: "Active" };
    case "nodes":
      return given ?? {};
    default:
      return {};
  }
}

function podGrace(pod: KubeObject, requested: number | undefined): number {
  const spec = pod["spec"] as { nodeName?: string; terminationGracePeriodSeconds?: number };
  const phase = (pod["status"] as { phase?: string }).phase;
  if (spec.nodeName === undefined || phase === "Failed" || phase === "Succeeded") return 0;
  return requested ?? spec.terminationGracePeriodSeconds ?? 30;
}

function mergePatch(target: unknown, patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return structuredClone(patch);
  const result: Record<string, unknown> = typeof target === "object" && target !== null ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}

function conflict(resource: ResourceName, name: string): StatusError {
  return new StatusError(
    409,
    "Conflict",
    `Operation cannot be fulfilled on ${resource} "${name}": the object has been modified`,
  );
}
