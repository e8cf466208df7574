// Pods of nodes that are gone: gcOrphaned of pkg/controller/podgc/gc_controller.go of Kubernetes. No kubelet will ever
// report them stopped, so they would stay for ever.
import { apiTime } from "../kinds/api-time.ts";
import type { Change, Controller } from "./controller.ts";
import { NOTHING, type Plan } from "./plan.ts";
import { keyOf, splitKey, type View } from "./view.ts";

export const podCollector: Controller = {
  name: "pod-garbage-collector-controller",
  watches: ["pods", "nodes"],
  keysOf(change: Change, view: View): string[] {
    if (change.resource === "pods") return change.next === undefined ? [] : [keyOf(change.next)];
    if (change.next !== undefined || change.old === undefined) return [];
    const node = change.old.metadata.name;
    return view
      .list("pods")
      .filter((pod) => pod.spec?.nodeName === node)
      .map(keyOf);
  },
  reconcile(view: View, key: string, now: number): Plan {
    const [namespace, name] = splitKey(key);
    const pod = view.get("pods", namespace, name);
    const node = pod?.spec?.nodeName ?? "";
    if (pod === undefined || node === "" || view.get("nodes", "", node) !== undefined) return NOTHING;
    const { uid } = pod.metadata;
    const condition = {
      type: "DisruptionTarget",
      status: "True",
      reason: "DeletionByPodGC",
      message: "PodGC: node no longer exists",
      lastTransitionTime: apiTime(now),
    };
    const ended = pod.status?.phase === "Failed" || pod.status?.phase === "Succeeded";
    const conditions = [...(pod.status?.conditions ?? []).filter((other) => other.type !== condition.type), condition];
    const patch = { metadata: { uid }, status: { phase: "Failed", conditions } };
    return {
      steps: [
        { kind: "requireAbsent", resource: "nodes", namespace: "", name: node },
        ...(ended
          ? []
          : [
              {
                kind: "patch",
                resource: "pods",
                namespace,
                name,
                patch,
                subresource: "status",
                absentIsFine: true,
              } as const,
            ]),
        { kind: "delete", resource: "pods", namespace, name, uid, gracePeriodSeconds: 0 },
      ],
    };
  },
};
