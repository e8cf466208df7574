import { JuteWriter } from "../../src/jute/jute-writer.ts";
import { OpCode } from "../../src/jute/op-code.ts";

// Source: zookeeper.jute (RequestHeader, CreateRequest, SetDataRequest, GetDataRequest, ExistsRequest, DeleteRequest).

export const OPERATIONS = ["create", "set", "get", "exists", "delete"] as const;
export type Operation = (typeof OPERATIONS)[number];

const XID_AT = 4;
/** A frame's length and the header of a reply. */
const REPLY_HEADER_BYTES = 20;
const STAT_BYTES = 68;
const COUNTER_DIGITS = 10;
const ZERO = 0x30;

/**
 * Requests that differ in their xid and, if they name a node each, in ten digits of its path. They are written by copying a
 * template: that costs a load client less than anything else it does.
 */
export class RequestFrames {
  readonly #template: Buffer;
  readonly #digitsAt: number | undefined;
  /** What a reply without an error has to have. */
  readonly replyBytes: number;
  #buffer: Buffer;
  /** Also the counter in the path. */
  #next: number;

  /**
   * @param path of the node; if it ends in `-` the digits are put behind it
   * @param first the first counter
   */
  constructor(operation: Operation, path: string, bytes: number, first = 0) {
    const counted = path.endsWith("-");
    const full = counted ? path + "0".repeat(COUNTER_DIGITS) : path;
    this.#template = encode(operation, full, Buffer.alloc(bytes, "x"));
    this.replyBytes = replyBytes(operation, Buffer.byteLength(full), bytes);
    // Behind the frame's length, the header, and the path's length.
    this.#digitsAt = counted ? 16 + path.length : undefined;
    this.#buffer = Buffer.allocUnsafeSlow(this.#template.length * 16);
    this.#next = first;
  }

  /** The counter of the request after the last, which is its xid too. */
  get next(): number {
    return this.#next;
  }

  /** So many requests in one piece, which is the caller's own: the socket may still have the piece before it. */
  take(count: number): Buffer {
    const template = this.#template;
    const size = template.length;
    if (this.#buffer.length < size * count) this.#buffer = Buffer.allocUnsafeSlow(size * count);
    const piece = this.#buffer.subarray(0, size * count);
    this.#buffer = this.#buffer.subarray(size * count);
    if (this.#buffer.length < size) this.#buffer = Buffer.allocUnsafeSlow(Math.max(64 * 1024, size * 64));
    for (let at = 0; at < piece.length; at += size) {
      piece.set(template, at);
      piece.writeInt32BE(this.#next & 0x3fff_ffff, at + XID_AT);
      if (this.#digitsAt !== undefined) writeDigits(piece, at + this.#digitsAt, this.#next);
      this.#next++;
    }
    return piece;
  }
}

function replyBytes(operation: Operation, pathBytes: number, dataBytes: number): number {
  switch (operation) {
    case "create":
      return REPLY_HEADER_BYTES + 4 + pathBytes;
    case "set":
    case "exists":
      return REPLY_HEADER_BYTES + STAT_BYTES;
    case "get":
      return REPLY_HEADER_BYTES + 4 + dataBytes + STAT_BYTES;
    case "delete":
      return REPLY_HEADER_BYTES;
  }
}

function writeDigits(target: Buffer, at: number, value: number): void {
  let left = value;
  for (let digit = at + COUNTER_DIGITS - 1; digit >= at; digit--) {
    const next = Math.floor(left / 10);
    target[digit] = ZERO + left - next * 10;
    left = next;
  }
}

function encode(operation: Operation, path: string, data: Uint8Array): Buffer {
  const writer = new JuteWriter();
  writer.int32(0);
  writer.int32(0);
  switch (operation) {
    case "create":
      writer.int32(OpCode.create);
      writer.ustring(path);
      writer.buffer(data);
      writer.int32(1);
      writer.int32(31);
      writer.ustring("world");
      writer.ustring("anyone");
      writer.int32(0);
      break;
    case "set":
      writer.int32(OpCode.setData);
      writer.ustring(path);
      writer.buffer(data);
      writer.int32(-1);
      break;
    case "get":
    case "exists":
      writer.int32(operation === "get" ? OpCode.getData : OpCode.exists);
      writer.ustring(path);
      writer.boolean(false);
      break;
    case "delete":
      writer.int32(OpCode.delete);
      writer.ustring(path);
      writer.int32(-1);
      break;
  }
  writer.setUint32(0, writer.length - 4);
  return Buffer.from(writer.written());
}

/** The first frame of a connection: a new session of 30 s. */
export function connectFrame(): Buffer {
  const writer = new JuteWriter();
  writer.int32(0);
  writer.int32(0);
  writer.long(0);
  writer.int32(30_000);
  writer.int64(0n);
  writer.buffer(new Uint8Array(16));
  writer.boolean(false);
  writer.setUint32(0, writer.length - 4);
  return Buffer.from(writer.written());
}

/** The last one. */
export function closeFrame(): Buffer {
  const frame = Buffer.alloc(12);
  frame.writeInt32BE(8, 0);
  frame.writeInt32BE(0x7fff_ffff, 4);
  frame.writeInt32BE(OpCode.closeSession, 8);
  return frame;
}
