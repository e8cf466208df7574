// How fast the lab is, in figures that compare: warm start to Ready, a pod from its creation to its process running, a Parallel set of
// 100, a new pod's name in DNS. Run it with nothing else on the machine: `npm run bench -- kubernetes`.
import { spawnSync } from "node:child_process";
import { Resolver } from "node:dns/promises";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { type Lab, startLab } from "@ordinal/kubernetes";

const STARTS = 5;
const PODS = 50;
const PARALLEL = 100;
const NAMES = 20;

const folder = mkdtempSync(join(tmpdir(), "ordinal-bench-"));
const cli = fileURLToPath(new URL("../../ordinal/bin/ordinal.js", import.meta.url));
try {
  warmStarts();
  const lab = await startLab({ home: join(folder, "lab") });
  try {
    await podStarts(lab);
    await names(lab);
    await parallelSet(lab);
  } finally {
    await lab.stop();
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** The whole command, from the shell to "Ready", on a home that has run before. */
function warmStarts(): void {
  const home = join(folder, "start");
  const ordinal = (...args: string[]): number => {
    const begin = performance.now();
    const result = spawnSync(process.execPath, [cli, ...args, "--home", home], { encoding: "utf8" });
    if (result.status !== 0) throw new Error(`ordinal ${args.join(" ")}: ${result.stderr}`);
    return performance.now() - begin;
  };
  ordinal("start", "--detach");
  ordinal("stop");
  const times = Array.from({ length: STARTS }, () => {
    const time = ordinal("start", "--detach");
    ordinal("stop");
    return time;
  });
  report("warm start of two web pods to Ready, whole command", times, 2_000);
}

async function podStarts(lab: Lab): Promise<void> {
  const times: number[] = [];
  for (let index = 0; index < PODS; index++) {
    const name = `start-${index}`;
    const created = await createPod(lab, name, ["sh", "-c", "date +%s%N; exec sleep 1000"]);
    await running(lab, name);
    // The program's first act is to say what time it is, in nanoseconds since the epoch.
    times.push((await firstLine(lab, name, created.uid)) / 1e6 - created.atMs);
    await lab.client.delete("pods", "default", name, { gracePeriodSeconds: 0 });
  }
  report(`a pod, from creation to its process running (${PODS} pods)`, times, 50);
}

async function createPod(lab: Lab, name: string, command: string[]): Promise<{ uid: string; atMs: number }> {
  const atMs = performance.timeOrigin + performance.now();
  const pod = await lab.client.create("pods", {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default", labels: { app: "bench" } },
    spec: {
      restartPolicy: "Never",
      hostname: name,
      subdomain: "bench",
      terminationGracePeriodSeconds: 0,
      containers: [{ name: "c", image: "busybox", command }],
    },
  });
  return { uid: pod.metadata.uid, atMs };
}

function running(lab: Lab, name: string): Promise<void> {
  return new Promise((resolve) => {
    const watch = lab.client.watch(
      "pods",
      { namespace: "default", fieldSelector: `metadata.name=${name}` },
      (event) => {
        if (event.kind === "SYNCED" || event.kind === "DELETED") return;
        const status = event.object["status"] as { containerStatuses?: { ready: boolean }[] };
        if (status.containerStatuses?.every((one) => one.ready) !== true) return;
        watch.stop();
        resolve();
      },
    );
  });
}

/** What the container said first; its log may be a moment behind the pod's status. */
async function firstLine(lab: Lab, name: string, uid: string): Promise<number> {
  const log = join(lab.home.logs, `default_${name}_${uid}`, "c", "0.log");
  for (;;) {
    const said = Number(readFileSync(log, "utf8").split(" ")[3]);
    if (said > 0) return said;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** From the moment the API says Ready to the first right answer over UDP. */
async function names(lab: Lab): Promise<void> {
  await lab.client.create("services", {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "bench", namespace: "default" },
    spec: { clusterIP: "None", selector: { app: "bench" }, ports: [{ port: 80 }] },
  });
  const resolver = new Resolver({ timeout: 500, tries: 1 });
  resolver.setServers([`127.0.0.1:${lab.dnsPort}`]);
  const times: number[] = [];
  for (let index = 0; index < NAMES; index++) {
    const name = `name-${index}`;
    await createPod(lab, name, ["sleep", "1000"]);
    await running(lab, name);
    const begin = performance.now();
    while ((await resolver.resolve4(`${name}.bench.default.svc.cluster.local`).catch(() => [])).length === 0);
    times.push(performance.now() - begin);
    await lab.client.delete("pods", "default", name, { gracePeriodSeconds: 0 });
  }
  report("a Ready pod's name answers over DNS", times, 50);
}

async function parallelSet(lab: Lab): Promise<void> {
  const begin = performance.now();
  await lab.client.create("statefulsets.apps", {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: "many", namespace: "default" },
    spec: {
      serviceName: "many",
      podManagementPolicy: "Parallel",
      replicas: PARALLEL,
      selector: { matchLabels: { app: "many" } },
      template: {
        metadata: { labels: { app: "many" } },
        spec: { containers: [{ name: "nginx", image: "nginx", ports: [{ containerPort: 80 }] }] },
      },
    },
  });
  await new Promise<void>((resolve) => {
    const watch = lab.client.watch("statefulsets.apps", {}, (event) => {
      if (
        event.kind === "SYNCED" ||
        ((event.object["status"] ?? {}) as { readyReplicas?: number }).readyReplicas !== PARALLEL
      )
        return;
      watch.stop();
      resolve();
    });
  });
  report(`a Parallel StatefulSet of ${PARALLEL} nginx pods, all Ready`, [performance.now() - begin], 30_000);
}

function report(what: string, times: readonly number[], goalMs: number): void {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number): string =>
    (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN).toFixed(0);
  process.stdout.write(
    `${what}: median ${at(0.5)} ms, min ${at(0)}, p90 ${at(0.9)}, max ${at(1)} (goal: median at most ${goalMs})\n`,
  );
}
