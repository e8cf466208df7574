import type { Disk, DiskFile } from "@ordinal/io";

import { isLog, LOG_HEADER_BYTES, type LogHeader, readLogHeader, scanEntry } from "./log-format.ts";

const WINDOW_BYTES = 1024 * 1024;

export interface LogEntry {
  /** Where it begins in the file, and where the next would. */
  readonly offset: number;
  readonly end: number;
  /** Header, record and digest of a transaction: memory of its own. */
  readonly bytes: Uint8Array;
}

/** Why there are no more entries. */
export type LogEnd = { readonly kind: "end" } | { readonly kind: "damaged"; readonly reason: string };

/** Reads the entries of one log file, in order. It is not changed. Source: FileTxnLog.FileTxnIterator. */
export class LogReader {
  readonly path: string;
  readonly #file: DiskFile;
  #size: number;
  #offset = 0;
  #header: LogHeader | undefined;
  #end: LogEnd | undefined;

  private constructor(path: string, file: DiskFile, size: number) {
    this.path = path;
    this.#file = file;
    this.#size = size;
  }

  static async open(disk: Disk, path: string): Promise<LogReader> {
    const file = await disk.open(path, "read");
    const reader = new LogReader(path, file, await file.size());
    await reader.#readHeader();
    return reader;
  }

  get size(): number {
    return this.#size;
  }

  /** Where the last entry that was given ends, and where what follows it begins. */
  get offset(): number {
    return this.#offset;
  }

  /** Undefined for a file that does not begin as a log; its `end` says so. */
  get header(): LogHeader | undefined {
    return this.#header;
  }

  get end(): LogEnd | undefined {
    return this.#end;
  }

  /** The next entries, some at a time; none once it ended. */
  async next(): Promise<LogEntry[]> {
    const entries: LogEntry[] = [];
    let wanted = WINDOW_BYTES;
    while (this.#end === undefined && entries.length === 0) {
      const left = this.#size - this.#offset;
      const bytes = await this.#file.read(this.#offset, Math.min(wanted, left));
      const window = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      // Shorter than it was: somebody cut it meanwhile.
      if (window.length < Math.min(wanted, left)) this.#size = this.#offset + window.length;
      wanted = this.#scan(window, entries);
    }
    return entries;
  }

  /** Reads anything of the file; for those who look at what follows the last entry. */
  read(position: number, length: number): Promise<Uint8Array> {
    return this.#file.read(position, length);
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async #readHeader(): Promise<void> {
    const bytes = await this.#file.read(0, LOG_HEADER_BYTES);
    if (bytes.length < LOG_HEADER_BYTES) {
      this.#end = { kind: "damaged", reason: "the file ends within its header" };
      return;
    }
    const header = readLogHeader(bytes);
    if (!isLog(header)) {
      this.#end = { kind: "damaged", reason: "it does not begin as a transaction log" };
      return;
    }
    this.#header = header;
    this.#offset = LOG_HEADER_BYTES;
  }

  /** Takes the whole entries of a window, and gives how many bytes the next one needs. */
  #scan(window: Buffer, entries: LogEntry[]): number {
    let at = 0;
    for (;;) {
      const found = scanEntry(window, at, this.#size - this.#offset);
      if (found.kind === "more") return Math.max(WINDOW_BYTES, found.wanted);
      if (found.kind !== "entry") {
        this.#end = found;
        return 0;
      }
      const offset = this.#offset;
      this.#offset += found.end - at;
      at = found.end;
      entries.push({ offset, end: this.#offset, bytes: new Uint8Array(found.bytes) });
    }
  }
}
