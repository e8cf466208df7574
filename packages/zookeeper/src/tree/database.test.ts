import { describe, expect, test } from "vitest";

import { JuteReader } from "../jute/jute-reader.ts";
import { JuteWriter } from "../jute/jute-writer.ts";
import { OpCode } from "../jute/op-code.ts";
import { makeTxn, type Txn } from "../jute/txn-records.ts";
import { makeZxid, mustBeZxid, type Zxid } from "../jute/zxid.ts";
import { TREE_DEFAULTS } from "./data-tree.ts";
import { Database } from "./database.ts";
import { readZxidDigest, writeZxidDigest } from "./digest-history.ts";

const at = (counter: number): Zxid => makeZxid(1, counter);

function create(path: string, counter: number, treeDigest?: bigint, version = 2): Txn {
  const header = { sessionId: 1n, cxid: counter, zxid: at(counter), timeMs: counter, type: OpCode.create };
  const record = { type: OpCode.create, path, data: null, acl: null, ephemeral: false, parentCVersion: -1 };
  return makeTxn(header, record, treeDigest === undefined ? undefined : { version, treeDigest });
}

describe("digests", () => {
  test("are kept every 128 transactions, the last 1,024 of them", () => {
    const database = new Database();
    const count = 128 * 1030;
    const none = (counter: number): Txn =>
      makeTxn(
        { sessionId: 1n, cxid: 0, zxid: at(counter), timeMs: 0, type: OpCode.error },
        { type: OpCode.error, error: -101 },
      );
    for (let counter = 1; counter <= count; counter++) database.apply(none(counter));
    const log = database.digestLog;
    expect([log.length, log[0]?.zxid, log.at(-1)?.zxid]).toEqual([1024, at(128 * 7), at(count)]);
    expect(log.at(-1)).toEqual({ zxid: at(count), version: 2, digest: database.tree.digest });
    expect(database.snapshotDigest).toEqual(log.at(-1));
  });

  test("of another version are not compared, and none is where they are off", () => {
    const database = new Database();
    database.apply(create("/a", 1, 5n, 3));
    expect(database.digestMismatches).toBe(0);
    const off = new Database({ ...TREE_DEFAULTS, digestEnabled: false });
    off.apply(create("/a", 1, 5n));
    off.expectDigest({ zxid: at(2), version: 2, digest: 5n });
    off.apply(create("/b", 2));
    expect([off.digestMismatches, off.digestLog, off.tree.digest]).toEqual([0, [], 0n]);
    database.apply(create("/b", 2, 5n));
    expect([database.digestMismatches, database.firstMismatch]).toEqual([
      1,
      { zxid: at(2), expected: 5n, actual: database.tree.digest },
    ]);
  });

  test("are compared with no transaction's until the tree is where its snapshot ended", () => {
    const sound = new Database();
    for (const counter of [1, 2, 3]) sound.apply(create(`/${counter}`, counter));
    const database = new Database();
    database.apply(create("/1", 1));
    database.expectDigest({ zxid: at(3), version: 2, digest: sound.tree.digest });
    database.apply(create("/2", 2, 5n));
    expect(database.digestMismatches).toBe(0);
    database.apply(create("/3", 3, sound.tree.digest));
    expect(database.digestMismatches).toBe(0);
    database.apply(create("/4", 4, 5n));
    expect(database.digestMismatches).toBe(1);
  });

  test("of a snapshot that nothing was applied to are compared at once", () => {
    const database = new Database();
    database.apply(create("/1", 1));
    database.expectDigest({ zxid: at(1), version: 2, digest: database.tree.digest });
    expect(database.digestMismatches).toBe(0);
    database.expectDigest({ zxid: at(1), version: 2, digest: 5n });
    expect(database.digestMismatches).toBe(1);
  });

  test("of before the snapshot, or of none, are not waited for", () => {
    const database = new Database();
    database.setLastProcessedZxid(makeZxid(2, 0));
    database.expectDigest({ zxid: at(9), version: 2, digest: 5n });
    database.expectDigest({ zxid: mustBeZxid(0), version: 2, digest: 5n });
    database.apply({ ...create("/a", 1), header: { ...create("/a", 1).header, zxid: makeZxid(2, 1) } });
    expect(database.digestMismatches).toBe(0);
    expect(database.snapshotDigest.zxid).toBe(makeZxid(2, 1));
  });

  test("are written and read, and older ones as text", () => {
    const writer = new JuteWriter();
    const digest = { zxid: at(1), version: 2, digest: 2n ** 64n - 1n };
    writeZxidDigest(writer, digest);
    expect(writer.length).toBe(20);
    expect(readZxidDigest(new JuteReader(writer.written()))).toEqual(digest);
    const old = new JuteWriter();
    old.long(5);
    old.int32(1);
    old.ustring("ff");
    expect(readZxidDigest(new JuteReader(old.written()))).toEqual({ zxid: 5, version: 1, digest: 255n });
  });
});

describe("sessions", () => {
  const session = (type: typeof OpCode.createSession | typeof OpCode.closeSession, counter: number): Txn =>
    makeTxn(
      { sessionId: 7n, cxid: 0, zxid: at(counter), timeMs: counter, type },
      type === OpCode.createSession ? { type, timeoutMs: 6000 } : { type, paths: [] },
    );

  test("come and go by transactions, again without harm", () => {
    const database = new Database();
    for (const counter of [1, 2]) database.apply(session(OpCode.createSession, counter));
    expect([...database.sessions]).toEqual([[7n, 6000]]);
    for (const counter of [3, 4]) database.apply(session(OpCode.closeSession, counter));
    expect(database.sessions.size).toBe(0);
  });
});

test("the last zxid never goes back by what is replayed", () => {
  const database = new Database();
  database.apply(create("/a", 5));
  expect(database.apply(create("/a", 3)).error).toBe(-110);
  expect(database.lastProcessedZxid).toBe(at(5));
});
