import { defined } from "@ordinal/kit";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import type { Acl } from "../jute/data-records.ts";
import { ErrorCode } from "../jute/error-code.ts";
import { JuteReader } from "../jute/jute-reader.ts";
import { OpCode } from "../jute/op-code.ts";
import { makeTxn, type Txn, type TxnRecord } from "../jute/txn-records.ts";
import { makeZxid, type SessionId } from "../jute/zxid.ts";
import { OPEN_ACL_KEY } from "./acl-table.ts";
import { TREE_DEFAULTS } from "./data-tree.ts";
import { Database } from "./database.ts";
import { type Command, type Mode, NaiveTree } from "./testdata/naive-tree.ts";

const OPTIONS = { ...TREE_DEFAULTS, extendedTypesEnabled: true };
const SESSIONS: readonly SessionId[] = [0x1_0000_0000_0001n, 0x1_0000_0000_0002n];

/** Few paths, so that they come and go and come again. */
const path = fc.constantFrom("/a", "/b", "/a/x", "/a/y", "/b/x", "/a/x/1", "/é");
const data = fc.option(fc.uint8Array({ maxLength: 5 }), { nil: null });
const acl = fc.constantFrom<readonly Acl[]>(
  [{ perms: 31, id: { scheme: "world", id: "anyone" } }],
  [{ perms: 1, id: { scheme: "world", id: "anyone" } }],
  [
    { perms: 31, id: { scheme: "digest", id: "bob:x" } },
    { perms: 1, id: { scheme: "ip", id: "127.0.0.1" } },
  ],
);
const simpleWith = (modes: fc.Arbitrary<Mode>): fc.Arbitrary<Command> =>
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ kind: fc.constant("create" as const), path, mode: modes, data, acl }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("delete" as const), path }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("set" as const), path, data }) },
  );
const mode = fc.constantFrom<Mode>("persistent", "create2", "container", "ttl", ...SESSIONS, ...SESSIONS);
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 6, arbitrary: simpleWith(mode) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("acl" as const), path, acl }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom("open" as const, "close" as const),
      session: fc.constantFrom(...SESSIONS),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("multi" as const),
      parts: fc.array(simpleWith(fc.constantFrom<Mode>("persistent", "container", defined(SESSIONS[0], "session"))), {
        minLength: 1,
        maxLength: 3,
      }),
    }),
  },
);
const start: readonly Command[] = [
  ...SESSIONS.map((session) => ({ kind: "open" as const, session })),
  { kind: "create", path: "/a", mode: "persistent", data: null, acl: [] },
];
const history = fc.array(command, { minLength: 5, maxLength: 60 });

/** Node for node and set for set the same. */
function expectSame(database: Database, naive: NaiveTree): void {
  const { tree } = database;
  expect(tree.nodeCount).toBe(naive.nodes.size + 3);
  expect(database.sessions).toEqual(naive.sessions);
  const uses = new Map<number, number>();
  const ephemerals: string[] = [];
  for (const [path, expected] of naive.nodes) {
    const node = defined(tree.node(path), path);
    const { data, owner, created, acl, ...stat } = expected;
    expect(node, path).toMatchObject({ ...stat, cversion: created, ephemeralOwner: owner });
    expect(node.data && [...node.data]).toEqual(data && [...data]);
    expect(tree.aclOf(node), path).toEqual(acl);
    const children = path === "/zookeeper" ? [] : [...node.children];
    expect(children.sort(), path).toEqual(naive.childrenOf(path));
    uses.set(node.acl, (uses.get(node.acl) ?? 0) + 1);
    if (owner > 0n) ephemerals.push(`${owner} ${path}`);
    expect(tree.containers.has(path)).toBe(owner === -(2n ** 63n));
    expect(tree.ttls.has(path)).toBe(owner < 0n && owner !== -(2n ** 63n));
    const seen = tree.statOf(node);
    const childCount = node.children.size;
    expect(seen).toMatchObject({
      cversion: 2 * created - childCount,
      numChildren: childCount,
      ephemeralOwner: owner > 0n ? owner : 0n,
    });
  }
  expect([...tree.ephemerals].flatMap(([owner, paths]) => [...paths].map((path) => `${owner} ${path}`)).sort()).toEqual(
    ephemerals.sort(),
  );
  expect(tree.containers.size + tree.ttls.size).toBe(
    [...naive.nodes.values()].filter((node) => node.owner < 0n).length,
  );
  const config = defined(tree.node("/zookeeper/config"), "the node of the configuration");
  uses.set(config.acl, (uses.get(config.acl) ?? 0) + 1);
  uses.delete(OPEN_ACL_KEY);
  expect(new Map(tree.acls.entries().map(([key]) => [key, tree.acls.usesOf(key)]))).toEqual(uses);
  expect(tree.digest).toBe(naive.digest());
  expect(database.digestMismatches).toBe(0);
}

describe("transactions", () => {
  test("leave the tree as a naive tree is, whatever their order", () => {
    fc.assert(
      fc.property(history, (commands) => {
        const database = new Database(OPTIONS);
        const naive = new NaiveTree();
        for (const command of [...start, ...commands]) {
          const txn = naive.commit(command);
          const result = database.apply(txn);
          expect(result.error).toBe(txn.record.type === OpCode.error ? txn.record.error : 0);
          expect(database.lastProcessedZxid).toBe(txn.header.zxid);
          expect(database.tree.digest).toBe(naive.digest());
        }
        expectSame(database, naive);
      }),
      { numRuns: 150 },
    );
  });

  test("a snapshot taken while they are applied, and they replayed over it, make the same tree", () => {
    // How many nodes are written between two transactions, and at which of them the snapshot begins.
    const pace = fc.array(fc.nat(2), { minLength: 65, maxLength: 65 });
    fc.assert(
      fc.property(history, pace, fc.nat(20), (commands, steps, begin) => {
        const database = new Database(OPTIONS);
        const naive = new NaiveTree();
        const txns: Txn[] = [];
        let body: Iterator<Uint8Array, void> | undefined;
        const written: Uint8Array[] = [];
        let from = database.lastProcessedZxid;
        let digest = database.snapshotDigest;
        let done = false;
        const write = (): void => {
          const next = body?.next();
          if (next === undefined || done) return;
          if (next.done === true) {
            done = true;
            digest = database.snapshotDigest;
          } else {
            written.push(next.value);
          }
        };
        for (const [at, command] of [...start, ...commands].entries()) {
          if (at === begin) {
            body = database.snapshotChunks(1);
            from = database.lastProcessedZxid;
          }
          for (let count = steps[at] ?? 0; count > 0; count--) write();
          const txn = naive.commit(command);
          txns.push(txn);
          database.apply(txn);
        }
        if (body === undefined) {
          body = database.snapshotChunks(1);
          from = database.lastProcessedZxid;
        }
        while (!done) write();

        const again = Database.readSnapshotBody(new JuteReader(Buffer.concat(written)), OPTIONS);
        again.setLastProcessedZxid(from);
        again.expectDigest(digest);
        for (const txn of txns) if (txn.header.zxid > from) again.apply(txn);
        expectSame(again, naive);
        expect(again.lastProcessedZxid).toBe(database.lastProcessedZxid);
      }),
      { numRuns: 400 },
    );
  });
});

describe("replay of everything over a snapshot of its end", () => {
  const open: Command = { kind: "open", session: 5n };
  const make = (path: string, mode: Mode = "persistent"): Command => ({
    kind: "create",
    path,
    mode,
    data: null,
    acl: [],
  });
  const remove = (path: string): Command => ({ kind: "delete", path });

  function expectReplaySame(commands: readonly Command[]): Database {
    const database = new Database(OPTIONS);
    const naive = new NaiveTree();
    const txns = commands.map((command) => naive.commit(command));
    for (const txn of txns) database.apply(txn);
    const again = Database.readSnapshotBody(new JuteReader(Buffer.concat([...database.snapshotChunks()])), OPTIONS);
    again.expectDigest(database.snapshotDigest);
    for (const txn of txns) again.apply(txn);
    expectSame(again, naive);
    return again;
  }

  test("a directory that was deleted and made again keeps its later children, and its list of them", () => {
    const database = expectReplaySame([
      make("/a"),
      remove("/a"),
      make("/a"),
      make("/a/x"),
      make("/a/x/1", "container"),
    ]);
    expect(database.tree.descendantCount("/a")).toBe(2);
  });

  test.each<Mode>(["persistent", "create2", "container", "ttl"])(
    "a node made again (%s) leaves its parent's cversion right",
    (mode) => {
      expectReplaySame([open, make("/a"), make("/a/x", 5n), { kind: "close", session: 5n }, make("/a/x", mode)]);
    },
  );
});

describe("a parent that was written to a snapshot before a child's session closed", () => {
  test.each<Mode>(["persistent", "create2", "container", "ttl"])(
    "is brought up to date by the child's next life (%s)",
    (mode) => {
      const database = new Database(OPTIONS);
      const naive = new NaiveTree();
      const commit = (command: Command): Txn => {
        const txn = naive.commit(command);
        database.apply(txn);
        return txn;
      };
      commit({ kind: "open", session: 5n });
      commit({ kind: "create", path: "/a", mode: "persistent", data: null, acl: [] });
      commit({ kind: "create", path: "/a/x", mode: 5n, data: null, acl: [] });
      const chunks = database.snapshotChunks(1);
      const written: Uint8Array[] = [];
      // The root, /zookeeper with what is below it, and /a; then everything else happens before /a/x is written.
      for (let count = 0; count < 5; count++) written.push(chunks.next().value ?? expect.unreachable());
      const txns = [
        commit({ kind: "close", session: 5n }),
        commit({ kind: "create", path: "/a/x", mode, data: null, acl: [] }),
      ];
      written.push(...chunks);
      const again = Database.readSnapshotBody(new JuteReader(Buffer.concat(written)), OPTIONS);
      expect(again.tree.node("/a")?.cversion).toBe(1);
      // As by a leader before 3.6, whose closeSession lists no paths.
      again.apply(makeTxn(defined(txns[0], "close").header, { type: OpCode.closeSession, paths: undefined }));
      again.apply(defined(txns[1], "create"));
      expect(again.tree.node("/a")?.cversion).toBe(2);
      expectSame(again, naive);
    },
  );
});

describe("a multi", () => {
  const header = { sessionId: 1n, cxid: 1, zxid: makeZxid(1, 1), timeMs: 5, type: OpCode.multi };
  const create = (path: string): TxnRecord => ({
    type: OpCode.create,
    path,
    data: null,
    acl: null,
    ephemeral: false,
    parentCVersion: -1,
  });
  const error = (code: number): TxnRecord => ({ type: OpCode.error, error: code });

  test("with an error among its parts changes nothing and says which came before it", () => {
    const database = new Database();
    const parts = [create("/a"), error(ErrorCode.noNode), create("/b"), error(ErrorCode.runtimeInconsistency)];
    const result = database.apply(makeTxn(header, { type: OpCode.multi, parts }));
    expect(result.error).toBe(ErrorCode.noNode);
    expect(result.parts?.map((part) => part.error)).toEqual([
      0,
      ErrorCode.noNode,
      ErrorCode.runtimeInconsistency,
      ErrorCode.runtimeInconsistency,
    ]);
    expect(database.tree.node("/a")).toBeUndefined();
    expect(database.lastProcessedZxid).toBe(header.zxid);
  });

  test("gives all parts one zxid, and its zxid to the database when it is whole", () => {
    const database = new Database();
    const zxids: number[] = [];
    const watcher = { sessionId: 1n, process: () => zxids.push(database.lastProcessedZxid) };
    database.tree.watches.addChild("/", watcher);
    database.apply(makeTxn(header, { type: OpCode.multi, parts: [create("/a"), create("/a/b")] }));
    expect(zxids).toEqual([0]);
    expect(database.lastProcessedZxid).toBe(header.zxid);
    expect(database.tree.node("/a/b")?.czxid).toBe(header.zxid);
    expect(database.tree.node("/a")?.pzxid).toBe(header.zxid);
  });

  test("stops at a part that cannot be one", () => {
    const database = new Database();
    const parts: TxnRecord[] = [create("/a"), { type: OpCode.createSession, timeoutMs: 1 }, create("/b")];
    expect(database.apply(makeTxn(header, { type: OpCode.multi, parts })).parts).toHaveLength(1);
    expect(database.tree.node("/b")).toBeUndefined();
    expect(database.sessions.size).toBe(0);
  });
});

describe("what old leaders wrote", () => {
  const at = (counter: number, type: number, sessionId = 9n) => ({
    sessionId,
    cxid: 0,
    zxid: makeZxid(1, counter),
    timeMs: counter,
    type,
  });

  test("a create without the parent's cversion adds one to it", () => {
    const database = new Database();
    const record: TxnRecord = {
      type: OpCode.create,
      path: "/a",
      data: null,
      acl: null,
      ephemeral: false,
      parentCVersion: -1,
    };
    database.apply(makeTxn(at(1, OpCode.create), record));
    database.apply(makeTxn(at(2, OpCode.create), { ...record, path: "/b" }));
    expect(database.tree.node("/")).toMatchObject({ cversion: 2, pzxid: makeZxid(1, 2) });
    expect(database.tree.aclOf(defined(database.tree.node("/a"), "/a"))).toEqual([
      { perms: 31, id: { scheme: "world", id: "anyone" } },
    ]);
  });

  test("a closeSession without paths deletes what the session has", () => {
    const database = new Database();
    const record: TxnRecord = {
      type: OpCode.create,
      path: "/a",
      data: null,
      acl: null,
      ephemeral: true,
      parentCVersion: -1,
    };
    database.apply(makeTxn(at(1, OpCode.create), record));
    expect([...database.tree.ephemeralsOf(9n)]).toEqual(["/a"]);
    database.apply(makeTxn(at(2, OpCode.closeSession), { type: OpCode.closeSession, paths: undefined }));
    expect(database.tree.node("/a")).toBeUndefined();
    expect(database.tree.ephemerals.size).toBe(0);
  });
});
