import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { EventType } from "../jute/proto-records.ts";
import { makeZxid } from "../jute/zxid.ts";
import { WatchManager, WatchMode, type Watcher } from "./watch-manager.ts";

const ZXID = makeZxid(1, 1);
const { standard, persistent, persistentRecursive } = WatchMode;

function watcherOf(sessionId: bigint, told: string[] = []): Watcher & { readonly told: string[] } {
  return { sessionId, told, process: ({ type, path }) => told.push(`${type} ${path}`) };
}

describe("a table of watches", () => {
  test("does what a list of them does, whatever comes", () => {
    const path = fc.constantFrom("/", "/a", "/a/b", "/a/b/c", "/ab");
    const mode = fc.constantFrom(standard, persistent, persistentRecursive);
    const who = fc.nat(2);
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ kind: fc.constant("add" as const), path, mode, who }) },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constant("remove" as const),
          path,
          mode: fc.option(mode, { nil: undefined }),
          who,
        }),
      },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant("trigger" as const), path }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("leave" as const), who }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const table = new WatchManager();
        const watchers = [1n, 2n, 3n].map((id) => watcherOf(id));
        let twin: Array<{ path: string; who: number; mode: number }> = [];
        const has = (p: string, w: number, m?: number): boolean =>
          twin.some((entry) => entry.path === p && entry.who === w && (m === undefined || entry.mode === m));
        for (const next of steps) {
          const watcher = watchers["who" in next ? next.who : 0];
          if (watcher === undefined) throw new Error("no such watcher");
          if (next.kind === "add") {
            expect(table.add(next.path, watcher, next.mode)).toBe(!has(next.path, next.who, next.mode));
            if (!has(next.path, next.who, next.mode)) twin.push({ path: next.path, who: next.who, mode: next.mode });
          } else if (next.kind === "remove") {
            expect(table.remove(next.path, watcher, next.mode)).toBe(has(next.path, next.who, next.mode));
            twin = twin.filter(
              (entry) =>
                entry.path !== next.path ||
                entry.who !== next.who ||
                (next.mode !== undefined && entry.mode !== next.mode),
            );
          } else if (next.kind === "leave") {
            table.removeWatcher(watcher);
            twin = twin.filter((entry) => entry.who !== next.who);
          } else {
            const isBelow = (above: string): boolean => above === "/" || next.path.startsWith(`${above}/`);
            const expected = watchers.filter((_, w) =>
              twin.some(
                (entry) =>
                  entry.who === w &&
                  (entry.path === next.path || (entry.mode === persistentRecursive && isBelow(entry.path))),
              ),
            );
            for (const one of watchers) one.told.length = 0;
            const found = table.trigger(next.path, EventType.nodeDataChanged, ZXID, undefined);
            expect(new Set(found ?? [])).toEqual(new Set(expected));
            expect(watchers.map((one) => one.told)).toEqual(
              watchers.map((one) => (expected.includes(one) ? [`3 ${next.path}`] : [])),
            );
            twin = twin.filter((entry) => entry.path !== next.path || entry.mode !== standard);
          }
          const pairs = new Set(twin.map((entry) => `${entry.who} ${entry.path}`));
          expect([table.size, table.totalWatches]).toEqual([pairs.size, pairs.size]);
          expect(table.pathCount).toBe(new Set(twin.map((entry) => entry.path)).size);
          for (const entry of twin)
            expect(table.contains(entry.path, watchers[entry.who] ?? watcher, entry.mode as WatchMode)).toBe(true);
        }
      }),
      { numRuns: 200 },
    );
  });

  test("tells a watcher once that watches in several ways", () => {
    const table = new WatchManager();
    const watcher = watcherOf(1n);
    table.add("/a/b", watcher, standard);
    table.add("/a/b", watcher, persistentRecursive);
    table.add("/a", watcher, persistentRecursive);
    table.add("/", watcher, persistentRecursive);
    table.trigger("/a/b", EventType.nodeDeleted, ZXID, undefined);
    expect(watcher.told).toEqual(["2 /a/b"]);
  });

  test("does not tell again who is suppressed, and uses up its watch", () => {
    const table = new WatchManager();
    const [one, two] = [watcherOf(1n), watcherOf(2n)];
    table.add("/a", one, standard);
    table.add("/a", two, standard);
    const found = table.trigger("/a", EventType.nodeDeleted, ZXID, undefined, new Set([one]));
    expect([one.told, two.told, found]).toEqual([[], ["2 /a"], new Set([one, two])]);
    expect(table.size).toBe(0);
  });

  test("a watcher that watches again while it is told is told the next time", () => {
    const table = new WatchManager();
    let count = 0;
    const again: Watcher = {
      sessionId: 1n,
      process: ({ path }) => {
        count++;
        table.add(path, again, standard);
      },
    };
    table.add("/a", again, standard);
    table.trigger("/a", EventType.nodeDataChanged, ZXID, undefined);
    table.trigger("/a", EventType.nodeDataChanged, ZXID, undefined);
    expect([count, table.size]).toEqual([2, 1]);
  });

  test("writes itself as the four-letter words do", () => {
    const table = new WatchManager();
    const [one, two] = [watcherOf(0x1_0000_0000_0001n), watcherOf(-1n)];
    table.add("/a", one, standard);
    table.add("/a", two, standard);
    table.add("/b", one, persistent);
    expect(table.summary()).toBe("2 connections watching 2 paths\nTotal watches:3");
    expect(table.dumpByPath()).toBe("/a\n\t0x1000000000001\n\t0xffffffffffffffff\n/b\n\t0x1000000000001\n");
    expect(table.dumpByWatcher()).toBe("0x1000000000001\n\t/a\n\t/b\n0xffffffffffffffff\n\t/a\n");
    expect([...table.bySession()]).toEqual([
      [one.sessionId, ["/a", "/b"]],
      [two.sessionId, ["/a"]],
    ]);
    expect([...table.byPath()]).toEqual([
      ["/a", [one.sessionId, two.sessionId]],
      ["/b", [one.sessionId]],
    ]);
  });

  test("counts a connection whose watches are used up until it leaves", () => {
    const table = new WatchManager();
    const watcher = watcherOf(1n);
    table.add("/a", watcher, standard);
    table.trigger("/a", EventType.nodeDataChanged, ZXID, undefined);
    expect(table.summary()).toBe("1 connections watching 0 paths\nTotal watches:0");
    table.removeWatcher(watcher);
    expect(table.summary()).toBe("0 connections watching 0 paths\nTotal watches:0");
  });
});
