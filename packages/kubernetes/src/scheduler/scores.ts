// Which of the possible nodes is best: the default score plugins of pkg/scheduler of Kubernetes with their weights, less
// what means nothing on one machine (image locality, balance of resources that nobody enforces).
import { matchesNodeTerm } from "../controllers/node-selector.ts";
import type { StoredPod } from "../controllers/view.ts";
import type { Cluster, NodeState } from "./cluster.ts";
import { tolerates } from "./filters.ts";
import { affinityPreference } from "./pod-affinity.ts";
import { amountOf, podRequestsForScoring } from "./pod-resources.ts";
import { crowding } from "./topology-spread.ts";

const TAINT_WEIGHT = 3;
const NODE_AFFINITY_WEIGHT = 2;
const SPREAD_WEIGHT = 2;
const POD_AFFINITY_WEIGHT = 2;

/** The best of `candidates`, which are not empty; of equals the first, so the same cluster gives the same answer. */
export function chooseNode(cluster: Cluster, pod: StoredPod, candidates: readonly NodeState[]): NodeState | undefined {
  const taints = normalized(candidates.map((state) => -unwelcoming(pod, state)));
  const nodeAffinity = normalized(candidates.map((state) => nodePreference(pod, state)));
  const spread = normalized(candidates.map((state) => -crowding(cluster, pod, state)));
  const podAffinity = normalized(candidates.map((state) => affinityPreference(cluster, pod, state)));
  let best: NodeState | undefined;
  let bestScore = Number.NEGATIVE_INFINITY;
  for (const [index, state] of candidates.entries()) {
    const score =
      TAINT_WEIGHT * (taints[index] ?? 0) +
      NODE_AFFINITY_WEIGHT * (nodeAffinity[index] ?? 0) +
      SPREAD_WEIGHT * (spread[index] ?? 0) +
      POD_AFFINITY_WEIGHT * (podAffinity[index] ?? 0) +
      freeShare(pod, state);
    if (score > bestScore) [best, bestScore] = [state, score];
  }
  return best;
}

/** Linear to 0…100, all 100 when they are equal. */
function normalized(values: readonly number[]): number[] {
  const low = Math.min(...values);
  const high = Math.max(...values);
  return values.map((value) => (high === low ? 100 : (100 * (value - low)) / (high - low)));
}

function unwelcoming(pod: StoredPod, { node }: NodeState): number {
  return (node.spec?.taints ?? []).filter((taint) => taint.effect === "PreferNoSchedule" && !tolerates(pod, taint))
    .length;
}

function nodePreference(pod: StoredPod, { node }: NodeState): number {
  let total = 0;
  for (const { weight, preference } of pod.spec?.affinity?.nodeAffinity
    ?.preferredDuringSchedulingIgnoredDuringExecution ?? []) {
    if (matchesNodeTerm(preference, node)) total += weight;
  }
  return total;
}

/** Percent of CPU and memory, on average, that would be left (NodeResourcesFit, LeastAllocated). */
function freeShare(pod: StoredPod, { node, pods }: NodeState): number {
  const allocatable = node.status?.allocatable ?? {};
  let total = 0;
  for (const name of ["cpu", "memory"]) {
    const capacity = Number(amountOf(allocatable[name]));
    const used = [...pods, pod].reduce((sum, other) => sum + Number(podRequestsForScoring(other).get(name) ?? 0n), 0);
    if (capacity > 0 && used <= capacity) total += (100 * (capacity - used)) / capacity;
  }
  return total / 2;
}
