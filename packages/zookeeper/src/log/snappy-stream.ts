import { ProtocolError } from "@ordinal/kit";

/**
 * Source: org.xerial.snappy SnappyOutputStream, SnappyCodec: 16 bytes of header, then blocks, each a length and Snappy's raw format
 * (google/snappy, format_description.txt).
 */

const MAGIC = Uint8Array.of(0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0);
const HEADER_BYTES = 16;
const VERSION = 1;
/** A block larger than this is not one that any writer makes. */
const BLOCK_BYTES_MAX = 64 * 1024 * 1024;
const HASH_BITS = 14;
const MATCH_BYTES_MIN = 4;
const MATCH_BYTES_MAX = 64;
const OFFSET_MAX = 0xffff;

export function snappyHeader(): Uint8Array {
  const header = new Uint8Array(HEADER_BYTES);
  header.set(MAGIC);
  const view = new DataView(header.buffer);
  view.setInt32(8, VERSION);
  view.setInt32(12, VERSION);
  return header;
}

export function isSnappyStream(bytes: Uint8Array): boolean {
  return bytes.length >= MAGIC.length && MAGIC.every((byte, at) => bytes[at] === byte);
}

/** A block of the stream, its length included. */
export function snappyBlock(input: Uint8Array): Uint8Array {
  const output = Buffer.allocUnsafe(4 + 5 + input.length + Math.ceil(input.length / 6) + 16);
  let to = writeVarint(output, 4, input.length);
  const table = new Int32Array(1 << HASH_BITS).fill(-1);
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  let literalFrom = 0;
  let at = 0;
  while (at + MATCH_BYTES_MIN <= input.length) {
    const word = view.getUint32(at, true);
    const slot = Math.imul(word, 0x1e35a7bd) >>> (32 - HASH_BITS);
    const candidate = table[slot] as number;
    table[slot] = at;
    if (candidate < 0 || at - candidate > OFFSET_MAX || view.getUint32(candidate, true) !== word) {
      at++;
      continue;
    }
    let length = MATCH_BYTES_MIN;
    const most = Math.min(MATCH_BYTES_MAX, input.length - at);
    while (length < most && input[candidate + length] === input[at + length]) length++;
    to = writeLiteral(output, to, input.subarray(literalFrom, at));
    output[to] = ((length - 1) << 2) | 2;
    output.writeUInt16LE(at - candidate, to + 1);
    to += 3;
    at += length;
    literalFrom = at;
  }
  to = writeLiteral(output, to, input.subarray(literalFrom));
  output.writeInt32BE(to - 4, 0);
  return output.subarray(0, to);
}

function writeLiteral(output: Buffer, at: number, literal: Uint8Array): number {
  if (literal.length === 0) return at;
  const last = literal.length - 1;
  let to = at;
  if (last < 60) {
    output[to++] = last << 2;
  } else {
    const width = last < 0x100 ? 1 : last < 0x10000 ? 2 : last < 0x1000000 ? 3 : 4;
    output[to++] = (59 + width) << 2;
    output.writeUIntLE(last, to, width);
    to += width;
  }
  output.set(literal, to);
  return to + literal.length;
}

function writeVarint(output: Buffer, at: number, value: number): number {
  let to = at;
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) output[to++] = (rest & 0x7f) | 0x80;
  output[to++] = rest;
  return to;
}

/** The contents of a whole stream. Throws a `ProtocolError` for what is none. */
export function unsnapStream(bytes: Uint8Array): Uint8Array {
  if (bytes.length < HEADER_BYTES || !isSnappyStream(bytes)) throw bad("it does not begin as one");
  const input = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const blocks: Uint8Array[] = [];
  for (let at = HEADER_BYTES; at < input.length;) {
    if (at + 4 > input.length) throw bad("it ends within a block's length");
    const length = input.readInt32BE(at);
    at += 4;
    if (length < 0 || length > input.length - at) throw bad("it ends within a block");
    blocks.push(unsnapBlock(input.subarray(at, at + length)));
    at += length;
  }
  return Buffer.concat(blocks);
}

function unsnapBlock(input: Buffer): Uint8Array {
  let size = 0;
  let at = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = input[at++];
    if (byte === undefined || shift > 28) throw bad("a block without its size");
    size += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
  }
  // Snappy never packs more than this tightly: three bytes for a match of 64.
  if (size > BLOCK_BYTES_MAX || size > input.length * 32) throw bad(`a block of ${size} bytes`);
  const output = Buffer.allocUnsafe(size);
  let to = 0;
  while (at < input.length) {
    const tag = input[at++] as number;
    const kind = tag & 3;
    if (kind === 0) {
      const extra = Math.max(0, (tag >>> 2) - 59);
      if (at + extra > input.length) throw bad("a literal without its length");
      const length = (extra === 0 ? tag >>> 2 : input.readUIntLE(at, extra)) + 1;
      at += extra;
      if (at + length > input.length || to + length > size) throw bad("a literal beyond the end");
      output.set(input.subarray(at, at + length), to);
      at += length;
      to += length;
      continue;
    }
    const width = kind === 3 ? 4 : kind;
    if (at + width > input.length) throw bad("a copy without its offset");
    const length = kind === 1 ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1;
    const offset = input.readUIntLE(at, width) + (kind === 1 ? (tag >>> 5) << 8 : 0);
    at += width;
    if (offset === 0 || offset > to || to + length > size) throw bad("a copy of what is not there");
    // Byte by byte: a copy may reach into what it writes.
    for (const end = to + length; to < end; to++) output[to] = output[to - offset] as number;
  }
  if (to !== size) throw bad("a block that is shorter than it says");
  return output;
}

function bad(what: string): ProtocolError {
  return new ProtocolError("BAD_SNAPPY", `not a Snappy stream: ${what}`);
}
