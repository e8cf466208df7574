// Whose pods these are: pkg/controller/controller_ref_manager.go of Kubernetes.
import { matchesSelector } from "../../kinds/label-selector.ts";
import type { Action } from "../plan.ts";
import type { StoredPod, StoredRevision, StoredStatefulSet, TypedResource, View } from "../view.ts";
import { isTerminating } from "./pod-health.ts";
import { controllerReference, ordinalOf } from "./pod-identity.ts";

export interface Ownership {
  /** Controlled by the set, matching, and named as its pods are. */
  readonly pods: readonly StoredPod[];
  /** Takes orphans in and lets go what no longer matches. */
  readonly steps: readonly Action[];
}

export function claimPods(view: View, set: StoredStatefulSet, revisions: readonly StoredRevision[]): Ownership {
  const pods: StoredPod[] = [];
  const adoptions: Action[] = [];
  const releases: Action[] = [];
  const deleting = set.metadata.deletionTimestamp !== undefined;
  for (const pod of view.list("pods", set.metadata.namespace)) {
    const controller = pod.metadata.ownerReferences?.find((owner) => owner.controller === true);
    const matches =
      matchesSelector(set.spec?.selector, pod.metadata.labels) && ordinalOf(set.metadata.name, pod.metadata.name) >= 0;
    if (controller?.uid === set.metadata.uid) {
      if (matches) pods.push(pod);
      else if (!deleting) releases.push(changeOwners("pods", pod, set, false));
    } else if (controller === undefined && matches && !deleting && !isTerminating(pod)) {
      adoptions.push(changeOwners("pods", pod, set, true));
    }
  }
  if (!deleting) {
    for (const revision of revisions) {
      const owned = revision.metadata.ownerReferences?.some((owner) => owner.controller === true) ?? false;
      if (!owned) adoptions.push(changeOwners("controllerrevisions.apps", revision, set, true));
    }
  }
  // The cache may hold a set that is gone, or gone and made again; its orphans are not for this one to take.
  const { namespace = "", name, uid } = set.metadata;
  const guard: Action[] =
    adoptions.length > 0 ? [{ kind: "require", resource: "statefulsets.apps", namespace, name, uid }] : [];
  return { pods, steps: [...releases, ...guard, ...adoptions] };
}

function changeOwners(
  resource: TypedResource,
  object: StoredPod | StoredRevision,
  set: StoredStatefulSet,
  adopt: boolean,
): Action {
  const { namespace = "", name, uid, resourceVersion } = object.metadata;
  const others = (object.metadata.ownerReferences ?? []).filter((owner) => owner.uid !== set.metadata.uid);
  const ownerReferences = adopt ? [...others, controllerReference(set)] : others;
  const patch = {
    metadata: { uid, resourceVersion, ownerReferences: ownerReferences.length > 0 ? ownerReferences : null },
  };
  return { kind: "patch", resource, namespace, name, patch, absentIsFine: true };
}
