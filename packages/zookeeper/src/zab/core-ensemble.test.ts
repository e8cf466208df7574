import { describe, expect, it } from "vitest";

import { CoreEnsemble, type Seen } from "./testing/core-ensemble.ts";

const STEPS = 3000;

function run(seed: number, voters: number, observers: number): Seen {
  const ensemble = new CoreEnsemble(seed, voters, observers);
  try {
    for (let step = 0; step < STEPS; step++) ensemble.step(0.01);
    ensemble.converge();
  } catch (error) {
    throw new Error(`seed ${seed}, ${voters} voters, ${observers} observers`, { cause: error });
  }
  return ensemble.seen;
}

describe("leader and learners wired together", () => {
  it.each([
    [3, 0],
    [3, 1],
    [5, 0],
  ])(
    "agree on one history through crashes and cuts, and lose nothing committed: %i voters, %i observers",
    (voters, observers) => {
      const total: Record<string, number> = {};
      for (let seed = 1; seed <= 40; seed++) {
        for (const [name, count] of Object.entries(run(seed, voters, observers)))
          total[name] = (total[name] ?? 0) + count;
      }
      // A run that saw no TRUNC or no SNAP says nothing about them.
      for (const name of ["elections", "established", "diff", "trunc", "snap", "crashes", "cuts", "committed"]) {
        expect(total[name], name).toBeGreaterThan(0);
      }
    },
  );
});
