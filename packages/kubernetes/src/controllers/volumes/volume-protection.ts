// What is in use is not deleted: pkg/controller/volume/{pvcprotection,pvprotection} of Kubernetes.
import type { Change, Controller } from "../controller.ts";
import { NOTHING, type Plan } from "../plan.ts";
import { keyOf, splitKey, type StoredPod, type TypedResource, type View } from "../view.ts";
import { CLAIM_PROTECTION, VOLUME_PROTECTION } from "./volume-names.ts";

/** A claim that is being deleted stays until no scheduled pod mentions it. */
export const claimProtection: Controller = {
  name: "pvc-protection-controller",
  watches: ["persistentvolumeclaims", "pods"],
  keysOf(change: Change): string[] {
    const object = change.next ?? change.old;
    if (object === undefined) return [];
    if (change.resource === "persistentvolumeclaims") return change.next === undefined ? [] : [keyOf(object)];
    // A pod that lives can only begin to use claims.
    if (change.next !== undefined) return [];
    return claimsOf(object as unknown as StoredPod).map((name) => `${object.metadata.namespace ?? ""}/${name}`);
  },
  reconcile(view: View, key: string): Plan {
    const [namespace, name] = splitKey(key);
    const claim = view.get("persistentvolumeclaims", namespace, name);
    if (claim === undefined) return NOTHING;
    const used = (): boolean =>
      view.list("pods", namespace).some((pod) => (pod.spec?.nodeName ?? "") !== "" && claimsOf(pod).includes(name));
    return protect("persistentvolumeclaims", claim.metadata, CLAIM_PROTECTION, used);
  },
};

/** A volume that is being deleted stays while it is Bound. */
export const volumeProtection: Controller = {
  name: "pv-protection-controller",
  watches: ["persistentvolumes"],
  keysOf(change: Change): string[] {
    return change.next === undefined ? [] : [keyOf(change.next)];
  },
  reconcile(view: View, key: string): Plan {
    const volume = view.get("persistentvolumes", "", key);
    if (volume === undefined) return NOTHING;
    return protect("persistentvolumes", volume.metadata, VOLUME_PROTECTION, () => volume.status?.phase === "Bound");
  },
};

type Metadata = StoredPod["metadata"];

function protect(resource: TypedResource, metadata: Metadata, finalizer: string, used: () => boolean): Plan {
  const finalizers = metadata.finalizers ?? [];
  const has = finalizers.includes(finalizer);
  const deleting = metadata.deletionTimestamp !== undefined;
  if (deleting !== has || (deleting && used())) return NOTHING;
  const next = deleting ? finalizers.filter((other) => other !== finalizer) : [...finalizers, finalizer];
  const { namespace = "", name, uid, resourceVersion } = metadata;
  const patch = { metadata: { uid, resourceVersion, finalizers: next.length > 0 ? next : null } };
  return { steps: [{ kind: "patch", resource, namespace, name, patch, absentIsFine: true }] };
}

function claimsOf(pod: StoredPod): string[] {
  return (pod.spec?.volumes ?? []).flatMap((volume) => volume.persistentVolumeClaim?.claimName ?? []);
}
