import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { homePaths, readState } from "@ordinal/kubernetes/lab-home";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { eventually } from "../eventually.ts";
import { kubectl, ordinal, processesOf, readIfThere, run } from "./cli.ts";

// A program that takes an exclusive lock in its volume: two live processes for one ordinal cannot both have it.
const IMAGES = `images:
- name: example/holder:1
  command: ["sh", "-c", "exec 9>>/data/lock; flock -n 9 || echo two at once >>/data/violations; echo run >>/data/runs; exec sleep 1000"]
- name: example/holder:2
  command: ["sh", "-c", "exec 9>>/data/lock; flock -n 9 || echo two at once >>/data/violations; echo run2 >>/data/runs; exec sleep 1000"]
`;
const MANIFEST = `apiVersion: v1
kind: Service
metadata: { name: holder }
spec: { clusterIP: None, selector: { app: holder }, ports: [{ port: 80 }] }
---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: holder }
spec:
  serviceName: holder
  replicas: 3
  selector: { matchLabels: { app: holder } }
  template:
    metadata: { labels: { app: holder } }
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: holder
        image: example/holder:1
        volumeMounts: [{ name: data, mountPath: /data }]
  volumeClaimTemplates:
  - metadata: { name: data }
    spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
`;
const ROUNDS = Number(process.env["ORDINAL_KILL_ROUNDS"] ?? 4);

describe("a lab that is killed with kill -9 in the middle of a rolling update", () => {
  let folder: string;
  let home: ReturnType<typeof homePaths>;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "ordinal kill "));
    home = homePaths(join(folder, "home"));
    mkdirSync(home.directory);
    writeFileSync(home.images, IMAGES);
    writeFileSync(join(folder, "holder.yaml"), MANIFEST);
    const started = await ordinal(["start", "--detach", "--home", home.directory, "-f", join(folder, "holder.yaml")]);
    expect(started.stderr).toBe("");
    expect(started.code).toBe(0);
  });
  afterAll(async () => {
    await ordinal(["stop", "--home", home.directory]);
    rmSync(folder, { recursive: true, force: true });
  });

  it(
    "leaves no process over, and the next start finishes the update with the volumes intact",
    { timeout: 300_000 + ROUNDS * 60_000 },
    async () => {
      const volumes = await run(
        ["kubectl", "get", "pv", "-o", "jsonpath={range .items[*]}{.metadata.name}{'\\n'}{end}"],
        { env: { KUBECONFIG: home.kubeconfig, HOME: folder } },
      );
      const names = volumes.stdout.trim().split("\n");
      expect(names).toHaveLength(3);
      for (let round = 0; round < ROUNDS; round++) {
        const image = `example/holder:${round % 2 === 0 ? 2 : 1}`;
        const patched = await kubectl(home.kubeconfig, ["set", "image", "sts/holder", `holder=${image}`]);
        expect(patched.stderr).toBe("");
        // A different moment of the update each round.
        await new Promise((resolve) => setTimeout(resolve, (round % 8) * 450));
        const state = readState(home);
        process.kill(state?.pid ?? 0, "SIGKILL");
        await eventually(() => expect(processesOf(home.directory)).toEqual([]), 5_000);
        const again = await ordinal(["start", "--detach", "--empty", "--home", home.directory]);
        expect(again.stderr).toBe("");
        expect(again.code).toBe(0);
        await eventually(async () => {
          const status = await kubectl(home.kubeconfig, [
            "get",
            "sts",
            "holder",
            "-o",
            "jsonpath={.status.updatedReplicas} {.status.readyReplicas} {.spec.template.spec.containers[0].image}",
          ]);
          expect(status.stdout).toBe(`3 3 ${image}`);
        });
        for (const name of names) expect(readIfThere(join(home.volumes, name, "violations"))).toBeUndefined();
      }
      // Every run of every ordinal wrote into the same volume: nothing was lost, nothing began anew.
      for (const name of names)
        expect((readIfThere(join(home.volumes, name, "runs")) ?? "").trim().split("\n").length).toBeGreaterThanOrEqual(
          1 + ROUNDS,
        );
    },
  );
});
