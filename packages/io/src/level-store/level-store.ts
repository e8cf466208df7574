import type { ClassicLevel } from "classic-level";

import type { Log } from "../log.ts";
import { StoreError } from "../store-error.ts";
import { mustFitStore } from "../store-limits.ts";
import type { Store, StoreOperation, StoreRange, StoreSnapshot } from "../store.ts";
import { explainSystemError } from "../system-error.ts";
import type { AcknowledgedFile } from "./acknowledged-file.ts";
import type { GroupNumbers } from "./group-numbers.ts";
import { BASE_KEY, encodeNumber, markerKey, sealValue, unsealValue, USER_RANGE, userKey } from "./row.ts";

export type Level = ClassicLevel<Uint8Array, Uint8Array>;
type LevelSnapshot = ReturnType<Level["snapshot"]>;

type Row =
  | { readonly type: "put"; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: "del"; readonly key: Uint8Array };

interface Waiting {
  readonly rows: readonly Row[];
  readonly bytes: number;
  readonly sync: boolean;
  resolve(): void;
  reject(error: unknown): void;
}

/** A group takes waiting batches up to this size, so that the first of many does not wait for megabytes of others. */
const GROUP_BYTES_MAX = 4 * 1024 * 1024;
const NO_VALUE = new Uint8Array(0);

export interface LevelStoreParts {
  readonly directory: string;
  readonly level: Level;
  readonly acknowledged: AcknowledgedFile;
  readonly numbers: GroupNumbers;
  readonly log: Log | undefined;
}

/** The `Store` on LevelDB; made by `openStore`. */
export class LevelStore implements Store {
  readonly #parts: LevelStoreParts;
  readonly #snapshots = new Set<LevelSnapshot>();
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #failure: StoreError | undefined;
  #closing: Promise<void> | undefined;

  constructor(parts: LevelStoreParts) {
    this.#parts = parts;
  }

  async batch(operations: readonly StoreOperation[], options: { readonly sync?: boolean } = {}): Promise<void> {
    this.#mustBeOpen();
    if (this.#failure !== undefined) throw this.#failure;
    // Encoded at once: the caller may reuse its buffers as soon as this call returns.
    const rows = operations.map(encodeOperation);
    const bytes = rows.reduce((sum, row) => sum + row.key.length + (row.type === "put" ? row.value.length : 0), 0);
    await new Promise<void>((resolve, reject) => {
      this.#waiting.push({ rows, bytes, sync: options.sync ?? false, resolve, reject });
      this.#writing ??= this.#writeWaiting();
    });
  }

  async #writeWaiting(): Promise<void> {
    await Promise.resolve(); // batches of the same turn go together
    while (this.#waiting.length > 0) {
      const group = this.#takeGroup();
      try {
        await this.#writeGroup(group);
        for (const batch of group) batch.resolve();
      } catch (error) {
        this.#fail(error, group);
      }
    }
    this.#writing = undefined;
  }

  #takeGroup(): Waiting[] {
    let count = 0;
    let bytes = 0;
    for (const batch of this.#waiting) {
      if (count > 0 && bytes + batch.bytes > GROUP_BYTES_MAX) break;
      bytes += batch.bytes;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  async #writeGroup(group: readonly Waiting[]): Promise<void> {
    const { level, numbers, acknowledged } = this.#parts;
    const rows: Row[] = [];
    let bytes = 0;
    for (const batch of group) {
      for (const row of batch.rows) rows.push(row);
      bytes += batch.bytes;
    }
    numbers.countWrite(bytes);
    if (!group.some((batch) => batch.sync)) {
      await level.batch(rows);
      return;
    }
    const numbered = numbers.next();
    rows.push(putRow(markerKey(numbered.number), NO_VALUE));
    if (numbered.number === 1 || numbered.to > numbered.from) rows.push(putRow(BASE_KEY, encodeNumber(numbered.to)));
    for (let old = numbered.from; old < numbered.to; old++) rows.push({ type: "del", key: markerKey(old) });
    await level.batch(rows, { sync: true });
    numbers.wrote(numbered);
    acknowledged.record(numbered.number);
  }

  /** What a failed write or sync left on the disk nobody knows; a later write that succeeded would hide a hole. */
  #fail(error: unknown, group: readonly Waiting[]): void {
    const { directory, log } = this.#parts;
    const sentence = explainSystemError(error, `write to the store in ${directory}`);
    this.#failure = new StoreError("STORE_FAILED", `${sentence}; it takes no more writes until it is opened anew`, {
      cause: error,
    });
    log?.error("store-write-failed", { directory, error: sentence });
    for (const batch of [...group, ...this.#waiting.splice(0)]) batch.reject(this.#failure);
  }

  get(key: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#get(key, undefined);
  }

  iterate(range: StoreRange = {}): AsyncIterable<readonly [key: Uint8Array, value: Uint8Array]> {
    return this.#iterate(range, undefined);
  }

  snapshot(): StoreSnapshot {
    this.#mustBeOpen();
    const snapshot = this.#parts.level.snapshot();
    this.#snapshots.add(snapshot);
    return {
      get: (key) => this.#get(key, snapshot),
      iterate: (range = {}) => this.#iterate(range, snapshot),
      close: async () => {
        this.#snapshots.delete(snapshot);
        await snapshot.close();
      },
    };
  }

  async #get(key: Uint8Array, snapshot: LevelSnapshot | undefined): Promise<Uint8Array | undefined> {
    this.#mustBeOpen();
    const row = userKey(key);
    const sealed = await this.#reading(() =>
      snapshot === undefined ? this.#parts.level.get(row) : this.#parts.level.get(row, { snapshot }),
    );
    return sealed === undefined ? undefined : this.#unseal(row, sealed);
  }

  async *#iterate(
    range: StoreRange,
    snapshot: LevelSnapshot | undefined,
  ): AsyncGenerator<readonly [key: Uint8Array, value: Uint8Array]> {
    this.#mustBeOpen();
    const iterator = this.#parts.level.iterator({
      ...levelRange(range),
      ...(snapshot === undefined ? {} : { snapshot }),
    });
    try {
      for (;;) {
        const entries = await this.#reading(() => iterator.nextv(ITERATE_ROWS));
        if (entries.length === 0) return;
        for (const [row, sealed] of entries) yield [withoutPrefix(row), this.#unseal(row, sealed)];
      }
    } finally {
      await iterator.close();
    }
  }

  #unseal(row: Uint8Array, sealed: Uint8Array): Uint8Array {
    const value = unsealValue(row, sealed);
    if (value !== undefined) return value;
    const key = Buffer.from(row.subarray(1)).toString("hex").slice(0, 64);
    throw damaged(this.#parts.directory, `the value under key ${key} (hexadecimal) does not match its checksum`);
  }

  async #reading<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      throw readError(error, this.#parts.directory, () => this.#mustBeOpen());
    }
  }

  #mustBeOpen(): void {
    if (this.#closing === undefined) return;
    throw new StoreError("STORE_CLOSED", `the store in ${this.#parts.directory} is closed`);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#writing;
    for (const snapshot of this.#snapshots) await snapshot.close();
    await this.#parts.level.close();
    await this.#parts.acknowledged.close();
  }
}

const ITERATE_ROWS = 1000;

/** A plain Uint8Array: LevelDB gives Buffers, whose `slice` means something else. */
function withoutPrefix(row: Uint8Array): Uint8Array {
  return new Uint8Array(row.buffer, row.byteOffset + 1, row.length - 1);
}

function putRow(key: Uint8Array, value: Uint8Array): Row {
  return { type: "put", key, value: sealValue(key, value) };
}

function encodeOperation(operation: StoreOperation): Row {
  mustFitStore(operation);
  const key = userKey(operation.key);
  return operation.kind === "delete" ? { type: "del", key } : putRow(key, operation.value);
}

interface LevelRange {
  gte?: Uint8Array;
  gt?: Uint8Array;
  lt?: Uint8Array;
  lte?: Uint8Array;
  reverse?: boolean;
  limit?: number;
}

/** The range in LevelDB's keys. LevelDB looks at one bound a side; of two the narrower is given. */
function levelRange(range: StoreRange): LevelRange {
  const { gte, gt, lt, lte, reverse, limit } = range;
  const level: LevelRange = {};
  if (gt !== undefined && (gte === undefined || Buffer.compare(gt, gte) >= 0)) level.gt = userKey(gt);
  else level.gte = gte === undefined ? USER_RANGE.gte : userKey(gte);
  if (lt !== undefined && (lte === undefined || Buffer.compare(lt, lte) <= 0)) level.lt = userKey(lt);
  else if (lte !== undefined) level.lte = userKey(lte);
  else level.lt = USER_RANGE.lt;
  if (reverse !== undefined) level.reverse = reverse;
  if (limit !== undefined) level.limit = limit;
  return level;
}

/** The error for a store whose disk no longer holds what was acknowledged. */
export function damaged(directory: string, finding: string, cause?: unknown): StoreError {
  const remedy =
    "keep a copy of this folder, then restore it from a backup or move it away to begin with an empty store";
  return new StoreError("STORE_DAMAGED", `the store in ${directory} is damaged: ${finding}; ${remedy}`, { cause });
}

export function isCorruption(error: unknown): boolean {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 8; cause = cause.cause, depth++) {
    if ("code" in cause && cause.code === "LEVEL_CORRUPTION") return true;
    if (/corruption|corrupted|bad block|checksum mismatch/i.test(cause.message)) return true;
  }
  return false;
}

function readError(error: unknown, directory: string, mustBeOpen: () => void): unknown {
  mustBeOpen(); // a read that close overtook is a read of a closed store
  if (error instanceof StoreError) return error;
  if (isCorruption(error)) return damaged(directory, error instanceof Error ? error.message : String(error), error);
  return new StoreError("STORE_FAILED", explainSystemError(error, `read the store in ${directory}`), { cause: error });
}
