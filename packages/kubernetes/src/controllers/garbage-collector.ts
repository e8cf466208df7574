// Garbage collection by owner references: pkg/controller/garbagecollector/garbagecollector.go of Kubernetes
// (attemptToDeleteItem, processDeletingDependentsItem, attemptToOrphan).
import type { OwnerReference } from "kubernetes-types/meta/v1.d.ts";

import type { ResourceName } from "../api/client.ts";
import type { KubeObject } from "../api/object.ts";
import type { Change, Controller } from "./controller.ts";
import { NOTHING, type Action, type Plan } from "./plan.ts";
import type { Dependent, View } from "./view.ts";
import { keyOf, splitKey } from "./view.ts";

export const ORPHAN = "orphan";
export const FOREGROUND = "foregroundDeletion";

/** What must be known of a kind to follow references to it and to collect its objects. */
export interface CollectedKind {
  readonly group: string;
  readonly kind: string;
  readonly resource: string;
  readonly namespaced: boolean;
}

/** `pods`, `statefulsets.apps`. */
export function resourceName(kind: Pick<CollectedKind, "group" | "resource">): ResourceName {
  return kind.group === "" ? kind.resource : `${kind.resource}.${kind.group}`;
}

/** Collects objects of these kinds; a reference to any other kind keeps its object alive. */
export function garbageCollector(kinds: readonly CollectedKind[]): Controller {
  const byKind = new Map(kinds.map((kind) => [`${kind.group}/${kind.kind}`, kind]));
  const kindOf = (owner: OwnerReference): CollectedKind | undefined => {
    const slash = owner.apiVersion.indexOf("/");
    return byKind.get(`${slash < 0 ? "" : owner.apiVersion.slice(0, slash)}/${owner.kind}`);
  };
  return {
    name: "garbage-collector-controller",
    // Nothing owns events, and there are many.
    watches: kinds.filter((kind) => kind.kind !== "Event").map(resourceName),
    keysOf(change: Change, view: View): string[] {
      const keys: string[] = [];
      const { old, next } = change;
      if (next !== undefined && needsCare(next)) keys.push(keyFor(change.resource, next));
      const ends =
        next === undefined ||
        (next.metadata.deletionTimestamp !== undefined && old?.metadata.deletionTimestamp === undefined);
      if (ends) {
        const uid = (old ?? next)?.metadata.uid ?? "";
        for (const dependent of view.dependents(uid)) keys.push(keyFor(dependent.resource, dependent.object));
      }
      // An owner that waits for its dependents may be done when one is gone or let go.
      for (const owner of old?.metadata.ownerReferences ?? []) {
        const kind = kindOf(owner);
        const object = kind === undefined ? undefined : lookUp(view, kind, owner, old?.metadata.namespace);
        if (kind !== undefined && object?.metadata.deletionTimestamp !== undefined)
          keys.push(keyFor(resourceName(kind), object));
      }
      return keys;
    },
    reconcile(view: View, key: string): Plan {
      const bar = key.indexOf("|");
      const resource = key.slice(0, bar);
      const object = view.find(resource, ...splitKey(key.slice(bar + 1)));
      if (object === undefined) return NOTHING;
      if (object.metadata.deletionTimestamp === undefined)
        return { steps: collect(view, { resource, object }, kindOf) };
      const finalizers = object.metadata.finalizers ?? [];
      if (finalizers.includes(ORPHAN)) return { steps: orphanDependents(view, { resource, object }) };
      if (finalizers.includes(FOREGROUND)) return { steps: deleteDependents(view, { resource, object }) };
      return NOTHING;
    },
  };
}

function needsCare(object: KubeObject): boolean {
  if ((object.metadata.ownerReferences ?? []).length > 0) return true;
  const finalizers = object.metadata.finalizers ?? [];
  return (
    object.metadata.deletionTimestamp !== undefined && (finalizers.includes(ORPHAN) || finalizers.includes(FOREGROUND))
  );
}

/** An object that nobody deletes: it goes when no owner is left to keep it. */
function collect(view: View, item: Dependent, kindOf: (owner: OwnerReference) => CollectedKind | undefined): Action[] {
  const { metadata } = item.object;
  const owners = metadata.ownerReferences ?? [];
  if (owners.length === 0) return [];
  const solid: OwnerReference[] = [];
  const absent: Action[] = [];
  let foreground = false;
  for (const owner of owners) {
    const kind = kindOf(owner);
    if (kind === undefined) {
      solid.push(owner);
      continue;
    }
    const found = lookUp(view, kind, owner, metadata.namespace);
    if (found === undefined) {
      // The cache may not have seen the owner yet: the store decides.
      const namespace = kind.namespaced ? (metadata.namespace ?? "") : "";
      absent.push({ kind: "requireAbsent", resource: resourceName(kind), namespace, name: owner.name, uid: owner.uid });
    } else if (found.metadata.deletionTimestamp !== undefined && found.metadata.finalizers?.includes(FOREGROUND)) {
      foreground = true;
    } else {
      solid.push(owner);
    }
  }
  if (solid.length === owners.length) return [];
  if (solid.length > 0) return [...absent, setOwners(item, solid)];
  const hasDependents = view.dependents(metadata.uid).length > 0;
  return [...absent, remove(item, foreground && hasDependents ? "Foreground" : policyOf(item.object))];
}

/** What a client asked for when it first deleted the object stays asked for. */
function policyOf(object: KubeObject): "Orphan" | "Foreground" | "Background" {
  const finalizers = object.metadata.finalizers ?? [];
  if (finalizers.includes(ORPHAN)) return "Orphan";
  return finalizers.includes(FOREGROUND) ? "Foreground" : "Background";
}

/** Foreground: the owner goes when no dependent is left that blocks it. */
function deleteDependents(view: View, item: Dependent): Action[] {
  const { uid } = item.object.metadata;
  const blocking = view
    .dependents(uid)
    .filter(({ object }) =>
      object.metadata.ownerReferences?.some((owner) => owner.uid === uid && owner.blockOwnerDeletion === true),
    );
  // Dependents are collected by themselves: they see that their owner waits for them.
  return blocking.length > 0 ? [] : [dropFinalizer(item, FOREGROUND)];
}

/** Orphan: first every dependent forgets the owner, then the owner goes. */
function orphanDependents(view: View, item: Dependent): Action[] {
  const { uid } = item.object.metadata;
  const releases = view.dependents(uid).map((dependent) => {
    const others = (dependent.object.metadata.ownerReferences ?? []).filter((owner) => owner.uid !== uid);
    return setOwners(dependent, others);
  });
  return [...releases, dropFinalizer(item, ORPHAN)];
}

function setOwners({ resource, object }: Dependent, owners: readonly OwnerReference[]): Action {
  const { namespace = "", name, uid, resourceVersion } = object.metadata;
  const patch = { metadata: { uid, resourceVersion, ownerReferences: owners.length > 0 ? owners : null } };
  return { kind: "patch", resource, namespace, name, patch, absentIsFine: true };
}

function dropFinalizer({ resource, object }: Dependent, finalizer: string): Action {
  const { namespace = "", name, uid, resourceVersion } = object.metadata;
  const finalizers = (object.metadata.finalizers ?? []).filter((other) => other !== finalizer);
  const patch = { metadata: { uid, resourceVersion, finalizers: finalizers.length > 0 ? finalizers : null } };
  return { kind: "patch", resource, namespace, name, patch, absentIsFine: true };
}

function remove({ resource, object }: Dependent, propagationPolicy: "Orphan" | "Foreground" | "Background"): Action {
  const { namespace = "", name, uid } = object.metadata;
  return { kind: "delete", resource, namespace, name, uid, propagationPolicy };
}

function lookUp(
  view: View,
  kind: CollectedKind,
  owner: OwnerReference,
  namespace: string | undefined,
): KubeObject | undefined {
  const object = view.find(resourceName(kind), kind.namespaced ? (namespace ?? "") : "", owner.name);
  return object?.metadata.uid === owner.uid ? object : undefined;
}

function keyFor(resource: ResourceName, object: KubeObject): string {
  return `${resource}|${keyOf(object)}`;
}
