import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { compare, type Scenario } from "./compare.ts";
import * as nodes from "./scenarios/nodes.ts";
import { type Pair, startPair } from "./targets.ts";

describe("a server alone", () => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await startPair();
  });
  afterAll(async () => await pair?.[Symbol.asyncDispose]());

  const scenarios: Record<string, Scenario> = { ...nodes };
  test.each(Object.entries(scenarios))("tells its clients what the original tells: %s", async (_name, scenario) => {
    expect(await compare(pair.original, pair.ours, scenario)).toBe(undefined);
  });
});
