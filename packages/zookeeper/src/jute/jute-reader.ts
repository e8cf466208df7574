import { ByteReader, ProtocolError } from "@ordinal/kit";

import { mustBeZxid, type Zxid } from "./zxid.ts";

/**
 * Reads jute's binary encoding: big-endian, `ustring` and `buffer` as a length (-1 for null) and bytes, `vector` as a count
 * (-1 for null) and elements, `boolean` as one byte. What is not there or out of bounds is a `ProtocolError`.
 *
 * Source: zookeeper-jute BinaryInputArchive.
 */
export class JuteReader extends ByteReader {
  readonly #text: Buffer;

  /** Reads `bytes` from `position` on. Nothing is copied: buffers that are read are views of `bytes`. */
  constructor(bytes: Uint8Array, position = 0) {
    super(bytes, position);
    this.#text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  boolean(): boolean {
    return this.uint8() !== 0;
  }

  /** A 64-bit integer that must be exact as a number (times, sizes): beyond ±2⁵³ it is a `ProtocolError`. */
  long(): number {
    const high = this.int32();
    const low = this.uint32();
    const value = high * 2 ** 32 + low;
    if (!Number.isSafeInteger(value)) throw new ProtocolError("BAD_LONG", "a 64-bit number is out of range");
    return value;
  }

  zxid(): Zxid {
    return mustBeZxid(this.long());
  }

  /** Null where the length is -1. Malformed UTF-8 becomes U+FFFD, as in the original. */
  nullableString(): string | null {
    const length = this.#length("string");
    if (length === null) return null;
    const start = this.position;
    this.seek(start + length);
    return this.#text.toString("utf8", start, start + length);
  }

  /** A string that must be there; null is a `ProtocolError`, as the original's null dereference ends the connection. */
  ustring(): string {
    const value = this.nullableString();
    if (value === null) throw new ProtocolError("BAD_STRING", "a string is missing");
    return value;
  }

  /** A view of the same memory, or null where the length is -1. */
  buffer(): Uint8Array | null {
    const length = this.#length("buffer");
    return length === null ? null : this.bytes(length);
  }

  /**
   * Null where the count is -1, and nothing where it is less: so the original counts. The count may not exceed the bytes that
   * are left, so that a lie costs nothing.
   */
  nullableVector<T>(element: (reader: this) => T): T[] | null {
    const count = this.int32();
    if (count === -1) return null;
    if (count > this.remaining) throw new ProtocolError("BAD_VECTOR", `a vector of ${count} elements`);
    const items: T[] = [];
    for (let at = 0; at < count; at++) items.push(element(this));
    return items;
  }

  /** As `nullableVector`, with null read as empty. */
  vector<T>(element: (reader: this) => T): T[] {
    return this.nullableVector(element) ?? [];
  }

  #length(what: string): number | null {
    const length = this.int32();
    if (length === -1) return null;
    if (length < 0 || length > this.remaining) {
      throw new ProtocolError("BAD_LENGTH", `a ${what} of ${length} bytes where ${this.remaining} are left`);
    }
    return length;
  }
}
