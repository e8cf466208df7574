import type { StoredPod } from "../view.ts";

/** The kubelet or the API has given it a phase; a replica that is only planned has none. */
export function isCreated(pod: StoredPod): boolean {
  return pod.status?.phase !== undefined && pod.status.phase !== "";
}

export function isTerminating(pod: StoredPod): boolean {
  return pod.metadata.deletionTimestamp !== undefined;
}

/** Failed or Succeeded: its containers ended and will not start again. */
export function isTerminal(pod: StoredPod): boolean {
  return pod.status?.phase === "Failed" || pod.status?.phase === "Succeeded";
}

export function isRunningAndReady(pod: StoredPod): boolean {
  return pod.status?.phase === "Running" && readyCondition(pod)?.status === "True";
}

/** Running, Ready and not about to go. */
export function isHealthy(pod: StoredPod): boolean {
  return isRunningAndReady(pod) && !isTerminating(pod);
}

/** Milliseconds until a Running and Ready pod has been Ready for `minReadySeconds`; 0 when it has, Infinity when it is not Ready. */
export function untilAvailableMs(pod: StoredPod, minReadySeconds: number, now: number): number {
  if (!isRunningAndReady(pod)) return Number.POSITIVE_INFINITY;
  if (minReadySeconds === 0) return 0;
  const since = Date.parse(readyCondition(pod)?.lastTransitionTime ?? "");
  if (Number.isNaN(since)) return Number.POSITIVE_INFINITY;
  return Math.max(0, since + minReadySeconds * 1000 - now);
}

function readyCondition(pod: StoredPod): { readonly status: string; readonly lastTransitionTime?: string } | undefined {
  return pod.status?.conditions?.find((condition) => condition.type === "Ready");
}
