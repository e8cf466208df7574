import { dirname } from "node:path";

import type { Clock, Disk, DiskFile } from "@ordinal/io";
import { hasCode } from "@ordinal/kit";

import { adler32 } from "./adler32.ts";
import { ACKNOWLEDGED_SYNC_MS } from "./limits.ts";

/**
 * A file of our own beside the logs: how far the newest log was acknowledged, as a lower bound. What is broken or missing before
 * it was not torn by a crash. It is written after each sync of the log and synced itself once a second, so after a power failure it
 * may be a second old. The original knows nothing of it and may go on with the folder: then there is a newer log or snapshot than
 * the ones it names, and it says nothing more.
 */
export const ACKNOWLEDGED_FILE = "acknowledged";
const FILE_BYTES = 128;

export interface AcknowledgedBound {
  readonly log: string;
  /** Where the last acknowledged entry ends. */
  readonly offset: number;
  /** The newest snapshot of that time. */
  readonly snapshot: string;
}

/** Undefined where there is none, or where it is not whole: then nothing is known. */
export async function readAcknowledged(disk: Disk, path: string): Promise<AcknowledgedBound | undefined> {
  let file: DiskFile;
  try {
    file = await disk.open(path, "read");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
  try {
    return parse(await file.read(0, FILE_BYTES));
  } finally {
    await file.close();
  }
}

function parse(bytes: Uint8Array): AcknowledgedBound | undefined {
  const text = new TextDecoder().decode(bytes);
  const match = /^((log\.[0-9a-f]+) (\d{1,15}) (\S+)) ([0-9a-f]{8}) *\n$/.exec(text);
  if (match === null) return undefined;
  const [, content = "", log = "", offset = "", snapshot = "", checksum = ""] = match;
  return checksumOf(content) === checksum ? { log, offset: Number(offset), snapshot } : undefined;
}

function format(bound: AcknowledgedBound | undefined): Uint8Array {
  const content = bound === undefined ? "nothing" : `${bound.log} ${bound.offset} ${bound.snapshot}`;
  return new TextEncoder().encode(`${`${content} ${checksumOf(content)}`.padEnd(FILE_BYTES - 1)}\n`);
}

function checksumOf(text: string): string {
  return adler32(new TextEncoder().encode(text)).toString(16).padStart(8, "0");
}

/** Keeps that file. Its sector is written in one step, so it is whole or the one before. */
export class AcknowledgedFile {
  readonly #file: DiskFile;
  readonly #clock: Clock;
  #syncedAtMs: number;
  #syncing: Promise<void> | undefined;

  private constructor(file: DiskFile, clock: Clock) {
    this.#file = file;
    this.#clock = clock;
    this.#syncedAtMs = clock.monotonic();
  }

  /** Opens or makes it; a new one is void. */
  static async open(disk: Disk, path: string, clock: Clock): Promise<AcknowledgedFile> {
    try {
      return new AcknowledgedFile(await disk.open(path, "append"), clock);
    } catch (error) {
      if (!hasCode(error, "ENOENT")) throw error;
    }
    const file = await disk.open(path, "create");
    await file.write(0, format(undefined));
    await file.sync();
    await disk.syncDirectory(dirname(path));
    return new AcknowledgedFile(file, clock);
  }

  /**
   * Call it after the sync and before the acknowledgement. While the file itself is synced nothing is written to it: the bound
   * lags behind, which is harmless.
   */
  async advance(bound: AcknowledgedBound): Promise<void> {
    if (this.#syncing !== undefined) return;
    await this.#file.write(0, format(bound));
    const nowMs = this.#clock.monotonic();
    if (nowMs - this.#syncedAtMs < ACKNOWLEDGED_SYNC_MS) return;
    this.#syncedAtMs = nowMs;
    this.#syncing = this.#file.sync().then(
      () => (this.#syncing = undefined),
      // What is lost with it is a bound; the log's own sync tells when the disk fails.
      () => (this.#syncing = undefined),
    ) as Promise<void>;
  }

  /** Before a log is cut: what was acknowledged is about to be taken back. */
  async void(): Promise<void> {
    await this.#syncing;
    await this.#file.write(0, format(undefined));
    await this.#file.sync();
  }

  async close(): Promise<void> {
    await this.#syncing;
    await this.#file.close();
  }
}
