import type { SeededRandom } from "@ordinal/kit";

const SECTOR_BYTES = 512;

/** A file's contents: as the system shows them, and as the disk holds them. */
export class Inode {
  #content = new Uint8Array(0);
  #size = 0;
  #durable = new Uint8Array(0);
  #durableSize = 0;
  /** The first position that may differ between the two. */
  #dirtyFrom: number | undefined;

  get size(): number {
    return this.#size;
  }

  read(position: number, length: number): Uint8Array {
    return this.#content.slice(Math.min(position, this.#size), Math.min(position + length, this.#size));
  }

  append(bytes: Uint8Array): void {
    this.#dirtyFrom = Math.min(this.#dirtyFrom ?? this.#size, this.#size);
    this.#content = withRoom(this.#content, this.#size, this.#size + bytes.length);
    this.#content.set(bytes, this.#size);
    this.#size += bytes.length;
  }

  truncate(size: number): void {
    this.#dirtyFrom = Math.min(this.#dirtyFrom ?? size, size);
    this.#size = size;
  }

  /** How much is there to be synced now; a sync covers what was written before it began. */
  get unsynced(): { readonly from: number; readonly to: number } {
    return { from: this.#dirtyFrom ?? this.#size, to: this.#size };
  }

  synced(covered: { readonly from: number; readonly to: number }): void {
    const to = Math.min(covered.to, this.#size);
    if (covered.from < to || this.#durableSize > to) this.#store(Math.min(covered.from, to), to);
    this.#dirtyFrom = this.#size > to ? to : undefined;
  }

  /**
   * The system drops what it could not write, says so once, and takes it for written from then on: it is shown until the power
   * fails, and zeros stand in its place if more is written after it.
   */
  syncFailed(covered: { readonly to: number }): void {
    this.#dirtyFrom = this.#size > covered.to ? covered.to : undefined;
  }

  powerFailure(random: SeededRandom): void {
    if (this.#dirtyFrom !== undefined) {
      const overwritten = this.#dirtyFrom < this.#durableSize;
      if (!overwritten || random.chance(0.5)) {
        const from = Math.min(this.#dirtyFrom, this.#size);
        const to = random.between(from, this.#size);
        this.#store(from, to);
        // The size reached the disk before the data did.
        if (random.chance(0.25)) this.#durable.fill(0, Math.max(from, to - (to % SECTOR_BYTES || SECTOR_BYTES)), to);
      }
    }
    this.#content = this.#durable.slice(0, this.#durableSize);
    this.#size = this.#durableSize;
    this.#dirtyFrom = undefined;
  }

  #store(from: number, to: number): void {
    // What lies before `from` was given up or is there already.
    this.#durable = withRoom(this.#durable, this.#durableSize, to);
    if (from > this.#durableSize) this.#durable.fill(0, this.#durableSize, from);
    this.#durable.set(this.#content.subarray(from, to), from);
    this.#durableSize = to;
  }
}

function withRoom(bytes: Uint8Array<ArrayBuffer>, used: number, needed: number): Uint8Array<ArrayBuffer> {
  if (needed <= bytes.length) return bytes;
  const larger = new Uint8Array(Math.max(needed, bytes.length * 2, 256));
  larger.set(bytes.subarray(0, used));
  return larger;
}
