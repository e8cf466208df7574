import type { Clock, Disk, Log, Random } from "@ordinal/io";
import { assert, defined, RefusedError } from "@ordinal/kit";

import { parseTxn, type Txn } from "../jute/txn-records.ts";
import { counterOf, mustBeZxid, ZERO_ZXID, type Zxid, zxidHex } from "../jute/zxid.ts";
import type { TreeOptions } from "../tree/data-tree.ts";
import type { Database } from "../tree/database.ts";
import { ACKNOWLEDGED_FILE, AcknowledgedFile } from "./acknowledged.ts";
import { removeIfThere } from "./atomic-file.ts";
import { cutLog, cutTornTail, findCut, notInLog } from "./cut-log.ts";
import { type DataFolders, openDataFolders } from "./data-folders.ts";
import { Epochs } from "./epochs.ts";
import { type Compression, logsAmong, snapshotName, snapshotsAmong } from "./file-names.ts";
import { harden } from "./harden.ts";
import { URGENT_CHUNKS_A_TURN } from "./limits.ts";
import { LogReader } from "./log-reader.ts";
import { purge } from "./purge.ts";
import { follows, logsFrom, recover, type Recovered } from "./recovery.ts";
import { writeSnapshot } from "./snapshot-file.ts";
import { TxnLog } from "./txn-log.ts";

/** Where a server keeps its state, and how. Every name is the original's, without its `zookeeper.` and with its unit. */
export interface StorageOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Snapshots and epochs lie in its `version-2`. */
  readonly dataDir: string;
  /** Transaction logs lie in its `version-2`; may be the same folder. */
  readonly dataLogDir: string;
  /** Transactions after which the log is rolled and a snapshot taken: chance decides between half of it and it. 100,000; least 2. */
  readonly snapCount?: number;
  /** Likewise by bytes of log, in KiB; 4,194,304. 0 or less: no limit by size. */
  readonly snapSizeLimitKb?: number;
  /** Rolls the log, without a snapshot, when it has more than this; -1: never. */
  readonly txnLogSizeLimitKb?: number;
  /** How far ahead of its end a log is filled with zeros, in KiB, so that a sync need not write the file's metadata; 65,536. */
  readonly preAllocSizeKb?: number;
  /** `false` acknowledges what a power failure can lose. */
  readonly forceSync?: boolean;
  /** A sync that takes longer is told in the log; 1,000. */
  readonly fsyncWarningThresholdMs?: number;
  /** Whether files that no retained snapshot needs are removed after a snapshot; true. */
  readonly purge?: boolean;
  /** Snapshots that a purge leaves; 3, which is the least. */
  readonly retainCount?: number;
  /** How snapshots are written; all kinds are read. */
  readonly compression?: Compression;
  /** Starts from log entries alone, which is refused otherwise. */
  readonly trustEmptySnapshot?: boolean;
  /** `false`: an empty database has zxid -1, until a file `initialize` in `dataLogDir` says that it is meant to be empty. */
  readonly dbAutocreate?: boolean;
  /** `false`: folders that are missing are an error. */
  readonly datadirAutocreate?: boolean;
  /** A server alone has no epochs to agree with. */
  readonly standalone?: boolean;
  /** How trees are kept that are made here. */
  readonly treeOptions?: TreeOptions;
  /** Told of each transaction that `open` reads from the log, in order, once it is in the tree. */
  readonly onReplayed?: (txn: Txn) => void;
}

export interface SnapshotInfo {
  readonly zxid: Zxid;
  readonly atMs: number;
}

const SNAP_COUNT = 100_000;
const SNAP_COUNT_MIN = 2;
const SNAP_SIZE_LIMIT_KB = 4 * 1024 * 1024;
const PRE_ALLOC_SIZE_KB = 64 * 1024;
const FSYNC_WARNING_THRESHOLD_MS = 1000;
const RETAIN_COUNT = 3;

/**
 * A server's durable state: the transaction log, snapshots of the tree, the epochs it promised.
 *
 * Sources: org.apache.zookeeper.server.persistence.FileTxnSnapLog, server.SyncRequestProcessor, server.quorum.QuorumPeer.
 */
export class Storage {
  /** Everything up to this zxid is on disk. Called at most once a sync. */
  onDurable: (zxid: Zxid) => void = () => undefined;
  /** The disk failed: what was appended and not yet told durable is in doubt, and nothing more will be. Called once. */
  onFailed: (error: Error) => void = () => undefined;

  readonly #options: StorageOptions;
  readonly #folders: DataFolders;
  readonly #acknowledged: AcknowledgedFile;
  readonly #epochs: Epochs | undefined;
  readonly #txnLog: TxnLog;
  #lastLoggedZxid: Zxid;
  #durableZxid: Zxid;
  #lastSnapshot: SnapshotInfo | undefined;
  #newestSnapshot: string;
  /** Replayed at the start and in no snapshot yet: they count for the next one. */
  #replayedTxns: number;
  #replayedBytes: number;
  #snapshotAfterTxns = 0;
  #snapshotAfterBytes = 0;
  #snapshotting: { aborted: boolean; readonly done: Promise<void> } | undefined;

  /**
   * Recovers what the folders hold: the newest snapshot that is whole, and the log after it. Cuts a tail that a crash tore.
   * Anything else that is damaged is a `RefusedError` that names file, offset and remedy; nothing is changed then.
   */
  static async open(options: StorageOptions): Promise<{ storage: Storage; database: Database }> {
    const { disk, dataDir, dataLogDir, log } = options;
    const folders = await openDataFolders(disk, dataDir, dataLogDir, options.datadirAutocreate ?? true);
    const recovered = await recoverFrom(options, folders, options.onReplayed);
    const { database } = recovered;
    const epochs =
      options.standalone === true
        ? undefined
        : await Epochs.open(disk, folders.snapshots, recovered.lastLoggedZxid, log);
    if (recovered.torn !== undefined) await cutTornTail(disk, folders.logs, recovered.torn);
    await removeEmptyLog(disk, folders.logs);
    await harden(disk, folders, recovered.unproven);
    const acknowledged = await AcknowledgedFile.open(disk, `${folders.logs}/${ACKNOWLEDGED_FILE}`, options.clock);
    const storage = new Storage(options, folders, acknowledged, epochs, recovered);
    if (recovered.snapshot === undefined && recovered.replayedTxns === 0) await storage.#begin(database);
    return { storage, database };
  }

  private constructor(
    options: StorageOptions,
    folders: DataFolders,
    acknowledged: AcknowledgedFile,
    epochs: Epochs | undefined,
    recovered: Recovered,
  ) {
    const { disk, clock, log } = options;
    this.#options = options;
    this.#folders = folders;
    this.#acknowledged = acknowledged;
    this.#epochs = epochs;
    this.#lastLoggedZxid = recovered.lastLoggedZxid;
    this.#durableZxid = recovered.lastLoggedZxid;
    this.#newestSnapshot = recovered.snapshot?.name ?? "none";
    this.#replayedTxns = recovered.replayedTxns;
    this.#replayedBytes = recovered.replayedBytes;
    this.#drawThresholds();
    const sizeLimitKb = options.txnLogSizeLimitKb ?? -1;
    this.#txnLog = new TxnLog({
      disk,
      clock,
      log,
      folder: folders.logs,
      preAllocBytes: Math.max(0, options.preAllocSizeKb ?? PRE_ALLOC_SIZE_KB) * 1024,
      forceSync: options.forceSync ?? true,
      fsyncWarningThresholdMs: options.fsyncWarningThresholdMs ?? FSYNC_WARNING_THRESHOLD_MS,
      sizeLimitBytes: sizeLimitKb <= 0 ? Infinity : sizeLimitKb * 1024,
      synced: (name, offset) => acknowledged.advance({ log: name, offset, snapshot: this.#newestSnapshot }),
      onDurable: (zxid) => {
        if (zxid > this.#durableZxid) this.#durableZxid = zxid;
        this.onDurable(zxid);
      },
      onFailed: (error) => this.onFailed(error),
    });
  }

  get lastLoggedZxid(): Zxid {
    return this.#lastLoggedZxid;
  }

  get durableZxid(): Zxid {
    return this.#durableZxid;
  }

  get failed(): Error | undefined {
    return this.#txnLog.failure;
  }

  /** Queues a transaction for the log, in order of zxids; returns at once. One that is in the log is not written again. */
  append(txn: Txn): void {
    const { zxid } = txn.header;
    if (zxid <= this.#lastLoggedZxid) {
      this.#txnLog.appendNothing(zxid);
      return;
    }
    this.#lastLoggedZxid = zxid;
    this.#txnLog.append(txn);
  }

  /** Resolves when all that was appended so far is on disk; rejects when the disk fails. */
  flush(): Promise<void> {
    return this.#txnLog.flush();
  }

  /**
   * Cuts the log after `zxid`, which is a transaction's or the beginning of an epoch, and gives the tree as of then; a `RefusedError`
   * if the log does not hold it.
   */
  async truncateLog(zxid: Zxid): Promise<Database> {
    const { disk } = this.#options;
    const { logs, snapshots } = this.#folders;
    await this.#abortSnapshot();
    await this.flush();
    await this.#txnLog.closeFile();
    const held = snapshotsAmong(await disk.list(snapshots));
    const newer = held.find((snapshot) => snapshot.zxid > zxid);
    if (newer !== undefined) throw notInLog(zxid, `${snapshots}/${newer.name} holds what comes after it`);
    const place = await findCut(disk, logs, zxid);
    // A leader that has committed nothing in its epoch yet names the epoch's beginning, which is no transaction: who has the first
    // one of that epoch has all that came before it.
    const isEpochStart = counterOf(zxid) === 0 && place?.next === zxid + 1;
    if (place?.isFound !== true && !isEpochStart && !held.some((snapshot) => snapshot.zxid === zxid)) {
      throw notInLog(zxid, `there is no such transaction in ${logs}`);
    }
    await this.#acknowledged.void();
    if (place !== undefined) await cutLog(disk, logs, place);
    const recovered = await recoverFrom(this.#options, this.#folders);
    if (recovered.lastLoggedZxid !== zxid && !isEpochStart) {
      throw notInLog(zxid, `what is left of it ends with 0x${zxidHex(recovered.lastLoggedZxid)}`);
    }
    this.#lastLoggedZxid = zxid;
    this.#durableZxid = zxid;
    this.#replayedTxns = recovered.replayedTxns;
    this.#replayedBytes = recovered.replayedBytes;
    return recovered.database;
  }

  /** Resolves when a snapshot of the whole database is on disk and the log goes on after it. */
  async installSnapshot(database: Database): Promise<void> {
    await this.#abortSnapshot();
    await this.flush();
    const { snapshots } = this.#folders;
    const zxid = database.lastProcessedZxid;
    if (this.#lastLoggedZxid > zxid) {
      // Of another history: a restart must not replay it over the snapshot. It goes first, since a crash may come in between.
      await this.#txnLog.closeFile();
      await this.#acknowledged.void();
      const place = await findCut(this.#options.disk, this.#folders.logs, zxid);
      if (place !== undefined) await cutLog(this.#options.disk, this.#folders.logs, place);
    }
    let chunks = 0;
    await this.#writeSnapshot(database, {
      isAborted: () => false,
      pause: async () => {
        if (++chunks % URGENT_CHUNKS_A_TURN === 0) await this.#turn();
      },
    });
    // Older ones first: until the last of them is gone a restart finds that other history, and no half of it.
    for (const { name, zxid: other } of snapshotsAmong(await this.#options.disk.list(snapshots)).reverse()) {
      if (other <= zxid) continue;
      await this.#options.disk.remove(`${snapshots}/${name}`);
      await this.#options.disk.syncDirectory(snapshots);
    }
    this.#txnLog.roll();
    this.#lastLoggedZxid = zxid;
    this.#durableZxid = zxid;
  }

  /**
   * Gives up a snapshot that is being written. To be awaited before anything is applied that may be taken back: a snapshot holds
   * part of what is applied while it is written, and nothing takes that out of it again.
   */
  async abandonSnapshot(): Promise<void> {
    await this.#abortSnapshot();
  }

  /** Call it after each transaction that is applied: snapshots and purges in the background when it is time. */
  maybeSnapshot(database: Database): void {
    if (this.#snapshotting !== undefined || !this.#isDue || this.failed !== undefined) return;
    this.#txnLog.roll();
    this.#replayedTxns = 0;
    this.#replayedBytes = 0;
    this.#drawThresholds();
    const state = { aborted: false, done: Promise.resolve() };
    state.done = this.#snapshotInBackground(database, () => state.aborted).finally(() => {
      if (this.#snapshotting === state) this.#snapshotting = undefined;
    });
    this.#snapshotting = state;
  }

  /**
   * The transactions after `zxid` that the log holds, without a gap. Throws a `RefusedError` at the first step with code
   * `NOT_IN_LOG` where the log does not reach back to `zxid`, `LOG_TOO_LARGE` where it would read more than `limitBytes`.
   */
  async *txnsAfter(zxid: Zxid, limitBytes: number): AsyncIterable<Txn> {
    const { disk } = this.#options;
    const folder = this.#folders.logs;
    // A snapshot that a leader sent stands for transactions that this log never had.
    const snapshots = snapshotsAmong(await disk.list(this.#folders.snapshots));
    let last: Zxid | undefined;
    let bytes = 0;
    for (const { name } of logsFrom(logsAmong(await disk.list(folder)), zxid)) {
      const reader = await LogReader.open(disk, `${folder}/${name}`);
      try {
        for (let entries = await reader.next(); entries.length > 0; entries = await reader.next()) {
          for (const entry of entries) {
            const txn = parseTxn(entry.bytes);
            const at = txn.header.zxid;
            if (last !== undefined && at <= last) continue;
            if (last === undefined ? at > zxid + 1 : !follows(at, last, snapshots)) {
              throw notReached(zxid, `in ${reader.path} 0x${zxidHex(at)} comes after a gap`);
            }
            last = at;
            if (at <= zxid) continue;
            bytes += entry.bytes.length;
            if (bytes > limitBytes) {
              throw new RefusedError(
                "LOG_TOO_LARGE",
                `there are more than ${limitBytes} bytes after 0x${zxidHex(zxid)}`,
              );
            }
            yield txn;
          }
        }
      } finally {
        await reader.close();
      }
    }
    if (last === undefined) throw notReached(zxid, "there is no log that reaches back to it");
  }

  get acceptedEpoch(): number {
    return this.#epochs?.accepted ?? 0;
  }

  get currentEpoch(): number {
    return this.#epochs?.current ?? 0;
  }

  /** Resolves when it is on disk. */
  setAcceptedEpoch(epoch: number): Promise<void> {
    return defined(this.#epochs, "the epochs of a server alone").setAccepted(epoch);
  }

  /** Resolves when it is on disk. */
  setCurrentEpoch(epoch: number): Promise<void> {
    return defined(this.#epochs, "the epochs of a server alone").setCurrent(epoch);
  }

  get lastSnapshot(): SnapshotInfo | undefined {
    return this.#lastSnapshot;
  }

  /** Bytes in the files of each folder, as the four-letter word `dirs` tells them. */
  async sizes(): Promise<{ snapshotBytes: number; logBytes: number }> {
    const { disk } = this.#options;
    const { logs, snapshots } = this.#folders;
    const snapshotBytes = await folderBytes(disk, snapshots);
    return { snapshotBytes, logBytes: logs === snapshots ? snapshotBytes : await folderBytes(disk, logs) };
  }

  /** Makes what was appended durable and closes the files. */
  async close(): Promise<void> {
    await this.#abortSnapshot();
    await this.#txnLog.closeFile();
    await this.#acknowledged.close();
  }

  /** A folder without anything: the first snapshot says that it was meant to be empty. */
  async #begin(database: Database): Promise<void> {
    const { disk, dataLogDir, dbAutocreate, log } = this.#options;
    const isMeant = await removeIfThere(disk, `${dataLogDir}/initialize`);
    if (!isMeant && dbAutocreate === false) {
      log.warn("empty-database", { message: "Unexpected empty data tree, setting zxid to -1" });
      database.setLastProcessedZxid(mustBeZxid(-1));
      this.#lastLoggedZxid = mustBeZxid(-1);
      return;
    }
    assert(database.lastProcessedZxid === ZERO_ZXID, "an empty database has a zxid");
    await this.#writeSnapshot(database, { isAborted: () => false, pause: () => Promise.resolve() });
  }

  get #isDue(): boolean {
    return (
      this.#txnLog.txnsSinceRoll + this.#replayedTxns > this.#snapshotAfterTxns ||
      this.#txnLog.bytesSinceRoll + this.#replayedBytes > this.#snapshotAfterBytes
    );
  }

  /** By chance, so that the servers of an ensemble do not all write snapshots at once. */
  #drawThresholds(): void {
    const { random } = this.#options;
    const half = Math.floor(Math.max(SNAP_COUNT_MIN, this.#options.snapCount ?? SNAP_COUNT) / 2);
    this.#snapshotAfterTxns = half + random.between(0, half - 1);
    const sizeKb = this.#options.snapSizeLimitKb ?? SNAP_SIZE_LIMIT_KB;
    const halfBytes = Math.floor((sizeKb * 1024) / 2);
    this.#snapshotAfterBytes = sizeKb <= 0 ? Infinity : halfBytes + random.between(0, halfBytes);
  }

  async #snapshotInBackground(database: Database, isAborted: () => boolean): Promise<void> {
    const { disk, log } = this.#options;
    try {
      const isWritten = await this.#writeSnapshot(database, { isAborted, pause: () => this.#turn() });
      if (isWritten && this.#options.purge !== false) {
        await purge(disk, this.#folders, this.#options.retainCount ?? RETAIN_COUNT, log);
      }
    } catch (error) {
      // The log has everything; the next one may fare better.
      log.error("snapshot-failed", { folder: this.#folders.snapshots, error });
    }
  }

  async #writeSnapshot(
    database: Database,
    { isAborted, pause }: { readonly isAborted: () => boolean; readonly pause: () => Promise<void> },
  ): Promise<boolean> {
    const { disk, clock, log, compression = "" } = this.#options;
    const zxid = mustBeZxid(Math.max(0, database.lastProcessedZxid));
    const name = snapshotName(zxid, compression);
    const path = `${this.#folders.snapshots}/${name}`;
    log.info("snapshotting", { message: `Snapshotting: 0x${zxidHex(zxid)} to ${path}` });
    const beforeNaming = (): Promise<void> => this.flush();
    const isWritten = await writeSnapshot(database, { disk, path, compression, isAborted, pause, beforeNaming });
    if (!isWritten) return false;
    this.#lastSnapshot = { zxid, atMs: clock.now() };
    this.#newestSnapshot = name;
    return true;
  }

  async #abortSnapshot(): Promise<void> {
    const state = this.#snapshotting;
    if (state === undefined) return;
    state.aborted = true;
    await state.done;
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => void this.#options.clock.setTimer(0, resolve));
  }
}

function recoverFrom(
  options: StorageOptions,
  folders: DataFolders,
  onReplayed?: (txn: Txn) => void,
): Promise<Recovered> {
  return recover({
    disk: options.disk,
    log: options.log,
    snapshotFolder: folders.snapshots,
    logFolder: folders.logs,
    trustEmptySnapshot: options.trustEmptySnapshot ?? false,
    treeOptions: options.treeOptions,
    onReplayed,
  });
}

/** The newest log may have been begun and got no transaction: its name would be in the way of the next one. */
async function removeEmptyLog(disk: Disk, folder: string): Promise<void> {
  const newest = logsAmong(await disk.list(folder)).at(-1);
  if (newest === undefined) return;
  const path = `${folder}/${newest.name}`;
  const reader = await LogReader.open(disk, path);
  const isEmpty = (await reader.next().finally(() => reader.close())).length === 0;
  if (!isEmpty) return;
  await disk.remove(path);
  await disk.syncDirectory(folder);
}

async function folderBytes(disk: Disk, folder: string): Promise<number> {
  let bytes = 0;
  for (const name of await disk.list(folder)) {
    const file = await disk.open(`${folder}/${name}`, "read").catch(() => undefined); // purged meanwhile, or a folder
    if (file === undefined) continue;
    bytes += await file.size().finally(() => file.close());
  }
  return bytes;
}

function notReached(zxid: Zxid, why: string): RefusedError {
  return new RefusedError("NOT_IN_LOG", `the log does not tell what came after 0x${zxidHex(zxid)}: ${why}`);
}
