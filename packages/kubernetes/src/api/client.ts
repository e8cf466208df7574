import type { KubeObject } from "./object.ts";

/** Names a resource as `kubectl api-resources` does: `pods`, `statefulsets.apps`, `endpointslices.discovery.k8s.io`. */
export type ResourceName = string;

export interface ListOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: "Background" | "Foreground" | "Orphan";
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

export interface PatchOptions {
  readonly type: "merge" | "json" | "strategic";
  /** `finalize` sets a namespace's spec.finalizers, which nothing else may change. */
  readonly subresource?: "status" | "scale" | "finalize";
}

export type WatchEvent =
  | { readonly kind: "ADDED" | "MODIFIED" | "DELETED"; readonly object: KubeObject }
  /** All objects of the initial list have been delivered. Sent once. */
  | { readonly kind: "SYNCED"; readonly resourceVersion: string };

export interface WatchHandle {
  stop(): void;
}

/**
 * The API as the lab's own parts use it: the controllers, the scheduler and the agent. The in-process version works
 * on the registry itself, the agent's speaks over its connection to the lab. Every write passes the same decoding,
 * defaulting and validation as a kubectl request. Refusals throw `StatusError`. `manager` is the field manager and
 * the `source.component` of events.
 *
 * Objects that come from `get`, `list` and `watch` are shared and must not be changed: `structuredClone` before writing.
 */
export interface Client {
  get(resource: ResourceName, namespace: string, name: string): Promise<KubeObject>;
  list(resource: ResourceName, options?: ListOptions): Promise<{ items: KubeObject[]; resourceVersion: string }>;
  /** Delivers the present objects as ADDED, then SYNCED, then every change in order until stopped. Never ends by itself. */
  watch(resource: ResourceName, options: ListOptions, onEvent: (event: WatchEvent) => void): WatchHandle;
  create(resource: ResourceName, object: object, options?: { readonly manager?: string }): Promise<KubeObject>;
  /** Full replace; a `metadata.resourceVersion` in the object makes it conditional (409 Conflict). */
  update(resource: ResourceName, object: object): Promise<KubeObject>;
  updateStatus(resource: ResourceName, object: object): Promise<KubeObject>;
  patch(
    resource: ResourceName,
    namespace: string,
    name: string,
    patch: unknown,
    options: PatchOptions,
  ): Promise<KubeObject>;
  delete(resource: ResourceName, namespace: string, name: string, options?: DeleteOptions): Promise<void>;
  /** POST to a pod's `binding` subresource: what the scheduler does. */
  bind(namespace: string, podName: string, nodeName: string): Promise<void>;
}
