import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { startLab, type Lab } from "@ordinal/kubernetes";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { eventually } from "../eventually.ts";
import { kubectl, ordinal, run } from "./cli.ts";

const MANIFEST = `apiVersion: v1
kind: ConfigMap
metadata: { name: words }
data: { greeting: hello }
---
apiVersion: v1
kind: Pod
metadata: { name: talker, labels: { app: talk } }
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: talker
    image: busybox
    command: ["sh", "-c", "echo $GREETING; echo problem >&2; exec sleep 1000"]
    env: [{ name: GREETING, valueFrom: { configMapKeyRef: { name: words, key: greeting } } }]
`;

describe("the commands for who has no kubectl", () => {
  let folder: string;
  let lab: Lab;
  const here = (...args: string[]) => ordinal([...args, "--home", lab.home.directory]);

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "ordinal commands "));
    writeFileSync(join(folder, "talker.yaml"), MANIFEST);
    lab = await startLab({ home: join(folder, "it's a home") });
  });
  afterAll(async () => {
    await lab?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it("apply creates, then finds nothing to do, then changes what differs", async () => {
    const file = join(folder, "talker.yaml");
    expect((await here("apply", "-f", file)).stdout).toBe("configmap/words created\npod/talker created\n");
    expect((await here("apply", "-f", file)).stdout).toBe("configmap/words unchanged\npod/talker unchanged\n");
    writeFileSync(file, MANIFEST.replace("app: talk", "app: talk, tier: front"));
    expect((await here("apply", "-f", file)).stdout).toBe("configmap/words unchanged\npod/talker configured\n");
    expect((await kubectl(lab.kubeconfig, ["apply", "-f", file])).stdout).toBe(
      "configmap/words unchanged\npod/talker unchanged\n",
    );
  });

  it("get shows tables as the server makes them, names, JSON and YAML", async () => {
    await eventually(async () =>
      expect((await here("get", "pods")).stdout).toMatch(
        /^NAME +READY +STATUS +RESTARTS +AGE\ntalker +1\/1 +Running +0 +\S+\n$/,
      ),
    );
    expect((await here("get", "po", "-l", "tier=front", "-o", "name")).stdout).toBe("pods/talker\n");
    expect((await here("get", "pod", "talker", "-o", "wide")).stdout).toContain("NODE");
    expect(JSON.parse((await here("get", "cm", "words", "-o", "json")).stdout)).toMatchObject({
      data: { greeting: "hello" },
    });
    expect((await here("get", "cm", "words", "-o", "yaml")).stdout).toContain("greeting: hello");
    expect((await here("get", "nodes")).stdout.match(/ Ready /g)).toHaveLength(4);
    expect((await here("get", "pods", "-n", "nowhere")).stderr).toBe("No resources found in nowhere namespace.\n");
    const unknown = await here("get", "sandwiches");
    expect([unknown.code, unknown.stderr]).toEqual([
      1,
      'error: the server doesn\'t have a resource type "sandwiches"\n',
    ]);
    const missing = await here("get", "pod", "nobody");
    expect([missing.code, missing.stderr]).toEqual([1, 'Error from server (NotFound): pods "nobody" not found\n']);
  });

  it("logs prints both outputs, or the last lines", async () => {
    expect((await here("logs", "talker")).stdout.split("\n").sort()).toEqual(["", "hello", "problem"]);
    expect((await here("logs", "talker", "--tail", "1")).stdout).toMatch(/^(hello|problem)\n$/);
    expect((await here("logs", "talker", "--previous")).code).toBe(1);
  });

  it("exec runs a command with its input, its outputs and its exit code", async () => {
    expect((await ordinal(["exec", "talker", "--home", lab.home.directory, "--", "hostname"])).stdout).toBe("talker\n");
    const echoed = await ordinal(["exec", "-i", "talker", "--home", lab.home.directory, "--", "cat"], {
      input: "in and out\n",
    });
    expect(echoed.stdout).toBe("in and out\n");
    const failed = await ordinal([
      "exec",
      "talker",
      "--home",
      lab.home.directory,
      "--",
      "sh",
      "-c",
      "echo bad >&2; exit 7",
    ]);
    expect([failed.code, failed.stderr]).toEqual([7, "bad\ncommand terminated with exit code 7\n"]);
    const absent = await ordinal(["exec", "talker", "--home", lab.home.directory, "--", "nope"]);
    expect(absent.code).toBe(1);
    expect(absent.stderr).toContain("executable file not found in $PATH");
  });

  it("kubeconfig and env give lines that a shell can use, whatever the home is called", async () => {
    const script = 'eval "$("$1" "$2" env --home "$3")" && kubectl get cm words -o jsonpath={.data.greeting}';
    const cli = join(import.meta.dirname, "../../packages/ordinal/bin/ordinal.js");
    const used = await run(["sh", "-c", script, "sh", process.execPath, cli, lab.home.directory], {
      env: { HOME: folder },
    });
    expect(used.stdout).toBe("hello");
    expect((await here("kubeconfig")).stdout).toBe(`${lab.kubeconfig}\n`);
  });

  it("images lists what can run; doctor says that a lab can run here", async () => {
    expect((await here("images")).stdout).toMatch(/nginx .*\n.*busybox/);
    const doctor = await here("doctor");
    expect(doctor.stdout).toContain("A lab can run here.");
    expect(doctor.code).toBe(0);
  });

  it("delete waits until the object is gone", async () => {
    expect((await here("delete", "pod", "talker")).stdout).toBe('pod "talker" deleted\n');
    expect((await here("get", "pod", "talker")).code).toBe(1);
    expect((await here("delete", "-f", join(folder, "talker.yaml"))).code).toBe(1);
    expect((await here("get", "cm", "words")).code).toBe(1);
  });
});
