import { expect, test } from "vitest";

import { AddWatchMode, type Watcher, WatcherType, WatchTable } from "./watch-table.ts";

const watcher: Watcher = { sessionId: 1n, process: () => {} };
const { any, children, data, persistent, persistentRecursive } = WatcherType;

/** What each type finds of a watch that `add` sets, and what is left when each type is removed. */
function foundAndLeft(
  add: (table: WatchTable) => void,
): Array<readonly [found: boolean, removed: boolean, left: number]> {
  return [children, data, any, persistent, persistentRecursive].map((type) => {
    const table = new WatchTable();
    add(table);
    const found = table.contains("/a", watcher, type);
    const removed = table.remove("/a", watcher, type);
    return [found, removed, table.size] as const;
  });
}

test("each kind of watch is found and removed under its own type and under any", () => {
  const no = (left: number) => [false, false, left] as const;
  const yes = [true, true, 0] as const;
  expect(foundAndLeft((table) => table.addChild("/a", watcher))).toEqual([yes, no(1), yes, no(1), no(1)]);
  expect(foundAndLeft((table) => table.addData("/a", watcher))).toEqual([no(1), yes, yes, no(1), no(1)]);
  expect(foundAndLeft((table) => table.add("/a", watcher, AddWatchMode.persistent))).toEqual([
    no(2),
    no(2),
    yes,
    yes,
    no(2),
  ]);
  expect(foundAndLeft((table) => table.add("/a", watcher, AddWatchMode.persistentRecursive))).toEqual([
    no(1),
    no(1),
    yes,
    no(1),
    yes,
  ]);
});

test("removing one of two kinds leaves the other", () => {
  const table = new WatchTable();
  table.addData("/a", watcher);
  table.add("/a", watcher, AddWatchMode.persistentRecursive);
  expect(table.remove("/a", watcher, data)).toBe(true);
  expect([table.contains("/a", watcher, data), table.contains("/a", watcher, persistentRecursive)]).toEqual([
    false,
    true,
  ]);
});

test("another's watch is not found", () => {
  const table = new WatchTable();
  table.addData("/a", watcher);
  const other: Watcher = { ...watcher };
  expect([table.contains("/a", other, any), table.remove("/a", other, any), table.size]).toEqual([false, false, 1]);
});

test("a connection takes its watches with it from both tables", () => {
  const table = new WatchTable();
  table.addData("/a", watcher);
  table.addChild("/b", watcher);
  table.add("/c", watcher, AddWatchMode.persistent);
  table.removeWatcher(watcher);
  expect([table.size, table.data.watcherCount, table.child.watcherCount]).toEqual([0, 0, 0]);
});
