/**
 * The original and ours, alone and configured alike, are asked the same; all that their clients see must be the same. What is
 * known to differ, and why, is in `packages/zookeeper/docs/differences.md`; the scenarios go round it.
 *
 * `ORDINAL_SEED=n` repeats the run of one seed, `ORDINAL_SEEDS=n` plays that many.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { compare, type Scenario } from "./compare.ts";
import * as access from "./scenarios/access.ts";
import * as malformed from "./scenarios/malformed.ts";
import * as multis from "./scenarios/multis.ts";
import * as nodes from "./scenarios/nodes.ts";
import * as quotas from "./scenarios/quotas.ts";
import { randomRun } from "./scenarios/random-requests.ts";
import * as sessions from "./scenarios/sessions.ts";
import * as sweeps from "./scenarios/sweeps.ts";
import * as watches from "./scenarios/watches.ts";
import * as words from "./scenarios/words.ts";
import { type Pair, type PairOptions, startPair } from "./targets.ts";

const RANDOM_STEPS = 300;

const given = process.env["ORDINAL_SEED"];
const first = given === undefined ? Math.floor(Math.random() * 1e9) : Number(given);
const seeds = Number(process.env["ORDINAL_SEEDS"] ?? (given === undefined ? 6 : 1));

const suites: Record<string, Record<string, Scenario | PairOptions>> = {
  nodes,
  multis,
  watches,
  access,
  sessions,
  malformed,
  quotas,
  sweeps,
  words,
};

describe.each(Object.entries(suites))("what clients see of %s", (_suite, { OPTIONS = {}, ...scenarios }) => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await startPair(OPTIONS as PairOptions);
  });
  afterAll(async () => await pair?.[Symbol.asyncDispose]());

  test.each(Object.entries(scenarios))("is the same: %s", async (_name, scenario) => {
    expect(await compare(pair.original, pair.ours, scenario as Scenario)).toBe(undefined);
  });
});

describe.each([{ extended: true }, { extended: false }])(
  "whatever clients ask, extended types: $extended",
  ({ extended }) => {
    let pair: Pair;
    beforeAll(async () => {
      // Empty containers go by themselves otherwise, in the middle of a run.
      const properties = {
        "zookeeper.extendedTypesEnabled": String(extended),
        "znode.container.checkIntervalMs": "3600000",
      };
      pair = await startPair({ properties });
    });
    afterAll(async () => await pair?.[Symbol.asyncDispose]());

    test.each(Array.from({ length: seeds }, (_unused, index) => first + index))(
      "the answers are the same: ORDINAL_SEED=%i",
      async (seed) => {
        expect(await compare(pair.original, pair.ours, randomRun(seed, RANDOM_STEPS))).toBe(undefined);
      },
    );
  },
);
