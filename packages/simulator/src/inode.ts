import type { SeededRandom } from "@ordinal/kit";

/** What a disk writes in one step. */
const SECTOR_BYTES = 512;

type Change =
  | { readonly kind: "write"; readonly position: number; readonly bytes: Uint8Array }
  | { readonly kind: "truncate"; readonly size: number };

/** Which unsynced pieces of a file's contents outlive a power failure, each at most one sector; asked in the order of writing. */
export type PieceSurvival = (index: number, count: number) => boolean;

/** A file's contents: as the system shows them, and as the disk holds them. */
export class Inode {
  #content: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #size = 0;
  #durable: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #durableSize = 0;
  /** What was changed since the last sync, in order. */
  #pending: Change[] = [];
  modifiedMs = 0;

  get size(): number {
    return this.#size;
  }

  read(position: number, length: number): Uint8Array {
    return this.#content.slice(Math.min(position, this.#size), Math.min(position + length, this.#size));
  }

  /** The bytes are the inode's from now on. */
  write(position: number, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#pending.push({ kind: "write", position, bytes });
    this.#content = withRoom(this.#content, this.#size, position + bytes.length);
    this.#content.set(bytes, position);
    this.#size = Math.max(this.#size, position + bytes.length);
  }

  truncate(size: number): void {
    this.#pending.push({ kind: "truncate", size });
    this.#content.fill(0, size, this.#size);
    this.#size = size;
  }

  /** What there is to be synced now; a sync covers what was written before it began. */
  get unsynced(): readonly Change[] {
    return [...this.#pending];
  }

  synced(covered: readonly Change[]): void {
    for (const change of covered) if (this.#pending.includes(change)) this.#store(change);
    this.#pending = this.#pending.filter((change) => !covered.includes(change));
  }

  /**
   * The system drops what it could not write, says so once, and takes it for written from then on: it is shown until the power
   * fails, and what the disk held before stands in its place afterwards, or zeros.
   */
  syncFailed(covered: readonly Change[]): void {
    this.#pending = this.#pending.filter((change) => !covered.includes(change));
  }

  /** Keeps of what was not synced the pieces that `survives` names. */
  powerFailure(survives: PieceSurvival): void {
    const pieces = this.#pending.flatMap(inPieces);
    for (const [index, piece] of pieces.entries()) if (survives(index, pieces.length)) this.#store(piece);
    this.#content = this.#durable.slice(0, this.#durableSize);
    this.#size = this.#durableSize;
    this.#pending = [];
  }

  /** As `powerFailure`, left to chance; where the file grew, its last piece may be cut short or its size come without its data. */
  randomPowerFailure(random: SeededRandom): void {
    const sizeBefore = this.#durableSize;
    const subset = random.chance(0.5);
    const kept = random.between(0, this.#pending.flatMap(inPieces).length);
    this.powerFailure((index) => (subset ? random.chance(0.5) : index < kept));
    if (this.#durableSize <= sizeBefore || !random.chance(0.75)) return;
    const lastSector = this.#durableSize - 1 - ((this.#durableSize - 1) % SECTOR_BYTES);
    const from = Math.max(sizeBefore, lastSector);
    if (random.chance(0.3)) this.#durable.fill(0, from, this.#durableSize);
    else this.#store({ kind: "truncate", size: random.between(from, this.#durableSize) });
    this.#content = this.#durable.slice(0, this.#durableSize);
    this.#size = this.#durableSize;
  }

  #store(change: Change): void {
    if (change.kind === "truncate") {
      this.#durable.fill(0, change.size, this.#durableSize);
      this.#durableSize = Math.min(this.#durableSize, change.size);
      return;
    }
    const end = change.position + change.bytes.length;
    this.#durable = withRoom(this.#durable, this.#durableSize, end);
    this.#durable.set(change.bytes, change.position);
    this.#durableSize = Math.max(this.#durableSize, end);
  }
}

/** A write as the disk does it, sector by sector. */
function inPieces(change: Change): Change[] {
  if (change.kind === "truncate") return [change];
  const pieces: Change[] = [];
  const { position, bytes } = change;
  for (let from = 0; from < bytes.length;) {
    const to = Math.min(bytes.length, from + SECTOR_BYTES - ((position + from) % SECTOR_BYTES));
    pieces.push({ kind: "write", position: position + from, bytes: bytes.subarray(from, to) });
    from = to;
  }
  return pieces;
}

/** Room for `needed` bytes; what lies beyond `used` is zero. */
function withRoom(bytes: Uint8Array<ArrayBuffer>, used: number, needed: number): Uint8Array<ArrayBuffer> {
  if (needed <= bytes.length) return bytes;
  const larger = new Uint8Array(Math.max(needed, bytes.length * 2, 256));
  larger.set(bytes.subarray(0, used));
  return larger;
}
