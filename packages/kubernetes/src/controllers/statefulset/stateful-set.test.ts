import { World } from "@ordinal/simulator";
import { expect, test } from "vitest";

import { createRegistry } from "../../api/registry.ts";
import { nginxService, TestLab, webSet } from "../testing/test-lab.ts";

async function lab(): Promise<TestLab> {
  const world = new World(1);
  return TestLab.start(world, world.random.fork("api"), createRegistry);
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

test("ordinals start where the set says, and scaling down takes the highest", async () => {
  const started = await lab();
  await started.client.create(
    "statefulsets.apps",
    webSet({ replicas: 3, ordinals: { start: 5 }, podManagementPolicy: "Parallel" }),
  );
  await started.world.run(5000);
  expect(names(started)).toEqual(["web-5", "web-6", "web-7"]);
  await started.client.patch("statefulsets.apps", "default", "web", { spec: { replicas: 2 } }, { type: "merge" });
  await started.world.run(5000);
  expect(names(started)).toEqual(["web-5", "web-6"]);
});

test("minReadySeconds: the next pod waits until this one has been ready so long", async () => {
  const started = await lab();
  await started.client.create("statefulsets.apps", webSet({ minReadySeconds: 10 }));
  await started.world.run(10_000);
  expect(names(started)).toEqual(["web-0"]);
  expect(started.set().status).toMatchObject({ readyReplicas: 1, availableReplicas: 0 });
  await started.world.run(1000);
  expect(names(started)).toEqual(["web-0", "web-1"]);
  expect(started.set().status).toMatchObject({ availableReplicas: 1 });
});

test("a pod that is not ready holds up scaling down, unless it is the first that is not", async () => {
  const started = await lab();
  await started.client.create("statefulsets.apps", webSet({ replicas: 3 }));
  await started.world.run(10_000);
  const unready = (name: string): Promise<unknown> =>
    started.client.patch(
      "pods",
      "default",
      name,
      { status: { conditions: [{ type: "Ready", status: "False" }] } },
      { type: "merge", subresource: "status" },
    );
  await unready("web-0");
  await started.client.patch("statefulsets.apps", "default", "web", { spec: { replicas: 1 } }, { type: "merge" });
  await started.world.run(10_000);
  expect(names(started)).toEqual(["web-0", "web-1", "web-2"]);
  await started.client.delete("pods", "default", "web-0");
  await started.world.run(10_000);
  expect(names(started)).toEqual(["web-0"]);
});

test("a set without rollingUpdate makes pods below currentReplicas at the old revision", async () => {
  const started = await lab();
  await started.client.create("statefulsets.apps", webSet({ replicas: 3, updateStrategy: { type: "RollingUpdate" } }));
  await started.world.run(10_000);
  started.broken.add("app:2");
  const image = [{ op: "replace", path: "/spec/template/spec/containers/0/image", value: "app:2" }];
  await started.client.patch("statefulsets.apps", "default", "web", image, { type: "json" });
  await started.world.run(10_000);
  await started.client.delete("pods", "default", "web-0");
  await started.world.run(10_000);
  const images = started.pods().map((pod) => pod.spec?.containers[0]?.image);
  expect(images).toEqual(["k8s.gcr.io/nginx-slim:0.8", "k8s.gcr.io/nginx-slim:0.8", "app:2"]);
});

test("unused revisions beyond the limit go, oldest first", async () => {
  const started = await lab();
  await started.client.create("statefulsets.apps", webSet({ replicas: 1, revisionHistoryLimit: 2 }));
  for (const value of ["a:1", "b:1", "c:1", "d:1"]) {
    await started.world.run(10_000);
    const image = [{ op: "replace", path: "/spec/template/spec/containers/0/image", value }];
    await started.client.patch("statefulsets.apps", "default", "web", image, { type: "json" });
  }
  await started.world.run(10_000);
  const revisions = started.all("controllerrevisions.apps").map((revision) => Number(revision["revision"]));
  expect(revisions.sort()).toEqual([3, 4, 5]);
});

const claims = (started: TestLab): string[] =>
  started.all("persistentvolumeclaims").map((claim) => claim.metadata.name);

test.each([
  ["Retain", "Retain", ["www-web-0", "www-web-1", "www-web-2"], ["www-web-0", "www-web-1", "www-web-2"]],
  ["Retain", "Delete", ["www-web-0"], ["www-web-0"]],
  ["Delete", "Retain", ["www-web-0", "www-web-1", "www-web-2"], []],
  ["Delete", "Delete", ["www-web-0"], []],
])(
  "claims with whenDeleted %s, whenScaled %s: after scaling to 1 %j, after deletion %j",
  async (whenDeleted, whenScaled, scaled, deleted) => {
    const started = await lab();
    await started.client.create(
      "statefulsets.apps",
      webSet({ replicas: 3, persistentVolumeClaimRetentionPolicy: { whenDeleted, whenScaled } }),
    );
    await started.world.run(10_000);
    expect(claims(started)).toHaveLength(3);
    await started.client.patch("statefulsets.apps", "default", "web", { spec: { replicas: 1 } }, { type: "merge" });
    await started.world.run(10_000);
    expect(claims(started)).toEqual(scaled);
    await started.client.delete("statefulsets.apps", "default", "web");
    await started.world.run(10_000);
    expect(claims(started)).toEqual(deleted);
  },
);

test("owners of claims are the set or the condemned pod, as controllers that block", async () => {
  const started = await lab();
  const policy = { whenDeleted: "Delete", whenScaled: "Delete" };
  await started.client.create(
    "statefulsets.apps",
    webSet({ replicas: 2, persistentVolumeClaimRetentionPolicy: policy }),
  );
  await started.world.run(10_000);
  const owners = (name: string): unknown => started.find("persistentvolumeclaims", name)?.metadata.ownerReferences;
  expect(owners("www-web-1")).toMatchObject([
    { kind: "StatefulSet", name: "web", controller: true, blockOwnerDeletion: true },
  ]);
  await started.client.patch("statefulsets.apps", "default", "web", { spec: { replicas: 1 } }, { type: "merge" });
  await started.world.run(0);
  expect(owners("www-web-1")).toMatchObject([
    { kind: "Pod", name: "web-1", controller: true, blockOwnerDeletion: true },
  ]);
  await started.client.patch(
    "statefulsets.apps",
    "default",
    "web",
    { spec: { persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" } } },
    { type: "merge" },
  );
  await started.world.run(10_000);
  expect(owners("www-web-0")).toBeUndefined();
});

test("a refused claim fails its pod, in the original's words", async () => {
  const started = await lab();
  const template = { metadata: { name: "www" }, spec: { accessModes: ["ReadWriteOnce"], resources: {} } };
  await started.client.create("statefulsets.apps", webSet({ volumeClaimTemplates: [template] }));
  await started.world.run(100);
  const words = 'PersistentVolumeClaim "www-web-0" is invalid: spec.resources[storage]: Required value';
  expect(started.events()).toEqual(
    expect.arrayContaining([
      `Warning FailedCreate statefulset-controller: create Claim www-web-0 for Pod web-0 in StatefulSet web failed error: ${words}`,
      `Warning FailedCreate statefulset-controller: create Pod web-0 in StatefulSet web failed error: failed to create PVC www-web-0: ${words}`,
    ]),
  );
  expect(names(started)).toEqual([]);
});

test("a claim that is being deleted holds back its pod until it is gone", async () => {
  const started = await lab();
  await started.client.create("statefulsets.apps", webSet({ replicas: 1 }));
  await started.world.run(5000);
  const first = started.find("persistentvolumeclaims", "www-web-0")?.metadata.uid;
  await started.client.delete("persistentvolumeclaims", "default", "www-web-0");
  await started.client.delete("pods", "default", "web-0");
  await started.world.run(5000);
  expect(names(started)).toEqual(["web-0"]);
  expect(started.find("persistentvolumeclaims", "www-web-0")?.metadata.uid).not.toBe(first);
  expect(started.pod("web-0")?.status?.phase).toBe("Running");
});

test("a pod of the set carries the labels, names and owner of its ordinal", async () => {
  const started = await lab();
  await started.client.create("statefulsets.apps", webSet({ replicas: 1 }));
  await started.world.run(0);
  expect(started.pod("web-0")).toMatchObject({
    metadata: {
      generateName: "web-",
      labels: {
        app: "nginx",
        "apps.kubernetes.io/pod-index": "0",
        "controller-revision-hash": "web-b46f789c4",
        "statefulset.kubernetes.io/pod-name": "web-0",
      },
      ownerReferences: [
        { apiVersion: "apps/v1", kind: "StatefulSet", name: "web", controller: true, blockOwnerDeletion: true },
      ],
    },
    spec: { hostname: "web-0", subdomain: "nginx" },
  });
});
