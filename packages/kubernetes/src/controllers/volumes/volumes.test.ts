import { World } from "@ordinal/simulator";
import { expect, test } from "vitest";

import { createRegistry } from "../../api/registry.ts";
import { TestLab, VOLUMES } from "../testing/test-lab.ts";
import type { StoredClaim, StoredVolume } from "../view.ts";

async function start(): Promise<TestLab> {
  const world = new World(1);
  return TestLab.start(world, world.random.fork("api"), createRegistry);
}

function claim(name: string, spec: object = {}): object {
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name, namespace: "default" },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, ...spec },
  };
}

function volume(name: string, storage: string, spec: object = {}): object {
  return {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name },
    spec: { capacity: { storage }, accessModes: ["ReadWriteOnce"], hostPath: { path: `/data/${name}` }, ...spec },
  };
}

function storageClass(name: string, provisioner: string, rest: object = {}): object {
  return { apiVersion: "storage.k8s.io/v1", kind: "StorageClass", metadata: { name }, provisioner, ...rest };
}

const claimOf = (lab: TestLab, name: string): StoredClaim =>
  lab.find("persistentvolumeclaims", name) as unknown as StoredClaim;
const volumeOf = (lab: TestLab, name: string): StoredVolume =>
  lab.find("persistentvolumes", name, "") as unknown as StoredVolume;

test("a claim of the default class gets a volume made for it, as the original writes both", async () => {
  const lab = await start();
  await lab.client.create("persistentvolumeclaims", claim("a"));
  await lab.world.run(0);
  const bound = claimOf(lab, "a");
  const name = `pvc-${bound.metadata.uid}`;
  expect(bound.metadata.annotations).toEqual({
    "pv.kubernetes.io/bind-completed": "yes",
    "pv.kubernetes.io/bound-by-controller": "yes",
    "volume.beta.kubernetes.io/storage-provisioner": "ordinal.dev/local",
    "volume.kubernetes.io/storage-provisioner": "ordinal.dev/local",
  });
  expect(bound.spec).toMatchObject({ storageClassName: "standard", volumeName: name });
  expect(bound.status).toEqual({ phase: "Bound", accessModes: ["ReadWriteOnce"], capacity: { storage: "1Gi" } });
  const made = volumeOf(lab, name);
  expect(made.metadata.finalizers).toEqual(["kubernetes.io/pv-controller", "kubernetes.io/pv-protection"]);
  expect(made.spec).toMatchObject({
    hostPath: { path: `${VOLUMES}/${name}`, type: "DirectoryOrCreate" },
    persistentVolumeReclaimPolicy: "Delete",
    claimRef: { kind: "PersistentVolumeClaim", namespace: "default", name: "a", uid: bound.metadata.uid },
  });
  expect(made.status?.phase).toBe("Bound");
  expect(lab.events()).toContain(
    `Normal ProvisioningSucceeded persistentvolume-controller: Successfully provisioned volume ${name} using ordinal.dev/local`,
  );
});

test("deleting a claim deletes its volume and the volume's folder; Retain keeps both", async () => {
  const lab = await start();
  await lab.client.create(
    "storageclasses.storage.k8s.io",
    storageClass("keep", "ordinal.dev/local", { reclaimPolicy: "Retain" }),
  );
  await lab.client.create("persistentvolumeclaims", claim("a"));
  await lab.client.create("persistentvolumeclaims", claim("b", { storageClassName: "keep" }));
  await lab.world.run(0);
  const [a, b] = [claimOf(lab, "a").spec?.volumeName ?? "", claimOf(lab, "b").spec?.volumeName ?? ""];
  await lab.client.delete("persistentvolumeclaims", "default", "a");
  await lab.client.delete("persistentvolumeclaims", "default", "b");
  await lab.world.run(1000);
  expect(lab.removedVolumes).toEqual([`${VOLUMES}/${a}`]);
  expect(lab.find("persistentvolumes", a, "")).toBeUndefined();
  expect(volumeOf(lab, b).status?.phase).toBe("Released");
  expect(volumeOf(lab, b).metadata.deletionTimestamp).toBeUndefined();
});

test("a volume deleted first stays with its data until its claim is gone", async () => {
  const lab = await start();
  await lab.client.create("persistentvolumeclaims", claim("a"));
  await lab.world.run(0);
  const name = claimOf(lab, "a").spec?.volumeName ?? "";
  await lab.client.delete("persistentvolumes", "", name);
  await lab.world.run(1000);
  expect(volumeOf(lab, name).metadata.deletionTimestamp).toBeDefined();
  expect(lab.removedVolumes).toEqual([]);
  await lab.client.delete("persistentvolumeclaims", "default", "a");
  await lab.world.run(1000);
  expect(lab.find("persistentvolumes", name, "")).toBeUndefined();
  expect(lab.removedVolumes).toEqual([`${VOLUMES}/${name}`]);
});

test("a claim in use is deleted when its pod is gone", async () => {
  const lab = await start();
  await lab.client.create("persistentvolumeclaims", claim("a"));
  const spec = {
    containers: [{ name: "c", image: "i" }],
    volumes: [{ name: "v", persistentVolumeClaim: { claimName: "a" } }],
  };
  await lab.client.create("pods", {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p", namespace: "default" },
    spec,
  });
  await lab.world.run(5000);
  await lab.client.delete("persistentvolumeclaims", "default", "a");
  await lab.world.run(5000);
  expect(claimOf(lab, "a").metadata.deletionTimestamp).toBeDefined();
  await lab.client.delete("pods", "default", "p");
  await lab.world.run(5000);
  expect(lab.find("persistentvolumeclaims", "a")).toBeUndefined();
});

test("the smallest free volume that suits is taken; one reserved for the claim before all", async () => {
  const lab = await start();
  await lab.client.create("persistentvolumes", volume("large", "5Gi"));
  await lab.client.create("persistentvolumes", volume("small", "2Gi"));
  await lab.client.create("persistentvolumes", volume("tiny", "512Mi"));
  await lab.client.create(
    "persistentvolumes",
    volume("reserved", "9Gi", { claimRef: { namespace: "default", name: "mine" } }),
  );
  await lab.world.run(0);
  await lab.client.create("persistentvolumeclaims", claim("any", { storageClassName: "" }));
  await lab.client.create("persistentvolumeclaims", claim("mine", { storageClassName: "" }));
  await lab.client.create("persistentvolumeclaims", claim("named", { storageClassName: "", volumeName: "large" }));
  await lab.client.create("persistentvolumeclaims", claim("none", { storageClassName: "" }));
  await lab.world.run(0);
  expect(["any", "mine", "named", "none"].map((name) => claimOf(lab, name).spec?.volumeName)).toEqual([
    "small",
    "reserved",
    "large",
    undefined,
  ]);
  expect(volumeOf(lab, "tiny").status?.phase).toBe("Available");
  expect(lab.events()).toContain(
    "Normal FailedBinding persistentvolume-controller: no persistent volumes available for this claim and no storage class is set",
  );
  await lab.client.create("persistentvolumes", volume("late", "1Gi"));
  await lab.world.run(0);
  expect(claimOf(lab, "none").status?.phase).toBe("Bound");
});

test("a volume of a person's own is released, and its folder is never deleted", async () => {
  const lab = await start();
  await lab.client.create("persistentvolumes", volume("own", "2Gi", { persistentVolumeReclaimPolicy: "Delete" }));
  await lab.world.run(0);
  await lab.client.create("persistentvolumeclaims", claim("a", { storageClassName: "" }));
  await lab.world.run(0);
  await lab.client.delete("persistentvolumeclaims", "default", "a");
  await lab.world.run(1000);
  expect(lab.removedVolumes).toEqual([]);
  expect(volumeOf(lab, "own").status?.phase).toBe("Failed");
  expect(lab.events()).toContain(
    `Warning VolumeFailedDelete persistentvolume-controller: host_path deleter only supports ${VOLUMES}/.+ but received provided /data/own`,
  );
});

test("a class that is created later serves the claims that wait for it", async () => {
  const lab = await start();
  await lab.client.create("persistentvolumeclaims", claim("a", { storageClassName: "fast" }));
  await lab.world.run(1000);
  expect(lab.events()).toContain(
    'Warning ProvisioningFailed persistentvolume-controller: storageclass.storage.k8s.io "fast" not found',
  );
  await lab.client.create("storageclasses.storage.k8s.io", storageClass("fast", "k8s.io/minikube-hostpath"));
  await lab.world.run(0);
  expect(claimOf(lab, "a").status?.phase).toBe("Bound");
});

test("WaitForFirstConsumer waits for a pod", async () => {
  const lab = await start();
  const waits = storageClass("wait", "rancher.io/local-path", { volumeBindingMode: "WaitForFirstConsumer" });
  await lab.client.create("storageclasses.storage.k8s.io", waits);
  await lab.client.create("persistentvolumeclaims", claim("a", { storageClassName: "wait" }));
  await lab.world.run(60_000);
  expect(claimOf(lab, "a").status?.phase).toBe("Pending");
  expect(lab.events()).toContain(
    "Normal WaitForFirstConsumer persistentvolume-controller: waiting for first consumer to be created before binding",
  );
  const spec = {
    containers: [{ name: "c", image: "i" }],
    volumes: [{ name: "v", persistentVolumeClaim: { claimName: "a" } }],
  };
  await lab.client.create("pods", {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p", namespace: "default" },
    spec,
  });
  await lab.world.run(0);
  expect(claimOf(lab, "a").status?.phase).toBe("Bound");
  expect(claimOf(lab, "a").metadata.annotations?.["volume.kubernetes.io/selected-node"]).toBe("node-0");
  expect(lab.pod("p")?.spec?.nodeName).toBe("node-0");
});

test("a provisioner that is not here is waited for", async () => {
  const lab = await start();
  await lab.client.create("storageclasses.storage.k8s.io", storageClass("cloud", "ebs.csi.aws.com"));
  await lab.client.create("persistentvolumeclaims", claim("a", { storageClassName: "cloud" }));
  await lab.world.run(0);
  expect(claimOf(lab, "a").metadata.annotations?.["volume.kubernetes.io/storage-provisioner"]).toBe("ebs.csi.aws.com");
  expect(
    lab
      .events()
      .some((event) =>
        event.startsWith("Normal ExternalProvisioning persistentvolume-controller: Waiting for a volume"),
      ),
  ).toBe(true);
});
