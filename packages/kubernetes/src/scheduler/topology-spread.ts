// Topology spread constraints: pkg/scheduler/framework/plugins/podtopologyspread of Kubernetes.
import type { TopologySpreadConstraint } from "kubernetes-types/core/v1.d.ts";

import type { StoredPod } from "../controllers/view.ts";
import { matchesSelector } from "../kinds/label-selector.ts";
import type { Cluster, NodeState } from "./cluster.ts";
import { selectsNode } from "./node-affinity.ts";

/** Why the pod's `DoNotSchedule` constraints refuse this node. */
export function spreadProblem(
  cluster: Cluster,
  pod: StoredPod,
  candidate: NodeState,
): "missing label" | "skew" | undefined {
  for (const constraint of pod.spec?.topologySpreadConstraints ?? []) {
    if (constraint.whenUnsatisfiable !== "DoNotSchedule") continue;
    const domain = candidate.node.metadata.labels?.[constraint.topologyKey];
    if (domain === undefined) return "missing label";
    const counts = countDomains(cluster, pod, constraint);
    // Fewer domains than asked for count as if there were empty ones.
    const least = counts.size < (constraint.minDomains ?? 1) ? 0 : Math.min(...counts.values());
    const own = matchesSelector(constraint.labelSelector, pod.metadata.labels) ? 1 : 0;
    if ((counts.get(domain) ?? 0) + own - least > constraint.maxSkew) return "skew";
  }
  return undefined;
}

/** Pods like this one that the pod's soft constraints, or else its controller, would rather have elsewhere. */
export function crowding(cluster: Cluster, pod: StoredPod, candidate: NodeState): number {
  const soft = (pod.spec?.topologySpreadConstraints ?? []).filter(
    (constraint) => constraint.whenUnsatisfiable === "ScheduleAnyway",
  );
  if (soft.length > 0) {
    return soft.reduce((sum, constraint) => {
      const domain = candidate.node.metadata.labels?.[constraint.topologyKey] ?? "";
      return sum + (countDomains(cluster, pod, constraint).get(domain) ?? 0);
    }, 0);
  }
  const controller = pod.metadata.ownerReferences?.find((owner) => owner.controller === true)?.uid;
  if (controller === undefined) return 0;
  return candidate.pods.filter((other) =>
    other.metadata.ownerReferences?.some((owner) => owner.controller === true && owner.uid === controller),
  ).length;
}

/** Matching pods in each domain that has a node the pod may select. */
function countDomains(cluster: Cluster, pod: StoredPod, constraint: TopologySpreadConstraint): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { node, pods } of cluster.nodes) {
    const domain = node.metadata.labels?.[constraint.topologyKey];
    if (domain === undefined || !selectsNode(pod, node)) continue;
    const matching = pods.filter(
      (other) =>
        other.metadata.namespace === pod.metadata.namespace &&
        other.metadata.deletionTimestamp === undefined &&
        matchesSelector(constraint.labelSelector, other.metadata.labels),
    );
    counts.set(domain, (counts.get(domain) ?? 0) + matching.length);
  }
  return counts;
}
