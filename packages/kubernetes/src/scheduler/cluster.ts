import type { StoredNode, StoredPod, View } from "../controllers/view.ts";

export interface NodeState {
  readonly node: StoredNode;
  /** Assigned pods whose containers have not all ended. */
  readonly pods: StoredPod[];
}

/** The nodes and what runs on them, as scheduling decisions see it. */
export interface Cluster {
  readonly view: View;
  /** Sorted by name. */
  readonly nodes: readonly NodeState[];
}

/** `assumed`: node names, by pod uid, of pods whose binding is under way. */
export function buildCluster(view: View, assumed: ReadonlyMap<string, string>): Cluster {
  const nodes = view.list("nodes").map((node) => ({ node, pods: [] as StoredPod[] }));
  const byName = new Map(nodes.map((state) => [state.node.metadata.name, state]));
  for (const pod of view.list("pods")) {
    const nodeName = pod.spec?.nodeName ?? assumed.get(pod.metadata.uid);
    if (nodeName !== undefined && !hasEnded(pod)) byName.get(nodeName)?.pods.push(pod);
  }
  return { view, nodes };
}

export function hasEnded(pod: StoredPod): boolean {
  return pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
}
