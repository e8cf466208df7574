// The server's side of SPDY/3.1 as kubectl port-forward needs it (draft-mbelshe-httpbis-spdy-00, section 2): streams with
// headers, data, half-closes and resets. There is no flow control: neither kubectl nor the kubelet does any.
import { constants, createDeflate, createInflate } from "node:zlib";

import { ProtocolError } from "@ordinal/kit";

import { SPDY_DICTIONARY } from "./spdy-dictionary.ts";

const TYPE = {
  synStream: 1,
  synReply: 2,
  reset: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  headers: 8,
  windowUpdate: 9,
} as const;
const FLAG_FIN = 1;
const CANCEL = 5;
const HEADER_BYTES = 8;
const CONTROL_BYTES_MAX = 64 * 1024;
const BLOCK_BYTES_MAX = 64 * 1024;
const PIECE_BYTES_MAX = 32 * 1024;

export interface SpdyStream {
  readonly id: number;
  readonly headers: ReadonlyMap<string, string>;
  /** Called in order; the promise it gives holds back what follows. */
  onData: (chunk: Buffer) => Promise<void> | void;
  /** The client sends no more. */
  onEnd: () => void;
  /** The client wants no more of the stream. */
  onReset: () => void;
  send(chunk: Buffer): Promise<void>;
  /** Half-closes: nothing more will be sent. */
  end(): Promise<void>;
  reset(): Promise<void>;
}

export class SpdyConnection {
  readonly #write: (bytes: Buffer) => Promise<void>;
  readonly #onStream: (stream: SpdyStream) => void;
  readonly #streams = new Map<number, SpdyStream>();
  readonly #inflate = createInflate({ dictionary: SPDY_DICTIONARY, flush: constants.Z_SYNC_FLUSH });
  readonly #deflate = createDeflate({ dictionary: SPDY_DICTIONARY, flush: constants.Z_SYNC_FLUSH });
  /** A frame's header, or a control frame, that has not come whole. */
  #partial: Buffer = Buffer.alloc(0);
  /** What is left of the data frame under way. */
  #dataLeft = 0;
  #dataStream = 0;
  #dataFin = false;

  constructor(write: (bytes: Buffer) => Promise<void>, onStream: (stream: SpdyStream) => void) {
    this.#write = write;
    this.#onStream = onStream;
    this.#inflate.on("error", () => undefined);
  }

  /** Takes bytes as they come, split anywhere. Throws `ProtocolError`. Calls must not overlap. */
  async receive(chunk: Buffer): Promise<void> {
    let bytes = this.#partial.length === 0 ? chunk : Buffer.concat([this.#partial, chunk]);
    this.#partial = Buffer.alloc(0);
    for (;;) {
      if (this.#dataLeft > 0) {
        const piece = bytes.subarray(0, this.#dataLeft);
        if (piece.length === 0) return;
        bytes = bytes.subarray(piece.length);
        this.#dataLeft -= piece.length;
        await this.#streams.get(this.#dataStream)?.onData(piece);
        if (this.#dataLeft === 0 && this.#dataFin) this.#streams.get(this.#dataStream)?.onEnd();
        continue;
      }
      const length = bytes.length < HEADER_BYTES ? HEADER_BYTES : bytes.readUIntBE(5, 3);
      if (bytes.length < HEADER_BYTES) break;
      if ((bytes.readUInt8(0) & 0x80) === 0) {
        this.#dataStream = bytes.readUInt32BE(0);
        this.#dataFin = (bytes.readUInt8(4) & FLAG_FIN) !== 0;
        this.#dataLeft = length;
        bytes = bytes.subarray(HEADER_BYTES);
        if (length === 0 && this.#dataFin) this.#streams.get(this.#dataStream)?.onEnd();
        continue;
      }
      if (length > CONTROL_BYTES_MAX)
        throw new ProtocolError("SPDY_FRAME_TOO_LARGE", `a control frame of ${length} bytes`);
      if (bytes.length < HEADER_BYTES + length) break;
      const payload = bytes.subarray(HEADER_BYTES, HEADER_BYTES + length);
      await this.#control(bytes.readUInt16BE(2), bytes.readUInt8(4), payload);
      bytes = bytes.subarray(HEADER_BYTES + length);
    }
    // A copy, so that a few bytes do not keep a large message alive.
    this.#partial = Buffer.from(bytes);
  }

  forget(stream: SpdyStream): void {
    this.#streams.delete(stream.id);
  }

  close(): void {
    for (const stream of this.#streams.values()) stream.onReset();
    this.#streams.clear();
    this.#inflate.close();
    this.#deflate.close();
  }

  async #control(type: number, flags: number, payload: Buffer): Promise<void> {
    switch (type) {
      case TYPE.synStream:
        return this.#open(flags, payload);
      case TYPE.reset: {
        if (payload.length < 8) throw truncated();
        const stream = this.#streams.get(payload.readUInt32BE(0) & 0x7fffffff);
        stream?.onReset();
        return;
      }
      case TYPE.ping:
        // Odd numbers are the client's own; even ones would be answers to pings of ours.
        if (payload.length === 4 && payload.readUInt32BE(0) % 2 === 1)
          await this.#write(controlFrame(TYPE.ping, 0, payload));
        return;
      case TYPE.synReply:
      case TYPE.headers:
        // The compression's state spans all header blocks of the connection.
        await this.#inflateBlock(payload.subarray(4));
        return;
      case TYPE.settings:
      case TYPE.goAway:
      case TYPE.windowUpdate:
        return;
      default:
        throw new ProtocolError("SPDY_UNKNOWN_FRAME", `a control frame of type ${type}`);
    }
  }

  async #open(flags: number, payload: Buffer): Promise<void> {
    if (payload.length < 10) throw truncated();
    const id = payload.readUInt32BE(0) & 0x7fffffff;
    const headers = parseHeaders(await this.#inflateBlock(payload.subarray(10)));
    if (this.#streams.has(id)) throw new ProtocolError("SPDY_STREAM_TWICE", `stream ${id} is opened twice`);
    const stream = this.#stream(id, headers);
    this.#streams.set(id, stream);
    const empty = await this.#deflateBlock(Buffer.alloc(4));
    await this.#write(controlFrame(TYPE.synReply, 0, Buffer.concat([uint32(id), empty])));
    this.#onStream(stream);
    if ((flags & FLAG_FIN) !== 0) stream.onEnd();
  }

  #stream(id: number, headers: ReadonlyMap<string, string>): SpdyStream {
    let ended = false;
    const data = (chunk: Buffer, fin: boolean): Promise<void> => {
      const head = Buffer.alloc(HEADER_BYTES);
      head.writeUInt32BE(id, 0);
      head.writeUInt8(fin ? FLAG_FIN : 0, 4);
      head.writeUIntBE(chunk.length, 5, 3);
      return this.#write(Buffer.concat([head, chunk]));
    };
    return {
      id,
      headers,
      onData: () => undefined,
      onEnd: () => undefined,
      onReset: () => undefined,
      async send(chunk) {
        for (let at = 0; at < chunk.length && !ended; at += PIECE_BYTES_MAX) {
          await data(chunk.subarray(at, at + PIECE_BYTES_MAX), false);
        }
      },
      async end() {
        if (ended) return;
        ended = true;
        await data(Buffer.alloc(0), true);
      },
      reset: () => {
        ended = true;
        return this.#write(controlFrame(TYPE.reset, 0, Buffer.concat([uint32(id), uint32(CANCEL)])));
      },
    };
  }

  #inflateBlock(bytes: Buffer): Promise<Buffer> {
    const inflate = this.#inflate;
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let length = 0;
      const done = (error?: Error | null): void => {
        inflate.off("data", onData);
        inflate.off("error", done);
        inflate.off("close", done);
        const why = length > BLOCK_BYTES_MAX ? "it is too large" : error?.message;
        if (why === undefined) resolve(Buffer.concat(chunks));
        else reject(new ProtocolError("SPDY_BAD_HEADERS", `a header block that cannot be inflated: ${why}`));
      };
      const onData = (chunk: Buffer): void => {
        length += chunk.length;
        if (length > BLOCK_BYTES_MAX) inflate.destroy();
        else chunks.push(chunk);
      };
      inflate.on("data", onData);
      inflate.on("error", done);
      inflate.once("close", done);
      inflate.write(bytes, done);
    });
  }

  #deflateBlock(bytes: Buffer): Promise<Buffer> {
    const deflate = this.#deflate;
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      const onData = (chunk: Buffer): void => void chunks.push(chunk);
      deflate.on("data", onData);
      deflate.write(bytes, (error) => {
        deflate.off("data", onData);
        if (error) reject(error);
        else resolve(Buffer.concat(chunks));
      });
    });
  }
}

function parseHeaders(block: Buffer): Map<string, string> {
  const headers = new Map<string, string>();
  let at = 0;
  const next = (): number => {
    if (at + 4 > block.length) throw truncated();
    at += 4;
    return block.readUInt32BE(at - 4);
  };
  const text = (): string => {
    const length = next();
    if (at + length > block.length) throw truncated();
    at += length;
    return block.toString("utf8", at - length, at);
  };
  for (let left = next(); left > 0; left--) {
    const name = text().toLowerCase();
    headers.set(name, text());
  }
  return headers;
}

function truncated(): ProtocolError {
  return new ProtocolError("SPDY_TRUNCATED", "a frame is shorter than what it says");
}

function controlFrame(type: number, flags: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(HEADER_BYTES);
  head.writeUInt16BE(0x8003, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt8(flags, 4);
  head.writeUIntBE(payload.length, 5, 3);
  return Buffer.concat([head, payload]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
