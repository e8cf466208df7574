import { ProtocolError } from "@ordinal/kit";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { JuteReader } from "./jute-reader.ts";
import { JuteWriter } from "./jute-writer.ts";
import { OpCode } from "./op-code.ts";
import { readConnectRequest, writeConnectRequest } from "./proto-records.ts";
import { makeTxn, parseTxn, type TxnRecord } from "./txn-records.ts";
import { counterOf, epochOf, makeZxid, mustBeZxid, sessionHex, zxidHex, type Zxid } from "./zxid.ts";

const path = fc.string({ unit: "grapheme", maxLength: 40 });
const data = fc.option(fc.uint8Array({ maxLength: 60 }), { nil: null });
const int = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });
const acl = fc.option(
  fc.array(fc.record({ perms: fc.nat(31), id: fc.record({ scheme: path, id: path }) }), { maxLength: 3 }),
  { nil: null },
);
const zxid = fc.tuple(fc.nat(2 ** 21 - 1), fc.nat(0xffff_ffff)).map(([epoch, counter]) => makeZxid(epoch, counter));
const of = <T extends number>(...types: T[]) => fc.constantFrom(...types);

const simple: fc.Arbitrary<TxnRecord> = fc.oneof(
  fc.record({
    type: of(OpCode.create, OpCode.create2),
    path,
    data,
    acl,
    ephemeral: fc.boolean(),
    parentCVersion: int,
  }),
  fc.record({ type: of(OpCode.createContainer), path, data, acl, parentCVersion: int }),
  fc.record({ type: of(OpCode.createTTL), path, data, acl, parentCVersion: int, ttl: fc.nat(2 ** 40 - 1) }),
  fc.record({ type: of(OpCode.delete, OpCode.deleteContainer), path }),
  fc.record({ type: of(OpCode.setData, OpCode.reconfig), path, data, version: int }),
  fc.record({ type: of(OpCode.setACL), path, acl, version: int }),
  fc.record({ type: of(OpCode.check), path, version: int }),
  fc.record({ type: of(OpCode.createSession), timeoutMs: int }),
  fc.record({ type: of(OpCode.closeSession), paths: fc.array(path, { maxLength: 3 }) }),
  fc.record({ type: of(OpCode.error), error: int }),
);
const record: fc.Arbitrary<TxnRecord> = fc.oneof(
  simple,
  fc.record({ type: of(OpCode.multi), parts: fc.array(simple, { maxLength: 4 }) }),
);

/** Strings as they come back: a lone surrogate has no UTF-8. */
function wellFormed(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, inner: unknown) => {
      if (typeof inner === "string") return inner.toWellFormed();
      if (typeof inner === "bigint") return String(inner);
      return inner instanceof Uint8Array ? [...inner] : inner;
    }),
  );
}

describe("transactions", () => {
  const header = fc.record({
    sessionId: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
    cxid: int,
    zxid,
    timeMs: fc.integer({ min: 0, max: 2 ** 50 }),
  });
  const digest = fc.option(fc.record({ version: fc.constant(2), treeDigest: fc.bigInt(0n, 2n ** 64n - 1n) }), {
    nil: undefined,
  });

  test("what was written is read, with and without a digest", () => {
    fc.assert(
      fc.property(header, record, digest, (head, body, seal) => {
        const written = makeTxn({ ...head, type: body.type }, body, seal);
        // A session's end without its list of paths cannot be told from a digest: the original never writes that.
        const read = parseTxn(written.bytes);
        expect(wellFormed({ header: read.header, record: read.record, digest: read.digest })).toEqual(
          wellFormed({ header: written.header, record: written.record, digest: written.digest }),
        );
      }),
    );
  });

  test("no bytes make anything but a transaction or a ProtocolError", () => {
    fc.assert(
      fc.property(header, record, fc.nat(), fc.nat(255), (head, body, at, byte) => {
        const bytes = makeTxn({ ...head, type: body.type }, body).bytes.slice();
        bytes[at % bytes.length] = byte;
        for (const candidate of [bytes, bytes.subarray(0, at % bytes.length)]) {
          try {
            parseTxn(candidate);
          } catch (error) {
            expect(error).toBeInstanceOf(ProtocolError);
          }
        }
      }),
    );
  });

  test("a create of a server before 3.4 has no parent version", () => {
    const { bytes } = makeTxn(
      { sessionId: 1n, cxid: 2, zxid: makeZxid(1, 2), timeMs: 3, type: OpCode.create },
      { type: OpCode.create, path: "/a", data: null, acl: [], ephemeral: false, parentCVersion: 7 },
    );
    expect(parseTxn(bytes.subarray(0, -4)).record).toMatchObject({ path: "/a", parentCVersion: -1 });
  });
});

describe("jute", () => {
  test("a vector of -1 elements is null, one of fewer is empty, as the original counts", () => {
    for (const [count, expected] of [
      [-1, null],
      [-2, []],
      [-0x8000_0000, []],
    ] as const) {
      const writer = new JuteWriter();
      writer.int32(count);
      expect(new JuteReader(writer.written()).nullableVector((from) => from.boolean())).toEqual(expected);
    }
  });

  test("a vector that claims more elements than bytes are left is refused before anything is made", () => {
    const writer = new JuteWriter();
    writer.int32(0x7fff_ffff);
    expect(() => new JuteReader(writer.written()).vector((from) => from.boolean())).toThrow(ProtocolError);
  });

  test("a length beyond the end, or below -1, is refused", () => {
    for (const length of [5, -2, 0x7fff_ffff]) {
      const writer = new JuteWriter();
      writer.int32(length);
      writer.int32(0);
      expect(() => new JuteReader(writer.written()).buffer()).toThrow(ProtocolError);
      expect(() => new JuteReader(writer.written()).ustring()).toThrow(ProtocolError);
    }
  });

  test("malformed UTF-8 reads as the replacement character", () => {
    expect(new JuteReader(new Uint8Array([0, 0, 0, 2, 0xc3, 0x28])).ustring()).toBe("\ufffd(");
  });

  test("a 64-bit number that is no exact number is refused, -1 is read", () => {
    const writer = new JuteWriter();
    writer.int64(2n ** 53n);
    writer.int64(-1n);
    const reader = new JuteReader(writer.written());
    expect(() => reader.long()).toThrow(ProtocolError);
    expect(reader.zxid()).toBe(-1);
  });

  test("a connect request of an old client lacks the readOnly byte", () => {
    const request = {
      protocolVersion: 0,
      lastZxidSeen: 0 as Zxid,
      timeoutMs: 4000,
      sessionId: 0x1000_0000_0000_0001n,
      password: new Uint8Array(16),
    };
    for (const readOnly of [undefined, true, false]) {
      const writer = new JuteWriter();
      writeConnectRequest(writer, { ...request, readOnly });
      expect(writer.length).toBe(readOnly === undefined ? 44 : 45);
      expect(readConnectRequest(new JuteReader(writer.written()))).toEqual({ ...request, readOnly });
    }
  });
});

describe("zxids", () => {
  test("epoch and counter come back, and the order is that of the original's 64 bits", () => {
    fc.assert(
      fc.property(zxid, zxid, (one, other) => {
        expect(makeZxid(epochOf(one), counterOf(one))).toBe(one);
        expect(Math.sign(one - other)).toBe(Math.sign(Number(BigInt(one) - BigInt(other))));
      }),
    );
  });

  test("they print as the original's", () => {
    expect(zxidHex(makeZxid(1, 3))).toBe("100000003");
    expect(zxidHex(mustBeZxid(-1))).toBe("ffffffffffffffff");
    expect(sessionHex(-1n)).toBe("ffffffffffffffff");
  });

  test("what is beyond the last epoch is refused", () => {
    expect(() => mustBeZxid(2 ** 53)).toThrow(ProtocolError);
    expect(() => makeZxid(2 ** 21, 0)).toThrow(ProtocolError);
  });
});
