import { readSync } from "node:fs";

const WINDOW_BYTES = 1024 * 1024;

/** The file ended where more was expected. */
export class EndOfLogError extends Error {}

/**
 * A log file from its beginning, without judging what stands in it: that is what the toolkit is for. Large files are read in
 * pieces, and a length that lies costs no more than the file has.
 */
export class LogSource {
  readonly #descriptor: number;
  readonly #size: number;
  #window: Buffer = Buffer.alloc(0);
  #at = 0;
  /** Where in the file the window ends. */
  #position = 0;

  constructor(descriptor: number, size: number) {
    this.#descriptor = descriptor;
    this.#size = size;
  }

  /** The next bytes, as a view that the next call may overwrite. Throws an `EndOfLogError` if there are fewer. */
  take(length: number): Buffer {
    const left = this.#window.length - this.#at;
    if (length > left) {
      if (length > left + this.#size - this.#position) throw new EndOfLogError();
      this.#fill(Math.max(length, WINDOW_BYTES), left);
      if (length > this.#window.length) throw new EndOfLogError();
    }
    const bytes = this.#window.subarray(this.#at, this.#at + length);
    this.#at += length;
    return bytes;
  }

  #fill(wanted: number, left: number): void {
    const window = Buffer.allocUnsafe(Math.min(wanted, left + this.#size - this.#position));
    this.#window.copy(window, 0, this.#at);
    let filled = left;
    while (filled < window.length) {
      const count = readSync(this.#descriptor, window, filled, window.length - filled, this.#position);
      if (count === 0) break;
      filled += count;
      this.#position += count;
    }
    this.#window = window.subarray(0, filled);
    this.#at = 0;
  }
}

export interface RawEntry {
  readonly checksum: bigint;
  readonly bytes: Buffer;
}

/** The next entry's checksum and transaction; undefined at the end, which a cut entry is too. */
export function takeEntry(source: LogSource): RawEntry | undefined {
  try {
    const header = source.take(12);
    const checksum = header.readBigInt64BE(0);
    const length = header.readInt32BE(8);
    if (length < 0) throw new RangeError(`Unreasonable length = ${length}`);
    return length === 0 ? undefined : { checksum, bytes: Buffer.from(source.take(length)) };
  } catch (error) {
    if (error instanceof EndOfLogError) return undefined;
    throw error;
  }
}

/** Whether the byte after an entry is the one that ends it. */
export function takeEndOfRecord(source: LogSource): boolean {
  return source.take(1)[0] === 0x42;
}
