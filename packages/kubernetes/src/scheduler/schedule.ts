// Where a pod goes, or why nowhere, in the words of pkg/scheduler/framework/types.go (FitError) and
// pkg/scheduler/framework/preemption of Kubernetes.
import type { Action } from "../controllers/plan.ts";
import type { StoredPod } from "../controllers/view.ts";
import type { Cluster, NodeState } from "./cluster.ts";
import { refuse } from "./filters.ts";
import { chooseNode } from "./scores.ts";
import { chooseVolumes, podVolumes } from "./volume-filter.ts";

export type Decision =
  | { readonly kind: "bind"; readonly state: NodeState }
  /** The node is chosen; its volumes must be bound before the pod is. */
  | { readonly kind: "bindVolumes"; readonly steps: readonly Action[] }
  /** Volumes are being bound. */
  | { readonly kind: "wait" }
  | {
      readonly kind: "unschedulable";
      readonly message: string;
      /** May pass by itself within moments. */
      readonly passing: boolean;
    };

const NOT_HELPFUL = "Preemption is not helpful for scheduling";
const NO_VICTIMS = "No preemption victims found for incoming pod";

export function schedule(cluster: Cluster, pod: StoredPod): Decision {
  if (cluster.nodes.length === 0)
    return { kind: "unschedulable", message: "no nodes available to schedule pods", passing: false };
  const volumes = podVolumes(cluster.view, pod);
  if ("message" in volumes) {
    const words = histogram(cluster.nodes.map(() => NOT_HELPFUL));
    return {
      kind: "unschedulable",
      message: complaint(cluster, pod, volumes.message, words),
      passing: volumes.passing,
    };
  }
  if (volumes.settling) return { kind: "wait" };
  const candidates: NodeState[] = [];
  const reasons: string[] = [];
  const preemption: string[] = [];
  for (const state of cluster.nodes) {
    const refusal = refuse(cluster, pod, volumes, state);
    if (refusal === undefined) candidates.push(state);
    else {
      reasons.push(...refusal.reasons);
      preemption.push(refusal.preemptionMayHelp ? NO_VICTIMS : NOT_HELPFUL);
    }
  }
  const state = chooseNode(cluster, pod, candidates);
  if (state === undefined) {
    return {
      kind: "unschedulable",
      message: complaint(cluster, pod, histogram(reasons), histogram(preemption)),
      passing: false,
    };
  }
  if (volumes.delayed.length > 0) return { kind: "bindVolumes", steps: chooseVolumes(cluster.view, volumes, state) };
  return { kind: "bind", state };
}

function complaint(cluster: Cluster, pod: StoredPod, reasons: string, preemption: string): string {
  const none = `0/${cluster.nodes.length} nodes are available:`;
  const tried =
    pod.spec?.preemptionPolicy === "Never" ? "not eligible due to preemptionPolicy=Never." : `${none} ${preemption}.`;
  return `${none} ${reasons}. preemption: ${tried}`;
}

/** `2 these, 1 those`, sorted as texts, counts included. */
function histogram(reasons: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts]
    .map(([reason, count]) => `${count} ${reason}`)
    .sort()
    .join(", ");
}
