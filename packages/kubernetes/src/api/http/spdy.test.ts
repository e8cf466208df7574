import { constants, createDeflate } from "node:zlib";

import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { SPDY_DICTIONARY } from "./spdy-dictionary.ts";
import { SpdyConnection, type SpdyStream } from "./spdy.ts";

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function control(type: number, flags: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt16BE(0x8003, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt8(flags, 4);
  head.writeUIntBE(payload.length, 5, 3);
  return Buffer.concat([head, payload]);
}

function data(id: number, payload: Buffer, fin: boolean): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(id, 0);
  head.writeUInt8(fin ? 1 : 0, 4);
  head.writeUIntBE(payload.length, 5, 3);
  return Buffer.concat([head, payload]);
}

/** What kubectl sends: two streams opened, bytes on the second one, its end. */
async function recording(): Promise<Buffer> {
  const deflate = createDeflate({ dictionary: SPDY_DICTIONARY, flush: constants.Z_SYNC_FLUSH });
  const chunks: Buffer[] = [];
  deflate.on("data", (chunk: Buffer) => chunks.push(chunk));
  const block = async (headers: Record<string, string>): Promise<Buffer> => {
    const parts = [uint32(Object.keys(headers).length)];
    for (const text of Object.entries(headers).flat()) parts.push(uint32(text.length), Buffer.from(text));
    chunks.length = 0;
    await new Promise<void>((resolve) => deflate.write(Buffer.concat(parts), () => resolve()));
    return Buffer.concat(chunks);
  };
  const open = async (id: number, type: string, flags: number): Promise<Buffer> => {
    const headers = await block({ streamtype: type, port: "80", requestid: "0" });
    return control(1, flags, Buffer.concat([uint32(id), uint32(0), Buffer.alloc(2), headers]));
  };
  return Buffer.concat([
    await open(1, "error", 1),
    await open(3, "data", 0),
    control(6, 0, uint32(1)),
    data(3, Buffer.from("hello "), false),
    data(3, Buffer.from("world"), true),
    control(3, 0, Buffer.concat([uint32(3), uint32(5)])),
  ]);
}

async function replay(pieces: readonly Buffer[]): Promise<{ events: string[]; frames: number }> {
  const events: string[] = [];
  let frames = 0;
  const connection = new SpdyConnection(
    async () => void frames++,
    (stream: SpdyStream) => {
      const type = stream.headers.get("streamtype") ?? "";
      events.push(`open ${type} ${stream.headers.get("port")}`);
      let text = "";
      stream.onData = (chunk) => void (text += chunk.toString());
      stream.onEnd = () => events.push(`end ${type} ${text}`);
      stream.onReset = () => events.push(`reset ${type}`);
    },
  );
  for (const piece of pieces) await connection.receive(piece);
  return { events, frames };
}

describe("SPDY inside port-forward", () => {
  it("gives the same streams wherever the bytes are split", async () => {
    const bytes = await recording();
    const expected = ["open error 80", "end error ", "open data 80", "end data hello world", "reset data"];
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 12 }), async (cuts) => {
        const places = [0, ...cuts.sort((left, right) => left - right), bytes.length];
        const pieces = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
        const { events, frames } = await replay(pieces);
        expect(events).toEqual(expected);
        // Two replies and a pong.
        expect(frames).toBe(3);
      }),
      { numRuns: 50 },
    );
  });

  it("survives any damage with a protocol error at most", async () => {
    const bytes = await recording();
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        async (damage) => {
          const broken = Buffer.from(bytes);
          for (const [at, value] of damage) broken.writeUInt8(value, at);
          await replay([broken]).catch((error: Error) => expect(error.name).toBe("ProtocolError"));
        },
      ),
      { numRuns: 200 },
    );
  });

  it("refuses header blocks that inflate without bound", async () => {
    const deflate = createDeflate({ dictionary: SPDY_DICTIONARY, flush: constants.Z_SYNC_FLUSH });
    const chunks: Buffer[] = [];
    deflate.on("data", (chunk: Buffer) => chunks.push(chunk));
    await new Promise<void>((resolve) => deflate.write(Buffer.alloc(4 * 1024 * 1024), () => resolve()));
    const bomb = control(1, 0, Buffer.concat([uint32(1), uint32(0), Buffer.alloc(2), Buffer.concat(chunks)]));
    await expect(replay([bomb])).rejects.toMatchObject({ code: "SPDY_BAD_HEADERS" });
  });
});
