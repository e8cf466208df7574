/**
 * Which markers are kept. Every durable group carries a marker with the next number in the same LevelDB batch, that is
 * in the same log record: a record that LevelDB drops leaves a hole in the numbers.
 *
 * A marker is needed as long as its record may be read from a log again, that is until its memtable is in a table file.
 * LevelDB does not say when that happens, but its rule is: a write that finds more than `writeBufferBytes` in the
 * memtable switches to a new one, and a switch waits for the flush of the one before. Count a generation for every
 * `writeBufferBytes` that were written: at least one switch falls into each. The switch in the marker's own generation
 * may lie before the marker; the one in the next ends its memtable; the one in the generation after that waited for
 * the flush. So markers of generation g may go once generation g + 3 begins. At open LevelDB writes
 * all its logs into table files, so whatever was checked at open may go at once.
 */
const GENERATIONS_KEPT = 3;

/** Markers are removed in lots: many enough to be rare, few enough not to delay a group. */
const RETIRE_LOT_MIN = 256;
const RETIRE_LOT_MAX = 4096;

export class GroupNumbers {
  readonly #writeBufferBytes: number;
  /** The first number of each generation that is still kept, oldest first. */
  readonly #generationStarts: number[];
  #generationBytes = 0;
  #oldest: number;
  #last: number;

  /** `oldest` to `last` are the markers found at open; 1 and 0 for an empty store. */
  constructor(found: { readonly oldest: number; readonly last: number }, writeBufferBytes: number) {
    this.#writeBufferBytes = writeBufferBytes;
    this.#oldest = found.oldest;
    this.#last = found.last;
    // The last marker stays, always: it is what says how far the store got.
    this.#generationStarts = [Math.max(found.last, 1)];
  }

  get last(): number {
    return this.#last;
  }

  /** Counts a write of this many bytes that is about to be made, durable or not. */
  countWrite(bytes: number): void {
    if (this.#generationBytes >= this.#writeBufferBytes) {
      this.#generationBytes = 0;
      this.#generationStarts.push(this.#last + 1);
      if (this.#generationStarts.length > GENERATIONS_KEPT + 1) this.#generationStarts.shift();
    }
    this.#generationBytes += bytes;
  }

  /** The number of the next durable group, and the markers it shall remove: `from` up to but not including `to`. */
  next(): { readonly number: number; readonly from: number; readonly to: number } {
    const number = this.#last + 1;
    const keepFrom = Math.min(this.#generationStarts[0] ?? 1, this.#last);
    const from = this.#oldest;
    const to = keepFrom - from >= RETIRE_LOT_MIN ? Math.min(keepFrom, from + RETIRE_LOT_MAX) : from;
    return { number, from, to };
  }

  /** The group that `next` described was written. */
  wrote(group: { readonly number: number; readonly to: number }): void {
    this.#last = group.number;
    this.#oldest = group.to;
  }
}
