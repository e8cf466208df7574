import type { Node } from "kubernetes-types/core/v1.d.ts";

import { ageColumn, column, nameColumn, wideColumn } from "./columns.ts";
import { defineKind } from "./define-kind.ts";
import { since } from "./human-duration.ts";
import { node as schema } from "./schema/node.ts";
import { validateNode, validateNodeUpdate } from "./validation/node.ts";

const ROLE_PREFIX = "node-role.kubernetes.io/";
const ROLE_LABEL = "kubernetes.io/role";
const NOT_READY = "node.kubernetes.io/not-ready";

/** A machine that runs pods. */
export const node = defineKind<Node>({
  group: "",
  version: "v1",
  kind: "Node",
  resource: "nodes",
  singular: "node",
  namespaced: false,
  shortNames: ["no"],
  subresources: ["status"],
  schema,
  defaults(object) {
    const { spec, status } = object;
    // The list and its first range are two forms of one field; the older one wins.
    if (spec?.podCIDR !== undefined && spec.podCIDRs?.[0] !== spec.podCIDR) spec.podCIDRs = [spec.podCIDR];
    else if (spec?.podCIDRs?.[0] !== undefined) spec.podCIDR = spec.podCIDRs[0];
    if (status?.capacity !== undefined) status.allocatable ??= { ...status.capacity };
  },
  strategy: {
    prepareForCreate(object) {
      // As admission does: nothing is scheduled to a node until it has reported that it is ready.
      const taints = object.spec?.taints ?? [];
      if (taints.some(({ key, effect }) => key === NOT_READY && effect === "NoSchedule")) return;
      object.spec = { ...object.spec, taints: [...taints, { key: NOT_READY, effect: "NoSchedule" }] };
    },
    prepareForUpdate(object, old) {
      if (old.status !== undefined) object.status = structuredClone(old.status);
    },
    validate: validateNode,
    validateUpdate: validateNodeUpdate,
    validateStatusUpdate: validateNodeUpdate,
  },
  columns: [
    nameColumn,
    column("Status", "Whether the node is ready and takes new pods."),
    column("Roles", "Roles that labels give the node."),
    ageColumn,
    column("Version", "Version of the kubelet."),
    wideColumn("Internal-IP", "Address inside the cluster."),
    wideColumn("External-IP", "Address outside the cluster."),
    wideColumn("OS-Image", "Operating system."),
    wideColumn("Kernel-Version", "Kernel of the node."),
    wideColumn("Container-Runtime", "What runs the containers."),
  ],
  row(object, now) {
    const { metadata, status = {} } = object;
    const info = status.nodeInfo;
    return [
      metadata.name,
      statusText(object),
      roles(object) || "<none>",
      since(metadata.creationTimestamp, now),
      info?.kubeletVersion ?? "",
      address(object, "InternalIP"),
      address(object, "ExternalIP"),
      info?.osImage || "<unknown>",
      info?.kernelVersion || "<unknown>",
      info?.containerRuntimeVersion || "<unknown>",
    ];
  },
  selectableFields: { "spec.unschedulable": (object) => String(object.spec?.unschedulable ?? false) },
});

function statusText({ spec, status }: Node): string {
  const ready = status?.conditions?.findLast(({ type }) => type === "Ready");
  const state = ready === undefined ? "Unknown" : ready.status === "True" ? "Ready" : "NotReady";
  return spec?.unschedulable === true ? `${state},SchedulingDisabled` : state;
}

function roles({ metadata }: Node): string {
  const found = new Set<string>();
  for (const [label, value] of Object.entries(metadata?.labels ?? {})) {
    if (label.startsWith(ROLE_PREFIX) && label !== ROLE_PREFIX) found.add(label.slice(ROLE_PREFIX.length));
    else if (label === ROLE_LABEL && value !== "") found.add(value);
  }
  return [...found].sort().join(",");
}

function address({ status }: Node, type: string): string {
  return status?.addresses?.find((candidate) => candidate.type === type)?.address ?? "<none>";
}
