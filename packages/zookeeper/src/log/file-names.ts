import { type Zxid, zxidHex } from "../jute/zxid.ts";

/** Source: org.apache.zookeeper.server.persistence.Util, SnapStream.StreamMode. */

/** How a snapshot is packed, which its name ends with. */
export type Compression = "" | "gz" | "snappy";

export interface LogName {
  readonly name: string;
  /** Of its first transaction. */
  readonly zxid: Zxid;
}

export interface SnapshotName {
  readonly name: string;
  /** Of the last transaction that was applied when it was begun. */
  readonly zxid: Zxid;
  readonly compression: Compression;
}

const LOG = /^log\.([0-9a-f]{1,16})$/;
const SNAPSHOT = /^snapshot\.([0-9a-f]{1,16})(?:\.(gz|snappy))?$/;

export function logName(zxid: Zxid): string {
  return `log.${zxidHex(zxid)}`;
}

export function snapshotName(zxid: Zxid, compression: Compression): string {
  return `snapshot.${zxidHex(zxid)}${compression === "" ? "" : `.${compression}`}`;
}

/** The logs among the names in a folder, the oldest first. */
export function logsAmong(names: readonly string[]): LogName[] {
  const logs: LogName[] = [];
  for (const name of names) {
    const zxid = zxidOf(LOG.exec(name)?.[1]);
    if (zxid !== undefined) logs.push({ name, zxid });
  }
  return logs.sort((one, other) => one.zxid - other.zxid);
}

/** The snapshots among the names in a folder, the newest first. Files that were never finished have other names. */
export function snapshotsAmong(names: readonly string[]): SnapshotName[] {
  const snapshots: SnapshotName[] = [];
  for (const name of names) {
    const match = SNAPSHOT.exec(name);
    const zxid = zxidOf(match?.[1]);
    if (zxid !== undefined) snapshots.push({ name, zxid, compression: (match?.[2] ?? "") as Compression });
  }
  return snapshots.sort((one, other) => other.zxid - one.zxid);
}

/** Undefined for none, and for what is out of the range of zxids here. */
function zxidOf(hex: string | undefined): Zxid | undefined {
  if (hex === undefined) return undefined;
  const value = Number.parseInt(hex, 16);
  return Number.isSafeInteger(value) ? (value as Zxid) : undefined;
}
