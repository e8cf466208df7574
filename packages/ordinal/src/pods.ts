import type { StatefulSet } from "kubernetes-types/apps/v1.d.ts";
import type { ContainerStatus, Pod } from "kubernetes-types/core/v1.d.ts";

/** One pod as the progress view and `status` show it. */
export interface PodLine {
  readonly namespace: string;
  readonly name: string;
  readonly address: string;
  readonly ready: boolean;
  readonly status: string;
  /** Set when the pod cannot become Ready by waiting a little: why, in the kubelet's words. */
  readonly problem: string | undefined;
}

/** Waiting reasons that mean trouble rather than progress. */
const TROUBLE = /BackOff|^Err|Error$|^InvalidImageName|^ImageInspect/;

function podLine(pod: Pod): PodLine {
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  const ready = pod.status?.conditions?.some((one) => one.type === "Ready" && one.status === "True") ?? false;
  const done = pod.status?.phase === "Succeeded";
  const trouble = statuses.find((one) => TROUBLE.test(one.state?.waiting?.reason ?? ""));
  return {
    namespace: pod.metadata?.namespace ?? "",
    name: pod.metadata?.name ?? "",
    address: pod.status?.podIP ?? "",
    ready: ready || done,
    status: pod.metadata?.deletionTimestamp === undefined ? phaseOf(pod, statuses) : "Terminating",
    problem:
      trouble === undefined
        ? unschedulable(pod)
        : `${trouble.state?.waiting?.reason}: ${trouble.state?.waiting?.message ?? trouble.image}`,
  };
}

function phaseOf(pod: Pod, statuses: readonly ContainerStatus[]): string {
  const waiting = statuses
    .map((one) => one.state?.waiting?.reason)
    .find((reason) => reason !== undefined && reason !== "PodInitializing");
  return waiting ?? pod.status?.phase ?? "Pending";
}

function unschedulable(pod: Pod): string | undefined {
  const condition = pod.status?.conditions?.find((one) => one.type === "PodScheduled" && one.status === "False");
  return condition?.reason === "Unschedulable" ? condition.message : undefined;
}

export interface Progress {
  readonly ready: number;
  readonly wanted: number;
  readonly lines: readonly PodLine[];
}

/** How far the lab is: what its StatefulSets and single pods want, against what is Ready of the present revision. */
export function progressOf(pods: readonly Pod[], sets: readonly StatefulSet[]): Progress {
  const single = pods.filter(
    (pod) => !(pod.metadata?.ownerReferences ?? []).some((owner) => owner.controller === true),
  );
  let wanted = single.length;
  let ready = single.filter((pod) => podLine(pod).ready).length;
  for (const set of sets) {
    const replicas = set.spec?.replicas ?? 1;
    const seen = (set.status?.observedGeneration ?? 0) >= (set.metadata?.generation ?? 0);
    const settled = (set.status?.replicas ?? 0) === replicas;
    wanted += replicas;
    ready +=
      seen && settled
        ? Math.min(set.status?.readyReplicas ?? 0, replicas)
        : Math.min(set.status?.readyReplicas ?? 0, Math.max(0, replicas - 1));
  }
  const lines = pods
    .map(podLine)
    .sort((a, b) => compare(a.namespace, b.namespace) || a.name.localeCompare(b.name, "en", { numeric: true }));
  return { ready, wanted, lines };
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
