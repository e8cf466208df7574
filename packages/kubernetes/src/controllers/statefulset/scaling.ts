// Which pods a StatefulSet should have, and in which order they come and go: updateStatefulSet, processReplica and
// processCondemned of pkg/controller/statefulset/stateful_set_control.go of Kubernetes.
import type { Action, SlowStart } from "../plan.ts";
import type { StoredPod, StoredStatefulSet, View } from "../view.ts";
import { createMissingClaims, hasStaleClaim, repairClaimOwners } from "./claims.ts";
import { isCreated, isHealthy, isTerminal, isTerminating, untilAvailableMs } from "./pod-health.ts";
import {
  identityMatches,
  isInRange,
  newPod,
  ordinalOf,
  repaired,
  replicaCount,
  startOrdinal,
  storageMatches,
} from "./pod-identity.ts";
import type { Revision, Revisions } from "./revisions.ts";
import { podOutcome } from "./set-events.ts";

export interface Replicas {
  /** One for each wanted ordinal, ascending; those not created yet have no phase. */
  readonly wanted: readonly StoredPod[];
  /** Pods beyond the wanted ordinals, highest first. */
  readonly condemned: readonly StoredPod[];
}

export function sortReplicas(set: StoredStatefulSet, pods: readonly StoredPod[], revisions: Revisions): Replicas {
  const byOrdinal = new Map<number, StoredPod>();
  const condemned: StoredPod[] = [];
  for (const pod of pods) {
    const ordinal = ordinalOf(set.metadata.name, pod.metadata.name);
    if (isInRange(set, ordinal)) byOrdinal.set(ordinal, pod);
    else condemned.push(pod);
  }
  condemned.sort(
    (a, b) => ordinalOf(set.metadata.name, b.metadata.name) - ordinalOf(set.metadata.name, a.metadata.name),
  );
  const wanted: StoredPod[] = [];
  for (let index = 0; index < replicaCount(set); index++) {
    const ordinal = startOrdinal(set) + index;
    const revision = revisionFor(set, revisions, index);
    wanted.push(byOrdinal.get(ordinal) ?? newPod(set, revision.template, revision.name, ordinal));
  }
  return { wanted, condemned };
}

/** A pod that is made again during a rollout stays at the old revision unless the rollout has reached it. */
function revisionFor(set: StoredStatefulSet, revisions: Revisions, index: number): Revision {
  const strategy = set.spec?.updateStrategy;
  if (strategy?.type === "OnDelete") return revisions.update;
  const bound =
    strategy?.rollingUpdate === undefined
      ? (set.status?.currentReplicas ?? 0)
      : (strategy.rollingUpdate.partition ?? 0);
  return index < bound ? revisions.current : revisions.update;
}

export interface Scaling {
  readonly steps: readonly (Action | SlowStart)[];
  /** Something must happen first: updating waits. */
  readonly blocked: boolean;
}

/** Creates what is missing, then removes what is too much. In order unless the set is Parallel. */
export function scale(
  view: View,
  set: StoredStatefulSet,
  replicas: Replicas,
  revisions: Revisions,
  now: number,
): Scaling {
  return set.spec?.podManagementPolicy === "Parallel"
    ? scaleInParallel(view, set, replicas, revisions, now)
    : scaleInOrder(view, set, replicas, revisions, now);
}

function scaleInOrder(
  view: View,
  set: StoredStatefulSet,
  replicas: Replicas,
  revisions: Revisions,
  now: number,
): Scaling {
  const steps: Action[] = [];
  for (const pod of replicas.wanted) {
    const lane = tendReplica(view, set, pod, revisions, now);
    steps.push(...lane.steps);
    if (lane.waits) return { steps, blocked: true };
  }
  for (const pod of replicas.condemned) steps.push(...repairClaimOwners(view, set, pod));
  const firstUnhealthy =
    replicas.wanted.find((pod) => !isHealthy(pod)) ?? replicas.condemned.findLast((pod) => !isHealthy(pod));
  const highest = replicas.condemned[0];
  if (highest === undefined) return { steps, blocked: false };
  // A pod that is not ready holds up the removal of others, unless it is the one to look after first.
  const waits = isTerminating(highest) || (!isAvailable(set, highest, now) && highest !== firstUnhealthy);
  return { steps: waits ? steps : [...steps, deletePod(set, highest)], blocked: true };
}

function scaleInParallel(
  view: View,
  set: StoredStatefulSet,
  replicas: Replicas,
  revisions: Revisions,
  now: number,
): Scaling {
  const steps: (Action | SlowStart)[] = [];
  const lanes = replicas.wanted.map((pod) => tendReplica(view, set, pod, revisions, now).steps);
  const busy = lanes.filter((lane) => lane.length > 0);
  if (busy.length > 0) steps.push({ kind: "slowStart", lanes: busy });
  for (const pod of replicas.condemned) steps.push(...repairClaimOwners(view, set, pod));
  const doomed = replicas.condemned.filter((pod) => !isTerminating(pod));
  if (doomed.length > 0) steps.push({ kind: "slowStart", lanes: doomed.map((pod) => [deletePod(set, pod)]) });
  return { steps, blocked: false };
}

interface Lane {
  readonly steps: readonly Action[];
  /** An ordered set goes no further than this replica. */
  readonly waits: boolean;
}

function tendReplica(view: View, set: StoredStatefulSet, pod: StoredPod, revisions: Revisions, now: number): Lane {
  if (isTerminal(pod)) return { steps: isTerminating(pod) ? [] : [deletePod(set, pod)], waits: true };
  if (!isCreated(pod)) {
    if (hasStaleClaim(view, set, pod.metadata.name)) return { steps: [], waits: true };
    return { steps: createPod(view, set, pod), waits: true };
  }
  const steps = pod.status?.phase === "Pending" ? createMissingClaims(view, set, pod.metadata.name, "update") : [];
  const ordered = set.spec?.podManagementPolicy !== "Parallel";
  if (ordered && (isTerminating(pod) || !isAvailable(set, pod, now))) return { steps, waits: true };
  const updateSet = { ...set, spec: { ...set.spec, template: revisions.update.template } } as StoredStatefulSet;
  return { steps: [...steps, ...repairPod(view, updateSet, pod)], waits: false };
}

function createPod(view: View, set: StoredStatefulSet, pod: StoredPod): Action[] {
  return [
    ...createMissingClaims(view, set, pod.metadata.name, "create"),
    { kind: "create", resource: "pods", object: pod, outcome: podOutcome(set, "create", pod.metadata.name) },
  ];
}

function repairPod(view: View, set: StoredStatefulSet, pod: StoredPod): Action[] {
  const owners = repairClaimOwners(view, set, pod);
  const storage = storageMatches(set, pod);
  if (identityMatches(set, pod) && storage && owners.length === 0) return [];
  return [
    ...(storage ? [] : createMissingClaims(view, set, pod.metadata.name, "update")),
    ...owners,
    {
      kind: "update",
      resource: "pods",
      object: repaired(set, pod),
      outcome: podOutcome(set, "update", pod.metadata.name),
    },
  ];
}

export function deletePod(set: StoredStatefulSet, pod: StoredPod): Action {
  const { namespace = "", name, uid } = pod.metadata;
  return { kind: "delete", resource: "pods", namespace, name, uid, outcome: podOutcome(set, "delete", name) };
}

function isAvailable(set: StoredStatefulSet, pod: StoredPod, now: number): boolean {
  return untilAvailableMs(pod, set.spec?.minReadySeconds ?? 0, now) === 0;
}
