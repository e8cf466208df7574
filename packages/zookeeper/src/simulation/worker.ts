/**
 * Runs simulations of an ensemble and tells of each in one line of JSON on standard output:
 *
 *     node worker.ts FIRST STRIDE COUNT
 *
 * runs the seeds FIRST, FIRST + STRIDE, … , COUNT of them, and ends at the first that fails.
 */
import { World } from "@ordinal/simulator";

import type { Coverage } from "./coverage.ts";
import { runScenario } from "./scenario.ts";

export type SeedResult =
  | { readonly seed: number; readonly ms: number; readonly coverage: Coverage }
  | { readonly seed: number; readonly ms: number; readonly error: string; readonly lastEvents: readonly string[] };

/** Never rejects. */
export async function runSeed(seed: number): Promise<SeedResult> {
  const world = new World(seed);
  const startMs = performance.now();
  try {
    const coverage = await world.until(runScenario(world));
    return { seed, ms: performance.now() - startMs, coverage };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const message = `seed ${seed} failed at ${world.events.nowMs.toFixed(3)} ms: ${reason}`;
    return { seed, ms: performance.now() - startMs, error: message, lastEvents: world.lastEvents };
  }
}

if (import.meta.main) {
  process.stdout.on("error", () => process.exit(1)); // who asked is gone
  const [first = 1, stride = 1, count = 1] = process.argv.slice(2).map(Number);
  let seed = first;
  // A server that throws where nobody catches ends its process, and this one.
  process.once("uncaughtException", (error) => {
    const result: SeedResult = { seed, ms: 0, error: `seed ${seed} failed: ${error.stack}`, lastEvents: [] };
    process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
  });
  for (let at = 0; at < count; at++) {
    seed = first + at * stride;
    const result = await runSeed(seed);
    process.stdout.write(`${JSON.stringify(result)}\n`);
    if ("error" in result) break;
  }
  process.exit(0); // what a world leaves waiting waits for ever
}
