import { expect, test } from "vitest";

import { JuteReader } from "../jute/jute-reader.ts";
import { OpCode } from "../jute/op-code.ts";
import { makeTxn, type Txn } from "../jute/txn-records.ts";
import { makeZxid } from "../jute/zxid.ts";
import { Database } from "./database.ts";

function create(counter: number, path: string, digest?: bigint): Txn {
  const header = { sessionId: 1n, cxid: counter, zxid: makeZxid(1, counter), timeMs: 0, type: OpCode.create };
  const record = {
    type: OpCode.create,
    path,
    data: null,
    acl: null,
    ephemeral: false,
    parentCVersion: counter,
  } as const;
  return makeTxn(header, record, digest === undefined ? undefined : { version: 2, treeDigest: digest });
}

function read(database: Database): Database {
  const chunks = [...database.snapshotChunks()];
  return Database.readSnapshotBody(new JuteReader(Buffer.concat(chunks)));
}

test("a tree that a leader sent while it went on is compared with digests only when it is whole", () => {
  const leader = new Database();
  leader.apply(create(1, "/a"));
  leader.apply(create(2, "/b"));
  const after2 = leader.tree.digest;
  leader.apply(create(3, "/c"));
  const after3 = leader.tree.digest;
  // It holds what came after the zxid that was said, 1.
  const follower = read(leader);
  follower.setLastProcessedZxid(makeZxid(1, 1));
  follower.beginFuzzy();
  follower.apply(create(2, "/b", after2));
  follower.apply(create(3, "/c", after3));
  expect(follower.digestMismatches).toBe(0);
  expect(follower.isFuzzy).toBe(true);
  follower.endFuzzy();
  follower.apply(create(4, "/d", 1n));
  expect(follower.digestMismatches).toBe(1);
});
