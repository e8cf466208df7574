import { seedsToTry, World } from "@ordinal/simulator";
import { expect, test } from "vitest";

import { addCoverage, missing, noCoverage } from "./coverage.ts";
import { runScenario } from "./scenario.ts";
import { runSeed } from "./worker.ts";

// A taste of `npm run simulate`, which runs a thousand seeds and more.

const SEEDS = 40;

test("an ensemble keeps its promises whatever breaks, and serves when nothing breaks any more", async () => {
  const coverage = noCoverage();
  for (const seed of seedsToTry(SEEDS)) {
    const result = await runSeed(seed);
    if ("error" in result) {
      const again = `Repeat it: ORDINAL_SEED=${seed} npm run simulate`;
      throw new Error([...result.lastEvents.slice(-20), result.error, again].join("\n"));
    }
    addCoverage(coverage, result.coverage);
  }
  if (coverage.seeds === SEEDS) expect(missing(coverage)).toEqual([]);
}, 1_800_000);

test("a seed is one history: all that happens is the same each time", async () => {
  const run = async (): Promise<string> => {
    const world = new World(7);
    await world.until(runScenario(world));
    return world.digest;
  };
  expect(await run()).toBe(await run());
});
