import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

// Whole ensembles in virtual time, on all cores; `npm run simulate -- --seeds N` runs more of them, `npm run soak` without end.

const program = fileURLToPath(new URL("../../scripts/simulate.ts", import.meta.url));

function simulate(...args: string[]): { readonly status: number | null; readonly text: string } {
  const { ORDINAL_SEED: _seed, ...env } = process.env;
  const result = spawnSync(process.execPath, [program, ...args], { encoding: "utf8", env });
  return { status: result.status, text: result.stdout + result.stderr };
}

test("a thousand histories of an ensemble under faults keep all its promises, and meet all that they are about", () => {
  const { status, text } = simulate("--seeds", "1000");
  expect(status, text).toBe(0);
  expect(text).toMatch(/seeds 1000, operations \d{6,}, faults \d{4,}, elections \d+, diff \d+, trunc \d+, snap \d+/);
}, 1_200_000);

// The one that takes longest to be found is for `npm run simulate -- --mutations` and the soak.
test.each([
  ["1", "NEWLEADER acknowledged before the transactions are durable"],
  ["2", "the current epoch before the transactions"],
  ["4", "no truncate on re-election"],
  ["5", "a failed truncate that is ignored"],
  ["6", "the epoch in memory before its file"],
  ["7", "a read before the session's own write"],
  ["8", "the last zxid advanced within a multi"],
])("the simulation finds the bug %s: %s", (mutation) => {
  const { status, text } = simulate("--mutation", mutation, "--seeds", "2000");
  expect(status, text).toBe(0);
  expect(text).toContain("found after");
});
