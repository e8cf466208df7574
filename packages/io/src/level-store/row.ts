/**
 * How rows lie in LevelDB.
 *
 *     01 key         → crc32(key, value) value      a row of the user's
 *     00 'm' number  → crc32(key)                   the marker of one durable group, number as 8 bytes big-endian
 *     00 'b'         → crc32(key, value) number     the oldest marker that is still kept
 *
 * The checksum covers the key too, so that a value that turns up under another key is noticed.
 */
import { crc32 } from "node:zlib";

const CHECKSUM_BYTES = 4;
const USER = 0x01;
const OWN = 0x00;
const MARKER = 0x6d;
const BASE = 0x62;

export const BASE_KEY: Uint8Array = Uint8Array.of(OWN, BASE);
/** Bounds of all markers, and of all of the user's rows. */
export const MARKER_RANGE = { gte: Uint8Array.of(OWN, MARKER), lt: Uint8Array.of(OWN, MARKER + 1) } as const;
export const USER_RANGE = { gte: Uint8Array.of(USER), lt: Uint8Array.of(USER + 1) } as const;

export function userKey(key: Uint8Array): Uint8Array {
  const row = new Uint8Array(key.length + 1);
  row[0] = USER;
  row.set(key, 1);
  return row;
}

export function markerKey(number: number): Uint8Array {
  const row = Buffer.alloc(10);
  row[0] = OWN;
  row[1] = MARKER;
  row.writeBigUInt64BE(BigInt(number), 2);
  return row;
}

/** The number in a marker's key, or undefined if this is no key of a marker. */
export function markerNumber(row: Uint8Array): number | undefined {
  if (row.length !== 10) return undefined;
  const number = new DataView(row.buffer, row.byteOffset).getBigUint64(2);
  return number <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(number) : undefined;
}

export function encodeNumber(number: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(number));
  return bytes;
}

export function decodeNumber(bytes: Uint8Array): number {
  return Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0));
}

/** Puts the checksum in front of a value. `row` is the key as it lies in LevelDB. */
export function sealValue(row: Uint8Array, value: Uint8Array): Uint8Array {
  const sealed = Buffer.allocUnsafe(CHECKSUM_BYTES + value.length);
  sealed.writeUInt32BE(crc32(value, crc32(row)), 0);
  sealed.set(value, CHECKSUM_BYTES);
  return sealed;
}

/** The value without its checksum, or undefined if the two do not agree. */
export function unsealValue(row: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
  if (sealed.length < CHECKSUM_BYTES) return undefined;
  const value = new Uint8Array(sealed.buffer, sealed.byteOffset + CHECKSUM_BYTES, sealed.length - CHECKSUM_BYTES);
  const expected = new DataView(sealed.buffer, sealed.byteOffset).getUint32(0);
  return crc32(value, crc32(row)) === expected ? value : undefined;
}
