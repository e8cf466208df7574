import { World } from "@ordinal/simulator";
import { expect, test } from "vitest";

import { createRegistry } from "../api/registry.ts";
import { nginxService, TestLab, webSet } from "./testing/test-lab.ts";
import type { StoredNode } from "./view.ts";

async function start(): Promise<TestLab> {
  const world = new World(1);
  return TestLab.start(world, world.random.fork("api"), createRegistry);
}

const configMap = (name: string, owners: object[] = []): object => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace: "default", ownerReferences: owners },
});
const owner = (name: string, uid: string, more: object = {}): object => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  name,
  uid,
  ...more,
});
const mine = (lab: TestLab): string[] =>
  lab
    .all("configmaps")
    .map((object) => object.metadata.name)
    .filter((name) => name !== "kube-root-ca.crt");

test("an object goes when its last owner is gone", async () => {
  const lab = await start();
  const a = await lab.client.create("configmaps", configMap("a"));
  const b = await lab.client.create("configmaps", configMap("b"));
  await lab.client.create("configmaps", configMap("both", [owner("a", a.metadata.uid), owner("b", b.metadata.uid)]));
  await lab.client.delete("configmaps", "default", "a");
  await lab.world.run(1000);
  expect(mine(lab)).toEqual(["b", "both"]);
  expect(lab.find("configmaps", "both")?.metadata.ownerReferences).toHaveLength(1);
  await lab.client.delete("configmaps", "default", "b");
  await lab.world.run(1000);
  expect(mine(lab)).toEqual([]);
});

test("an owner of another uid is no owner, and one of an unknown kind is one", async () => {
  const lab = await start();
  await lab.client.create("configmaps", configMap("a"));
  await lab.client.create("configmaps", configMap("stale", [owner("a", "an-earlier-uid")]));
  await lab.client.create(
    "configmaps",
    configMap("kept", [{ apiVersion: "example.com/v1", kind: "Thing", name: "t", uid: "u" }]),
  );
  await lab.world.run(1000);
  expect(mine(lab)).toEqual(["a", "kept"]);
});

test("foreground deletion waits for blocking dependents, down to the last generation", async () => {
  const lab = await start();
  const a = await lab.client.create("configmaps", configMap("a"));
  const b = await lab.client.create(
    "configmaps",
    configMap("b", [owner("a", a.metadata.uid, { blockOwnerDeletion: true })]),
  );
  const held = configMap("c", [owner("b", b.metadata.uid, { blockOwnerDeletion: true })]) as {
    metadata: { finalizers?: string[] };
  };
  held.metadata.finalizers = ["example.com/hold"];
  await lab.client.create("configmaps", held);
  await lab.client.delete("configmaps", "default", "a", { propagationPolicy: "Foreground" });
  await lab.world.run(1000);
  expect(mine(lab)).toEqual(["a", "b", "c"]);
  await lab.client.patch("configmaps", "default", "c", { metadata: { finalizers: null } }, { type: "merge" });
  await lab.world.run(1000);
  expect(mine(lab)).toEqual([]);
});

test("a cache that is late makes no orphan of an object whose owner exists", async () => {
  const lab = await start();
  lab.trouble.lagMs = () => 50;
  const a = await lab.client.create("configmaps", configMap("a"));
  await lab.client.create("secrets", {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "s", namespace: "default", ownerReferences: [owner("a", a.metadata.uid)] },
  });
  await lab.world.run(5000);
  expect(lab.find("secrets", "s")).toBeDefined();
});

test("every namespace has its ServiceAccount and the authority's certificate, also when somebody deletes them", async () => {
  const lab = await start();
  await lab.client.create("namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: "extra" } });
  await lab.world.run(0);
  for (const namespace of ["default", "kube-system", "extra"]) {
    expect(lab.find("serviceaccounts", "default", namespace)).toBeDefined();
    expect(lab.find("configmaps", "kube-root-ca.crt", namespace)?.["data"]).toEqual({ "ca.crt": "CA" });
  }
  await lab.client.delete("serviceaccounts", "extra", "default");
  await lab.client.delete("configmaps", "extra", "kube-root-ca.crt");
  await lab.world.run(0);
  expect(lab.find("serviceaccounts", "default", "extra")).toBeDefined();
  expect(lab.find("configmaps", "kube-root-ca.crt", "extra")).toBeDefined();
});

test("a namespace that is deleted ends with all that is in it", async () => {
  const lab = await start();
  await lab.client.create("namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: "extra" } });
  for (const [resource, object] of [
    ["services", nginxService()],
    ["statefulsets.apps", webSet()],
  ] as const) {
    await lab.client.create(resource, {
      ...object,
      metadata: { ...(object as { metadata: object }).metadata, namespace: "extra" },
    });
  }
  await lab.world.run(10_000);
  expect(lab.pods()).toHaveLength(2);
  await lab.client.delete("namespaces", "", "extra");
  await lab.world.run(0);
  expect(lab.find("namespaces", "extra", "")?.["status"]).toMatchObject({ phase: "Terminating" });
  await lab.world.run(60_000);
  expect(lab.find("namespaces", "extra", "")).toBeUndefined();
  for (const resource of [
    "pods",
    "events",
    "persistentvolumeclaims",
    "configmaps",
    "serviceaccounts",
    "controllerrevisions.apps",
  ]) {
    expect(lab.all(resource).filter((object) => object.metadata.namespace === "extra")).toEqual([]);
  }
});

test("cordon taints a node, uncordon takes the taint away, and pods that wait are scheduled", async () => {
  const lab = await start();
  const cordon = (name: string, unschedulable: boolean): Promise<unknown> =>
    lab.client.patch("nodes", "", name, { spec: { unschedulable: unschedulable ? true : null } }, { type: "merge" });
  for (const name of ["node-0", "node-1", "node-2", "node-3"]) await cordon(name, true);
  await lab.world.run(0);
  const node = (): StoredNode => lab.find("nodes", "node-0", "") as unknown as StoredNode;
  expect(node().spec?.taints).toMatchObject([{ key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" }]);
  await lab.client.create("statefulsets.apps", webSet({ replicas: 1 }));
  await lab.world.run(5000);
  const words =
    "0/4 nodes are available: 4 node(s) were unschedulable. preemption: 0/4 nodes are available: 4 Preemption is not helpful for scheduling.";
  expect(lab.events()).toContain(`Warning FailedScheduling default-scheduler: ${words}`);
  expect(lab.pod("web-0")?.status?.conditions).toMatchObject([
    { type: "PodScheduled", status: "False", reason: "Unschedulable", message: words },
  ]);
  await cordon("node-2", false);
  await lab.world.run(0);
  expect(lab.pod("web-0")?.spec?.nodeName).toBe("node-2");
  expect(lab.events()).toContain("Normal Scheduled default-scheduler: Successfully assigned default/web-0 to node-2");
});

test("pods of a node that is gone are removed and made again elsewhere", async () => {
  const lab = await start();
  await lab.client.create("statefulsets.apps", webSet({ replicas: 1 }));
  await lab.world.run(5000);
  const { uid } = lab.pod("web-0")?.metadata ?? {};
  lab.kubelet.stop();
  await lab.client.delete("nodes", "", lab.pod("web-0")?.spec?.nodeName ?? "");
  await lab.world.run(0);
  expect(lab.pod("web-0")?.metadata.uid).not.toBe(uid);
  expect(lab.pod("web-0")?.spec?.nodeName).toBe("node-1");
});

test("what fails again and again is one event with a count", async () => {
  const lab = await start();
  lab.trouble.refuse = (verb, resource) => {
    if (verb === "create" && resource === "pods") throw new Error("no pods today");
  };
  await lab.client.create("statefulsets.apps", webSet({ replicas: 1 }));
  await lab.world.run(200);
  const failures = lab.all("events").filter((event) => event["reason"] === "FailedCreate");
  expect(failures).toHaveLength(1);
  expect(failures[0]).toMatchObject({
    type: "Warning",
    message: "create Pod web-0 in StatefulSet web failed error: no pods today",
    source: { component: "statefulset-controller" },
    involvedObject: { kind: "StatefulSet", apiVersion: "apps/v1", name: "web" },
  });
  expect(failures[0]?.["count"]).toBeGreaterThan(3);
});

test("the service kubernetes is made again, with its address, when somebody deletes it", async () => {
  const lab = await start();
  const { uid } = (await lab.client.get("services", "default", "kubernetes")).metadata;
  await lab.client.delete("services", "default", "kubernetes");
  await lab.world.run(1000);
  const again = lab.find("services", "kubernetes");
  expect(again?.metadata.uid).not.toBe(uid);
  expect(again).toMatchObject({ spec: { clusterIP: "127.1.240.1", ports: [{ port: 443, targetPort: 6443 }] } });
});
