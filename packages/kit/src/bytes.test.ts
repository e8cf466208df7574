import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { ProtocolError, RefusedError } from "./errors.ts";

const field = fc.oneof(
  fc.record({ kind: fc.constant("uint8" as const), value: fc.nat(0xff) }),
  fc.record({ kind: fc.constant("uint16" as const), value: fc.nat(0xffff) }),
  fc.record({ kind: fc.constant("uint32" as const), value: fc.nat(0xffff_ffff) }),
  fc.record({ kind: fc.constant("int32" as const), value: fc.integer() }),
  fc.record({ kind: fc.constant("uint64" as const), value: fc.bigInt(0n, 2n ** 64n - 1n) }),
  fc.record({ kind: fc.constant("int64" as const), value: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n) }),
  fc.record({ kind: fc.constant("bytes" as const), value: fc.uint8Array({ maxLength: 2000 }) }),
);
type Field = typeof field extends fc.Arbitrary<infer F> ? F : never;

function write(writer: ByteWriter, { kind, value }: Field): void {
  if (kind === "bytes") writer.bytes(value);
  else if (kind === "uint64" || kind === "int64") writer[kind](value);
  else writer[kind](value);
}

function read(reader: ByteReader, { kind, value }: Field): unknown {
  return kind === "bytes" ? reader.bytes(value.length) : reader[kind]();
}

describe("ByteWriter and ByteReader", () => {
  test("what was written is read, and every truncation of it is noticed", () => {
    fc.assert(
      fc.property(fc.array(field, { minLength: 1, maxLength: 10 }), fc.nat(), (fields, cut) => {
        const writer = new ByteWriter(100_000, 1);
        for (const each of fields) write(writer, each);
        const bytes = writer.written();
        // The view must respect its own offset in a larger buffer.
        const inside = new Uint8Array(bytes.length + 7).subarray(7);
        inside.set(bytes);
        const reader = new ByteReader(inside);
        for (const each of fields) expect(read(reader, each)).toEqual(each.value);
        expect(reader.remaining).toBe(0);

        if (bytes.length === 0) return;
        const short = new ByteReader(bytes.subarray(0, cut % bytes.length));
        expect(() => {
          for (const each of fields) read(short, each);
        }).toThrow(ProtocolError);
      }),
      { numRuns: 200 },
    );
  });

  test("numbers are big-endian", () => {
    const writer = new ByteWriter(100);
    writer.uint16(0x0102);
    writer.uint32(0x03040506);
    writer.int32(-2);
    writer.uint64(0x0708n);
    expect([...writer.written()]).toEqual([1, 2, 3, 4, 5, 6, 255, 255, 255, 254, 0, 0, 0, 0, 0, 0, 7, 8]);
  });

  test("a read that fails leaves the position", () => {
    const reader = new ByteReader(Uint8Array.of(1, 2, 3));
    reader.uint8();
    expect(() => reader.uint32()).toThrow(expect.objectContaining({ code: "TRUNCATED" }));
    expect(reader.uint16()).toBe(0x0203);
    for (const bad of [-1, 4, 0.5, Number.NaN]) expect(() => reader.seek(bad)).toThrow(ProtocolError);
    for (const bad of [-1, 1, Number.NaN]) expect(() => reader.bytes(bad)).toThrow(ProtocolError);
    reader.seek(1);
    expect(reader.uint8()).toBe(2);
  });

  test("a field that passes the limit is refused whole", () => {
    const writer = new ByteWriter(5);
    writer.uint32(1);
    expect(() => writer.uint16(2)).toThrow(RefusedError);
    expect(() => writer.bytes(new Uint8Array(2))).toThrow(expect.objectContaining({ code: "TOO_LARGE" }));
    expect([writer.length, writer.room]).toEqual([4, 1]);
    writer.uint8(3);
    expect([...writer.written()]).toEqual([0, 0, 0, 1, 3]);
  });

  test("a number that does not fit its field is refused", () => {
    const writer = new ByteWriter(100);
    for (const value of [-1, 256, 1.5, Number.NaN]) expect(() => writer.uint8(value)).toThrow(RangeError);
    expect(() => writer.uint16(0x10000)).toThrow(RangeError);
    expect(() => writer.uint32(2 ** 32)).toThrow(RangeError);
    expect(() => writer.int32(2 ** 31)).toThrow(RangeError);
    expect(() => writer.uint64(-1n)).toThrow(RangeError);
    expect(() => writer.int64(2n ** 63n)).toThrow(RangeError);
    expect(writer.length).toBe(0);
  });

  test("fields are patched and taken back where something was written, nowhere else", () => {
    const writer = new ByteWriter(100);
    writer.uint16(0);
    writer.uint32(7);
    writer.setUint16(0, 0xabcd);
    writer.setUint32(2, 0x01020304);
    expect([...writer.written()]).toEqual([0xab, 0xcd, 1, 2, 3, 4]);
    expect(() => writer.setUint16(5, 1)).toThrow(RangeError);
    expect(() => writer.setUint32(3, 1)).toThrow(RangeError);
    writer.truncate(1);
    writer.uint8(9);
    expect([...writer.written()]).toEqual([0xab, 9]);
    expect(() => writer.truncate(3)).toThrow(RangeError);
  });
});
