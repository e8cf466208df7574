import type { SeededRandom } from "@ordinal/kit";

import type { Life } from "./life.ts";
import { systemError } from "./system-error.ts";

/** From how many to how many virtual milliseconds something takes. */
export type Range = readonly [leastMs: number, mostMs: number];

/** The disk under a host's files and stores: how slow it is, how full, what fails. Change it at any time. */
export class DiskDevice {
  readonly #random: SeededRandom;
  readMs: Range = [0.01, 0.1];
  writeMs: Range = [0.01, 0.1];
  syncMs: Range = [0.5, 5];
  /** Bytes that can still be written; a write beyond it fails with `ENOSPC`. */
  freeBytes = Number.POSITIVE_INFINITY;
  #failingSyncs = 0;
  #failingWrites = 0;
  #stalled: (() => void)[] | undefined;
  /** Writes, syncs and changes of names that were begun so far. */
  operations = 0;
  #stop: { readonly at: number; readonly stopped: () => void } | undefined;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** The next `count` syncs fail with `EIO`. */
  failSyncs(count = 1): void {
    this.#failingSyncs = count;
  }

  /** The next `count` writes fail with `EIO`. */
  failWrites(count = 1): void {
    this.#failingWrites = count;
  }

  /** Syncs wait from now on, until `resume`. */
  stall(): void {
    this.#stalled ??= [];
  }

  resume(): void {
    const waiting = this.#stalled ?? [];
    this.#stalled = undefined;
    for (const proceed of waiting) proceed();
  }

  /**
   * Ends the process before its operation number `at` of all since the host was made, counted from 1 as in `operations`, so that a
   * test can try them one after the other.
   */
  stopBefore(at: number, stopped: () => void): void {
    this.#stop = { at, stopped };
  }

  /** A file is made, renamed or removed, or a folder made. */
  async change(life: Life): Promise<void> {
    await this.#begin(life);
    await this.read(life);
  }

  async read(life: Life): Promise<void> {
    await life.sleep(this.#draw(this.readMs));
  }

  /** Takes the time of a write and the space for it; gives how many bytes found room before the disk was full. */
  async write(life: Life, bytes: number): Promise<number> {
    await this.#begin(life);
    await life.sleep(this.#draw(this.writeMs));
    if (this.#failingWrites > 0) {
      this.#failingWrites--;
      throw systemError("EIO", "write", "simulated disk");
    }
    const written = Math.min(bytes, Math.max(0, Math.floor(this.freeBytes)));
    this.freeBytes -= written;
    return written;
  }

  async sync(life: Life): Promise<void> {
    await this.#begin(life);
    await life.sleep(this.#draw(this.syncMs));
    while (this.#stalled !== undefined) {
      await new Promise<void>((resolve) => {
        this.#stalled?.push(() => {
          if (life.alive) resolve();
        });
      });
    }
    if (this.#failingSyncs > 0) {
      this.#failingSyncs--;
      throw systemError("EIO", "fdatasync", "simulated disk");
    }
  }

  async #begin(life: Life): Promise<void> {
    this.operations++;
    if (this.#stop?.at !== this.operations) return;
    life.end();
    this.#stop.stopped();
    await new Promise<never>(() => undefined);
  }

  #draw([least, most]: Range): number {
    return least + this.#random.float() * (most - least);
  }
}
