import { explainSystemError, mustFitStore, StoreError } from "@ordinal/io";
import type { Store, StoreOperation, StoreRange, StoreSnapshot } from "@ordinal/io";

import type { DiskDevice } from "./disk-device.ts";
import type { Life } from "./life.ts";
import { keyBytes, type SortedRows } from "./sorted-rows.ts";
import type { StoreFiles } from "./store-files.ts";
import { systemError } from "./system-error.ts";

interface Waiting {
  readonly operations: readonly StoreOperation[];
  readonly sync: boolean;
  resolve(): void;
  reject(error: unknown): void;
}

interface StoreParts {
  readonly directory: string;
  readonly files: StoreFiles;
  readonly device: DiskDevice;
  readonly life: Life;
  readonly note: (event: string, fields?: object) => void;
}

/** Opens the simulated store in `files` for one process; refuses as the real one does. */
export async function openSimulatedStore(parts: StoreParts): Promise<Store> {
  const { files, directory, device, life } = parts;
  if (files.openedBy?.alive === true) {
    throw new StoreError("STORE_LOCKED", `the store in ${directory} is in use by another process; stop that one first`);
  }
  files.openedBy = life;
  await device.read(life);
  if (files.damage !== undefined) {
    files.openedBy = undefined;
    throw new StoreError("STORE_DAMAGED", `the store in ${directory} is damaged: ${files.damage}`);
  }
  return new SimulatedStore(parts, files.recover());
}

class SimulatedStore implements Store {
  readonly #parts: StoreParts;
  readonly #rows: SortedRows;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #failure: StoreError | undefined;
  #closing: Promise<void> | undefined;

  constructor(parts: StoreParts, rows: SortedRows) {
    this.#parts = parts;
    this.#rows = rows;
  }

  async batch(operations: readonly StoreOperation[], options: { readonly sync?: boolean } = {}): Promise<void> {
    this.#mustBeOpen();
    if (this.#failure !== undefined) throw this.#failure;
    for (const operation of operations) mustFitStore(operation);
    const copies = operations.map(copyOperation);
    await new Promise<void>((resolve, reject) => {
      this.#waiting.push({ operations: copies, sync: options.sync ?? false, resolve, reject });
      this.#writing ??= this.#writeWaiting();
    });
  }

  async #writeWaiting(): Promise<void> {
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0);
      try {
        await this.#writeGroup(group);
        for (const batch of group) batch.resolve();
      } catch (error) {
        this.#fail(error, group);
      }
    }
    this.#writing = undefined;
  }

  async #writeGroup(group: readonly Waiting[]): Promise<void> {
    const { device, files, life, note } = this.#parts;
    const operations = group.flatMap((batch) => batch.operations);
    const bytes = operations.reduce(
      (sum, each) => sum + each.key.length + (each.kind === "put" ? each.value.length : 0),
      0,
    );
    if ((await device.write(life, bytes)) < bytes) throw systemError("ENOSPC", "write", this.#parts.directory);
    const written = files.append(operations);
    const sync = group.some((batch) => batch.sync);
    if (sync) {
      await device.sync(life);
      files.synced(written);
    }
    this.#rows.apply(operations);
    note("store-wrote", { directory: this.#parts.directory, operations: operations.length, sync });
  }

  #fail(error: unknown, group: readonly Waiting[]): void {
    const { directory, note } = this.#parts;
    const sentence = explainSystemError(error, `write to the store in ${directory}`);
    this.#failure = new StoreError("STORE_FAILED", `${sentence}; it takes no more writes until it is opened anew`, {
      cause: error,
    });
    note("store-failed", { directory, sentence });
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
    const rows = this.#rows.share();
    return {
      get: (key) => this.#get(key, rows),
      iterate: (range = {}) => this.#iterate(range, rows),
      close: () => Promise.resolve(),
    };
  }

  async #get(key: Uint8Array, rows: SortedRows | undefined): Promise<Uint8Array | undefined> {
    this.#mustBeOpen();
    const copy = key.slice();
    await this.#parts.device.read(this.#parts.life);
    this.#mustBeOpen();
    return (rows ?? this.#rows).get(copy)?.slice();
  }

  async *#iterate(
    range: StoreRange,
    rows: SortedRows | undefined,
  ): AsyncGenerator<readonly [key: Uint8Array, value: Uint8Array]> {
    this.#mustBeOpen();
    const found = (rows ?? this.#rows).range(range);
    for (const [at, [key, value]] of found.entries()) {
      if (at % 100 === 0) await this.#parts.device.read(this.#parts.life);
      this.#mustBeOpen();
      yield [keyBytes(key), value.slice()];
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
    await this.#parts.device.write(this.#parts.life, 0).catch(() => 0);
    this.#parts.files.openedBy = undefined;
  }
}

function copyOperation(operation: StoreOperation): StoreOperation {
  const key = Uint8Array.from(operation.key);
  return operation.kind === "delete"
    ? { kind: "delete", key }
    : { kind: "put", key, value: Uint8Array.from(operation.value) };
}
