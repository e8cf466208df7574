import { adler32 } from "./adler32.ts";

/**
 * Source: org.apache.zookeeper.server.persistence.FileTxnLog. A log is a header (`ZKLG`, version, database id) and entries, each
 * an Adler-32 as 64 bits, a length, the transaction and the byte `B`; zeros follow the last entry.
 */

export const LOG_HEADER_BYTES = 16;
const MAGIC = 0x5a4b4c47;
const VERSION = 2;
const ENTRY_HEADER_BYTES = 12;
export const END_OF_RECORD = 0x42;

/** What an entry takes beyond its transaction. */
export const ENTRY_OVERHEAD_BYTES = ENTRY_HEADER_BYTES + 1;

export interface LogHeader {
  readonly magic: number;
  readonly version: number;
  readonly databaseId: bigint;
}

export function writeLogHeader(target: Uint8Array): void {
  const view = new DataView(target.buffer, target.byteOffset, target.byteLength);
  view.setUint32(0, MAGIC);
  view.setInt32(4, VERSION);
  view.setBigInt64(8, 0n);
}

/** @param bytes at least `LOG_HEADER_BYTES` */
export function readLogHeader(bytes: Uint8Array): LogHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { magic: view.getUint32(0), version: view.getInt32(4), databaseId: view.getBigInt64(8) };
}

export function isLog(header: LogHeader): boolean {
  return header.magic === MAGIC;
}

/** Writes an entry at `at` and gives where it ends. There must be room for the transaction and `ENTRY_OVERHEAD_BYTES`. */
export function writeEntry(target: Buffer, at: number, txn: Uint8Array): number {
  target.writeUInt32BE(0, at);
  target.writeUInt32BE(adler32(txn), at + 4);
  target.writeInt32BE(txn.length, at + 8);
  target.set(txn, at + ENTRY_HEADER_BYTES);
  const end = at + ENTRY_HEADER_BYTES + txn.length;
  target[end] = END_OF_RECORD;
  return end + 1;
}

/** What stands at a place of a log. */
export type ScannedEntry =
  | { readonly kind: "entry"; readonly bytes: Uint8Array; readonly end: number }
  /** The window ends before the entry does; it wants this many bytes from `at` on. */
  | { readonly kind: "more"; readonly wanted: number }
  /** Zeros, where an entry would begin. */
  | { readonly kind: "end" }
  | { readonly kind: "damaged"; readonly reason: string };

/**
 * Looks at `window[at…]`.
 *
 * @param left the bytes that the file has from there on; the window may have fewer
 */
export function scanEntry(window: Buffer, at: number, left: number): ScannedEntry {
  const there = window.length - at;
  if (left < ENTRY_HEADER_BYTES) {
    if (there < left) return { kind: "more", wanted: left };
    return window.subarray(at).every((byte) => byte === 0)
      ? { kind: "end" }
      : { kind: "damaged", reason: "the file ends within an entry" };
  }
  if (there < ENTRY_HEADER_BYTES) return { kind: "more", wanted: ENTRY_HEADER_BYTES };
  const high = window.readUInt32BE(at);
  const checksum = window.readUInt32BE(at + 4);
  const length = window.readInt32BE(at + 8);
  if (length === 0 && checksum === 0 && high === 0) return { kind: "end" };
  if (length <= 0) return { kind: "damaged", reason: `an entry of ${length} bytes` };
  const size = length + ENTRY_OVERHEAD_BYTES;
  if (size > left) return { kind: "damaged", reason: "the file ends within an entry" };
  if (size > there) return { kind: "more", wanted: size };
  const from = at + ENTRY_HEADER_BYTES;
  const end = from + length;
  if (window[end] !== END_OF_RECORD) return { kind: "damaged", reason: "the entry does not end as one" };
  if (high !== 0 || adler32(window, from, end) !== checksum) return { kind: "damaged", reason: "CRC check failed" };
  return { kind: "entry", bytes: window.subarray(from, end), end: end + 1 };
}
