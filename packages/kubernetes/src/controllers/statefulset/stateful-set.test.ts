import { World } from "@ordinal/simulator";
import { expect, test } from "vitest";

import { nginxService, TestLab, webSet } from "../testing/test-lab.ts";

async function lab(): Promise<TestLab> {
  const world = new World(1);
  return TestLab.start(world, world.random.fork("api"));
}

const names = (started: TestLab): string[] =>
  started
    .pods()
    .map((pod) => pod.metadata.name)
    .sort();

test("an ordered set creates claim and pod of an ordinal, and waits until it is ready", async () => {
  const started = await lab();
  await started.client.create("services", nginxService());
  await started.client.create("statefulsets.apps", webSet());
  await started.world.run(0);
  expect(names(started)).toEqual(["web-0"]);
  expect(started.pod("web-0")?.spec?.nodeName).toBe("node-0");
  await started.world.run(1000);
  expect(names(started)).toEqual(["web-0", "web-1"]);
  await started.world.run(1000);
  expect(started.set().status).toEqual({
    observedGeneration: 1,
    replicas: 2,
    readyReplicas: 2,
    availableReplicas: 2,
    currentReplicas: 2,
    updatedReplicas: 2,
    currentRevision: started.set().status?.updateRevision,
    updateRevision: started.set().status?.updateRevision,
    collisionCount: 0,
  });
  expect(started.events().filter((event) => event.includes("statefulset-controller"))).toEqual([
    "Normal SuccessfulCreate statefulset-controller: create Claim www-web-0 Pod web-0 in StatefulSet web success",
    "Normal SuccessfulCreate statefulset-controller: create Pod web-0 in StatefulSet web successful",
    "Normal SuccessfulCreate statefulset-controller: create Claim www-web-1 Pod web-1 in StatefulSet web success",
    "Normal SuccessfulCreate statefulset-controller: create Pod web-1 in StatefulSet web successful",
  ]);
  expect(started.warnings).toEqual([]);
});

test("from creation to a bound pod with a bound claim no time passes", async () => {
  const started = await lab();
  await started.client.create("statefulsets.apps", webSet());
  await started.world.run(0);
  expect(started.pod("web-0")?.spec?.nodeName).toBeDefined();
  const claim = started.find("persistentvolumeclaims", "www-web-0");
  expect(claim?.["status"]).toEqual({ phase: "Bound", accessModes: ["ReadWriteOnce"], capacity: { storage: "1Gi" } });
  expect(started.events().filter((event) => event.startsWith("Warning"))).toEqual([]);
});

test("a Parallel set creates all its pods at once", async () => {
  const started = await lab();
  await started.client.create("statefulsets.apps", webSet({ replicas: 7, podManagementPolicy: "Parallel" }));
  await started.world.run(0);
  expect(names(started)).toHaveLength(7);
});
