import { dirname } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";

import type { Disk } from "@ordinal/io";
import { ProtocolError } from "@ordinal/kit";

import { JuteReader } from "../jute/jute-reader.ts";
import { JuteWriter } from "../jute/jute-writer.ts";
import type { Zxid } from "../jute/zxid.ts";
import type { TreeOptions } from "../tree/data-tree.ts";
import { Database } from "../tree/database.ts";
import { readZxidDigest, writeZxidDigest, type ZxidDigest } from "../tree/digest-history.ts";
import { ADLER_START, adler32 } from "./adler32.ts";
import { removeIfThere, TMP_EXTENSION } from "./atomic-file.ts";
import type { Compression, SnapshotName } from "./file-names.ts";
import { isSnappyStream, snappyBlock, snappyHeader, unsnapStream } from "./snappy-stream.ts";

/**
 * Source: org.apache.zookeeper.server.persistence.FileSnap, SnapStream. A snapshot is a header (`ZKSN`, version, database id), the
 * body, a seal (Adler-32 of all before it, and the string "/"); behind it the tree's digest and a seal, and since 3.9 the zxid at
 * its end and a seal, each of which may be missing.
 */

const MAGIC = 0x5a4b534e;
const VERSION = 2;
const DATABASE_ID = -1n;
const HEADER_BYTES = 16;
const SEAL_BYTES = 13;
const SEAL_PATH_BYTES = 5;

export interface SnapshotWriting {
  readonly disk: Disk;
  readonly path: string;
  readonly compression: Compression;
  /** Asked before each chunk: `true` gives it up. */
  readonly isAborted: () => boolean;
  /** Awaited after each chunk, so that others have their turn. */
  readonly pause: () => Promise<void>;
  /** Awaited before the snapshot gets its name: what was applied while it was written must be in the log by then. */
  readonly beforeNaming: () => Promise<void>;
}

/**
 * Writes the database beside `path`, syncs it and gives it its name in one step. It begins at once, so the zxid that the caller
 * read in the same turn is that of its beginning. Gives false if it was given up, and then leaves nothing.
 */
export async function writeSnapshot(database: Database, writing: SnapshotWriting): Promise<boolean> {
  const { disk, path, compression } = writing;
  const parts = snapshotParts(database);
  let part = parts.next();
  const temporary = path + TMP_EXTENSION;
  await removeIfThere(disk, temporary);
  const file = await disk.open(temporary, "create");
  try {
    if (compression === "snappy") await file.append(snappyHeader());
    for (; part.done !== true; part = parts.next()) {
      if (writing.isAborted()) return false;
      await file.append(packed(part.value, compression));
      await writing.pause();
    }
    await file.sync();
    await writing.beforeNaming();
    if (writing.isAborted()) return false;
    await disk.rename(temporary, path);
    await disk.syncDirectory(dirname(path));
    return true;
  } finally {
    await file.close();
    // Gone already if it got its name; a full disk needs the room.
    await removeIfThere(disk, temporary).catch(() => false);
  }
}

/** Each part is a gzip member of its own: together they are a gzip file. */
function packed(part: Uint8Array, compression: Compression): Uint8Array {
  if (compression === "gz") return gzipSync(part);
  return compression === "snappy" ? snappyBlock(part) : part;
}

export function* snapshotParts(database: Database): Generator<Uint8Array, void> {
  const header = new JuteWriter(HEADER_BYTES);
  header.uint32(MAGIC);
  header.int32(VERSION);
  header.int64(DATABASE_ID);
  let adler = ADLER_START;
  const covered = (part: Uint8Array): Uint8Array => {
    adler = adler32(part, 0, part.length, adler);
    return part;
  };
  // In one part with the header, so that the body begins in the caller's turn.
  const body = database.snapshotChunks();
  const first = body.next();
  yield covered(header.written());
  if (first.done !== true) yield covered(first.value);
  for (const chunk of body) yield covered(chunk);
  yield covered(seal(adler));
  if (!database.tree.options.digestEnabled) return;
  const digest = new JuteWriter();
  writeZxidDigest(digest, database.snapshotDigest);
  yield covered(digest.written());
  yield covered(seal(adler));
}

function seal(adler: number): Uint8Array {
  const writer = new JuteWriter(SEAL_BYTES);
  writer.long(adler);
  writer.ustring("/");
  return writer.written();
}

/** A snapshot that was read. */
export interface Snapshot {
  readonly database: Database;
  /** The digest section, if it has one with a digest in it. */
  readonly digest: ZxidDigest | undefined;
  /** What 3.9 writes at the end. */
  readonly endZxid: Zxid | undefined;
}

/** Reads a snapshot and its seals. A `ProtocolError` with words about what is wrong with it; the system's errors as they are. */
export async function readSnapshot(
  disk: Disk,
  path: string,
  compression: Compression,
  options?: TreeOptions,
): Promise<Snapshot> {
  const packedBytes = await readWhole(disk, path);
  return parseSnapshot(unpacked(packedBytes, compression), options);
}

function unpacked(bytes: Uint8Array, compression: Compression): Uint8Array {
  if (compression === "snappy") return unsnapStream(bytes);
  if (compression === "") return bytes;
  try {
    return gunzipSync(bytes);
  } catch (error) {
    throw new ProtocolError("BAD_SNAPSHOT", `it does not unpack: ${error instanceof Error ? error.message : "?"}`, {
      cause: error,
    });
  }
}

/** @param bytes the whole of it, unpacked; the database keeps views of them */
export function parseSnapshot(bytes: Uint8Array, options?: TreeOptions): Snapshot {
  const reader = new JuteReader(bytes);
  if (reader.uint32() !== MAGIC) throw new ProtocolError("BAD_SNAPSHOT", "it does not begin as a snapshot");
  reader.seek(HEADER_BYTES);
  // The seal first where its place is known would need the body's length; so the body is read as if it were right.
  const database = Database.readSnapshotBody(reader, options);
  let adler = ADLER_START;
  let covered = 0;
  const checkSeal = (): void => {
    const end = reader.position;
    adler = adler32(bytes, covered, end, adler);
    covered = end;
    if (reader.int64() !== BigInt(adler)) throw new ProtocolError("BAD_SNAPSHOT", "CRC corruption");
    if (reader.ustring() !== "/") throw new ProtocolError("BAD_SNAPSHOT", "CRC corruption");
  };
  checkSeal();
  let digest: ZxidDigest | undefined;
  let endZxid: Zxid | undefined;
  // Which sections there are shows in what is left: 3.9 without digests writes the zxid alone.
  if (reader.remaining > 0 && reader.remaining !== 8 + SEAL_BYTES) {
    digest = readZxidDigest(reader);
    checkSeal();
  }
  if (reader.remaining > 0) {
    endZxid = reader.zxid();
    checkSeal();
  }
  if (reader.remaining > 0) throw new ProtocolError("BAD_SNAPSHOT", `${reader.remaining} bytes after its end`);
  return { database, digest: digest !== undefined && digest.zxid > 0 ? digest : undefined, endZxid };
}

/**
 * Whether it looks as if it had been written to its end, by its first or last bytes: quick, and no proof. Source:
 * SnapStream.isValidSnapshot.
 */
export async function looksComplete(disk: Disk, path: string, { compression }: SnapshotName): Promise<boolean> {
  const file = await disk.open(path, "read");
  try {
    if (compression === "gz") {
      const magic = await file.read(0, 2);
      return magic[0] === 0x1f && magic[1] === 0x8b;
    }
    if (compression === "snappy") return isSnappyStream(await file.read(0, HEADER_BYTES));
    const size = await file.size();
    if (size < HEADER_BYTES + SEAL_BYTES) return false;
    const tail = await file.read(size - SEAL_PATH_BYTES, SEAL_PATH_BYTES);
    return Buffer.compare(tail, Uint8Array.of(0, 0, 0, 1, 0x2f)) === 0;
  } finally {
    await file.close();
  }
}

async function readWhole(disk: Disk, path: string): Promise<Uint8Array> {
  const file = await disk.open(path, "read");
  try {
    return await file.read(0, await file.size());
  } finally {
    await file.close();
  }
}
