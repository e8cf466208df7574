import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { describe, expect, test } from "vitest";

import { probeNamespaces } from "../../packages/kubernetes/src/runtime/index.ts";
import { until } from "../eventually.ts";
import { startAgentLab } from "./agent-lab.ts";

const probe = await probeNamespaces(tmpdir());

/** Processes whose command line holds all of the words. */
async function processes(...words: string[]): Promise<string[]> {
  const found: string[] = [];
  for (const pid of await readdir("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    const line = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (words.every((word) => line.includes(word))) found.push(line.replaceAll("\0", " "));
  }
  return found;
}

describe.each(["namespaces", "processes"] as const)("a lab of %s killed by kill -9", (runtime) => {
  test.skipIf(runtime === "namespaces" && !probe.ok)(
    "leaves no process, and its pods come back once, as the same objects",
    async () => {
      const directory = await mkdtemp(join(tmpdir(), "ordinal killed "));
      const child = spawn(
        process.execPath,
        [fileURLToPath(new URL("./lab-to-kill.ts", import.meta.url)), runtime, directory],
        { stdio: ["ignore", "pipe", "inherit"] },
      );
      await new Promise((resolve) => child.stdout.once("data", resolve));
      expect(await processes("sleep", "98765")).not.toEqual([]);
      child.kill("SIGKILL");
      await until("no process left", async () => (await processes("sleep", "98765")).length === 0);
      const lab = await startAgentLab(runtime, directory);
      await until("restarted", async () =>
        (await lab.pod("web-0")).status?.containerStatuses?.[0]?.restartCount === 1 ? true : undefined,
      );
      const pod = await lab.ready("web-0");
      expect(pod.status?.containerStatuses?.[0]?.lastState?.terminated).toMatchObject({
        exitCode: 137,
        reason: "Error",
      });
      expect(
        (await processes("sleep", "98765")).filter((line) => line.startsWith("sleep") || line.includes("/sleep 98765")),
      ).toHaveLength(1);
      await lab.end();
      await until("nothing after the end", async () => (await processes("sleep", "98765")).length === 0);
    },
  );
});
