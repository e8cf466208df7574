import { beforeEach, describe, expect, test } from "vitest";

import { CreateFlag, OpCode } from "../jute/op-code.ts";
import {
  CONTAINER_SWEEP_DEFAULTS,
  containerCandidates,
  ContainerSweep,
  deleteContainerRequest,
} from "./container-sweep.ts";
import { create, PrepareBench, recordOf, remove, SESSION, setData, WALL_MS } from "./testing/prepare-bench.ts";

let bench: PrepareBench;

beforeEach(() => {
  bench = new PrepareBench({}, { extendedTypesEnabled: true });
  bench.open(SESSION);
});

function container(path: string, isUsed: boolean): void {
  bench.run(create({ path, flags: CreateFlag.container }, { type: OpCode.createContainer }));
  if (!isUsed) return;
  bench.run(create({ path: `${path}/x` }));
  bench.run(remove(`${path}/x`));
}

describe("which nodes go", () => {
  test("a container that is empty and was not always so", () => {
    container("/new", false);
    container("/used", true);
    container("/full", true);
    bench.run(create({ path: "/full/y" }));
    bench.run(create({ path: "/plain" }));
    expect(containerCandidates(bench.database.tree, WALL_MS, 0)).toEqual(["/used"]);
    expect(containerCandidates(bench.database.tree, WALL_MS + 500, 400)).toEqual(["/new", "/used"]);
  });

  test("a node that nobody changed for its time to live and that has no children", () => {
    const ttl = (path: string, ms: number): void => {
      bench.run(create({ path, flags: CreateFlag.persistentTtl, ttl: ms }, { type: OpCode.createTTL }));
    };
    ttl("/short", 1000);
    ttl("/long", 100_000);
    ttl("/parent", 1000);
    bench.run(create({ path: "/parent/x" }));
    expect(containerCandidates(bench.database.tree, WALL_MS + 1000, 0)).toEqual([]);
    expect(containerCandidates(bench.database.tree, WALL_MS + 2000, 0)).toEqual(["/short"]);
    bench.run(setData("/short", null));
    const mtime = bench.database.tree.node("/short")?.mtime ?? 0;
    expect(containerCandidates(bench.database.tree, mtime + 1000, 0)).toEqual([]);
    expect(containerCandidates(bench.database.tree, mtime + 1001, 0)).toEqual(["/short"]);
  });

  test("the request that removes it is the server's own", () => {
    container("/used", true);
    expect(recordOf(bench.prepare(deleteContainerRequest("/used")))).toMatchObject({ path: "/used" });
  });
});

describe("when they go", () => {
  test("after each interval, evenly spread over the minute", () => {
    for (const path of ["/a", "/b", "/c"]) container(path, true);
    const sweep = new ContainerSweep({ ...CONTAINER_SWEEP_DEFAULTS, maxPerMinute: 600 }, 1000);
    const { tree } = bench.database;
    expect(sweep.nextDeadlineMs()).toBe(61_000);
    expect(sweep.due(tree, 60_999, WALL_MS)).toEqual([]);
    expect(sweep.due(tree, 61_000, WALL_MS)).toEqual(["/a"]);
    expect(sweep.nextDeadlineMs()).toBe(61_100);
    expect(sweep.due(tree, 61_099, WALL_MS)).toEqual([]);
    expect(sweep.due(tree, 61_250, WALL_MS)).toEqual(["/b", "/c"]);
    expect(sweep.nextDeadlineMs()).toBe(121_000);
  });
});
