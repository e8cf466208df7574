import type { Clock, Disk, DiskFile, Log } from "@ordinal/io";
import { assert } from "@ordinal/kit";

import type { Txn } from "../jute/txn-records.ts";
import type { Zxid } from "../jute/zxid.ts";
import { logName } from "./file-names.ts";
import { BATCH_BYTES_MAX, PREALLOCATION_STEP_BYTES } from "./limits.ts";
import { ENTRY_OVERHEAD_BYTES, LOG_HEADER_BYTES, writeEntry, writeLogHeader } from "./log-format.ts";

/** The file is filled ahead when less than this is left, as the original does. */
const PREALLOCATION_LOW_BYTES = 4096;
const BATCH_BYTES_INITIAL = 64 * 1024;
const ZEROS = Buffer.alloc(PREALLOCATION_STEP_BYTES + PREALLOCATION_LOW_BYTES);

export interface TxnLogOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly log: Log;
  readonly folder: string;
  /** 0: the file grows with each write. */
  readonly preAllocBytes: number;
  readonly forceSync: boolean;
  readonly fsyncWarningThresholdMs: number;
  /** The log is rolled when it has more; infinite for never. */
  readonly sizeLimitBytes: number;
  /** That file is on disk up to `end`. Before it resolves nobody is told. Never called without `forceSync`. */
  readonly synced: (file: string, end: number) => Promise<void>;
  readonly onDurable: (zxid: Zxid) => void;
  readonly onFailed: (error: Error) => void;
}

/** What is written by one write and made durable by one sync. */
interface Batch {
  /** Begins a file named after this. */
  readonly firstOfFile: Zxid | undefined;
  bytes: Buffer;
  length: number;
  lastZxid: Zxid;
  readonly flushed: Waiting[];
}

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

interface OpenLog {
  readonly name: string;
  readonly file: DiskFile;
  /** Where the next entry goes. */
  position: number;
  /** Up to here the file has zeros. */
  allocated: number;
}

/**
 * Writes transaction logs. Transactions queue while a write and its sync are under way, and go together into the next ones.
 *
 * Entries overwrite zeros that were synced before, so that a sync changes nothing but their sectors: growing a file makes the file
 * system write its journal too. A file that was not begun in this run is never written to.
 *
 * Source: org.apache.zookeeper.server.persistence.FileTxnLog, FilePadding; org.apache.zookeeper.server.SyncRequestProcessor.
 */
export class TxnLog {
  readonly #options: TxnLogOptions;
  readonly #queue: Batch[] = [];
  #inFlight: Batch | undefined;
  readonly #preAllocStep: number;
  #spare: Buffer | undefined;
  #current: OpenLog | undefined;
  #rollNext = true;
  #running: Promise<void> | undefined;
  #failure: Error | undefined;
  #bytesSinceRoll = 0;
  #txnsSinceRoll = 0;
  #lastSyncMs = 0;
  #slowSyncs = 0;

  constructor(options: TxnLogOptions) {
    this.#options = options;
    this.#preAllocStep = Math.min(options.preAllocBytes, PREALLOCATION_STEP_BYTES);
  }

  get failure(): Error | undefined {
    return this.#failure;
  }

  get txnsSinceRoll(): number {
    return this.#txnsSinceRoll;
  }

  get bytesSinceRoll(): number {
    return this.#bytesSinceRoll;
  }

  /** How long the last sync took. */
  get lastSyncMs(): number {
    return this.#lastSyncMs;
  }

  /** How many syncs took longer than the warning threshold. */
  get slowSyncs(): number {
    return this.#slowSyncs;
  }

  /** The file that is written, and how much of it is. */
  get currentFile(): { readonly name: string; readonly end: number } | undefined {
    return this.#current === undefined ? undefined : { name: this.#current.name, end: this.#current.position };
  }

  /** Queues a transaction. After a failure it does nothing. */
  append({ header, bytes }: Txn): void {
    if (this.#failure !== undefined) return;
    const batch = this.#batchFor(header.zxid, bytes.length + ENTRY_OVERHEAD_BYTES);
    const end = writeEntry(batch.bytes, batch.length, bytes);
    this.#bytesSinceRoll += end - batch.length;
    this.#txnsSinceRoll++;
    batch.length = end;
    batch.lastZxid = header.zxid;
    this.#start();
  }

  /** Tells once all that was appended is durable that `zxid`, which is in the log already, is. */
  appendNothing(zxid: Zxid): void {
    if (this.#failure !== undefined) return;
    const last = this.#queue.at(-1);
    if (last !== undefined) last.lastZxid = zxid > last.lastZxid ? zxid : last.lastZxid;
    else this.#queue.push({ firstOfFile: undefined, bytes: Buffer.alloc(0), length: 0, lastZxid: zxid, flushed: [] });
    this.#start();
  }

  /** The next transaction begins a new file. */
  roll(): void {
    this.#rollNext = true;
    this.#bytesSinceRoll = 0;
    this.#txnsSinceRoll = 0;
  }

  /** Resolves when all that was appended is on disk; rejects if the disk failed. */
  async flush(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const last = this.#queue.at(-1) ?? this.#inFlight;
    if (last !== undefined) await new Promise<void>((resolve, reject) => last.flushed.push({ resolve, reject }));
  }

  /** Writes what is queued and closes the file; the next transaction begins a new one. */
  async closeFile(): Promise<void> {
    await this.#running;
    this.roll();
    const current = this.#current;
    this.#current = undefined;
    await current?.file.close();
  }

  #batchFor(zxid: Zxid, size: number): Batch {
    const last = this.#queue.at(-1);
    if (last !== undefined && !this.#rollNext && last.length + size <= BATCH_BYTES_MAX) {
      if (last.length + size > last.bytes.length) {
        const larger = Buffer.allocUnsafe(Math.max(last.length + size, last.bytes.length * 2));
        larger.set(last.bytes.subarray(0, last.length));
        last.bytes = larger;
      }
      return last;
    }
    const header = this.#rollNext ? LOG_HEADER_BYTES : 0;
    const needed = header + size;
    let bytes = this.#spare;
    this.#spare = undefined;
    if (bytes === undefined || bytes.length < needed) bytes = Buffer.allocUnsafe(Math.max(needed, BATCH_BYTES_INITIAL));
    if (this.#rollNext) writeLogHeader(bytes);
    const batch = {
      firstOfFile: this.#rollNext ? zxid : undefined,
      bytes,
      length: header,
      lastZxid: zxid,
      flushed: [],
    };
    this.#rollNext = false;
    this.#queue.push(batch);
    return batch;
  }

  #start(): void {
    // Not at once: what is appended in the same turn goes into the same write.
    this.#running ??= Promise.resolve().then(() => this.#run());
  }

  async #run(): Promise<void> {
    try {
      for (let batch = this.#queue.shift(); batch !== undefined; batch = this.#queue.shift()) {
        this.#inFlight = batch;
        await this.#commit(batch);
        this.#inFlight = undefined;
        if (batch.bytes.length <= BATCH_BYTES_MAX && batch.bytes.length > 0) this.#spare = batch.bytes;
        this.#options.onDurable(batch.lastZxid);
        for (const { resolve } of batch.flushed) resolve();
      }
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    } finally {
      this.#running = undefined;
    }
  }

  async #commit(batch: Batch): Promise<void> {
    if (batch.length === 0) return;
    const isNew = batch.firstOfFile !== undefined;
    if (batch.firstOfFile !== undefined) await this.#begin(batch.firstOfFile);
    const current = this.#current;
    assert(current !== undefined, "a batch before the first file");
    await this.#write(current, batch.bytes.subarray(0, batch.length));
    if (this.#options.forceSync) {
      await this.#sync(current);
      if (isNew) await this.#options.disk.syncDirectory(this.#options.folder);
      await this.#options.synced(current.name, current.position);
    }
    // Not `roll`: what was written since the last snapshot still counts for the next one.
    if (current.position > this.#options.sizeLimitBytes) this.#rollNext = true;
  }

  async #begin(zxid: Zxid): Promise<void> {
    const { disk, folder, log } = this.#options;
    await this.#current?.file.close();
    this.#current = undefined;
    const name = logName(zxid);
    const file = await disk.open(`${folder}/${name}`, "create");
    this.#current = { name, file, position: 0, allocated: 0 };
    log.info("log-created", { file: `${folder}/${name}` });
  }

  async #write(current: OpenLog, bytes: Buffer): Promise<void> {
    await current.file.write(current.position, bytes);
    current.position += bytes.length;
    if (this.#preAllocStep > 0 && current.position + PREALLOCATION_LOW_BYTES > current.allocated) {
      await this.#preallocate(current);
    }
  }

  async #preallocate(current: OpenLog): Promise<void> {
    const from = Math.max(current.position, current.allocated);
    const step = this.#preAllocStep;
    const to = (Math.floor((current.position + PREALLOCATION_LOW_BYTES) / step) + 1) * step;
    try {
      await current.file.write(from, ZEROS.subarray(0, to - from));
    } catch (error) {
      // A disk without room for zeros may have some for entries; they tell themselves when it has not.
      this.#options.log.warn("log-not-preallocated", { file: current.name, error });
    }
    current.allocated = to;
  }

  async #sync(current: OpenLog): Promise<void> {
    const { clock, log, fsyncWarningThresholdMs } = this.#options;
    const fromMs = clock.monotonic();
    await current.file.sync();
    this.#lastSyncMs = clock.monotonic() - fromMs;
    if (this.#lastSyncMs <= fsyncWarningThresholdMs) return;
    this.#slowSyncs++;
    log.warn("fsync-slow", {
      file: current.name,
      tookMs: Math.round(this.#lastSyncMs),
      bytes: current.position,
      effect: "it delays every write; see the ZooKeeper troubleshooting guide",
    });
  }

  #fail(error: Error): void {
    this.#failure = error;
    const lost = this.#inFlight === undefined ? this.#queue : [this.#inFlight, ...this.#queue];
    for (const { reject } of lost.flatMap((batch) => batch.flushed)) reject(error);
    this.#inFlight = undefined;
    this.#queue.length = 0;
    this.#options.onFailed(error);
  }
}
