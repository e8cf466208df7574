import type { Disk, Log } from "@ordinal/io";
import { CodedError, ProtocolError, RefusedError } from "@ordinal/kit";

import { parseTxn, type Txn } from "../jute/txn-records.ts";
import { counterOf, epochOf, type Zxid, zxidHex } from "../jute/zxid.ts";
import type { TreeOptions } from "../tree/data-tree.ts";
import { Database } from "../tree/database.ts";
import { ACKNOWLEDGED_FILE, type AcknowledgedBound, readAcknowledged } from "./acknowledged.ts";
import { type LogName, logsAmong, type SnapshotName, snapshotsAmong } from "./file-names.ts";
import type { Unproven } from "./harden.ts";
import { LogReader } from "./log-reader.ts";
import { judgeTail } from "./log-tail.ts";
import { readSnapshot } from "./snapshot-file.ts";

export interface RecoverySource {
  readonly disk: Disk;
  readonly log: Log;
  /** `dataDir/version-2` and `dataLogDir/version-2`. */
  readonly snapshotFolder: string;
  readonly logFolder: string;
  readonly trustEmptySnapshot: boolean;
  readonly treeOptions: TreeOptions | undefined;
  /** Told of each transaction that is replayed, in order. */
  readonly onReplayed: ((txn: Txn) => void) | undefined;
}

/** The end of a log that a crash tore: what lies from `from` to `end` was never acknowledged. */
export interface TornTail {
  readonly name: string;
  readonly from: number;
  readonly end: number;
  /** No transaction stands before it. */
  readonly isWholeFile: boolean;
}

export interface Recovered {
  readonly database: Database;
  /** The snapshot that it began with; undefined for an empty folder. */
  readonly snapshot: SnapshotName | undefined;
  /** Of the last transaction in the log, or of the snapshot if that is later. */
  readonly lastLoggedZxid: Zxid;
  readonly replayedTxns: number;
  readonly replayedBytes: number;
  /** To be cut before anything is written. */
  readonly torn: TornTail | undefined;
  /** What of the newest log may not be on disk yet. */
  readonly unproven: Unproven | undefined;
}

/**
 * Reads what a server left: the newest snapshot that is whole and all of the log after it. Changes nothing. What is damaged in a
 * way that no crash explains is a `RefusedError` that names the file, the place and the remedy: to start without acknowledged
 * transactions would lose them for the whole ensemble.
 *
 * Source: org.apache.zookeeper.server.persistence.FileTxnSnapLog.restore, FileSnap.deserialize.
 */
export async function recover(source: RecoverySource): Promise<Recovered> {
  const { disk, logFolder } = source;
  const snapshots = snapshotsAmong(await disk.list(source.snapshotFolder));
  const logs = logsAmong(await disk.list(logFolder));
  const start = await newestSnapshot(source, snapshots);
  const bound = await readAcknowledged(disk, `${logFolder}/${ACKNOWLEDGED_FILE}`);
  const replay = new Replay(source, start.database, snapshots, isOurs(bound, logs, snapshots) ? bound : undefined);
  const needed = logsFrom(logs, start.database.lastProcessedZxid);
  for (const [at, name] of needed.entries()) await replay.file(name, at === needed.length - 1);
  replay.done();
  if (start.snapshot === undefined && replay.txns > 0) {
    if (!source.trustEmptySnapshot) throw refusedWithoutSnapshot(source, start.damaged);
    source.log.warn("no-snapshot", {
      what: "No snapshot found, but there are log entries. This should only be allowed during upgrading.",
    });
  }
  mustReach(start, start.database.lastProcessedZxid);
  tellDigest(source, start.database);
  return {
    database: start.database,
    snapshot: start.snapshot,
    lastLoggedZxid: start.database.lastProcessedZxid,
    replayedTxns: replay.txns,
    replayedBytes: replay.bytes,
    torn: replay.torn,
    unproven: replay.unproven,
  };
}

interface DamagedSnapshot {
  readonly path: string;
  readonly zxid: Zxid;
  readonly reason: string;
}

interface Start {
  readonly database: Database;
  readonly snapshot: SnapshotName | undefined;
  /** The newest that could not be read. */
  readonly damaged: DamagedSnapshot | undefined;
}

async function newestSnapshot(source: RecoverySource, snapshots: readonly SnapshotName[]): Promise<Start> {
  let damaged: DamagedSnapshot | undefined;
  for (const snapshot of snapshots) {
    const path = `${source.snapshotFolder}/${snapshot.name}`;
    try {
      const { database, digest } = await readSnapshot(source.disk, path, snapshot.compression, source.treeOptions);
      database.setLastProcessedZxid(snapshot.zxid);
      if (digest !== undefined) database.expectDigest(digest);
      else if (snapshot.zxid > 0) database.beginFuzzy();
      source.log.info("snapshot-read", { file: path, nodes: database.tree.nodeCount });
      return { database, snapshot, damaged };
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      source.log.warn("snapshot-damaged", { file: path, reason: error.message });
      damaged ??= { path, zxid: snapshot.zxid, reason: error.message };
    }
  }
  return { database: new Database(source.treeOptions), snapshot: undefined, damaged };
}

/** The logs that may hold transactions after `zxid`: those that begin after it, and the newest that does not. */
export function logsFrom(logs: readonly LogName[], zxid: Zxid): readonly LogName[] {
  const first = logs.findLastIndex((log) => log.zxid <= zxid);
  return logs.slice(Math.max(0, first));
}

/** Whether the bound speaks of these files: the original, which does not know of it, leaves newer ones. */
function isOurs(
  bound: AcknowledgedBound | undefined,
  logs: readonly LogName[],
  snapshots: readonly SnapshotName[],
): boolean {
  return bound !== undefined && bound.log === logs.at(-1)?.name && bound.snapshot === snapshots[0]?.name;
}

/**
 * Whether a transaction may come right after another in a log: the next of its epoch, or the first of a later one. A snapshot between
 * the two came from a leader, with what the log lacks: those that a server takes itself are of a transaction in its log.
 */
export function follows(zxid: Zxid, previous: Zxid, snapshots: readonly SnapshotName[]): boolean {
  if (epochOf(zxid) === epochOf(previous)) return zxid === previous + 1;
  if (epochOf(zxid) < epochOf(previous) || counterOf(zxid) !== 1) return false;
  return !snapshots.some((snapshot) => snapshot.zxid > previous && snapshot.zxid < zxid);
}

class Replay {
  readonly #source: RecoverySource;
  readonly #database: Database;
  readonly #snapshots: readonly SnapshotName[];
  readonly #bound: AcknowledgedBound | undefined;
  /** A file before the last whose end is broken, until the next one goes on in the same epoch: then nothing is missing. */
  #unsure: { readonly path: string; readonly offset: number; readonly reason: string } | undefined;
  #last: Zxid;
  txns = 0;
  bytes = 0;
  torn: TornTail | undefined;
  unproven: Unproven | undefined;

  constructor(
    source: RecoverySource,
    database: Database,
    snapshots: readonly SnapshotName[],
    bound: AcknowledgedBound | undefined,
  ) {
    this.#source = source;
    this.#snapshots = snapshots;
    this.#database = database;
    this.#bound = bound;
    this.#last = database.lastProcessedZxid;
  }

  async file({ name }: LogName, isLast: boolean): Promise<void> {
    const path = `${this.#source.logFolder}/${name}`;
    const reader = await LogReader.open(this.#source.disk, path);
    try {
      let hasEntries = false;
      for (let entries = await reader.next(); entries.length > 0; entries = await reader.next()) {
        hasEntries = true;
        for (const { offset, bytes } of entries) this.#entry(path, offset, bytes);
      }
      await this.#endOf(reader, name, isLast, hasEntries);
    } finally {
      await reader.close();
    }
  }

  #entry(path: string, offset: number, bytes: Uint8Array): void {
    let txn: Txn;
    try {
      txn = parseTxn(bytes);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      throw damagedLog(path, offset, `its checksum is right, but ${error.message}`);
    }
    const { zxid } = txn.header;
    // The original writes one again that a leader sent again; it is the same.
    if (zxid <= this.#last) return;
    if (this.#unsure !== undefined && zxid !== this.#last + 1) this.#refuseUnsure(this.#unsure);
    if (!follows(zxid, this.#last, this.#snapshots)) this.#refuseGap(path, offset, zxid);
    this.#unsure = undefined;
    this.#database.apply(txn);
    this.#source.onReplayed?.(txn);
    this.#last = zxid;
    this.txns++;
    this.bytes += bytes.length;
  }

  /** Call it after the last file. */
  done(): void {
    if (this.#unsure !== undefined) this.#refuseUnsure(this.#unsure);
  }

  #refuseUnsure({ path, offset, reason }: { path: string; offset: number; reason: string }): never {
    throw damagedLog(path, offset, reason);
  }

  #refuseGap(path: string, offset: number, zxid: Zxid): never {
    throw new RefusedError(
      "LOG_GAP",
      `${path}: at offset ${offset} the transaction 0x${zxidHex(zxid)} comes after 0x${zxidHex(this.#last)}: what is between them is missing. ` +
        REMEDY,
    );
  }

  async #endOf(reader: LogReader, name: string, isLast: boolean, hasEntries: boolean): Promise<void> {
    const { path, offset } = reader;
    const bound = this.#bound;
    if (isLast && hasEntries) {
      const from = bound?.log === name ? Math.min(bound.offset, offset) : 0;
      this.unproven = { name, from, to: offset };
    }
    if (isLast && bound !== undefined && bound.log === name && offset < bound.offset) {
      throw damagedLog(
        path,
        offset,
        `it was acknowledged up to offset ${bound.offset}, and no transaction stands here`,
      );
    }
    const tail = await judgeTail(reader);
    if (tail.kind === "clean") return;
    if (isLast) {
      if (tail.kind === "damaged") throw damagedLog(path, offset, tail.reason);
      this.#source.log.warn("log-torn", { file: path, offset, bytes: tail.end - offset, reason: tail.reason });
      this.torn = { name, from: offset, end: tail.end, isWholeFile: !hasEntries };
      return;
    }
    if (tail.kind === "torn") this.#source.log.warn("log-torn-before", { file: path, offset, reason: tail.reason });
    else this.#unsure = { path, offset, reason: tail.reason };
  }
}

const REMEDY =
  "Nothing was changed. In an ensemble, move this server's data away and start it again: it takes everything from the leader. " +
  "Alone, restore a copy, or cut the log there with zkTxnLogToolkit.sh and lose what comes after.";

function damagedLog(path: string, offset: number, reason: string): RefusedError {
  return new RefusedError("LOG_DAMAGED", `${path} is damaged at offset ${offset}: ${reason}. ${REMEDY}`);
}

function refusedWithoutSnapshot(source: RecoverySource, damaged: DamagedSnapshot | undefined): RefusedError {
  if (damaged !== undefined) {
    return new RefusedError(
      "SNAPSHOT_DAMAGED",
      `Not able to find valid snapshots in ${source.snapshotFolder}: ${damaged.path}: ${damaged.reason}. ${REMEDY}`,
    );
  }
  return new RefusedError(
    "NO_SNAPSHOT",
    `No snapshot found, but there are log entries. Something is broken! Look in ${source.snapshotFolder} and ${source.logFolder}: are ` +
      "dataDir and dataLogDir those of before? A server of 3.4 never wrote one: then start once with zookeeper.snapshot.trust.empty=true.",
  );
}

/** What a damaged snapshot held must be in the log too; else it is missing, and nobody would notice. */
function mustReach({ damaged, snapshot }: Start, zxid: Zxid): void {
  if (damaged === undefined || zxid >= damaged.zxid) return;
  const reach =
    snapshot === undefined ? "There is no older one" : `The older ones and the log reach to 0x${zxidHex(zxid)} only`;
  throw new RefusedError(
    "SNAPSHOT_DAMAGED",
    `${damaged.path} is damaged (${damaged.reason}). ${reach}. ${REMEDY} If the server was ended while it wrote this file, remove it.`,
  );
}

function tellDigest(source: RecoverySource, database: Database): void {
  const mismatch = database.firstMismatch;
  if (mismatch === undefined) return;
  source.log.error("digest-mismatch", {
    zxid: `0x${zxidHex(mismatch.zxid)}`,
    expected: mismatch.expected.toString(16),
    actual: mismatch.actual.toString(16),
    folder: source.logFolder,
  });
}
