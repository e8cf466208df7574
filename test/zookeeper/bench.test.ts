import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

import { describe, expect, test } from "vitest";

import { isOriginalInstalled } from "../../packages/zookeeper/src/testing/original.ts";

const SCRIPT = fileURLToPath(new URL("../../scripts/bench-zookeeper.ts", import.meta.url));

describe.skipIf(!isOriginalInstalled())("the benchmark against the original", () => {
  test("measures both sides and prints a row of each kind", () => {
    const wanted = ["create 100 B, 1 × 100", "get 1 KB, 30 × 10", "leader to next write", "restart", "loaded"];
    const words = [SCRIPT, "--quick", "--json", ...wanted.flatMap((name) => ["--rows", name])];
    const { stdout, stderr } = spawnSync(process.execPath, words, { encoding: "utf8" });
    const { rows } = JSON.parse(stdout === "" ? "{}" : stdout) as { rows?: Array<Record<string, unknown>> };
    expect(
      rows?.map(({ name }) => name),
      stderr,
    ).toEqual([
      "create 100 B, 1 × 100",
      "get 1 KB, 30 × 10",
      "kill -9 of the leader to next write",
      "restart with 500 znodes",
      "memory of a server, loaded",
    ]);
    expect(rows?.map(({ unit }) => unit)).toEqual(["ops/s", "ops/s", "ms", "ms", "MB"]);
    for (const { ours, original, ratio } of rows ?? []) {
      for (const value of [ours, original, ratio]) expect(value).toBeGreaterThan(0);
    }
  });

  test("says what it does not know", () => {
    const { status, stderr } = spawnSync(process.execPath, [SCRIPT, "--rows-of", "x"], { encoding: "utf8" });
    expect(status).not.toBe(0);
    expect(stderr).toContain("--rows-of");
  });
});
