// Which revisions a StatefulSet has: getStatefulSetRevisions and truncateHistory of
// pkg/controller/statefulset/stateful_set_control.go of Kubernetes.
import type { PodTemplateSpec } from "kubernetes-types/core/v1.d.ts";

import { matchesSelector } from "../../kinds/label-selector.ts";
import type { Action } from "../plan.ts";
import type { StoredPod, StoredRevision, StoredStatefulSet, View } from "../view.ts";
import { controllerReference, revisionOf } from "./pod-identity.ts";
import { revisionData, revisionHash, revisionName, revisionText, templateOf } from "./revision-hash.ts";

const REVISION_HASH_LABEL = "controller.kubernetes.io/hash";

export interface Revision {
  readonly name: string;
  readonly template: PodTemplateSpec;
}

export interface Revisions {
  readonly current: Revision;
  readonly update: Revision;
  readonly collisionCount: number;
  /** Makes the update revision exist and be the newest. */
  readonly steps: readonly Action[];
}

/** Revisions of this set, or of nobody, that its selector matches, oldest first. */
export function listRevisions(view: View, set: StoredStatefulSet): StoredRevision[] {
  return view
    .list("controllerrevisions.apps", set.metadata.namespace)
    .filter((revision) => {
      if (!matchesSelector(set.spec?.selector, revision.metadata.labels)) return false;
      const controller = revision.metadata.ownerReferences?.find((owner) => owner.controller === true);
      return controller === undefined || controller.uid === set.metadata.uid;
    })
    .sort(
      (a, b) =>
        a.revision - b.revision ||
        Date.parse(a.metadata.creationTimestamp) - Date.parse(b.metadata.creationTimestamp) ||
        (a.metadata.name < b.metadata.name ? -1 : 1),
    );
}

export function chooseRevisions(view: View, set: StoredStatefulSet, revisions: readonly StoredRevision[]): Revisions {
  const template = set.spec?.template ?? {};
  const data = revisionData(template);
  const text = revisionText(data);
  const newest = revisions.at(-1);
  const next = (newest?.revision ?? 0) + 1;
  const steps: Action[] = [];
  let collisionCount = set.status?.collisionCount ?? 0;
  let name: string;
  const equal = revisions.findLast((revision) => revisionText(revision.data) === text);
  if (equal !== undefined) {
    name = equal.metadata.name;
    if (newest !== undefined && revisionText(newest.data) !== text) {
      const object = { ...structuredClone(equal), revision: next };
      steps.push({ kind: "update", resource: "controllerrevisions.apps", object });
    }
  } else {
    let hash = revisionHash(text, collisionCount);
    name = revisionName(set.metadata.name, hash);
    for (;;) {
      const taken = view.get("controllerrevisions.apps", set.metadata.namespace ?? "", name);
      if (taken === undefined || revisionText(taken.data) === text) break;
      collisionCount++;
      hash = revisionHash(text, collisionCount);
      name = revisionName(set.metadata.name, hash);
    }
    const object = newRevision(set, name, hash, data, next);
    steps.push({ kind: "create", resource: "controllerrevisions.apps", object });
  }
  const update = { name, template };
  const current = revisions.find((revision) => revision.metadata.name === set.status?.currentRevision);
  return {
    current: current === undefined ? update : { name: current.metadata.name, template: templateOf(current.data) },
    update,
    collisionCount,
    steps,
  };
}

/** Deletes the oldest revisions that nothing uses, beyond the limit. */
export function truncateHistory(
  set: StoredStatefulSet,
  revisions: readonly StoredRevision[],
  pods: readonly StoredPod[],
  chosen: Revisions,
): Action[] {
  const live = new Set([chosen.current.name, chosen.update.name, ...pods.map(revisionOf)]);
  const unused = revisions.filter((revision) => !live.has(revision.metadata.name));
  const limit = set.spec?.revisionHistoryLimit ?? 10;
  const excess = limit < 0 ? 0 : Math.max(0, unused.length - limit);
  return unused.slice(0, excess).map((revision) => ({
    kind: "delete",
    resource: "controllerrevisions.apps",
    namespace: revision.metadata.namespace ?? "",
    name: revision.metadata.name,
    uid: revision.metadata.uid,
  }));
}

function newRevision(set: StoredStatefulSet, name: string, hash: string, data: object, revision: number): object {
  return {
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: {
      name,
      namespace: set.metadata.namespace,
      labels: { ...set.spec?.template.metadata?.labels, [REVISION_HASH_LABEL]: hash },
      ...(set.metadata.annotations === undefined ? {} : { annotations: { ...set.metadata.annotations } }),
      ownerReferences: [controllerReference(set)],
    },
    data,
    revision,
  };
}
