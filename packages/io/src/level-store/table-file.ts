/**
 * Checks LevelDB's table files (google/leveldb, doc/table_format.md). LevelDB itself verifies the checksums of their blocks only
 * if it is told to, and its binding for Node cannot tell it to: a flipped bit in a key, in an index or in a Bloom filter made rows
 * disappear without a word.
 *
 *     data blocks · filter block · metaindex block · index block · footer (48 bytes)
 *
 * Each block is followed by its type (0 plain, 1 Snappy) and the masked CRC-32C of both. The index and the metaindex name every other block, and
 * the blocks lie next to each other from the first byte to the footer, so no byte is left out.
 */
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";

import { hasCode } from "@ordinal/kit";

import { crc32c } from "./crc32c.ts";
import { unsnap, varint } from "./snappy.ts";

interface BlockHandle {
  readonly offset: number;
  readonly size: number;
}

const FOOTER_BYTES = 48;
const TRAILER_BYTES = 5;
const MAGIC = 0xdb47_7524_8b80_fb57n;
const SNAPPY = 1;

/**
 * The name of the first damaged table file in `directory`, if there is one. Reads all of them. To be called by who holds the
 * store's lock, and soon: a compaction that begins meanwhile may replace a damaged file before it is looked at.
 */
export async function findDamagedTable(directory: string): Promise<string | undefined> {
  const names = await readdir(directory);
  for (const name of names.filter((each) => /\.(ldb|sst)$/.test(each))) {
    const file = await readIfThere(join(directory, name));
    if (file !== undefined && !isSoundTable(file)) return name;
  }
  return undefined;
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined; // a compaction was done with it
    throw error;
  }
}

/** Whether every block of a table file has the checksum it was written with. */
export function isSoundTable(file: Uint8Array): boolean {
  const blocksEnd = file.length - FOOTER_BYTES;
  if (blocksEnd < 0) return false;
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  if (view.getBigUint64(file.length - 8, true) !== MAGIC) return false;
  const metaindex = readHandle(file, blocksEnd);
  const index = metaindex && readHandle(file, metaindex.next);
  if (metaindex === undefined || index === undefined) return false;
  const named = [metaindex.handle, index.handle].map((handle) => namedBlocks(file, handle));
  if (named.some((handles) => handles === undefined)) return false;
  const blocks = [metaindex.handle, index.handle, ...named.flatMap((handles) => handles ?? [])];
  return lieSideBySide(blocks, blocksEnd) && blocks.every((handle) => isSoundBlock(file, handle));
}

function readHandle(
  bytes: Uint8Array,
  at: number,
): { readonly handle: BlockHandle; readonly next: number } | undefined {
  const offset = varint(bytes, at);
  const size = offset && varint(bytes, offset.next);
  if (offset === undefined || size === undefined) return undefined;
  return { handle: { offset: offset.value, size: size.value }, next: size.next };
}

function isSoundBlock(file: Uint8Array, { offset, size }: BlockHandle): boolean {
  const end = offset + size + 1;
  if (end + 4 > file.length) return false;
  const stored = new DataView(file.buffer, file.byteOffset).getUint32(end, true);
  const crc = crc32c(file.subarray(offset, end));
  // Stored masked, because a checksum over bytes that hold checksums is a weak one.
  return stored === (((crc >>> 15) | (crc << 17)) + 0xa282_ead8) >>> 0;
}

/** The blocks that the entries of a block point to: shared, unshared and value lengths, rest of the key, value. */
function namedBlocks(file: Uint8Array, handle: BlockHandle): BlockHandle[] | undefined {
  if (!isSoundBlock(file, handle)) return undefined;
  const raw = file.subarray(handle.offset, handle.offset + handle.size);
  const block = file[handle.offset + handle.size] === SNAPPY ? unsnap(raw) : raw;
  if (block === undefined || block.length < 4) return undefined;
  const restarts = new DataView(block.buffer, block.byteOffset).getUint32(block.length - 4, true);
  const end = block.length - 4 - 4 * restarts;
  const handles: BlockHandle[] = [];
  for (let at = 0; at < end;) {
    const shared = varint(block, at);
    const unshared = shared && varint(block, shared.next);
    const valueBytes = unshared && varint(block, unshared.next);
    if (unshared === undefined || valueBytes === undefined) return undefined;
    const valueAt = valueBytes.next + unshared.value;
    const named = readHandle(block, valueAt);
    if (named === undefined) return undefined;
    handles.push(named.handle);
    at = valueAt + valueBytes.value;
  }
  return handles;
}

function lieSideBySide(blocks: readonly BlockHandle[], end: number): boolean {
  let expected = 0;
  for (const { offset, size } of blocks.toSorted((a, b) => a.offset - b.offset)) {
    if (offset !== expected) return false;
    expected = offset + size + TRAILER_BYTES;
  }
  return expected === end;
}
