// computeReplicaStatus, completeRollingUpdate and inconsistentStatus of pkg/controller/statefulset/ of Kubernetes.
import type { StatefulSetStatus } from "kubernetes-types/apps/v1.d.ts";

import type { StoredPod, StoredStatefulSet } from "../view.ts";
import { isCreated, isRunningAndReady, isTerminating, untilAvailableMs } from "./pod-health.ts";
import { replicaCount, revisionOf } from "./pod-identity.ts";
import type { Revisions } from "./revisions.ts";

export type Counts = Required<
  Pick<StatefulSetStatus, "replicas" | "readyReplicas" | "availableReplicas" | "currentReplicas" | "updatedReplicas">
>;

/** Counts pods as they were before this pass wrote anything. */
export function countPods(
  set: StoredStatefulSet,
  pods: readonly StoredPod[],
  revisions: Revisions,
  now: number,
): Counts {
  const counts = { replicas: 0, readyReplicas: 0, availableReplicas: 0, currentReplicas: 0, updatedReplicas: 0 };
  for (const pod of pods) {
    if (!isCreated(pod)) continue;
    counts.replicas++;
    if (isRunningAndReady(pod)) counts.readyReplicas++;
    if (untilAvailableMs(pod, set.spec?.minReadySeconds ?? 0, now) === 0) counts.availableReplicas++;
    if (isTerminating(pod)) continue;
    if (revisionOf(pod) === revisions.current.name) counts.currentReplicas++;
    if (revisionOf(pod) === revisions.update.name) counts.updatedReplicas++;
  }
  return counts;
}

/** The status to write, or undefined when the set has it already. */
export function nextStatus(
  set: StoredStatefulSet,
  counts: Counts,
  revisions: Revisions,
): StatefulSetStatus | undefined {
  const status = {
    ...set.status,
    ...counts,
    observedGeneration: set.metadata.generation ?? 0,
    currentRevision: revisions.current.name,
    updateRevision: revisions.update.name,
    collisionCount: revisions.collisionCount,
  };
  const wanted = replicaCount(set);
  const rolling = set.spec?.updateStrategy?.type !== "OnDelete";
  // The rollout is over: what was the update is now what pods are made from.
  if (rolling && counts.updatedReplicas === wanted && counts.readyReplicas === wanted && counts.replicas === wanted) {
    status.currentRevision = status.updateRevision;
    status.currentReplicas = counts.updatedReplicas;
  }
  return isSame(set.status, status) ? undefined : status;
}

function isSame(stored: StatefulSetStatus | undefined, next: StatefulSetStatus): boolean {
  return (
    (stored?.observedGeneration ?? 0) >= (next.observedGeneration ?? 0) &&
    (stored?.replicas ?? 0) === next.replicas &&
    (stored?.readyReplicas ?? 0) === next.readyReplicas &&
    (stored?.availableReplicas ?? 0) === next.availableReplicas &&
    (stored?.currentReplicas ?? 0) === next.currentReplicas &&
    (stored?.updatedReplicas ?? 0) === next.updatedReplicas &&
    (stored?.currentRevision ?? "") === next.currentRevision &&
    (stored?.updateRevision ?? "") === next.updateRevision &&
    stored?.collisionCount === next.collisionCount
  );
}
