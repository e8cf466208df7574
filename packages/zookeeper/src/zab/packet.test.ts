import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { JuteWriter } from "../jute/jute-writer.ts";
import type { Zxid } from "../jute/zxid.ts";
import { PacketDecoder, PacketType, type QuorumPacket, writePacket } from "./packet.ts";

const packets = fc.array(
  fc.record({
    type: fc.integer({ min: 0, max: 30 }),
    zxid: fc.integer({ min: -1, max: Number.MAX_SAFE_INTEGER }).map((value) => value as Zxid),
    data: fc.option(fc.uint8Array({ maxLength: 300 })),
    authInfo: fc.option(
      fc.array(fc.record({ scheme: fc.string({ maxLength: 9 }), id: fc.string({ maxLength: 20 }) }), { maxLength: 4 }),
    ),
  }),
  { minLength: 1, maxLength: 12 },
);

function encode(list: readonly QuorumPacket[]): Uint8Array {
  const writer = new JuteWriter();
  for (const { type, zxid, data, authInfo } of list) writePacket(writer, type, zxid, data, authInfo);
  return writer.written().slice();
}

function all(decoder: PacketDecoder): QuorumPacket[] {
  const found: QuorumPacket[] = [];
  for (let packet = decoder.next(); packet !== undefined; packet = decoder.next()) found.push(packet);
  return found;
}

describe("the stream of packets", () => {
  it("is cut into the packets that were written, however it is chopped", () => {
    fc.assert(
      fc.property(
        packets,
        fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 20 }),
        (list, sizes) => {
          const bytes = encode(list);
          const decoder = new PacketDecoder();
          const found: QuorumPacket[] = [];
          for (let at = 0, turn = 0; at < bytes.length; turn++) {
            const size = sizes[turn % sizes.length] ?? 1;
            decoder.push(bytes.subarray(at, at + size));
            found.push(...all(decoder));
            at += size;
          }
          expect(found.map((one) => ({ ...one, data: one.data === null ? null : [...one.data] }))).toEqual(
            list.map((one) => ({ ...one, data: one.data === null ? null : [...one.data] })),
          );
          expect(decoder.buffered).toBe(0);
        },
      ),
    );
  });

  it("gives back what follows SNAP untouched", () => {
    const decoder = new PacketDecoder();
    const snap = encode([{ type: PacketType.snap, zxid: 7 as Zxid, data: null, authInfo: null }]);
    decoder.push(snap);
    decoder.push(Uint8Array.of(1, 2, 3));
    expect(decoder.next()?.type).toBe(PacketType.snap);
    expect([...decoder.rest()]).toEqual([1, 2, 3]);
    decoder.push(snap);
    expect(decoder.next()?.type).toBe(PacketType.snap);
  });

  it("refuses lengths that no packet has before their bytes are there", () => {
    const header = (length: number): Uint8Array => {
      const writer = new JuteWriter();
      writer.int32(PacketType.proposal);
      writer.long(1);
      writer.int32(length);
      return writer.written();
    };
    for (const length of [-2, 1001, 2 ** 31 - 1]) {
      const decoder = new PacketDecoder(1000);
      decoder.push(header(length));
      expect(() => decoder.next(), String(length)).toThrow("bytes of data");
    }
    for (const ids of [-2, 5000]) {
      const decoder = new PacketDecoder();
      const writer = new JuteWriter();
      writer.bytes(header(-1));
      writer.int32(ids);
      decoder.push(writer.written());
      expect(() => decoder.next(), String(ids)).toThrow("ids");
    }
  });

  it("ends any mutated stream in an error or in waiting, never in another exception", () => {
    fc.assert(
      fc.property(packets, fc.nat(), fc.nat({ max: 255 }), (list, where, value) => {
        const bytes = encode(list);
        bytes[where % bytes.length] = value;
        const decoder = new PacketDecoder(100_000);
        decoder.push(bytes);
        try {
          all(decoder);
        } catch (error) {
          expect((error as Error).name).toBe("ProtocolError");
        }
      }),
    );
  });
});
