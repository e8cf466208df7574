import { defined, ProtocolError } from "@ordinal/kit";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { JuteReader } from "../jute/jute-reader.ts";
import { OpCode } from "../jute/op-code.ts";
import { makeTxn } from "../jute/txn-records.ts";
import { makeZxid } from "../jute/zxid.ts";
import { TREE_DEFAULTS } from "./data-tree.ts";
import { Database } from "./database.ts";
import { SnapshotStream } from "./snapshot-stream.ts";
import { recordedSnapshots, recordedTxns } from "./testdata/recorded.ts";

const OPTIONS = { ...TREE_DEFAULTS, extendedTypesEnabled: true };

function recordedDatabase(): Database {
  const { reader } = defined(recordedSnapshots()[0], "snapshot.0");
  const database = Database.readSnapshotBody(reader, OPTIONS);
  for (const txn of recordedTxns()) database.apply(txn);
  return database;
}

const bodyOf = (database: Database): Buffer => Buffer.concat([...database.snapshotChunks()]);

describe("the body of a snapshot", () => {
  test("that the original wrote comes out of ours byte for byte, where the order of nodes is one", () => {
    const original = defined(recordedSnapshots()[0], "snapshot.0").reader;
    const start = original.position;
    const database = Database.readSnapshotBody(original, OPTIONS);
    const end = original.position;
    original.seek(start);
    const bytes = Buffer.from(original.bytes(end - start));
    // The original's set of children comes in the order of hashes.
    expect(bodyOf(database)).toEqual(bytes);
  });

  test("is the same whatever its chunks are", () => {
    const database = recordedDatabase();
    const whole = bodyOf(database);
    expect(Buffer.concat([...database.snapshotChunks(1)])).toEqual(whole);
    expect([...database.snapshotChunks(1)].length).toBe(database.tree.nodeCount);
    expect([...database.snapshotChunks(500)].length).toBeLessThan(database.tree.nodeCount);
  });

  test("comes through a stream cut anywhere, with what follows it left over", () => {
    const database = recordedDatabase();
    const bytes = Buffer.concat([bodyOf(database), Buffer.from("rest")]);
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 20 }), (cuts) => {
        const stream = new SnapshotStream(OPTIONS);
        let at = 0;
        for (const cut of [...cuts.sort((a, b) => a - b), bytes.length]) {
          const end = stream.push(bytes.subarray(at, cut));
          at = cut;
          if (end === undefined) continue;
          expect(end.database.tree.digest).toBe(database.tree.digest);
          expect(end.database.sessions).toEqual(database.sessions);
          expect(bodyOf(end.database)).toEqual(bodyOf(database));
          expect(Buffer.concat([end.rest, bytes.subarray(at)]).toString()).toBe("rest");
          return;
        }
        expect.unreachable("the body must have ended");
      }),
      { numRuns: 60 },
    );
  });

  test("cut short anywhere is an error, and ends in no database", () => {
    const bytes = bodyOf(recordedDatabase());
    for (let length = 0; length < bytes.length; length += 7) {
      expect(() => Database.readSnapshotBody(new JuteReader(bytes.subarray(0, length)))).toThrow(ProtocolError);
    }
  });

  test("with any byte changed is read or refused, but not with another error", () => {
    const bytes = bodyOf(recordedDatabase());
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
        const changed = Buffer.from(bytes);
        changed[at] = value;
        try {
          Database.readSnapshotBody(new JuteReader(changed));
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    ["a count below zero", "fffffff0"],
    ["no root", "0000000000000000000000012f"],
    ["a node before its parent", `0000000000000000${"00000004"}2f612f62${"ffffffff"}${"00".repeat(68)}`],
    ["a node that is no path", `0000000000000000${"00000001"}61${"ffffffff"}${"00".repeat(68)}`],
  ])("%s is no snapshot", (_what, hex) => {
    const bytes = Buffer.from(hex, "hex");
    const refused = expect.objectContaining({ code: "BAD_SNAPSHOT" });
    expect(() => Database.readSnapshotBody(new JuteReader(bytes))).toThrow(refused);
    expect(() => new SnapshotStream().push(bytes)).toThrow(refused);
  });
});

test("a snapshot's memory is the reader's no longer", () => {
  const database = recordedDatabase();
  const bytes = bodyOf(database);
  const again = Database.readSnapshotBody(new JuteReader(bytes), OPTIONS);
  bytes.fill(0);
  expect(bodyOf(again)).toEqual(bodyOf(database));
});

test("long data is read and written whole", () => {
  const database = new Database();
  const data = new Uint8Array(300_000).map((_, at) => at * 7);
  const header = { sessionId: 1n, cxid: 1, zxid: makeZxid(1, 1), timeMs: 1, type: OpCode.create };
  const record = { type: OpCode.create, path: "/big", data, acl: null, ephemeral: false, parentCVersion: 1 };
  database.apply(makeTxn(header, record));
  const again = Database.readSnapshotBody(new JuteReader(bodyOf(database)));
  expect(Buffer.compare(defined(again.tree.node("/big")?.data, "data"), data)).toBe(0);
});
