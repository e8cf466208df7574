import { describe, expect, it } from "vitest";

import { JuteReader } from "../jute/jute-reader.ts";
import { JuteWriter } from "../jute/jute-writer.ts";
import { OpCode } from "../jute/op-code.ts";
import { makeTxn } from "../jute/txn-records.ts";
import { Database } from "../tree/database.ts";
import { SNAPSHOT_SIGNATURE, SnapshotScanner } from "./snapshot-scanner.ts";
import { zxid } from "./testing/history.ts";

function sample(): Database {
  const database = new Database();
  const header = { sessionId: 5n, cxid: 1, timeMs: 1 };
  database.apply(
    makeTxn({ ...header, zxid: zxid("1:1"), type: OpCode.createSession }, { type: OpCode.createSession, timeoutMs: 9 }),
  );
  for (let at = 2; at < 40; at++) {
    database.apply(
      makeTxn(
        { ...header, zxid: zxid(`1:${at}`), type: OpCode.create },
        {
          type: OpCode.create,
          path: `/n${at}`,
          data: at % 3 === 0 ? null : new Uint8Array(at * 7),
          acl: [{ perms: at % 31, id: { scheme: "world", id: "anyone" } }],
          ephemeral: false,
          parentCVersion: at,
        },
      ),
    );
  }
  return database;
}

function stream(database: Database, signature = SNAPSHOT_SIGNATURE): Uint8Array {
  const writer = new JuteWriter();
  for (const chunk of database.snapshotChunks()) writer.bytes(chunk);
  writer.ustring(signature);
  writer.bytes(Uint8Array.of(9, 9, 9));
  return writer.written();
}

describe("a snapshot in the stream", () => {
  it("is found whole, however it is chopped, and what follows is given back", () => {
    const database = sample();
    const bytes = stream(database);
    for (const size of [1, 7, 64, bytes.length]) {
      const scanner = new SnapshotScanner();
      let isWhole = false;
      for (let at = 0; at < bytes.length; at += size) isWhole = scanner.push(bytes.subarray(at, at + size));
      expect(isWhole).toBe(true);
      expect([...scanner.rest]).toEqual([9, 9, 9]);
      const read = Database.readSnapshotBody(new JuteReader(scanner.body));
      expect(read.tree.digest).toBe(database.tree.digest);
      expect([...read.sessions]).toEqual([[5n, 9]]);
    }
  });

  it("is not whole before its last byte", () => {
    const bytes = stream(sample());
    expect(new SnapshotScanner().push(bytes.subarray(0, bytes.length - 4))).toBe(false);
  });

  it("is refused with another signature, or with lengths that cannot be", () => {
    expect(() => new SnapshotScanner().push(stream(sample(), "BenWasThere"))).toThrow("signature");
    expect(() => new SnapshotScanner().push(stream(sample(), "BenWasGone"))).toThrow("signature");
    expect(() => new SnapshotScanner().push(Uint8Array.of(255, 255, 255, 0))).toThrow("elements");
    const huge = new JuteWriter();
    huge.int32(0);
    huge.int32(0);
    huge.int32(2 ** 30);
    expect(() => new SnapshotScanner().push(huge.written())).toThrow("field of");
  });
});
