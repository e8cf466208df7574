import { ProtocolError } from "./errors.ts";

/**
 * Reads big-endian fields from bytes that somebody else wrote. Every read checks its bounds: what is not there is a
 * `ProtocolError` with code `TRUNCATED`, and the position stays where it was.
 */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #position: number;

  /** Reads `bytes` from `position` on. Nothing is copied. */
  constructor(bytes: Uint8Array, position = 0) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#position = 0;
    this.seek(position);
  }

  get position(): number {
    return this.#position;
  }

  get remaining(): number {
    return this.#bytes.length - this.#position;
  }

  /** Continues at another position, from 0 to the length (a compressed DNS name points back). */
  seek(position: number): void {
    if (!Number.isInteger(position) || position < 0 || position > this.#bytes.length) {
      throw new ProtocolError("TRUNCATED", `position ${position} is outside of ${this.#bytes.length} bytes`);
    }
    this.#position = position;
  }

  uint8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  uint16(): number {
    return this.#view.getUint16(this.#take(2));
  }

  uint32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  int32(): number {
    return this.#view.getInt32(this.#take(4));
  }

  uint64(): bigint {
    return this.#view.getBigUint64(this.#take(8));
  }

  int64(): bigint {
    return this.#view.getBigInt64(this.#take(8));
  }

  /** The next `length` bytes, as a view of the same memory. */
  bytes(length: number): Uint8Array {
    const start = this.#take(length);
    return this.#bytes.subarray(start, start + length);
  }

  #take(length: number): number {
    if (!Number.isInteger(length) || length < 0 || length > this.remaining) {
      throw new ProtocolError(
        "TRUNCATED",
        `${length} bytes wanted at ${this.#position} and ${this.remaining} are left of ${this.#bytes.length}`,
      );
    }
    const start = this.#position;
    this.#position += length;
    return start;
  }
}
