// Annotations, finalizers and reasons of pkg/controller/volume/persistentvolume and its neighbours in Kubernetes.
import type { StoredClaim, StoredClass, StoredVolume, View } from "../view.ts";

export const BIND_COMPLETED = "pv.kubernetes.io/bind-completed";
export const BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller";
export const PROVISIONED_BY = "pv.kubernetes.io/provisioned-by";
export const SELECTED_NODE = "volume.kubernetes.io/selected-node";
export const STORAGE_PROVISIONER = "volume.kubernetes.io/storage-provisioner";
export const BETA_STORAGE_PROVISIONER = "volume.beta.kubernetes.io/storage-provisioner";
const DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class";

export const CLAIM_PROTECTION = "kubernetes.io/pvc-protection";
export const VOLUME_PROTECTION = "kubernetes.io/pv-protection";
/** Keeps a volume object until its folder is deleted. */
export const VOLUME_DELETION = "kubernetes.io/pv-controller";

/** Provisioners that mean a folder on this machine: the lab's own, and those that tutorials name. */
export const LOCAL_PROVISIONERS: ReadonlySet<string> = new Set([
  "ordinal.dev/local",
  "k8s.io/minikube-hostpath",
  "kubernetes.io/host-path",
  "rancher.io/local-path",
]);

/** The volume's claimRef names this claim and no earlier one of that name. */
export function isBoundTo(volume: StoredVolume, claim: StoredClaim): boolean {
  const ref = volume.spec?.claimRef;
  if (ref === undefined || ref.name !== claim.metadata.name || ref.namespace !== claim.metadata.namespace) return false;
  return ref.uid === undefined || ref.uid === "" || ref.uid === claim.metadata.uid;
}

/** Both sides have settled: a pod may use the claim. */
export function isFullyBound(claim: StoredClaim): boolean {
  return (claim.spec?.volumeName ?? "") !== "" && claim.metadata.annotations?.[BIND_COMPLETED] !== undefined;
}

/** The class of claims that name none: of several the youngest, then the first by name. */
export function defaultClass(view: View): StoredClass | undefined {
  let chosen: StoredClass | undefined;
  for (const candidate of view.list("storageclasses.storage.k8s.io")) {
    if (candidate.metadata.annotations?.[DEFAULT_CLASS] !== "true") continue;
    if (
      chosen === undefined ||
      Date.parse(candidate.metadata.creationTimestamp) > Date.parse(chosen.metadata.creationTimestamp)
    )
      chosen = candidate;
  }
  return chosen;
}

/** The claim waits for a pod to be scheduled before it is bound. */
export function waitsForConsumer(view: View, claim: StoredClaim): boolean {
  const name = claim.spec?.storageClassName ?? "";
  const storageClass = name === "" ? undefined : view.get("storageclasses.storage.k8s.io", "", name);
  return storageClass?.volumeBindingMode === "WaitForFirstConsumer";
}
