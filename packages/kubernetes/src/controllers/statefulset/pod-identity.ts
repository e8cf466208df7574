// Who a pod of a StatefulSet is: pkg/controller/statefulset/stateful_set_utils.go of Kubernetes.
import type { PodTemplateSpec, Volume } from "kubernetes-types/core/v1.d.ts";
import type { OwnerReference } from "kubernetes-types/meta/v1.d.ts";

import type { StoredPod, StoredStatefulSet } from "../view.ts";

const POD_NAME_LABEL = "statefulset.kubernetes.io/pod-name";
const POD_INDEX_LABEL = "apps.kubernetes.io/pod-index";
const REVISION_LABEL = "controller-revision-hash";

const ORDINAL_MAX = 2 ** 31 - 1;

/** The ordinal in a name `<set>-<n>`, or -1 when that is not a name of this set's pods. */
export function ordinalOf(setName: string, podName: string): number {
  const match = /^(.*)-(\d+)$/s.exec(podName);
  if (match === null || match[1] !== setName) return -1;
  const ordinal = Number(match[2]);
  return ordinal <= ORDINAL_MAX ? ordinal : -1;
}

export function podName(setName: string, ordinal: number): string {
  return `${setName}-${ordinal}`;
}

export function startOrdinal(set: StoredStatefulSet): number {
  return set.spec?.ordinals?.start ?? 0;
}

export function replicaCount(set: StoredStatefulSet): number {
  return set.spec?.replicas ?? 1;
}

export function isInRange(set: StoredStatefulSet, ordinal: number): boolean {
  return ordinal >= startOrdinal(set) && ordinal < startOrdinal(set) + replicaCount(set);
}

export function claimName(templateName: string, setName: string, ordinal: number): string {
  return `${templateName}-${setName}-${ordinal}`;
}

export function controllerReference(set: StoredStatefulSet): OwnerReference {
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    name: set.metadata.name,
    uid: set.metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

export function revisionOf(pod: StoredPod): string | undefined {
  return pod.metadata.labels?.[REVISION_LABEL];
}

/** The pod object to create for `ordinal` from `template`. Its name alone makes the pod of that ordinal unique. */
export function newPod(
  set: StoredStatefulSet,
  template: PodTemplateSpec,
  revision: string,
  ordinal: number,
): StoredPod {
  const name = podName(set.metadata.name, ordinal);
  const { labels, annotations, finalizers } = template.metadata ?? {};
  const spec = structuredClone(template.spec);
  if (spec === undefined) throw new Error(`the template of StatefulSet ${set.metadata.name} has no spec`);
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      generateName: `${set.metadata.name}-`,
      namespace: set.metadata.namespace,
      labels: { ...labels, ...identityLabels(name, ordinal), [REVISION_LABEL]: revision },
      ...(annotations === undefined ? {} : { annotations: { ...annotations } }),
      ...(finalizers === undefined ? {} : { finalizers: [...finalizers] }),
      ownerReferences: [controllerReference(set)],
    },
    spec: {
      ...spec,
      hostname: name,
      subdomain: set.spec?.serviceName ?? "",
      volumes: volumesFor(set, ordinal, spec.volumes),
    },
  };
  return pod as unknown as StoredPod;
}

export function identityMatches(set: StoredStatefulSet, pod: StoredPod): boolean {
  return (
    ordinalOf(set.metadata.name, pod.metadata.name) >= 0 && pod.metadata.labels?.[POD_NAME_LABEL] === pod.metadata.name
  );
}

/** Whether the pod mounts exactly the claims of its ordinal. */
export function storageMatches(set: StoredStatefulSet, pod: StoredPod): boolean {
  const ordinal = ordinalOf(set.metadata.name, pod.metadata.name);
  return (set.spec?.volumeClaimTemplates ?? []).every((template) => {
    const volumeName = template.metadata?.name ?? "";
    const volume = pod.spec?.volumes?.find((candidate) => candidate.name === volumeName);
    return volume?.persistentVolumeClaim?.claimName === claimName(volumeName, set.metadata.name, ordinal);
  });
}

/** The pod with identity and storage put right. */
export function repaired(set: StoredStatefulSet, pod: StoredPod): StoredPod {
  const ordinal = ordinalOf(set.metadata.name, pod.metadata.name);
  const copy = structuredClone(pod);
  copy.metadata.labels = { ...copy.metadata.labels, ...identityLabels(pod.metadata.name, ordinal) };
  if (copy.spec !== undefined) copy.spec.volumes = volumesFor(set, ordinal, copy.spec.volumes);
  return copy;
}

function identityLabels(name: string, ordinal: number): Record<string, string> {
  return { [POD_NAME_LABEL]: name, [POD_INDEX_LABEL]: String(ordinal) };
}

/** A claim replaces a volume of the template that has its name. */
function volumesFor(set: StoredStatefulSet, ordinal: number, others: readonly Volume[] = []): Volume[] {
  const claims: Volume[] = (set.spec?.volumeClaimTemplates ?? []).map((template) => {
    const name = template.metadata?.name ?? "";
    return { name, persistentVolumeClaim: { claimName: claimName(name, set.metadata.name, ordinal) } };
  });
  const taken = new Set(claims.map((volume) => volume.name));
  return [...claims, ...others.filter((volume) => !taken.has(volume.name))];
}
