import { RefusedError } from "./errors.ts";

const encoder = new TextEncoder();

/**
 * Writes big-endian fields into memory that grows up to a limit. A field that would pass the limit is a `RefusedError` with
 * code `TOO_LARGE`, and nothing of it is written; a number that does not fit its field is a `RangeError`.
 */
export class ByteWriter {
  readonly limit: number;
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  /** @param limit the most bytes it takes, such as 512 for a plain DNS answer by UDP */
  constructor(limit: number, initial = Math.min(limit, 512)) {
    this.limit = limit;
    this.#bytes = new Uint8Array(initial);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Bytes written so far, and the position of the next. */
  get length(): number {
    return this.#length;
  }

  /** Bytes that still fit. */
  get room(): number {
    return this.limit - this.#length;
  }

  uint8(value: number): void {
    mustFit(value, 0, 0xff);
    const at = this.#claim(1);
    this.#view.setUint8(at, value);
  }

  uint16(value: number): void {
    mustFit(value, 0, 0xffff);
    const at = this.#claim(2);
    this.#view.setUint16(at, value);
  }

  uint32(value: number): void {
    mustFit(value, 0, 0xffff_ffff);
    const at = this.#claim(4);
    this.#view.setUint32(at, value);
  }

  int32(value: number): void {
    mustFit(value, -0x8000_0000, 0x7fff_ffff);
    const at = this.#claim(4);
    this.#view.setInt32(at, value);
  }

  uint64(value: bigint): void {
    if (BigInt.asUintN(64, value) !== value) throw new RangeError(`${value} does not fit 64 bits`);
    const at = this.#claim(8);
    this.#view.setBigUint64(at, value);
  }

  int64(value: bigint): void {
    if (BigInt.asIntN(64, value) !== value) throw new RangeError(`${value} does not fit 64 bits and a sign`);
    const at = this.#claim(8);
    this.#view.setBigInt64(at, value);
  }

  bytes(value: Uint8Array): void {
    const at = this.#claim(value.length);
    this.#bytes.set(value, at);
  }

  /** The text in UTF-8, without a length; a lone surrogate becomes U+FFFD. */
  utf8(value: string): void {
    const at = this.#claim(Buffer.byteLength(value));
    encoder.encodeInto(value, this.#bytes.subarray(at));
  }

  /** Overwrites a field that was written before, such as a length that was not known then. */
  setUint16(position: number, value: number): void {
    mustFit(value, 0, 0xffff);
    mustFit(position, 0, this.#length - 2);
    this.#view.setUint16(position, value);
  }

  setUint32(position: number, value: number): void {
    mustFit(value, 0, 0xffff_ffff);
    mustFit(position, 0, this.#length - 4);
    this.#view.setUint32(position, value);
  }

  /** Takes back everything from `length` on: an answer that does not fit is cut at its last whole record. */
  truncate(length: number): void {
    mustFit(length, 0, this.#length);
    this.#length = length;
  }

  /** What was written, as a view; writing on may or may not show in it. */
  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** The position for a field of this length. May replace `#bytes` and `#view`: call it before naming them. */
  #claim(length: number): number {
    if (length > this.room) {
      throw new RefusedError("TOO_LARGE", `${length} more bytes do not fit: ${this.room} are left of ${this.limit}`);
    }
    const start = this.#length;
    if (start + length > this.#bytes.length) this.#grow(start + length);
    this.#length += length;
    return start;
  }

  #grow(needed: number): void {
    const bytes = new Uint8Array(Math.min(this.limit, Math.max(needed, this.#bytes.length * 2)));
    bytes.set(this.written());
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

function mustFit(value: number, low: number, high: number): void {
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new RangeError(`${value} is not a whole number from ${low} to ${high}`);
  }
}
