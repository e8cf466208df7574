import type { ControllerRevision, StatefulSet } from "kubernetes-types/apps/v1.d.ts";
import type {
  ConfigMap,
  Endpoints,
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  Service,
  ServiceAccount,
} from "kubernetes-types/core/v1.d.ts";
import type { EndpointSlice } from "kubernetes-types/discovery/v1.d.ts";
import type { StorageClass } from "kubernetes-types/storage/v1.d.ts";

import type { ResourceName } from "../api/client.ts";
import type { KubeObject } from "../api/object.ts";

/** A kind's type as it comes out of the store: its metadata is filled in. */
export type Stored<T> = Omit<T, "metadata"> & { metadata: KubeObject["metadata"] };

export type StoredPod = Stored<Pod>;
export type StoredStatefulSet = Stored<StatefulSet>;
export type StoredRevision = Stored<ControllerRevision>;
export type StoredClaim = Stored<PersistentVolumeClaim>;
export type StoredVolume = Stored<PersistentVolume>;
export type StoredClass = Stored<StorageClass>;
export type StoredService = Stored<Service>;
export type StoredEndpoints = Stored<Endpoints>;
export type StoredSlice = Stored<EndpointSlice>;
export type StoredNode = Stored<Node>;
export type StoredNamespace = Stored<Namespace>;

/** The resources whose fields the controllers read, by the name that `Client` knows them under. */
export interface TypedResources {
  pods: StoredPod;
  nodes: StoredNode;
  namespaces: StoredNamespace;
  services: StoredService;
  endpoints: StoredEndpoints;
  configmaps: Stored<ConfigMap>;
  serviceaccounts: Stored<ServiceAccount>;
  persistentvolumes: StoredVolume;
  persistentvolumeclaims: StoredClaim;
  "statefulsets.apps": StoredStatefulSet;
  "controllerrevisions.apps": StoredRevision;
  "endpointslices.discovery.k8s.io": StoredSlice;
  "storageclasses.storage.k8s.io": StoredClass;
}

export type TypedResource = keyof TypedResources;

/**
 * The objects as a controller knows them: a cache that may be behind the store, but never behind this controller's own
 * creations and updates. What comes out is shared and must not be changed.
 */
export interface View {
  /** `namespace` is "" for resources without one. */
  get<R extends TypedResource>(resource: R, namespace: string, name: string): TypedResources[R] | undefined;
  /** In the order of namespace and name; all namespaces unless one is given. */
  list<R extends TypedResource>(resource: R, namespace?: string): readonly TypedResources[R][];
  /** Any watched resource, for controllers that treat all kinds alike. */
  find(resource: ResourceName, namespace: string, name: string): KubeObject | undefined;
  all(resource: ResourceName, namespace?: string): readonly KubeObject[];
  /** Objects with an owner reference to this uid, of all watched resources. */
  dependents(uid: string): readonly Dependent[];
}

export interface Dependent {
  readonly resource: ResourceName;
  readonly object: KubeObject;
}

/** `namespace/name`, or the name alone of what has no namespace. */
export function keyOf(object: { readonly metadata: { readonly namespace?: string; readonly name: string } }): string {
  const { namespace, name } = object.metadata;
  return namespace === undefined || namespace === "" ? name : `${namespace}/${name}`;
}

/** The reverse of `keyOf`; the namespace is "" where the key has none. */
export function splitKey(key: string): readonly [namespace: string, name: string] {
  const slash = key.indexOf("/");
  return slash < 0 ? ["", key] : [key.slice(0, slash), key.slice(slash + 1)];
}
