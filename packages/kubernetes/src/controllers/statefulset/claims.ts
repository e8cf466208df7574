// The claims of a StatefulSet's pods and who owns them: createPersistentVolumeClaims, PodClaimIsStale and the retention
// rules of pkg/controller/statefulset/{stateful_pod_control,stateful_set_utils}.go of Kubernetes.
import type { OwnerReference } from "kubernetes-types/meta/v1.d.ts";

import type { Action } from "../plan.ts";
import type { StoredClaim, StoredPod, StoredStatefulSet, View } from "../view.ts";
import { claimName, controllerReference, isInRange, ordinalOf } from "./pod-identity.ts";
import { claimOutcome, podFailure } from "./set-events.ts";

/** Creates the claims of an ordinal that do not exist. A claim that is being deleted blocks its pod. */
export function createMissingClaims(
  view: View,
  set: StoredStatefulSet,
  podName: string,
  verb: "create" | "update",
): Action[] {
  const actions: Action[] = [];
  const deleting: string[] = [];
  for (const template of set.spec?.volumeClaimTemplates ?? []) {
    const ordinal = ordinalOf(set.metadata.name, podName);
    const name = claimName(template.metadata?.name ?? "", set.metadata.name, ordinal);
    const known = view.get("persistentvolumeclaims", namespaceOf(set), name);
    if (known?.metadata.deletionTimestamp !== undefined) deleting.push(`pvc ${name} is being deleted`);
    if (known !== undefined) continue;
    const { annotations, labels, finalizers } = template.metadata ?? {};
    const owners = policyOf(set).whenDeleted === "Delete" ? [controllerReference(set)] : undefined;
    const object = {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: {
        name,
        namespace: set.metadata.namespace,
        labels: { ...labels, ...set.spec?.selector.matchLabels },
        ...(annotations === undefined ? {} : { annotations: { ...annotations } }),
        ...(finalizers === undefined ? {} : { finalizers: [...finalizers] }),
        ...(owners === undefined ? {} : { ownerReferences: owners }),
      },
      spec: structuredClone(template.spec),
    };
    actions.push({
      kind: "create",
      resource: "persistentvolumeclaims",
      object,
      existsIsFine: true,
      outcome: claimOutcome(set, verb, name, podName),
    });
  }
  if (deleting.length > 0) {
    const message = deleting.length === 1 ? (deleting[0] ?? "") : `[${deleting.join(", ")}]`;
    actions.push({ kind: "fail", message, outcome: { failure: [podFailure(set, verb, podName, "")] } });
  }
  return actions;
}

/**
 * Whether a claim of this ordinal still belongs to an earlier pod of that name (whenScaled: Delete): garbage collection
 * is about to delete it, and the new pod must not start on it.
 */
export function hasStaleClaim(view: View, set: StoredStatefulSet, podName: string): boolean {
  if (policyOf(set).whenScaled !== "Delete") return false;
  const living = view.get("pods", namespaceOf(set), podName)?.metadata.uid;
  return claimsOf(view, set, podName).some((claim) =>
    (claim.metadata.ownerReferences ?? []).some(
      (owner) => owner.kind === "Pod" && owner.name === podName && owner.uid !== living,
    ),
  );
}

/** Brings the owners of the pod's existing claims in line with the retention policy. Empty when they are. */
export function repairClaimOwners(view: View, set: StoredStatefulSet, pod: StoredPod): Action[] {
  const actions: Action[] = [];
  for (const claim of claimsOf(view, set, pod.metadata.name)) {
    const owners = ownersFor(set, pod, claim);
    if (owners === undefined) continue;
    const copy = structuredClone(claim);
    copy.metadata.ownerReferences = owners;
    actions.push({ kind: "update", resource: "persistentvolumeclaims", object: copy });
  }
  return actions;
}

/** The owner references that the claim should have, or undefined when it has them. */
function ownersFor(set: StoredStatefulSet, pod: StoredPod, claim: StoredClaim): OwnerReference[] | undefined {
  const present = claim.metadata.ownerReferences ?? [];
  const others = present.filter((owner) => owner.uid !== set.metadata.uid && owner.uid !== pod.metadata.uid);
  // Somebody else manages this claim; its life is theirs.
  if (others.some((owner) => owner.controller === true)) return undefined;
  const { whenDeleted, whenScaled } = policyOf(set);
  const condemned = !isInRange(set, ordinalOf(set.metadata.name, pod.metadata.name));
  const podOwns = whenScaled === "Delete" && condemned;
  const setOwns = whenDeleted === "Delete" && !podOwns;
  const wanted = [...others];
  if (setOwns) wanted.push(controllerReference(set));
  if (podOwns) wanted.push(podReference(pod));
  const same =
    wanted.length === present.length &&
    wanted.every((owner) =>
      present.some((other) => other.uid === owner.uid && (other.controller ?? false) === (owner.controller ?? false)),
    );
  return same ? undefined : wanted;
}

function podReference(pod: StoredPod): OwnerReference {
  return {
    apiVersion: "v1",
    kind: "Pod",
    name: pod.metadata.name,
    uid: pod.metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

function claimsOf(view: View, set: StoredStatefulSet, podName: string): StoredClaim[] {
  const ordinal = ordinalOf(set.metadata.name, podName);
  return (set.spec?.volumeClaimTemplates ?? []).flatMap((template) => {
    const name = claimName(template.metadata?.name ?? "", set.metadata.name, ordinal);
    return view.get("persistentvolumeclaims", namespaceOf(set), name) ?? [];
  });
}

function policyOf(set: StoredStatefulSet): { readonly whenDeleted: string; readonly whenScaled: string } {
  const policy = set.spec?.persistentVolumeClaimRetentionPolicy;
  return { whenDeleted: policy?.whenDeleted ?? "Retain", whenScaled: policy?.whenScaled ?? "Retain" };
}

function namespaceOf(set: StoredStatefulSet): string {
  return set.metadata.namespace ?? "";
}
