import { matchesNodeTerm } from "../controllers/node-selector.ts";
import type { StoredNode, StoredPod } from "../controllers/view.ts";
// A pod's own choice of nodes: component-helpers/scheduling/corev1/nodeaffinity of Kubernetes.
import { matchesLabels } from "../kinds/label-selector.ts";

/** nodeSelector and required node affinity; a missing affinity matches, an empty one does not. */
export function selectsNode(pod: StoredPod, node: StoredNode): boolean {
  if (!matchesLabels(pod.spec?.nodeSelector ?? {}, node.metadata.labels)) return false;
  const required = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return required === undefined || required.nodeSelectorTerms.some((term) => matchesNodeTerm(term, node));
}
