import { defined } from "@ordinal/kit";
import { describe, expect, test } from "vitest";

import { writeStat } from "../jute/data-records.ts";
import { JuteReader } from "../jute/jute-reader.ts";
import { JuteWriter } from "../jute/jute-writer.ts";
import { OpCode } from "../jute/op-code.ts";
import { TREE_DEFAULTS } from "./data-tree.ts";
import { Database } from "./database.ts";
import { readZxidDigest } from "./digest-history.ts";
import { recordedSnapshots, recordedState, recordedTxns } from "./testdata/recorded.ts";

const OPTIONS = { ...TREE_DEFAULTS, extendedTypesEnabled: true };

/** All that clients of the original were told, told by ours. */
function expectRecordedState(database: Database): void {
  const { tree, sessions } = database;
  const expected = recordedState();
  expect(database.lastProcessedZxid).toBe(expected.zxid);
  expect(tree.nodeCount).toBe(expected.nodeCount);
  expect(tree.ephemeralCount).toBe(expected.ephemeralCount);
  expect(Object.fromEntries([...sessions].map(([id, timeoutMs]) => [`${id}`, timeoutMs]))).toEqual(expected.sessions);
  for (const [path, { data, stat, acl, children }] of Object.entries(expected.nodes)) {
    const node = defined(tree.node(path), path);
    expect(node.data && Buffer.from(node.data).toString("base64"), path).toBe(data);
    expect(Object.values(statFields(tree.statOf(node))), path).toEqual(stat);
    expect(
      tree.aclOf(node).map(({ perms, id }) => [perms, id.scheme, id.id]),
      path,
    ).toEqual(acl);
    expect(tree.childrenOf(node).sort(), path).toEqual(children);
  }
}

function statFields(stat: ReturnType<Database["tree"]["statOf"]>): Record<string, number> {
  const writer = new JuteWriter();
  writeStat(writer, stat);
  expect(writer.length).toBe(68);
  return { ...stat, ephemeralOwner: Number(stat.ephemeralOwner) };
}

describe("a data directory of the original", () => {
  const txns = recordedTxns();

  test("holds every type of transaction", () => {
    const types = new Set(
      txns
        .flatMap(({ record }) => [record, ...(record.type === OpCode.multi ? record.parts : [])])
        .map((record) => record.type),
    );
    const { create, create2, createContainer, createTTL, delete: remove, deleteContainer, setData, setACL } = OpCode;
    const { check, createSession, closeSession, error, multi } = OpCode;
    expect(types).toEqual(
      new Set([
        create,
        create2,
        createContainer,
        createTTL,
        remove,
        deleteContainer,
        setData,
        setACL,
        check,
        createSession,
        closeSession,
        error,
        multi,
      ]),
    );
  });

  test("replayed from the first snapshot has the original's digest after each transaction", () => {
    const { reader } = defined(recordedSnapshots()[0], "snapshot.0");
    const database = Database.readSnapshotBody(reader, OPTIONS);
    let compared = 0;
    for (const txn of txns) {
      database.apply(txn);
      if (txn.digest === undefined) continue;
      expect(database.tree.digest.toString(16)).toBe(txn.digest.treeDigest.toString(16));
      compared++;
    }
    expect(compared).toBe(52);
    expect(database.digestMismatches).toBe(0);
    expect(database.tree.approximateDataSize).toBe(recordedState().approximateDataSize);
    expectRecordedState(database);
  });

  test.each(recordedSnapshots().map(({ zxid }, at) => [zxid, at]))(
    "replayed from snapshot %i ends in the same state",
    (_zxid, at) => {
      const { zxid, reader } = defined(recordedSnapshots()[at], "snapshot");
      const database = Database.readSnapshotBody(reader, OPTIONS);
      database.setLastProcessedZxid(zxid);
      reader.int64();
      expect(reader.ustring()).toBe("/");
      database.expectDigest(readZxidDigest(reader));
      for (const txn of txns) if (txn.header.zxid > zxid) database.apply(txn);
      expect(database.digestMismatches).toBe(0);
      expectRecordedState(database);
    },
  );

  test("written and read again is the same", () => {
    const { reader } = defined(recordedSnapshots()[0], "snapshot.0");
    const database = Database.readSnapshotBody(reader, OPTIONS);
    for (const txn of txns) database.apply(txn);
    const again = Database.readSnapshotBody(new JuteReader(Buffer.concat([...database.snapshotChunks()])), OPTIONS);
    again.setLastProcessedZxid(database.lastProcessedZxid);
    expect(again.tree.digest).toBe(database.tree.digest);
    expectRecordedState(again);
  });

  test("a wrong digest is noticed and told", () => {
    const { reader } = defined(recordedSnapshots()[0], "snapshot.0");
    const database = Database.readSnapshotBody(reader, OPTIONS);
    for (const txn of txns) {
      const { digest } = txn;
      const isWrong = txn.header.zxid === 0x10 && digest !== undefined;
      database.apply(isWrong ? { ...txn, digest: { ...digest, treeDigest: digest.treeDigest + 1n } } : txn);
    }
    expect(database.digestMismatches).toBe(1);
    expect(database.firstMismatch).toMatchObject({ zxid: 0x10 });
  });
});
