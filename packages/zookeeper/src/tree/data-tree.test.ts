import { defined } from "@ordinal/kit";
import { describe, expect, test } from "vitest";

import type { Acl } from "../jute/data-records.ts";
import { ErrorCode } from "../jute/error-code.ts";
import { EventType } from "../jute/proto-records.ts";
import { makeZxid, mustBeZxid, type Zxid } from "../jute/zxid.ts";
import { DataTree, type NewNode, TREE_DEFAULTS } from "./data-tree.ts";
import type { WatchEvent, Watcher } from "./watch-manager.ts";
import { AddWatchMode } from "./watch-table.ts";

const OPEN: readonly Acl[] = [{ perms: 31, id: { scheme: "world", id: "anyone" } }];
const MINE: readonly Acl[] = [{ perms: 31, id: { scheme: "digest", id: "me:x" } }];
const at = (counter: number): Zxid => makeZxid(1, counter);

function create(tree: DataTree, path: string, counter: number, more: Partial<NewNode> = {}): ErrorCode {
  return tree.createNode({
    path,
    data: null,
    acl: OPEN,
    ephemeralOwner: 0n,
    parentCVersion: -1,
    zxid: at(counter),
    timeMs: counter,
    ...more,
  });
}

function text(tree: DataTree, path: string): string | undefined {
  const data = tree.node(path)?.data;
  return data === undefined || data === null ? undefined : Buffer.from(data).toString();
}

function recorder(): Watcher & { readonly events: WatchEvent[] } {
  const events: WatchEvent[] = [];
  return { sessionId: 1n, events, process: (event) => events.push(event) };
}

const told = (events: readonly WatchEvent[]): string[] => events.map(({ type, path }) => `${type} ${path}`);
const { nodeChildrenChanged, nodeCreated, nodeDataChanged, nodeDeleted } = EventType;

describe("a new tree", () => {
  test("has the nodes that are always there, counted and with ACLs as the original has them", () => {
    const tree = new DataTree();
    expect([tree.nodeCount, tree.ephemeralCount, tree.watches.size]).toEqual([5, 0, 0]);
    expect(tree.childrenOf(defined(tree.node("/zookeeper"), "/zookeeper"))).toEqual(["quota", "config"]);
    const config = defined(tree.node("/zookeeper/config"), "config");
    expect(tree.aclOf(config)).toEqual([{ perms: 1, id: { scheme: "world", id: "anyone" } }]);
    expect(tree.statOf(config)).toMatchObject({ aversion: -1, version: 0, czxid: 0 });
    expect(tree.aclOf(defined(tree.node("/"), "/"))).toEqual(OPEN);
    expect(
      ["/", "/zookeeper", "/zookeeper/quota", "/zookeeper/config", "/zookeeper/x", "/a"].map((path) =>
        DataTree.isSpecialPath(path),
      ),
    ).toEqual([true, true, true, true, false, false]);
  });

  test("takes the configuration it starts with, whose zxid is its version", () => {
    const tree = new DataTree();
    const before = tree.digest;
    tree.setConfig(Buffer.from("server.1=a\nversion=0"), at(7), 55);
    expect(text(tree, "/zookeeper/config")).toBe("server.1=a\nversion=0");
    expect(tree.node("/zookeeper/config")).toMatchObject({ version: -1, mzxid: at(7), mtime: 55 });
    expect(tree.digest).toBe(before);
  });
});

test.each(["", "/", "a", "a/b"])("a transaction about %j, which no leader makes, changes nothing", (path) => {
  const tree = new DataTree();
  const { digest, nodeCount } = tree;
  expect([create(tree, path, 1), tree.deleteNode(path, at(2))]).toEqual([ErrorCode.noNode, ErrorCode.noNode]);
  expect([tree.digest, tree.nodeCount, tree.node("/")]).toEqual([digest, nodeCount, tree.node("")]);
});

describe("counting", () => {
  test("descendants, sizes and nodes", () => {
    const tree = new DataTree();
    const size = tree.approximateDataSize;
    for (const [counter, path] of ["/a", "/a/b", "/a/b/c", "/ab"].entries())
      create(tree, path, counter + 1, { data: Buffer.from("12") });
    expect([
      tree.descendantCount("/a"),
      tree.descendantCount("/a/b/c"),
      tree.descendantCount("/"),
      tree.descendantCount("/x"),
    ]).toEqual([2, 0, 7, 0]);
    expect(tree.approximateDataSize - size).toBe(2 + 4 + 6 + 3 + 4 * 2);
    tree.setData("/ab", null, 1, at(9), 9);
    tree.deleteNode("/a/b/c", at(10));
    expect(tree.approximateDataSize - size).toBe(2 + 4 + 3 + 2 * 2);
    expect(tree.nodeCount).toBe(8);
  });

  test("a session stays among those with ephemerals until it is closed", () => {
    const tree = new DataTree();
    create(tree, "/a", 1, { ephemeralOwner: 5n });
    expect(tree.dumpEphemerals()).toBe("Sessions with Ephemerals (1):\n0x5:\n\t/a\n");
    tree.deleteNode("/a", at(2));
    expect(tree.dumpEphemerals()).toBe("Sessions with Ephemerals (1):\n0x5:\n");
    tree.killSession(5n, [], at(3));
    expect(tree.dumpEphemerals()).toBe("Sessions with Ephemerals (0):\n");
  });

  test("without digests there is none", () => {
    const tree = new DataTree({ ...TREE_DEFAULTS, digestEnabled: false });
    create(tree, "/a", 1);
    tree.setData("/a", Buffer.from("x"), 1, at(2), 2);
    expect(tree.digest).toBe(0n);
  });
});

describe("watches", () => {
  test("a create tells who waited for the node, then who watches the parent's children", () => {
    const tree = new DataTree();
    const watcher = recorder();
    tree.watches.addData("/a", watcher);
    tree.watches.addChild("/", watcher);
    create(tree, "/a", 1, { acl: MINE });
    expect(watcher.events).toEqual([
      { type: nodeCreated, path: "/a", zxid: at(1), acl: MINE },
      { type: nodeChildrenChanged, path: "/", zxid: at(1), acl: OPEN },
    ]);
    expect(tree.watches.size).toBe(0);
  });

  test("a delete tells a watcher of data and children once", () => {
    const tree = new DataTree();
    const [both, child] = [recorder(), recorder()];
    create(tree, "/a", 1);
    tree.watches.addData("/a", both);
    tree.watches.addChild("/a", both);
    tree.watches.addChild("/a", child);
    tree.watches.addChild("/", child);
    tree.deleteNode("/a", at(2));
    expect(told(both.events)).toEqual([`${nodeDeleted} /a`]);
    expect(told(child.events)).toEqual([`${nodeDeleted} /a`, `${nodeChildrenChanged} /`]);
    expect(tree.watches.size).toBe(0);
  });

  test("a change of data tells watchers of the data alone, a change of the ACL nobody", () => {
    const tree = new DataTree();
    const watcher = recorder();
    create(tree, "/a", 1);
    tree.watches.addData("/a", watcher);
    tree.watches.addChild("/a", watcher);
    tree.setAcl("/a", MINE, 1);
    expect(watcher.events).toEqual([]);
    tree.setData("/a", null, 1, at(2), 2);
    expect(watcher.events).toEqual([{ type: nodeDataChanged, path: "/a", zxid: at(2), acl: MINE }]);
  });

  test("a recursive watch hears of everything below but of no list of children, and stays", () => {
    const tree = new DataTree();
    const watcher = recorder();
    create(tree, "/a", 1);
    tree.watches.add("/a", watcher, AddWatchMode.persistentRecursive);
    create(tree, "/a/b", 2);
    create(tree, "/a/b/c", 3);
    tree.setData("/a/b/c", null, 1, at(4), 4);
    tree.deleteNode("/a/b/c", at(5));
    create(tree, "/ab", 6);
    expect(told(watcher.events)).toEqual([
      `${nodeCreated} /a/b`,
      `${nodeCreated} /a/b/c`,
      `${nodeDataChanged} /a/b/c`,
      `${nodeDeleted} /a/b/c`,
    ]);
  });

  test("a persistent watch hears of the node and its children, and stays", () => {
    const tree = new DataTree();
    const watcher = recorder();
    create(tree, "/a", 1);
    tree.watches.add("/a", watcher, AddWatchMode.persistent);
    for (const counter of [2, 4]) {
      create(tree, "/a/b", counter);
      tree.deleteNode("/a/b", at(counter + 1));
    }
    tree.deleteNode("/a", at(6));
    expect(told(watcher.events)).toEqual([
      ...Array.from({ length: 4 }, () => `${nodeChildrenChanged} /a`),
      `${nodeDeleted} /a`,
    ]);
  });

  test("a closed session's ephemerals tell as any deletion does", () => {
    const tree = new DataTree();
    const watcher = recorder();
    create(tree, "/a", 1, { ephemeralOwner: 5n });
    create(tree, "/b", 2, { ephemeralOwner: 5n });
    tree.watches.addData("/b", watcher);
    tree.watches.addChild("/", watcher);
    tree.killSession(5n, ["/b", "/a"], at(3));
    expect(told(watcher.events)).toEqual([`${nodeDeleted} /b`, `${nodeChildrenChanged} /`]);
  });

  test("who comes back is told what it missed, and watches the rest again", () => {
    const tree = new DataTree();
    for (const [counter, path] of ["/old", "/changed", "/grown", "/there"].entries()) create(tree, path, counter + 1);
    tree.setData("/changed", null, 1, at(11), 11);
    create(tree, "/grown/x", 12);
    const watcher = recorder();
    tree.setWatches(
      {
        relativeZxid: at(10),
        dataWatches: ["/old", "/changed", "/gone"],
        existWatches: ["/there", "/missing"],
        childWatches: ["/old", "/grown", "/gone"],
        persistentWatches: ["/p"],
        persistentRecursiveWatches: ["/r"],
      },
      watcher,
    );
    expect(told(watcher.events)).toEqual([
      `${nodeDataChanged} /changed`,
      `${nodeDeleted} /gone`,
      `${nodeCreated} /there`,
      `${nodeChildrenChanged} /grown`,
      `${nodeDeleted} /gone`,
    ]);
    expect(watcher.events.every(({ zxid, acl }) => zxid === mustBeZxid(-1) && acl === undefined)).toBe(true);
    expect([...tree.watches.data.byPath()].map(([path]) => path)).toEqual(["/old", "/missing", "/p", "/r"]);
    expect([...tree.watches.child.byPath()].map(([path]) => path)).toEqual(["/old", "/p"]);
  });
});

describe("quotas", () => {
  const LIMITS = "/zookeeper/quota/q/zookeeper_limits";
  const STATS = "/zookeeper/quota/q/zookeeper_stats";

  function treeWithQuota(): DataTree {
    const tree = new DataTree();
    create(tree, "/q", 1, { data: Buffer.from("abc") });
    create(tree, "/q/x", 2, { data: Buffer.from("12345") });
    create(tree, "/zookeeper/quota/q", 3);
    create(tree, LIMITS, 4, { data: Buffer.from("count=9,bytes=9") });
    create(tree, STATS, 5, { data: Buffer.from("count=0,bytes=0") });
    return tree;
  }

  test("stats begin with what is there, and follow every change at and below the path", () => {
    const tree = treeWithQuota();
    expect(text(tree, STATS)).toBe("count=2,bytes=8");
    create(tree, "/q/x/y", 6, { data: Buffer.from("1") });
    expect(text(tree, STATS)).toBe("count=3,bytes=9");
    tree.setData("/q/x", Buffer.from("1"), 1, at(7), 7);
    expect(text(tree, STATS)).toBe("count=3,bytes=5");
    tree.deleteNode("/q/x/y", at(8));
    expect(text(tree, STATS)).toBe("count=2,bytes=4");
    create(tree, "/qx", 9, { data: Buffer.from("1") });
    expect(text(tree, STATS)).toBe("count=2,bytes=4");
    expect(tree.node(STATS)?.mzxid).toBe(at(5));
    expect([tree.quotaPathOf("/q/x"), tree.quotaPathOf("/q"), tree.quotaPathOf("/qx")]).toEqual([
      "/q",
      "/q",
      undefined,
    ]);
  });

  test("without its limits a path has no quota", () => {
    const tree = treeWithQuota();
    tree.deleteNode(LIMITS, at(6));
    create(tree, "/q/z", 7);
    expect([text(tree, STATS), tree.quotaPathOf("/q")]).toEqual(["count=2,bytes=8", undefined]);
  });

  test("stats that a client has overwritten with something else are counted on from nothing", () => {
    const tree = treeWithQuota();
    tree.setData(STATS, Buffer.from("nonsense"), 1, at(6), 6);
    create(tree, "/q/z", 7);
    expect(text(tree, STATS)).toBe("count=0,bytes=-1");
  });

  test("limits on nothing, or beside the quotas, harm nobody", () => {
    const tree = new DataTree();
    expect(create(tree, "/zookeeper/quota/zookeeper_limits", 1)).toBe(ErrorCode.ok);
    expect(create(tree, "/zookeeper/zookeeper_limits", 2)).toBe(ErrorCode.ok);
    expect(create(tree, "/a", 3)).toBe(ErrorCode.ok);
    expect(tree.deleteNode("/zookeeper/zookeeper_limits", at(4))).toBe(ErrorCode.ok);
    expect(tree.quotaPathOf("/a")).toBeUndefined();
  });
});
