import { World } from "@ordinal/simulator";
import { expect, test } from "vitest";

import { createRegistry } from "../api/registry.ts";
import { StatusError } from "../api/status-error.ts";
import { TestLab } from "../controllers/testing/test-lab.ts";

async function start(): Promise<TestLab> {
  const world = new World(1);
  return TestLab.start(world, world.random.fork("api"), createRegistry);
}

const pod = (name: string, spec: object = {}): object => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: "default", labels: { app: name } },
  spec: { containers: [{ name: "c", image: "i", resources: { requests: { cpu: "3" } } }], ...spec },
});
const nodesOf = (lab: TestLab): (string | undefined)[] => lab.pods().map((each) => each.spec?.nodeName);

test("pods that come together do not share what is there for one", async () => {
  const lab = await start();
  await Promise.all(["a", "b", "c", "d", "e"].map((name) => lab.client.create("pods", pod(name))));
  await lab.world.run(1000);
  expect(nodesOf(lab)).toEqual(["node-0", "node-1", "node-2", "node-3", undefined]);
  const words =
    "0/4 nodes are available: 4 Insufficient cpu. preemption: 0/4 nodes are available: 4 No preemption victims found for incoming pod.";
  expect(lab.events()).toContain(`Warning FailedScheduling default-scheduler: ${words}`);
  await lab.client.delete("pods", "default", "b");
  await lab.world.run(2000);
  expect(lab.pod("e")?.spec?.nodeName).toBe("node-1");
});

test("an event of the scheduler has the fields of the original's", async () => {
  const lab = await start();
  await lab.client.create("pods", pod("a"));
  await lab.world.run(0);
  const event = lab.all("events").find((each) => each["reason"] === "Scheduled");
  expect(event).toMatchObject({
    action: "Binding",
    involvedObject: { apiVersion: "v1", kind: "Pod", name: "a", namespace: "default", uid: lab.pod("a")?.metadata.uid },
    message: "Successfully assigned default/a to node-0",
    reportingComponent: "default-scheduler",
    reportingInstance: "default-scheduler-test",
    type: "Normal",
    eventTime: "2026-01-01T00:00:00.000000Z",
  });
  expect(event?.["count"]).toBeUndefined();
});

test("a failure is said again when changes do not help, not at each of them", async () => {
  const lab = await start();
  await lab.client.create("pods", pod("a", { nodeSelector: { disk: "tape" } }));
  const relabel = (value: string): Promise<unknown> =>
    lab.client.patch("nodes", "", "node-0", { metadata: { labels: { disk: value } } }, { type: "merge" });
  for (let index = 0; index < 50; index++) {
    await relabel(`ssd-${index}`);
    await lab.world.run(100);
  }
  const said = lab.all("events").filter((event) => event["reason"] === "FailedScheduling");
  expect(said).toHaveLength(1);
  expect(said[0]?.["series"]).toMatchObject({ count: 3 });
  await relabel("tape");
  await lab.world.run(0);
  expect(nodesOf(lab)).toEqual(["node-0"]);
});

test("a refused binding is tried again, and the room was not lost", async () => {
  const lab = await start();
  let refusals = 2;
  lab.trouble.refuse = (verb) => {
    if (verb === "bind" && refusals-- > 0) throw new StatusError(500, "InternalError", "no");
  };
  await lab.client.create("pods", pod("a"));
  await lab.world.run(500);
  expect(nodesOf(lab)).toEqual([undefined]);
  await lab.world.run(5000);
  expect(nodesOf(lab)).toEqual(["node-0"]);
});

test("pods of other schedulers, gated pods and pods that are being deleted are left alone", async () => {
  const lab = await start();
  await lab.client.create("pods", pod("other", { schedulerName: "mine" }));
  await lab.client.create("pods", pod("gated", { schedulingGates: [{ name: "example.com/wait" }] }));
  await lab.world.run(1000);
  expect(nodesOf(lab)).toEqual([undefined, undefined]);
  await lab.client.patch("pods", "default", "gated", { spec: { schedulingGates: null } }, { type: "merge" });
  await lab.world.run(0);
  expect(lab.pod("gated")?.spec?.nodeName).toBe("node-0");
});

test("a delayed claim is bound to the volume that the chosen node reaches", async () => {
  const lab = await start();
  const required = {
    nodeSelectorTerms: [{ matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: ["node-2"] }] }],
  };
  await lab.client.create("storageclasses.storage.k8s.io", {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name: "local" },
    provisioner: "kubernetes.io/no-provisioner",
    volumeBindingMode: "WaitForFirstConsumer",
  });
  await lab.client.create("persistentvolumes", {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name: "disk" },
    spec: {
      capacity: { storage: "1Gi" },
      accessModes: ["ReadWriteOnce"],
      storageClassName: "local",
      local: { path: "/d" },
      nodeAffinity: { required },
    },
  });
  await lab.client.create("persistentvolumeclaims", {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: "v", namespace: "default" },
    spec: { accessModes: ["ReadWriteOnce"], storageClassName: "local", resources: { requests: { storage: "1Gi" } } },
  });
  const volumes = [{ name: "v", persistentVolumeClaim: { claimName: "v" } }];
  await lab.client.create("pods", pod("a", { volumes }));
  await lab.world.run(0);
  expect(lab.find("persistentvolumeclaims", "v")?.["status"]).toMatchObject({ phase: "Bound" });
  expect(nodesOf(lab)).toEqual(["node-2"]);
});
