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

  async read(life: Life): Promise<void> {
    await life.sleep(this.#draw(this.readMs));
  }

  /** Takes the time of a write and the space for it; gives how many bytes found room before the disk was full. */
  async write(life: Life, bytes: number): Promise<number> {
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

  #draw([least, most]: Range): number {
    return least + this.#random.float() * (most - least);
  }
}
