import { describe, expect, test } from "vitest";

import { EventType } from "../jute/proto-records.ts";
import { mustBeZxid } from "../jute/zxid.ts";
import { ClientWatches, WatcherType } from "./client-watches.ts";

const nobody = (): void => undefined;
const another = (): void => undefined;

describe("the watches of a client", () => {
  test("a one-shot watch fires once, for the events of its table", () => {
    const watches = new ClientWatches();
    watches.add("data", "/a", nobody);
    expect(watches.take(EventType.nodeChildrenChanged, "/a").size).toBe(0);
    expect([...watches.take(EventType.nodeDataChanged, "/a")]).toEqual([nobody]);
    expect(watches.take(EventType.nodeDataChanged, "/a").size).toBe(0);
  });

  test("a deleted node fires data and child watches, and tells one watcher once", () => {
    const watches = new ClientWatches();
    watches.add("data", "/a", nobody);
    watches.add("child", "/a", nobody);
    watches.add("child", "/a", another);
    expect([...watches.take(EventType.nodeDeleted, "/a")]).toEqual([nobody, another]);
    expect([...watches.again(mustBeZxid(0), (path) => path)]).toEqual([]);
  });

  test("a persistent watch stays, and hears of its own path only", () => {
    const watches = new ClientWatches();
    watches.add("persistent", "/a", nobody);
    for (let time = 0; time < 2; time++) {
      expect(watches.take(EventType.nodeChildrenChanged, "/a").size).toBe(1);
      expect(watches.take(EventType.nodeDataChanged, "/a").size).toBe(1);
      expect(watches.take(EventType.nodeDataChanged, "/a/b").size).toBe(0);
    }
  });

  test("a recursive watch hears of all below, and of children themselves instead of their parent", () => {
    const watches = new ClientWatches();
    watches.add("persistentRecursive", "/a", nobody);
    watches.add("persistentRecursive", "/", another);
    expect([...watches.take(EventType.nodeCreated, "/a/b/c")]).toEqual([nobody, another]);
    expect([...watches.take(EventType.nodeDeleted, "/ab")]).toEqual([another]);
    expect(watches.take(EventType.nodeChildrenChanged, "/a").size).toBe(0);
  });

  test("removing tells what kind of watch was removed, and of none with an error", () => {
    const watches = new ClientWatches();
    watches.add("data", "/a", nobody);
    watches.add("exist", "/a", another);
    watches.add("persistent", "/a", nobody);
    expect(watches.remove("/a", WatcherType.data, undefined)).toEqual([
      { watcher: nobody, event: EventType.dataWatchRemoved },
      { watcher: another, event: EventType.dataWatchRemoved },
    ]);
    expect(() => watches.remove("/a", WatcherType.children, undefined)).toThrow("No such watcher for /a");
    expect(() => watches.remove("/a", WatcherType.any, another)).toThrow("No such watcher for /a");
    expect(watches.remove("/a", WatcherType.any, nobody)).toEqual([
      { watcher: nobody, event: EventType.persistentWatchRemoved },
    ]);
  });

  test("what a new server is told comes in parts of bounded length, with the chroot", () => {
    const watches = new ClientWatches();
    const name = "x".repeat(1000);
    for (let number = 0; number < 300; number++) watches.add("data", `/${name}${number}`, nobody);
    watches.add("persistentRecursive", "/p", nobody);
    const parts = [...watches.again(mustBeZxid(7), (path) => `/root${path}`)];
    expect(parts.length).toBe(3);
    expect(parts.every(({ relativeZxid }) => relativeZxid === 7)).toBe(true);
    expect(parts.flatMap(({ dataWatches }) => dataWatches)).toHaveLength(300);
    expect(parts[0]?.dataWatches[0]).toBe(`/root/${name}0`);
    expect(parts.at(-1)?.persistentRecursiveWatches).toEqual(["/root/p"]);
  });
});
