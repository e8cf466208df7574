import { readFileSync, readdirSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { isStatus } from "../api/status-error.ts";
import { TestLab } from "./testing/test-lab.ts";

let lab: TestLab;
beforeEach(async () => (lab = await TestLab.create()));
afterEach(async () => {
  await lab.end();
  expect(lab.problems).toEqual([]);
});

const NGINX = { containers: [{ name: "nginx", image: "k8s.gcr.io/nginx-slim:0.8" }] };

async function gone(name: string): Promise<boolean> {
  return lab.client.get("pods", "default", name).then(
    () => false,
    (error: unknown) => isStatus(error, "NotFound"),
  );
}

test("nodes register, are Ready and renew their leases", async () => {
  await lab.start();
  const node = await lab.client.get("nodes", "", "node-1");
  const status = node["status"] as {
    conditions: { type: string; status: string }[];
    nodeInfo: { kubeletVersion: string; containerRuntimeVersion: string };
  };
  expect(status.conditions.find(({ type }) => type === "Ready")?.status).toBe("True");
  expect(status.nodeInfo).toMatchObject({ kubeletVersion: "v1.32.13", containerRuntimeVersion: "ordinal://0.1.0" });
  const renewed = async () =>
    ((await lab.client.get("leases.coordination.k8s.io", "kube-node-lease", "node-1"))["spec"] as { renewTime: string })
      .renewTime;
  const before = await renewed();
  await lab.clock.advance(10_000);
  expect(Date.parse(await renewed()) - Date.parse(before)).toBe(10_000);
});

test("a bound pod runs and its status says so; one of another node is left alone", async () => {
  await lab.start();
  await lab.createPod("other", { ...NGINX, nodeName: "elsewhere" });
  await lab.createPod("web-0", NGINX);
  const pod = await lab.untilRunning("web-0");
  expect(pod.status).toMatchObject({
    podIP: "127.16.0.10",
    hostIP: "127.16.0.1",
    containerStatuses: [{ name: "nginx", ready: true, restartCount: 0 }],
  });
  expect((await lab.pod("other")).status?.podIP).toBeUndefined();
  await lab.until("events", async () => (await lab.events("web-0")).length === 4);
  expect((await lab.events("web-0")).toSorted()).toEqual([
    "Normal Created Created container: nginx x1",
    expect.stringMatching(
      /^Normal Pulled Successfully pulled image "k8s.gcr.io\/nginx-slim:0.8" in \d+ms \(\d+ms including waiting\). Image size: \d+ bytes. x1$/,
    ),
    'Normal Pulling Pulling image "k8s.gcr.io/nginx-slim:0.8" x1',
    "Normal Started Started container nginx x1",
  ]);
});

test("a deleted pod ends in good order and its object, folder and address go", async () => {
  await lab.start();
  const created = await lab.createPod("web-0", NGINX);
  await lab.untilRunning("web-0");
  expect(readdirSync(join(lab.directory, "pods"))).toEqual([created.metadata?.uid]);
  await lab.client.delete("pods", "default", "web-0");
  await lab.until("gone", () => gone("web-0"));
  await lab.until("folder gone", () => readdirSync(join(lab.directory, "pods")).length === 0);
  await lab.createPod("web-0", NGINX);
  expect((await lab.untilRunning("web-0")).status?.podIP).toBe("127.16.0.11");
});

test("a pod of the same name waits until the old one is really over, even if its object was removed by force", async () => {
  await lab.start();
  await lab.createPod("web-0", { containers: [{ name: "a", image: "busybox", command: ["stubborn"] }] });
  await lab.untilRunning("web-0");
  await lab.client.delete("pods", "default", "web-0", { gracePeriodSeconds: 0 });
  const fresh = await lab.createPod("web-0", NGINX);
  await lab.clock.advance(1999);
  expect((await lab.pod("web-0")).status?.podIP).toBeUndefined();
  await lab.clock.advance(1);
  await lab.untilRunning("web-0");
  expect(readdirSync(join(lab.directory, "pods"))).toEqual([fresh.metadata?.uid]);
});

test("after a kill of the lab the same pods run again at their addresses, one restart more", async () => {
  await lab.start();
  for (const name of ["web-0", "web-1"]) {
    await lab.createPod(name, NGINX);
    await lab.untilRunning(name);
  }
  await lab.client.delete("pods", "default", "web-0");
  await lab.until("gone", () => gone("web-0"));
  lab.kill();
  await mkdir(join(lab.directory, "pods", "orphan"));
  await lab.start();
  await lab.until("restarted", async () => (await lab.pod("web-1")).status?.containerStatuses?.[0]?.restartCount === 1);
  const { status } = await lab.untilRunning("web-1");
  expect(status?.podIP).toBe("127.16.0.11");
  expect(status?.containerStatuses?.[0]?.lastState?.terminated).toMatchObject({ exitCode: 137, reason: "Error" });
  expect(readdirSync(join(lab.directory, "pods"))).toEqual([(await lab.pod("web-1")).metadata?.uid]);
});

describe("configuration", () => {
  test("what is missing holds the container back in the original's words, and starts it once it is there", async () => {
    await lab.start();
    const env = [{ name: "A", valueFrom: { configMapKeyRef: { name: "cfg", key: "a" } } }];
    await lab.createPod("web-0", { containers: [{ name: "nginx", image: "nginx", env }] });
    const waiting = async () => (await lab.pod("web-0")).status?.containerStatuses?.[0]?.state?.waiting;
    await lab.until("refused", async () => (await waiting())?.reason === "CreateContainerConfigError");
    expect((await waiting())?.message).toBe('configmap "cfg" not found');
    await lab.client.create("configmaps", {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "cfg", namespace: "default" },
      data: { a: "1" },
    });
    await lab.untilRunning("web-0");
    await lab.until("event", async () =>
      (await lab.events("web-0")).includes('Warning Failed Error: configmap "cfg" not found x1'),
    );
  });

  test("a downwardAPI volume follows the pod's labels", async () => {
    await lab.start();
    const items = [{ path: "labels", fieldRef: { fieldPath: "metadata.labels" } }];
    const volumes = [{ name: "v", downwardAPI: { items } }];
    const containers = [
      { name: "nginx", image: "k8s.gcr.io/nginx-slim:0.8", volumeMounts: [{ name: "v", mountPath: "/v" }] },
    ];
    const { metadata } = await lab.createPod("web-0", { containers, volumes });
    await lab.untilRunning("web-0");
    const folder = join(lab.directory, "pods", metadata?.uid ?? "", "volumes", "kubernetes.io~downward-api", "v");
    await lab.client.patch("pods", "default", "web-0", { metadata: { labels: { tier: "x" } } }, { type: "merge" });
    await lab.until("refresh", () => readFileSync(join(folder, "labels"), "utf8").includes('tier="x"'));
  });

  test("a configMap volume follows its object, all files at once", async () => {
    await lab.start();
    const configMap = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "cfg", namespace: "default" },
      data: { a: "1", b: "2" },
    };
    const pod = await lab.createPod("web-0", {
      ...NGINX,
      volumes: [{ name: "v", configMap: { name: "cfg", defaultMode: 0o440 } }],
    });
    await lab.until("event", async () =>
      (await lab.events("web-0")).some((event) =>
        event.startsWith('Warning FailedMount MountVolume.SetUp failed for volume "v" : configmap "cfg" not found'),
      ),
    );
    await lab.client.create("configmaps", configMap);
    await lab.untilRunning("web-0");
    const folder = join(lab.directory, "pods", pod.metadata?.uid ?? "", "volumes", "kubernetes.io~configmap", "v");
    expect(
      readdirSync(folder)
        .filter((name) => !name.startsWith("..20"))
        .toSorted(),
    ).toEqual(["..data", "a", "b"]);
    await lab.client.patch("configmaps", "default", "cfg", { data: { a: "3", b: null } }, { type: "merge" });
    await lab.until("written", () => readFileSync(join(folder, "a"), "utf8") === "3");
    await lab.until(
      "links",
      () =>
        readdirSync(folder)
          .filter((name) => !name.startsWith("..20"))
          .toSorted()
          .join() === "..data,a",
    );
  });

  test("a claim's volume is the folder its PersistentVolume names", async () => {
    await lab.start();
    const path = join(lab.directory, "pv");
    await mkdir(path);
    await writeFile(join(path, "f"), "x");
    const spec = {
      accessModes: ["ReadWriteOnce"],
      resources: { requests: { storage: "1Gi" } },
      volumeName: "pv",
      storageClassName: "",
    };
    await lab.client.create("persistentvolumes", {
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata: { name: "pv" },
      spec: { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], hostPath: { path } },
    });
    await lab.client.create("persistentvolumeclaims", {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name: "www", namespace: "default" },
      spec,
    });
    const volumes = [{ name: "www", persistentVolumeClaim: { claimName: "www" } }];
    await lab.createPod("web-0", {
      containers: [{ name: "nginx", image: "nginx", volumeMounts: [{ name: "www", mountPath: "/www" }] }],
      volumes,
    });
    await lab.until("unbound", async () =>
      (await lab.events("web-0")).some((event) => event.includes("PVC is not bound")),
    );
    await lab.client.patch(
      "persistentvolumeclaims",
      "default",
      "www",
      { status: { phase: "Bound" } },
      { type: "merge", subresource: "status" },
    );
    await lab.untilRunning("web-0");
  });
});

describe("the node's connection", () => {
  const refusal = (promise: Promise<unknown>) =>
    promise.then(
      () => "no refusal",
      (error: Error) => error.message,
    );

  test("refuses in the original's words", async () => {
    const { node } = await lab.start();
    const created = await lab.createPod("web-0", { containers: [{ name: "nginx", image: "nosuch" }] });
    const pod = { namespace: "default", name: "web-0", uid: created.metadata?.uid ?? "" };
    const logs = { container: "nginx", follow: false, previous: false, timestamps: false };
    await lab.until(
      "refused",
      async () => (await lab.pod("web-0")).status?.containerStatuses?.[0]?.state?.waiting?.reason === "ErrImagePull",
    );
    expect(await refusal(node.logs(pod, logs))).toBe(
      'container "nginx" in pod "web-0" is waiting to start: image can\'t be pulled',
    );
    expect(await refusal(node.logs(pod, { ...logs, previous: true }))).toBe(
      'previous terminated container "nginx" in pod "web-0" not found',
    );
    expect(await refusal(node.logs(pod, { ...logs, container: "x" }))).toBe("container x is not valid for pod web-0");
    const exec = { container: "nginx", command: ["true"], stdin: false, stdout: true, stderr: true, tty: false };
    expect(await refusal(node.exec(pod, exec))).toBe(
      'Internal error occurred: unable to upgrade connection: container not found ("nginx")',
    );
  });

  test("runs a command", async () => {
    const { node } = await lab.start();
    const created = await lab.createPod("web-0", NGINX);
    await lab.untilRunning("web-0");
    const pod = { namespace: "default", name: "web-0", uid: created.metadata?.uid ?? "" };
    const session = await node.exec(pod, {
      container: "nginx",
      command: ["sh", "-c", "exit 3"],
      stdin: false,
      stdout: true,
      stderr: true,
      tty: false,
    });
    session.stdout?.resume();
    session.stderr?.resume();
    expect((await session.exited).exitCode).toBe(3);
  });
});

test("a probe goes on when timers fire a moment early and time passes between two looks at the clock", async () => {
  await lab.start();
  lab.clock.jitter = true;
  const readinessProbe = { exec: { command: ["false"] }, periodSeconds: 1 };
  await lab.createPod("web-0", { containers: [{ name: "nginx", image: "k8s.gcr.io/nginx-slim:0.8", readinessProbe }] });
  await lab.until("started", async () => (await lab.events("web-0")).some((event) => event.includes("Started")));
  await lab.clock.advance(30_000);
  const unhealthy = (await lab.events("web-0")).find((event) => event.includes("Unhealthy")) ?? "";
  expect(Number(/x(\d+)$/.exec(unhealthy)?.[1])).toBeGreaterThan(5);
});
