// Required and preferred affinity between pods: pkg/scheduler/framework/plugins/interpodaffinity of Kubernetes.
import type { PodAffinityTerm } from "kubernetes-types/core/v1.d.ts";

import type { StoredNode, StoredPod, View } from "../controllers/view.ts";
import { matchesSelector } from "../kinds/label-selector.ts";
import type { Cluster, NodeState } from "./cluster.ts";

export type AffinityProblem = "affinity" | "anti-affinity" | "existing anti-affinity";

/** Why the pod may not run on this node beside the pods that run; undefined when it may. */
export function affinityProblem(cluster: Cluster, pod: StoredPod, candidate: NodeState): AffinityProblem | undefined {
  if (!affinityHolds(cluster, pod, candidate)) return "affinity";
  for (const term of pod.spec?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []) {
    if (countMatches(cluster, pod, term, candidate.node) > 0) return "anti-affinity";
  }
  // What runs may have asked to be kept away from pods like this one.
  for (const { node, pods } of cluster.nodes) {
    for (const other of pods) {
      for (const term of other.spec?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []) {
        if (sameDomain(term, node, candidate.node) && matchesTerm(cluster.view, other, term, pod))
          return "existing anti-affinity";
      }
    }
  }
  return undefined;
}

/** The weights of the pod's preferences that the node meets, less those it violates. */
export function affinityPreference(cluster: Cluster, pod: StoredPod, candidate: NodeState): number {
  let total = 0;
  for (const { weight, podAffinityTerm } of pod.spec?.affinity?.podAffinity
    ?.preferredDuringSchedulingIgnoredDuringExecution ?? []) {
    total += weight * countMatches(cluster, pod, podAffinityTerm, candidate.node);
  }
  for (const { weight, podAffinityTerm } of pod.spec?.affinity?.podAntiAffinity
    ?.preferredDuringSchedulingIgnoredDuringExecution ?? []) {
    total -= weight * countMatches(cluster, pod, podAffinityTerm, candidate.node);
  }
  return total;
}

function affinityHolds(cluster: Cluster, pod: StoredPod, candidate: NodeState): boolean {
  const terms = pod.spec?.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  if (terms.length === 0) return true;
  if (!terms.every((term) => Object.hasOwn(candidate.node.metadata.labels ?? {}, term.topologyKey))) return false;
  if (terms.every((term) => countMatches(cluster, pod, term, candidate.node) > 0)) return true;
  // The first of pods that want to be together has nobody to be with.
  const nobody = cluster.nodes.every(
    ({ pods }) => !pods.some((other) => terms.some((term) => matchesTerm(cluster.view, pod, term, other))),
  );
  return nobody && terms.every((term) => matchesTerm(cluster.view, pod, term, pod));
}

/** Pods that match `owner`'s term in the node's domain. */
function countMatches(cluster: Cluster, owner: StoredPod, term: PodAffinityTerm, place: StoredNode): number {
  let count = 0;
  for (const { node, pods } of cluster.nodes) {
    if (!sameDomain(term, node, place)) continue;
    for (const other of pods) if (matchesTerm(cluster.view, owner, term, other)) count++;
  }
  return count;
}

function sameDomain(term: PodAffinityTerm, left: StoredNode, right: StoredNode): boolean {
  const value = left.metadata.labels?.[term.topologyKey];
  return value !== undefined && value === right.metadata.labels?.[term.topologyKey];
}

function matchesTerm(view: View, owner: StoredPod, term: PodAffinityTerm, other: StoredPod): boolean {
  return inNamespaces(view, owner, term, other) && matchesSelector(term.labelSelector, other.metadata.labels);
}

/** Without namespaces and selector the owner's namespace is meant; with both, either will do. */
function inNamespaces(view: View, owner: StoredPod, term: PodAffinityTerm, other: StoredPod): boolean {
  const { namespace = "" } = other.metadata;
  const named = term.namespaces ?? [];
  if (named.length === 0 && term.namespaceSelector === undefined) return namespace === owner.metadata.namespace;
  if (named.includes(namespace)) return true;
  return (
    matchesSelector(term.namespaceSelector, view.get("namespaces", "", namespace)?.metadata.labels) &&
    term.namespaceSelector !== undefined
  );
}
