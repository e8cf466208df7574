// The StatefulSet controller: pkg/controller/statefulset/{stateful_set,stateful_set_control}.go of Kubernetes.
import type { KubeObject } from "../../api/object.ts";
import { matchesSelector } from "../../kinds/label-selector.ts";
import type { Change, Controller } from "../controller.ts";
import { NOTHING, type Action, type Plan } from "../plan.ts";
import { keyOf, splitKey, type StoredPod, type StoredStatefulSet, type View } from "../view.ts";
import { claimPods } from "./ownership.ts";
import { isCreated, isHealthy, isTerminating, untilAvailableMs } from "./pod-health.ts";
import { claimName, ordinalOf, revisionOf } from "./pod-identity.ts";
import { chooseRevisions, listRevisions, truncateHistory, type Revisions } from "./revisions.ts";
import { deletePod, scale, sortReplicas } from "./scaling.ts";
import { countPods, nextStatus } from "./status.ts";

export const statefulSetController: Controller = {
  name: "statefulset-controller",
  watches: ["statefulsets.apps", "pods", "persistentvolumeclaims", "controllerrevisions.apps"],
  keysOf,
  reconcile,
};

function keysOf(change: Change, view: View): string[] {
  const object = change.next ?? change.old;
  if (object === undefined) return [];
  switch (change.resource) {
    case "statefulsets.apps":
      return [keyOf(object)];
    case "pods":
      return keysOfPod(change, object, view);
    case "persistentvolumeclaims":
      // A claim that is being deleted blocks the next pod of its ordinal until it is gone.
      return change.next === undefined ? keysOfClaim(object, view) : [];
    default:
      // Revisions change by our own hand; only when somebody deletes one there is something to do.
      return change.next === undefined
        ? setsIn(view, object)
            .filter((set) => isControlledBy(object, set))
            .map(keyOf)
        : [];
  }
}

function keysOfPod(change: Change, pod: KubeObject, view: View): string[] {
  return setsIn(view, pod)
    .filter((set) => {
      if ([change.old, change.next].some((version) => version !== undefined && isControlledBy(version, set)))
        return true;
      // An orphan that may be adopted.
      return (
        controllerOf(pod) === undefined &&
        ordinalOf(set.metadata.name, pod.metadata.name) >= 0 &&
        matchesSelector(set.spec?.selector, pod.metadata.labels)
      );
    })
    .map(keyOf);
}

function keysOfClaim(claim: KubeObject, view: View): string[] {
  return setsIn(view, claim)
    .filter((set) =>
      (set.spec?.volumeClaimTemplates ?? []).some((template) => {
        const prefix = claimName(template.metadata?.name ?? "", set.metadata.name, 0).slice(0, -1);
        return claim.metadata.name.startsWith(prefix) && /^\d+$/.test(claim.metadata.name.slice(prefix.length));
      }),
    )
    .map(keyOf);
}

function reconcile(view: View, key: string, now: number): Plan {
  const set = view.get("statefulsets.apps", ...splitKey(key));
  if (set === undefined) return NOTHING;
  const revisions = listRevisions(view, set);
  const { pods, steps: claims } = claimPods(view, set, revisions);
  // What was adopted or released shows in the next pass, which the change itself brings about.
  if (claims.length > 0) return { steps: claims };

  const chosen = chooseRevisions(view, set, revisions);
  const counts = countPods(set, pods, chosen, now);
  const plan = { requeue: untilNextAvailable(set, pods, now), history: truncateHistory(set, revisions, pods, chosen) };
  if (set.metadata.deletionTimestamp !== undefined) {
    // A revision made now would be garbage at once: the collector takes what the set owns.
    return finish(set, counts, chosen, [], plan);
  }
  const replicas = sortReplicas(set, pods, chosen);
  const scaling = scale(view, set, replicas, chosen, now);
  const steps = [...chosen.steps, ...scaling.steps];
  if (!scaling.blocked) {
    const outdated = nextToUpdate(set, replicas.wanted, chosen);
    if (outdated !== undefined) {
      steps.push(deletePod(set, outdated));
      // It still counts as a replica, but no longer as one of the old revision.
      if (counts.currentReplicas > 0) counts.currentReplicas--;
    }
  }
  return finish(set, counts, chosen, steps, plan);
}

/**
 * The one pod that a rolling update deletes now: from the highest index down to the partition, the first that has
 * another revision, unless a pod above it is not healthy yet.
 */
function nextToUpdate(
  set: StoredStatefulSet,
  wanted: readonly StoredPod[],
  revisions: Revisions,
): StoredPod | undefined {
  const strategy = set.spec?.updateStrategy;
  if (strategy?.type === "OnDelete") return undefined;
  const partition = strategy?.rollingUpdate?.partition ?? 0;
  for (let index = wanted.length - 1; index >= partition; index--) {
    const pod = wanted[index];
    if (pod === undefined || !isCreated(pod)) return undefined;
    if (revisionOf(pod) !== revisions.update.name && !isTerminating(pod)) return pod;
    if (!isHealthy(pod)) return undefined;
  }
  return undefined;
}

function finish(
  set: StoredStatefulSet,
  counts: ReturnType<typeof countPods>,
  chosen: Revisions,
  steps: Plan["steps"],
  plan: { readonly requeue: number; readonly history: readonly Action[] },
): Plan {
  const status = nextStatus(set, counts, chosen);
  const write: Action[] =
    status === undefined ? [] : [{ kind: "updateStatus", resource: "statefulsets.apps", object: { ...set, status } }];
  return {
    steps,
    finally: [...write, ...plan.history],
    ...(Number.isFinite(plan.requeue) ? { requeueAfterMs: plan.requeue } : {}),
  };
}

/** When the next Ready pod will have been Ready long enough; Infinity when there is none to wait for. */
function untilNextAvailable(set: StoredStatefulSet, pods: readonly StoredPod[], now: number): number {
  const waits = pods
    .map((pod) => untilAvailableMs(pod, set.spec?.minReadySeconds ?? 0, now))
    .filter((wait) => wait > 0);
  return Math.min(...waits, Number.POSITIVE_INFINITY);
}

function setsIn(view: View, object: KubeObject): readonly StoredStatefulSet[] {
  return view.list("statefulsets.apps", object.metadata.namespace);
}

function isControlledBy(object: KubeObject, set: StoredStatefulSet): boolean {
  return controllerOf(object) === set.metadata.uid;
}

function controllerOf(object: KubeObject): string | undefined {
  return object.metadata.ownerReferences?.find((owner) => owner.controller === true)?.uid;
}
