// Taints that a node's state puts on it: doNoScheduleTaintingPass of
// pkg/controller/nodelifecycle/node_lifecycle_controller.go of Kubernetes.
import type { Taint } from "kubernetes-types/core/v1.d.ts";

import { apiTime } from "../kinds/api-time.ts";
import type { Change, Controller } from "./controller.ts";
import { NOTHING, type Plan } from "./plan.ts";
import type { StoredNode, View } from "./view.ts";

const UNSCHEDULABLE_TAINT = "node.kubernetes.io/unschedulable";
/** Taints by condition type and status. */
const BY_CONDITION: ReadonlyMap<string, string> = new Map([
  ["Ready False", "node.kubernetes.io/not-ready"],
  ["Ready Unknown", "node.kubernetes.io/unreachable"],
  ["MemoryPressure True", "node.kubernetes.io/memory-pressure"],
  ["DiskPressure True", "node.kubernetes.io/disk-pressure"],
  ["PIDPressure True", "node.kubernetes.io/pid-pressure"],
  ["NetworkUnavailable True", "node.kubernetes.io/network-unavailable"],
]);
const KEPT_HERE: ReadonlySet<string> = new Set([UNSCHEDULABLE_TAINT, ...BY_CONDITION.values()]);

export const nodeTaints: Controller = {
  name: "node-controller",
  watches: ["nodes"],
  keysOf: (change: Change): string[] => (change.next === undefined ? [] : [change.next.metadata.name]),
  reconcile(view: View, key: string, now: number): Plan {
    const node = view.get("nodes", "", key);
    if (node === undefined) return NOTHING;
    const wanted = keysFor(node);
    const present = node.spec?.taints ?? [];
    const kept = present.filter(
      (taint) => taint.effect !== "NoSchedule" || !KEPT_HERE.has(taint.key) || wanted.has(taint.key),
    );
    const had = new Set(kept.filter((taint) => taint.effect === "NoSchedule").map((taint) => taint.key));
    const added: Taint[] = [...wanted]
      .filter((name) => !had.has(name))
      .map((name) => ({ key: name, effect: "NoSchedule", timeAdded: apiTime(now) }));
    if (added.length === 0 && kept.length === present.length) return NOTHING;
    const taints = [...kept, ...added];
    const { name, uid, resourceVersion } = node.metadata;
    const patch = { metadata: { uid, resourceVersion }, spec: { taints: taints.length > 0 ? taints : null } };
    return { steps: [{ kind: "patch", resource: "nodes", namespace: "", name, patch, absentIsFine: true }] };
  },
};

function keysFor(node: StoredNode): Set<string> {
  const keys = new Set<string>();
  for (const condition of node.status?.conditions ?? []) {
    const taint = BY_CONDITION.get(`${condition.type} ${condition.status}`);
    if (taint !== undefined) keys.add(taint);
  }
  // A node that has never reported is not ready for pods.
  if (node.status?.conditions?.some((condition) => condition.type === "Ready") !== true)
    keys.add("node.kubernetes.io/not-ready");
  if (node.spec?.unschedulable === true) keys.add(UNSCHEDULABLE_TAINT);
  return keys;
}
