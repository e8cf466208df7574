// Which nodes a pod may run on, in the order and the words of the default filter plugins of
// pkg/scheduler/framework/plugins of Kubernetes.
import type { Taint, Toleration } from "kubernetes-types/core/v1.d.ts";

import type { StoredPod } from "../controllers/view.ts";
import type { Cluster, NodeState } from "./cluster.ts";
import { selectsNode } from "./node-affinity.ts";
import { affinityProblem } from "./pod-affinity.ts";
import { amountOf, podRequests } from "./pod-resources.ts";
import { spreadProblem } from "./topology-spread.ts";
import { volumeProblem, type PodVolumes } from "./volume-filter.ts";

export interface Refusal {
  readonly reasons: readonly string[];
  /** Would other pods' leaving help? */
  readonly preemptionMayHelp: boolean;
}

/** Why the pod may not run on this node, from the first filter that refuses; undefined when it may. */
export function refuse(cluster: Cluster, pod: StoredPod, volumes: PodVolumes, state: NodeState): Refusal | undefined {
  const { node } = state;
  if (
    node.spec?.unschedulable === true &&
    !tolerates(pod, { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" })
  ) {
    return never("node(s) were unschedulable");
  }
  const nodeName = pod.spec?.nodeName ?? "";
  if (nodeName !== "" && nodeName !== node.metadata.name) return never("node(s) didn't match the requested node name");
  const taint = node.spec?.taints?.find(
    (candidate) =>
      (candidate.effect === "NoSchedule" || candidate.effect === "NoExecute") && !tolerates(pod, candidate),
  );
  if (taint !== undefined) return never(`node(s) had untolerated taint {${taint.key}: ${taint.value ?? ""}}`);
  if (!selectsNode(pod, node)) return never("node(s) didn't match Pod's node affinity/selector");
  if (hasPortConflict(pod, state)) return unless("node(s) didn't have free ports for the requested pod ports");
  const lacking = lackingResources(pod, state);
  if (lacking.length > 0) return { reasons: lacking, preemptionMayHelp: true };
  const volume = volumeProblem(cluster.view, volumes, state);
  if (volume !== undefined) return never(volume);
  const spread = spreadProblem(cluster, pod, state);
  if (spread === "missing label")
    return never("node(s) didn't match pod topology spread constraints (missing required label)");
  if (spread === "skew") return unless("node(s) didn't match pod topology spread constraints");
  switch (affinityProblem(cluster, pod, state)) {
    case "affinity":
      return never("node(s) didn't match pod affinity rules");
    case "anti-affinity":
      return unless("node(s) didn't match pod anti-affinity rules");
    case "existing anti-affinity":
      return unless("node(s) didn't satisfy existing pods anti-affinity rules");
    default:
      return undefined;
  }
}

function never(reason: string): Refusal {
  return { reasons: [reason], preemptionMayHelp: false };
}

function unless(reason: string): Refusal {
  return { reasons: [reason], preemptionMayHelp: true };
}

export function tolerates(pod: StoredPod, taint: Taint): boolean {
  return (pod.spec?.tolerations ?? []).some((toleration: Toleration) => {
    if (toleration.effect !== undefined && toleration.effect !== taint.effect) return false;
    const key = toleration.key ?? "";
    if (key !== "" && key !== taint.key) return false;
    if (toleration.operator === "Exists") return true;
    return key !== "" && (toleration.value ?? "") === (taint.value ?? "");
  });
}

/** Two pods on one node cannot have one host port, protocol and address; the address 0.0.0.0 is every address. */
function hasPortConflict(pod: StoredPod, state: NodeState): boolean {
  const wanted = hostPorts(pod);
  if (wanted.length === 0) return false;
  const taken = state.pods.flatMap(hostPorts);
  return wanted.some((a) =>
    taken.some(
      (b) =>
        a.port === b.port && a.protocol === b.protocol && (a.ip === b.ip || a.ip === "0.0.0.0" || b.ip === "0.0.0.0"),
    ),
  );
}

function hostPorts(pod: StoredPod): { port: number; protocol: string; ip: string }[] {
  return (pod.spec?.containers ?? []).flatMap((container) =>
    (container.ports ?? []).flatMap((port) =>
      (port.hostPort ?? 0) === 0
        ? []
        : { port: port.hostPort ?? 0, protocol: port.protocol ?? "TCP", ip: port.hostIP ?? "0.0.0.0" },
    ),
  );
}

function lackingResources(pod: StoredPod, { node, pods }: NodeState): string[] {
  const allocatable = node.status?.allocatable ?? node.status?.capacity ?? {};
  const reasons: string[] = [];
  if (BigInt(pods.length + 1) * 1_000_000_000n > amountOf(allocatable["pods"])) reasons.push("Too many pods");
  for (const [name, amount] of podRequests(pod)) {
    if (amount === 0n) continue;
    const used = pods.reduce((sum, other) => sum + (podRequests(other).get(name) ?? 0n), 0n);
    if (used + amount > amountOf(allocatable[name])) reasons.push(`Insufficient ${name}`);
  }
  return reasons;
}
