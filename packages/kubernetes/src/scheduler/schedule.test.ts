import { expect, test } from "vitest";

import type { StoredNode, StoredPod, TypedResource, View } from "../controllers/view.ts";
import type { Cluster } from "./cluster.ts";
import { schedule } from "./schedule.ts";

interface Parts {
  readonly spec?: object;
  readonly labels?: Record<string, string>;
  readonly name?: string;
}

function pod({ spec = {}, labels = {}, name = "p" }: Parts = {}): StoredPod {
  return {
    metadata: { name, namespace: "default", uid: name, resourceVersion: "1", creationTimestamp: "", labels },
    spec: { containers: [{ name: "c" }], ...spec },
    status: { phase: "Pending" },
  } as unknown as StoredPod;
}

function node(index: number, spec: object = {}, labels: Record<string, string> = {}): StoredNode {
  const name = `node-${index}`;
  return {
    metadata: {
      name,
      uid: name,
      resourceVersion: "1",
      creationTimestamp: "",
      labels: { "kubernetes.io/hostname": name, ...labels },
    },
    spec,
    status: { allocatable: { cpu: "4", memory: "16Gi", pods: "110" } },
  } as unknown as StoredNode;
}

/** `pods[i]` run on `nodes[i]`. `objects` by resource. */
function cluster(
  nodes: readonly StoredNode[],
  pods: readonly (readonly StoredPod[])[] = [],
  objects: Record<string, object[]> = {},
): Cluster {
  const all = (resource: string): { metadata: { name: string; namespace?: string } }[] =>
    (objects[resource] ?? []) as { metadata: { name: string } }[];
  const view = {
    get: (resource: TypedResource, _: string, name: string) =>
      all(resource).find((object) => object.metadata.name === name),
    list: (resource: TypedResource) => all(resource),
  } as unknown as View;
  return { view, nodes: nodes.map((each, index) => ({ node: each, pods: [...(pods[index] ?? [])] })) };
}

function outcome(of: Cluster, incoming: StoredPod): string {
  const decision = schedule(of, incoming);
  if (decision.kind === "bind") return decision.state.node.metadata.name;
  return decision.kind === "unschedulable" ? decision.message : decision.kind;
}

const four = (spec: object = {}): StoredNode[] => [0, 1, 2, 3].map((index) => node(index, spec));
const withClaim = { volumes: [{ name: "v", persistentVolumeClaim: { claimName: "www-web-0" } }] };
const away = {
  affinity: {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { topologyKey: "kubernetes.io/hostname", labelSelector: { matchLabels: { app: "zk" } } },
      ],
    },
  },
};
const NONE_HELPS = "preemption: 0/4 nodes are available: 4 Preemption is not helpful for scheduling.";
const cordoned = { unschedulable: true };

// Messages of a Kubernetes 1.32.13 control plane, word for word.
test("unbound claims, absent claims: one reason for all nodes", () => {
  const claim = { metadata: { name: "www-web-0", namespace: "default" }, spec: {}, status: { phase: "Pending" } };
  expect(outcome(cluster(four(), [], { persistentvolumeclaims: [claim] }), pod({ spec: withClaim }))).toBe(
    `0/4 nodes are available: pod has unbound immediate PersistentVolumeClaims. ${NONE_HELPS}`,
  );
  expect(outcome(cluster(four()), pod({ spec: withClaim }))).toBe(
    `0/4 nodes are available: persistentvolumeclaim "www-web-0" not found. ${NONE_HELPS}`,
  );
});

test("anti-affinity and cordon are counted, and only other pods' leaving may help", () => {
  const zk = (name: string): StoredPod => pod({ name, labels: { app: "zk" }, spec: away });
  const nodes = [node(0), node(1), node(2, cordoned), node(3, cordoned)];
  expect(outcome(cluster(nodes, [[zk("zk-1")], [zk("zk-2")]]), zk("zk-0"))).toBe(
    "0/4 nodes are available: 2 node(s) didn't match pod anti-affinity rules, 2 node(s) were unschedulable. preemption: 0/4 nodes are available: 2 No preemption victims found for incoming pod, 2 Preemption is not helpful for scheduling.",
  );
});

test("reasons sort as texts, counts included", () => {
  const taints = [{ key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" }];
  const zk = (name: string): StoredPod => pod({ name, labels: { app: "zk" }, spec: away });
  const nodes = [node(0), node(1, { taints }), node(2, cordoned), node(3)];
  expect(outcome(cluster(nodes, [[zk("zk-0")], [], [], [zk("zk-2")]]), zk("zk-1"))).toBe(
    "0/4 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/unschedulable: }, 1 node(s) were unschedulable, 2 node(s) didn't match pod anti-affinity rules. preemption: 0/4 nodes are available: 2 No preemption victims found for incoming pod, 2 Preemption is not helpful for scheduling.",
  );
});

test("what runs keeps away what it asked to be kept from", () => {
  const guard = pod({ name: "guard", spec: away });
  const nodes = [node(0)];
  expect(outcome(cluster(nodes, [[guard]]), pod({ labels: { app: "zk" } }))).toContain(
    "1 node(s) didn't satisfy existing pods anti-affinity rules",
  );
  expect(outcome(cluster(nodes, [[guard]]), pod({ labels: { app: "web" } }))).toBe("node-0");
});

test.each([
  [{ resources: { requests: { cpu: "5" } } }, "1 Insufficient cpu"],
  [{ resources: { requests: { memory: "17Gi" } } }, "1 Insufficient memory"],
  [{ resources: { limits: { cpu: "4001m" } } }, "1 Insufficient cpu"],
  [{ ports: [{ containerPort: 80, hostPort: 80 }] }, "1 node(s) didn't have free ports for the requested pod ports"],
])("a container %j fits nowhere: %s", (container, words) => {
  const taken = pod({
    name: "taken",
    spec: { containers: [{ name: "c", ports: [{ containerPort: 8080, hostPort: 80 }] }] },
  });
  expect(
    outcome(cluster([node(0)], [[taken]]), pod({ spec: { containers: [{ name: "c", ...container }] } })),
  ).toContain(`: ${words}.`);
});

test("a node takes as many pods as it says, ended ones not counted", () => {
  const full = node(0);
  if (full.status !== undefined) full.status.allocatable = { cpu: "4", memory: "16Gi", pods: "1" };
  expect(outcome(cluster([full], [[pod({ name: "other" })]]), pod())).toContain("1 Too many pods");
  expect(outcome(cluster([full]), pod())).toBe("node-0");
});

test("init containers count by their peak, not by their sum", () => {
  const cpu = (amount: string): object => ({ resources: { requests: { cpu: amount } } });
  const fits = pod({
    spec: {
      initContainers: [
        { name: "a", ...cpu("3") },
        { name: "b", ...cpu("4") },
      ],
      containers: [{ name: "c", ...cpu("2") }],
    },
  });
  expect(outcome(cluster([node(0)]), fits)).toBe("node-0");
  const beside = { name: "s", restartPolicy: "Always", ...cpu("1") };
  const tooMuch = pod({ spec: { initContainers: [beside, { name: "b", ...cpu("4") }], containers: [{ name: "c" }] } });
  expect(outcome(cluster([node(0)]), tooMuch)).toContain("Insufficient cpu");
});

test.each([
  [{ nodeSelector: { disk: "ssd" } }, "node-1"],
  [{ nodeSelector: { disk: "tape" } }, "2 node(s) didn't match Pod's node affinity/selector"],
  [
    {
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchFields: [{ key: "metadata.name", operator: "In", values: ["node-1"] }] }],
          },
        },
      },
    },
    "node-1",
  ],
])("node selection %j: %s", (spec, expected) => {
  expect(outcome(cluster([node(0), node(1, {}, { disk: "ssd" })]), pod({ spec }))).toContain(expected);
});

test("a toleration opens a tainted node", () => {
  const tainted = [node(0, { taints: [{ key: "dedicated", value: "db", effect: "NoSchedule" }] })];
  expect(outcome(cluster(tainted), pod())).toContain("1 node(s) had untolerated taint {dedicated: db}");
  expect(
    outcome(cluster(tainted), pod({ spec: { tolerations: [{ key: "dedicated", operator: "Equal", value: "db" }] } })),
  ).toBe("node-0");
  expect(outcome(cluster(tainted), pod({ spec: { tolerations: [{ operator: "Exists" }] } }))).toBe("node-0");
});

test("required affinity goes to its like, and lets the first one begin", () => {
  const term = [{ topologyKey: "kubernetes.io/hostname", labelSelector: { matchLabels: { app: "db" } } }];
  const together = { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: term } } };
  const db = pod({ name: "db", labels: { app: "db" } });
  expect(outcome(cluster([node(0), node(1)], [[], [db]]), pod({ spec: together }))).toBe("node-1");
  expect(outcome(cluster([node(0)]), pod({ spec: together }))).toContain("1 node(s) didn't match pod affinity rules");
  expect(outcome(cluster([node(0)]), pod({ spec: together, labels: { app: "db" } }))).toBe("node-0");
});

test("pods of one controller spread over the nodes", () => {
  const owned = (name: string): StoredPod => {
    const made = pod({ name });
    made.metadata.ownerReferences = [
      { apiVersion: "apps/v1", kind: "StatefulSet", name: "web", uid: "web", controller: true },
    ];
    return made;
  };
  const state = cluster(four());
  const chosen = ["web-0", "web-1", "web-2", "web-3", "web-4"].map((name) => {
    const decision = schedule(state, owned(name));
    if (decision.kind !== "bind") throw new Error(decision.kind);
    decision.state.pods.push(owned(name));
    return decision.state.node.metadata.name;
  });
  expect(chosen).toEqual(["node-0", "node-1", "node-2", "node-3", "node-0"]);
});

test("a volume that only one node reaches decides", () => {
  const claim = {
    metadata: { name: "www-web-0", annotations: { "pv.kubernetes.io/bind-completed": "yes" } },
    spec: { volumeName: "pv" },
  };
  const required = {
    nodeSelectorTerms: [{ matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: ["node-2"] }] }],
  };
  const objects = {
    persistentvolumeclaims: [claim],
    persistentvolumes: [{ metadata: { name: "pv" }, spec: { nodeAffinity: { required } } }],
  };
  expect(outcome(cluster(four(), [], objects), pod({ spec: withClaim }))).toBe("node-2");
  expect(outcome(cluster([node(0)], [], objects), pod({ spec: withClaim }))).toContain(
    "1 node(s) had volume node affinity conflict",
  );
});

test("topology spread constraints limit the skew", () => {
  const constraint = {
    topologyKey: "zone",
    maxSkew: 1,
    whenUnsatisfiable: "DoNotSchedule",
    labelSelector: { matchLabels: { app: "a" } },
  };
  const spread = pod({ labels: { app: "a" }, spec: { topologySpreadConstraints: [constraint] } });
  const zones = [node(0, {}, { zone: "x" }), node(1, {}, { zone: "y" })];
  const running = (name: string): StoredPod => pod({ name, labels: { app: "a" } });
  expect(outcome(cluster(zones, [[running("a1")], []]), spread)).toBe("node-1");
  expect(
    outcome(cluster([zones[0] as StoredNode, node(1, cordoned, { zone: "y" })], [[running("a1")], []]), spread),
  ).toContain("1 node(s) didn't match pod topology spread constraints, 1 node(s) were unschedulable");
});
