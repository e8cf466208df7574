import { ByteWriter, ProtocolError, SeededRandom } from "@ordinal/kit";
import fc from "fast-check";
import { expect, test } from "vitest";

import type { Zxid } from "../jute/zxid.ts";
import { ElectionStream, encodeInitialMessage } from "./initial-message.ts";
import { decodeNotification, encodeNotification, NOTIFICATION_BYTES_MAX } from "./notification.ts";
import { NO_ZXID, NONE, type PeerState } from "./vote.ts";

const state = fc.constantFrom<PeerState>("looking", "following", "leading", "observing");
const long = fc.integer({ min: -1, max: 2 ** 40 });
const anyVote = fc.record({
  leader: fc.oneof(long, fc.constant(NONE)),
  zxid: fc.oneof(long, fc.constant(NO_ZXID)).map((value) => value as Zxid),
  electionEpoch: fc.integer({ min: 0, max: 2 ** 40 }),
  peerEpoch: fc.oneof(long, fc.constant(NONE)),
  state,
  configText: fc.string({ unit: "grapheme" }),
});

test("a notification comes back as it was, in whatever pieces it arrives", () => {
  fc.assert(
    fc.property(anyVote, fc.integer({ min: 1, max: 64 }), (notification, pieceBytes) => {
      const bytes = encodeNotification(notification);
      const stream = new ElectionStream();
      let frame: Uint8Array | undefined;
      for (let at = 0; at < bytes.length; at += pieceBytes) {
        expect(frame).toBeUndefined();
        stream.push(bytes.slice(at, at + pieceBytes));
        frame = stream.frame();
      }
      expect(frame && decodeNotification(frame)).toEqual({ ...notification, version: 2 });
    }),
  );
});

test("the bytes are the original's", () => {
  const bytes = encodeNotification({
    leader: 3,
    zxid: 0x100000002 as Zxid,
    electionEpoch: 1,
    peerEpoch: 1,
    state: "leading",
    configText: "version=0",
  });
  const [length, head, config] = ["00000035", "00000002", "76657273696f6e3d30"];
  const longs = ["0000000000000003", "0000000100000002", "0000000000000001", "0000000000000001"].join("");
  expect(Buffer.from(bytes).toString("hex")).toBe(`${length}${head}${longs}0000000200000009${config}`);
});

test("notifications of the formats before are understood", () => {
  const old = (length: number): Uint8Array => {
    const writer = new ByteWriter(64);
    writer.int32(1);
    for (const value of [2n, 0x500000001n, 7n, 4n]) writer.int64(value);
    writer.int32(1);
    return writer.written().subarray(0, length);
  };
  const vote = {
    leader: 2,
    zxid: 0x500000001,
    electionEpoch: 7,
    state: "following",
    version: 0,
    configText: undefined,
  };
  expect(decodeNotification(old(28))).toEqual({ ...vote, peerEpoch: 5 });
  expect(decodeNotification(old(40))).toEqual({ ...vote, peerEpoch: 4 });
});

test("a notification that is cut short, or whose state nobody knows, is none", () => {
  const bytes = encodeNotification({
    leader: 1,
    zxid: 0 as Zxid,
    electionEpoch: 1,
    peerEpoch: 0,
    state: "looking",
    configText: "abc",
  });
  for (let length = 0; length < bytes.length - 4; length++) {
    if (length === 28 || length === 40) continue; // formats of their own
    expect(() => decodeNotification(bytes.slice(4, 4 + length))).toThrow(ProtocolError);
  }
  const strange = bytes.slice(4);
  strange[3] = 9;
  expect(decodeNotification(strange)).toBeUndefined();
});

test("a round or zxid beyond all measure is refused", () => {
  const bytes = encodeNotification({
    leader: 1,
    zxid: 0 as Zxid,
    electionEpoch: 1,
    peerEpoch: 0,
    state: "looking",
    configText: "",
  }).slice(4);
  for (const at of [4, 12, 20, 28]) {
    const hostile = bytes.slice();
    hostile[at] = 0x7f;
    expect(() => decodeNotification(hostile)).toThrow(ProtocolError);
  }
});

test.each([[{ host: "zk-0.zk-hs", port: 3888 }], [{ host: "10.0.0.1", port: 1 }], [{ host: "fd00::1", port: 65_535 }]])(
  "an introduction from %o comes back, byte by byte",
  (address) => {
    const stream = new ElectionStream();
    const bytes = encodeInitialMessage(7, address);
    for (const byte of bytes.subarray(0, -1)) {
      stream.push(Uint8Array.of(byte));
      expect(stream.introduction()).toBeUndefined();
    }
    stream.push(bytes.subarray(-1));
    expect(stream.introduction()).toEqual({ sid: 7, addresses: [address] });
  },
);

test("introductions with several addresses, with none that can be reached, and of old servers are understood", () => {
  const introduction = (version: bigint, text: string): unknown => {
    const writer = new ByteWriter(200);
    writer.int64(version);
    if (version < 0) {
      writer.int64(5n);
      writer.int32(Buffer.byteLength(text));
      writer.utf8(text);
    }
    const stream = new ElectionStream();
    stream.push(writer.written());
    return stream.introduction();
  };
  const a = { host: "a", port: 1 };
  expect(introduction(-65535n, "a:1|[::1]:2")).toEqual({ sid: 5, addresses: [a, { host: "::1", port: 2 }] });
  expect(introduction(-65536n, "0.0.0.0:3888")).toEqual({ sid: 5, addresses: [] });
  expect(introduction(4n, "")).toEqual({ sid: 4, addresses: [] });
  for (const text of ["a", "a:b", "a:99999", ":1", "a:1|"]) {
    expect(() => introduction(-65536n, text), text).toThrow(ProtocolError);
  }
  expect(() => introduction(-3n, "a:1")).toThrow(ProtocolError);
});

test("no bytes make the stream hold more than a frame, or throw anything but a protocol error", () => {
  const random = new SeededRandom(1);
  for (let round = 0; round < 300; round++) {
    const stream = new ElectionStream();
    try {
      for (let chunk = 0; chunk < 20; chunk++) {
        const bytes = random.bytes(random.between(1, 60));
        if (random.chance(0.8)) bytes.fill(0, 0, 3);
        stream.push(bytes);
        const frame = stream.frame();
        if (frame !== undefined) decodeNotification(frame);
      }
    } catch (error) {
      expect(error).toBeInstanceOf(ProtocolError);
    }
  }
  const stream = new ElectionStream();
  stream.push(Buffer.from((NOTIFICATION_BYTES_MAX + 1).toString(16).padStart(8, "0"), "hex"));
  expect(() => stream.frame()).toThrow(ProtocolError);
});
