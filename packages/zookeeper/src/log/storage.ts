import type { Clock, Disk, Log, Random } from "@ordinal/io";
import { InvariantError } from "@ordinal/kit";

import type { Txn } from "../jute/txn-records.ts";
import type { Zxid } from "../jute/zxid.ts";
import type { Database } from "../tree/database.ts";

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
  readonly compression?: "" | "gz" | "snappy";
  /** Starts from log entries alone, which is refused otherwise. */
  readonly trustEmptySnapshot?: boolean;
  /** `false`: an empty database has zxid -1, until a file `initialize` in `dataLogDir` says that it is meant to be empty. */
  readonly dbAutocreate?: boolean;
  /** `false`: folders that are missing are an error. */
  readonly datadirAutocreate?: boolean;
  /** A server alone has no epochs to agree with. */
  readonly standalone?: boolean;
}

export interface SnapshotInfo {
  readonly zxid: Zxid;
  readonly atMs: number;
}

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

  /**
   * Recovers what the folders hold: the newest snapshot that is whole, and the log after it. Cuts a tail that a crash tore.
   * Anything else that is damaged is a `RefusedError` that names file, offset and remedy; nothing is changed then.
   */
  static open(_options: StorageOptions): Promise<{ storage: Storage; database: Database }> {
    return Promise.reject(new InvariantError("INVARIANT_BROKEN", "not reached"));
  }

  get lastLoggedZxid(): Zxid {
    return 0 as Zxid;
  }

  get durableZxid(): Zxid {
    return 0 as Zxid;
  }

  get failed(): Error | undefined {
    return undefined;
  }

  /** Queues a transaction for the log, in order of zxids; returns at once. */
  append(_txn: Txn): void {}

  /** Resolves when all that was appended so far is on disk; rejects when the disk fails. */
  async flush(): Promise<void> {}

  /** Cuts the log after `zxid` and gives the tree as of then; a `RefusedError` if the log does not hold it. */
  truncateLog(_zxid: Zxid): Promise<Database> {
    return Promise.reject(new InvariantError("INVARIANT_BROKEN", "not reached"));
  }

  /** Resolves when a snapshot of the whole database is on disk and the log goes on after it. */
  async installSnapshot(_database: Database): Promise<void> {}

  /** Call it after each transaction that is applied: snapshots and purges in the background when it is time. */
  maybeSnapshot(_database: Database): void {}

  /**
   * The transactions after `zxid` that the log holds, without a gap. Throws a `RefusedError` at the first step with code
   * `NOT_IN_LOG` where the log does not reach back to `zxid`, `LOG_TOO_LARGE` where it would read more than `limitBytes`.
   */
  txnsAfter(_zxid: Zxid, _limitBytes: number): AsyncIterable<Txn> {
    throw new InvariantError("INVARIANT_BROKEN", "not reached");
  }

  get acceptedEpoch(): number {
    return 0;
  }

  get currentEpoch(): number {
    return 0;
  }

  /** Resolves when it is on disk. */
  async setAcceptedEpoch(_epoch: number): Promise<void> {}

  /** Resolves when it is on disk. */
  async setCurrentEpoch(_epoch: number): Promise<void> {}

  get lastSnapshot(): SnapshotInfo | undefined {
    return undefined;
  }

  /** Bytes in the files of each folder, as the four-letter word `dirs` tells them. */
  sizes(): Promise<{ snapshotBytes: number; logBytes: number }> {
    return Promise.resolve({ snapshotBytes: 0, logBytes: 0 });
  }

  /** Makes what was appended durable and closes the files. */
  async close(): Promise<void> {}
}
