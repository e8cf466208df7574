import type { Disk } from "@ordinal/io";
import { RefusedError } from "@ordinal/kit";

import { parseTxn } from "../jute/txn-records.ts";
import { type Zxid, zxidHex } from "../jute/zxid.ts";
import { cutFileAtomically, writeFileAtomically } from "./atomic-file.ts";
import { logsAmong } from "./file-names.ts";
import { LOG_HEADER_BYTES } from "./log-format.ts";
import { LogReader } from "./log-reader.ts";
import { logsFrom, type TornTail } from "./recovery.ts";

/** Where a log ends that goes no further than a zxid. */
export interface CutPlace {
  readonly name: string;
  readonly offset: number;
  /** Whether the transaction of that zxid is the last before it. */
  readonly isFound: boolean;
  /** The first transaction that goes; undefined where none does. */
  readonly next: Zxid | undefined;
  /** Files that begin after it, the newest first. */
  readonly later: readonly string[];
}

/** Finds the place after the last transaction up to `zxid`; undefined where there is no log. */
export async function findCut(disk: Disk, folder: string, zxid: Zxid): Promise<CutPlace | undefined> {
  const logs = logsFrom(logsAmong(await disk.list(folder)), zxid);
  const [first] = logs;
  if (first === undefined) return undefined;
  const reader = await LogReader.open(disk, `${folder}/${first.name}`);
  try {
    let offset = Math.min(LOG_HEADER_BYTES, reader.offset);
    let last: Zxid | undefined;
    let next: Zxid | undefined;
    scan: for (let entries = await reader.next(); entries.length > 0; entries = await reader.next()) {
      for (const { bytes, end } of entries) {
        const at = parseTxn(bytes).header.zxid;
        if (at > zxid) {
          next = at;
          break scan;
        }
        last = at;
        offset = end;
      }
    }
    const later = logs.slice(1);
    next ??= later[0]?.zxid;
    return { name: first.name, offset, isFound: last === zxid, next, later: later.map(({ name }) => name).reverse() };
  } finally {
    await reader.close();
  }
}

/**
 * Cuts a log there. The later files go first, the newest of them before the others, each for good before the next: after a crash
 * in between, what is left has no gap.
 *
 * Source: org.apache.zookeeper.server.persistence.FileTxnLog.truncate.
 */
export async function cutLog(disk: Disk, folder: string, { name, offset, later }: CutPlace): Promise<void> {
  for (const file of later) {
    await disk.remove(`${folder}/${file}`);
    await disk.syncDirectory(folder);
  }
  if (offset <= LOG_HEADER_BYTES) {
    // Without a transaction its name would be in the way of the next one.
    await disk.remove(`${folder}/${name}`);
    await disk.syncDirectory(folder);
    return;
  }
  await cutFileAtomically(disk, `${folder}/${name}`, offset);
}

/** Takes away the end that a crash tore, and keeps a copy beside the log for who doubts that it was a crash. */
export async function cutTornTail(disk: Disk, folder: string, torn: TornTail): Promise<void> {
  const path = `${folder}/${torn.name}`;
  const file = await disk.open(path, "read");
  let bytes: Uint8Array;
  try {
    bytes = await file.read(torn.from, torn.end - torn.from);
  } finally {
    await file.close();
  }
  await writeFileAtomically(disk, `${folder}/torn.${torn.name}.${torn.from}`, bytes);
  if (!torn.isWholeFile) return truncateFile(disk, path, torn.from);
  await disk.remove(path);
  await disk.syncDirectory(folder);
}

async function truncateFile(disk: Disk, path: string, size: number): Promise<void> {
  const file = await disk.open(path, "append");
  try {
    await file.truncate(size);
    await file.sync();
  } finally {
    await file.close();
  }
}

export function notInLog(zxid: Zxid, why: string): RefusedError {
  return new RefusedError("NOT_IN_LOG", `the log cannot be cut after 0x${zxidHex(zxid)}: ${why}`);
}
