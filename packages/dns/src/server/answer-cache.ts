/** An answer without its header, question and OPT, ready to be copied behind them. */
export interface EncodedAnswer {
  /** The records. Compression pointers are right because the same question, octet by octet, stands before them. */
  readonly body: Buffer;
  /** Where each record ends in `body`, so that a short message can stop there. */
  readonly recordEnds: Uint32Array;
  /** Records in answer, authority and additional. */
  readonly counts: readonly [number, number, number];
  readonly code: number;
  readonly authoritative: boolean;
  /** Not even `body` holds everything. */
  readonly truncated: boolean;
}

/** What an entry costs beyond its octets: key, object and map slot. */
const ENTRY_OVERHEAD_BYTES = 512;

/**
 * Answers by the octets of their question. Anyone can make up questions, so it holds at most `bytesMax`, and starts
 * over when they are used up: common questions are back at once.
 */
export class AnswerCache {
  readonly #entries = new Map<string, EncodedAnswer>();
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax = 8 * 1024 * 1024) {
    this.#bytesMax = bytesMax;
  }

  /** Octets accounted for, overhead included. */
  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): EncodedAnswer | undefined {
    return this.#entries.get(key);
  }

  set(key: string, answer: EncodedAnswer): void {
    const bytes = key.length + answer.body.length + answer.recordEnds.byteLength + ENTRY_OVERHEAD_BYTES;
    if (this.#bytes + bytes > this.#bytesMax) this.clear();
    if (!this.#entries.has(key)) this.#bytes += bytes;
    this.#entries.set(key, answer);
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }
}
