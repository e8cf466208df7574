/**
 * The file `ACKNOWLEDGED` beside LevelDB's: the number of the last durable group that was acknowledged, as a lower
 * bound. LevelDB drops a damaged *end* of its log as it drops one that a crash tore; the markers in the store are
 * contiguous in both cases and only a witness outside of the log tells them apart.
 *
 * 1. Group N is synced by LevelDB. 2. N is written here (into the page cache). 3. N is acknowledged.
 *
 * So the file never says more than the log held, whatever was lost when. A process that dies leaves the page cache behind and
 * the bound is exact. A machine that dies loses what was not synced: this file is synced in the background, at most once a
 * second and while the next groups are under way, so that no commit waits for it.
 *
 * Two slots in separate sectors are written in turn, each with its own checksum: a torn write costs one step of the bound.
 */
import { closeSync, fdatasync, fsyncSync, openSync, readSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { crc32 } from "node:zlib";

const SLOT_BYTES = 16;
const SLOT_OFFSETS = [0, 4096] as const;
const SYNC_INTERVAL_MS = 1000;

/** What the file says: `absent`, `unreadable` (no slot has a good checksum), or the highest number in it. */
export type Acknowledged =
  | { readonly kind: "absent" }
  | { readonly kind: "unreadable" }
  | { readonly kind: "number"; readonly number: number };

export function readAcknowledged(path: string): Acknowledged {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return { kind: "absent" };
    throw error;
  }
  try {
    const numbers = SLOT_OFFSETS.map((offset) => readSlot(file, offset)).filter((number) => number !== undefined);
    return numbers.length === 0 ? { kind: "unreadable" } : { kind: "number", number: Math.max(...numbers) };
  } finally {
    closeSync(file);
  }
}

function readSlot(file: number, offset: number): number | undefined {
  const slot = Buffer.alloc(SLOT_BYTES);
  if (readSync(file, slot, 0, SLOT_BYTES, offset) !== SLOT_BYTES) return undefined;
  if (crc32(slot.subarray(0, 8)) !== slot.readUInt32BE(8)) return undefined;
  return Number(slot.readBigUInt64BE(0));
}

function encodeSlot(number: number): Buffer {
  const slot = Buffer.alloc(SLOT_BYTES);
  slot.writeBigUInt64BE(BigInt(number));
  slot.writeUInt32BE(crc32(slot.subarray(0, 8)), 8);
  return slot;
}

export class AcknowledgedFile {
  readonly #file: number;
  readonly #monotonic: () => number;
  #turn = 0;
  #syncing: Promise<void> | undefined;
  #syncedAtMs: number;
  #dirty = false;

  private constructor(file: number, monotonic: () => number) {
    this.#file = file;
    this.#monotonic = monotonic;
    this.#syncedAtMs = monotonic();
  }

  /** Creates the file, durably, saying 0. */
  static create(path: string, monotonic: () => number): AcknowledgedFile {
    const file = openSync(path, "w+", 0o600);
    for (const offset of SLOT_OFFSETS) writeSync(file, encodeSlot(0), 0, SLOT_BYTES, offset);
    fsyncSync(file);
    const folder = openSync(dirname(path), "r");
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
    return new AcknowledgedFile(file, monotonic);
  }

  static open(path: string, monotonic: () => number): AcknowledgedFile {
    return new AcknowledgedFile(openSync(path, "r+"), monotonic);
  }

  /** Called once the group is synced and before anyone hears of it. */
  record(number: number): void {
    const offset = SLOT_OFFSETS[this.#turn];
    writeSync(this.#file, encodeSlot(number), 0, SLOT_BYTES, offset);
    this.#turn = 1 - this.#turn;
    this.#dirty = true;
    if (this.#syncing === undefined && this.#monotonic() - this.#syncedAtMs >= SYNC_INTERVAL_MS) this.#sync();
  }

  #sync(): void {
    this.#dirty = false;
    this.#syncing = new Promise((resolve) => {
      // A failed sync weakens the bound and loses nothing; LevelDB's own sync decides about the data.
      fdatasync(this.#file, () => {
        this.#syncedAtMs = this.#monotonic();
        this.#syncing = undefined;
        resolve();
      });
    });
  }

  async close(): Promise<void> {
    await this.#syncing;
    if (this.#dirty) {
      this.#sync();
      await this.#syncing;
    }
    closeSync(this.#file);
  }
}
