// Volumes in scheduling: pkg/scheduler/framework/plugins/volumebinding of Kubernetes.
import type { Action } from "../controllers/plan.ts";
import type { StoredClaim, StoredPod, StoredVolume, View } from "../controllers/view.ts";
import { findVolume, isReachable } from "../controllers/volumes/volume-match.ts";
import {
  BOUND_BY_CONTROLLER,
  isFullyBound,
  SELECTED_NODE,
  waitsForConsumer,
} from "../controllers/volumes/volume-names.ts";
import type { NodeState } from "./cluster.ts";

export interface PodVolumes {
  readonly bound: readonly StoredVolume[];
  /** Claims that are bound once a node is chosen. */
  readonly delayed: readonly StoredClaim[];
  /** A node was chosen for some of them, and binding is under way. */
  readonly settling: boolean;
}

export type VolumeProblem = {
  /** What the scheduler says instead of counting nodes. */
  readonly message: string;
  /** May pass by itself within moments: a volume is being made. */
  readonly passing: boolean;
};

/** What the pod's claims stand at, or why no node at all will do. */
export function podVolumes(view: View, pod: StoredPod): PodVolumes | VolumeProblem {
  const bound: StoredVolume[] = [];
  const delayed: StoredClaim[] = [];
  let unbound = false;
  let settling = false;
  for (const volume of pod.spec?.volumes ?? []) {
    const name = volume.persistentVolumeClaim?.claimName;
    if (name === undefined) continue;
    const claim = view.get("persistentvolumeclaims", pod.metadata.namespace ?? "", name);
    if (claim === undefined) return { message: `persistentvolumeclaim "${name}" not found`, passing: true };
    if (claim.status?.phase === "Lost") {
      return {
        message: `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${claim.spec?.volumeName ?? ""}"`,
        passing: false,
      };
    }
    if (claim.metadata.deletionTimestamp !== undefined)
      return { message: `persistentvolumeclaim "${name}" is being deleted`, passing: false };
    if (isFullyBound(claim)) {
      const found = view.get("persistentvolumes", "", claim.spec?.volumeName ?? "");
      if (found !== undefined) bound.push(found);
    } else if (waitsForConsumer(view, claim)) {
      delayed.push(claim);
      settling ||= claim.metadata.annotations?.[SELECTED_NODE] !== undefined;
    } else {
      unbound = true;
    }
  }
  if (unbound) return { message: "pod has unbound immediate PersistentVolumeClaims", passing: true };
  return { bound, delayed, settling };
}

/** Why the node cannot reach the pod's volumes, in the original's words; undefined when it can. */
export function volumeProblem(view: View, volumes: PodVolumes, { node }: NodeState): string | undefined {
  if (volumes.bound.some((volume) => !isReachable(volume, node))) return "node(s) had volume node affinity conflict";
  for (const claim of volumes.delayed) {
    if (findVolume(view.list("persistentvolumes"), claim, { node }) !== undefined) continue;
    const storageClass = view.get("storageclasses.storage.k8s.io", "", claim.spec?.storageClassName ?? "");
    const provisioned = storageClass !== undefined && storageClass.provisioner !== "kubernetes.io/no-provisioner";
    if (!provisioned) return "node(s) didn't find available persistent volumes to bind";
  }
  return undefined;
}

/** Tells the volume controller where the delayed claims are to be bound. */
export function chooseVolumes(view: View, volumes: PodVolumes, { node }: NodeState): Action[] {
  return volumes.delayed.map((claim) => {
    const volume = findVolume(view.list("persistentvolumes"), claim, { node });
    if (volume === undefined) {
      const { namespace = "", name, uid } = claim.metadata;
      const patch = { metadata: { uid, annotations: { [SELECTED_NODE]: node.metadata.name } } };
      return { kind: "patch", resource: "persistentvolumeclaims", namespace, name, patch };
    }
    const { namespace, name, uid, resourceVersion } = claim.metadata;
    const claimRef = { kind: "PersistentVolumeClaim", namespace, name, uid, apiVersion: "v1", resourceVersion };
    const metadata = {
      ...volume.metadata,
      annotations: { ...volume.metadata.annotations, [BOUND_BY_CONTROLLER]: "yes" },
    };
    return {
      kind: "update",
      resource: "persistentvolumes",
      object: { ...volume, metadata, spec: { ...volume.spec, claimRef } },
    };
  });
}
