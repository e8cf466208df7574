import { World } from "@ordinal/simulator";
import { expect, test } from "vitest";

import { WorkQueue } from "./work-queue.ts";

test("a key is worked on once at a time, and once more for what came meanwhile", async () => {
  const world = new World(1);
  const runs: string[] = [];
  let release = (): void => {};
  const queue = new WorkQueue(world.clock, async (key) => {
    runs.push(key);
    await new Promise<void>((resolve) => (release = resolve));
  });
  queue.add("a");
  queue.add("a");
  await world.run(0);
  queue.add("a");
  queue.add("a");
  await world.run(0);
  expect(runs).toEqual(["a"]);
  release();
  await world.run(0);
  expect(runs).toEqual(["a", "a"]);
  release();
  await world.run(0);
  expect(runs).toEqual(["a", "a"]);
});

test("a key that fails comes back after 5 ms, doubling to 30 s, and starts anew after a success", async () => {
  const world = new World(1);
  const times: number[] = [];
  let fails = true;
  const queue = new WorkQueue(world.clock, async () => {
    times.push(world.clock.monotonic());
    if (fails) throw new Error("no");
  });
  queue.add("a");
  await world.run(300_000);
  const waits = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  expect(waits.slice(0, 5)).toEqual([5, 10, 20, 40, 80]);
  expect(waits.at(-1)).toBe(30_000);
  fails = false;
  await world.run(30_000);
  fails = true;
  times.length = 0;
  queue.add("a");
  await world.run(8);
  expect(times[1]).toBe((times[0] ?? 0) + 5);
});

test("of several waits for a key the shortest counts", async () => {
  const world = new World(1);
  const times: number[] = [];
  const queue = new WorkQueue(world.clock, async () => void times.push(world.clock.monotonic()));
  queue.addAfter("a", 100);
  queue.addAfter("a", 50);
  queue.addAfter("a", 70);
  await world.run(1000);
  expect(times).toEqual([50]);
});

test("work that brings itself about again is slowed down, and other work goes on", async () => {
  const world = new World(1);
  const runs = new Map<string, number>();
  const queue = new WorkQueue(world.clock, async (key) => {
    runs.set(key, (runs.get(key) ?? 0) + 1);
    if (key === "restless") queue.add(key);
  });
  queue.add("restless");
  await world.run(1500);
  queue.add("other");
  await world.run(0);
  expect(runs).toEqual(
    new Map([
      ["restless", 400],
      ["other", 1],
    ]),
  );
});

test("after stop nothing starts", async () => {
  const world = new World(1);
  let runs = 0;
  const queue = new WorkQueue(world.clock, async () => void runs++);
  queue.add("a");
  queue.addAfter("b", 10);
  queue.stop();
  queue.add("c");
  await world.run(1000);
  expect(runs).toBe(0);
});
