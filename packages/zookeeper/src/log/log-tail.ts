import { ADLER_START, adler32 } from "./adler32.ts";
import { MAX_UNSYNCED_BYTES } from "./limits.ts";
import { END_OF_RECORD, ENTRY_OVERHEAD_BYTES, LOG_HEADER_BYTES } from "./log-format.ts";
import type { LogReader } from "./log-reader.ts";

/** What a disk writes in one step. */
const SECTOR_BYTES = 512;
const WINDOW_BYTES = 1024 * 1024;
const ZEROS = Buffer.alloc(WINDOW_BYTES);

/** What follows the last entry of a log. */
export type LogTail =
  /** Nothing, or zeros. */
  | { readonly kind: "clean" }
  /** What a crash in the middle of a write leaves: nothing in it was acknowledged. It ends at `end`. */
  | { readonly kind: "torn"; readonly end: number; readonly reason: string }
  | { readonly kind: "damaged"; readonly reason: string };

/**
 * Judges what follows the last entry of a log that was read to its end.
 *
 * A crash keeps any of the sectors of the one write that was not synced, and zeros or nothing in the place of the others, so of
 * an entry that it tore at least one sector is all zeros or beyond the end of the file. An entry that is wrong with all its
 * sectors there was changed after it was written, and so was one with more after it than is ever written without a sync.
 */
export async function judgeTail(reader: LogReader): Promise<LogTail> {
  const from = reader.offset;
  const end = await lastByteAfter(reader, from);
  if (end === from) return { kind: "clean" };
  const reason = reader.end?.kind === "damaged" ? reader.end.reason : "there are bytes after the end of the entries";
  if (end - from > MAX_UNSYNCED_BYTES) return { kind: "damaged", reason };
  return (await isTorn(reader, from, end)) ? { kind: "torn", end, reason } : { kind: "damaged", reason };
}

/** Where the last byte that is not zero ends; `from` if all are. */
async function lastByteAfter(reader: LogReader, from: number): Promise<number> {
  let last = from;
  for (let at = from; at < reader.size; at += WINDOW_BYTES) {
    const window = await reader.read(at, Math.min(WINDOW_BYTES, reader.size - at));
    if (ZEROS.compare(window, 0, window.length, 0, window.length) === 0) continue;
    let length = window.length;
    while (window[length - 1] === 0) length--;
    last = at + length;
  }
  return last;
}

async function isTorn(reader: LogReader, from: number, lastByte: number): Promise<boolean> {
  const head = Buffer.from(await reader.read(from, Math.min(ENTRY_OVERHEAD_BYTES, reader.size - from)));
  if (head.length < ENTRY_OVERHEAD_BYTES) return true;
  if (reader.header === undefined) return reader.size < LOG_HEADER_BYTES || head.every((byte) => byte === 0);
  const length = head.readInt32BE(8);
  // The length itself may be what was lost.
  const end = length > 0 ? from + length + ENTRY_OVERHEAD_BYTES : from + ENTRY_OVERHEAD_BYTES;
  if (end > reader.size) return true;
  if (end - from > MAX_UNSYNCED_BYTES) return false;
  const entry = Buffer.from(await reader.read(from, Math.max(end, lastByte) - from));
  if (hasAnotherLength(entry.subarray(0, lastByte - from))) return false;
  const size = end - from;
  for (let at = 0; at < size;) {
    const next = Math.min(size, at + SECTOR_BYTES - ((from + at) % SECTOR_BYTES));
    // The upper half of the checksum's 64 bits is always zero, and says nothing.
    if ((at > 0 || next > 4) && entry.subarray(at, next).every((byte) => byte === 0)) return true;
    at = next;
  }
  return false;
}

/** Whether the checksum is right for another length than the one that is told: then the length was changed, and nothing is lost. */
function hasAnotherLength(entry: Buffer): boolean {
  if (entry.length < ENTRY_OVERHEAD_BYTES || entry.readUInt32BE(0) !== 0) return false;
  const checksum = entry.readUInt32BE(4);
  let adler = ADLER_START;
  for (let at = ENTRY_OVERHEAD_BYTES - 1; at + 1 < entry.length; at++) {
    adler = adler32(entry, at, at + 1, adler);
    if (adler === checksum && entry[at + 1] === END_OF_RECORD) return true;
  }
  return false;
}
