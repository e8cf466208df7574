/**
 * xoshiro128** 1.1 (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2021): 128 bits of state,
 * period 2^128 - 1, 32-bit operations only, which is what JavaScript does fast and exactly. Its state is filled from the
 * seed by SplitMix64, as its authors advise, so that neighbouring seeds give unrelated streams. Not for secrets.
 */
export class SeededRandom {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  /** @param seed a whole number from 0 to 2^53 - 1 */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed) || seed < 0)
      throw new RangeError(`a seed is a whole number from 0 on, not ${seed}`);
    const [first, second] = splitMix64(BigInt(seed));
    this.#a = Number(first & 0xffff_ffffn) | 0;
    this.#b = Number(first >> 32n) | 0;
    this.#c = Number(second & 0xffff_ffffn) | 0;
    this.#d = Number(second >> 32n) | 0;
  }

  /** A whole number in [0, 2^32), evenly distributed. */
  uint32(): number {
    const fives = Math.imul(this.#b, 5);
    const result = Math.imul((fives << 7) | (fives >>> 25), 9);
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result >>> 0;
  }

  /** A number in [0, 1) with 53 random bits. */
  float(): number {
    return ((this.uint32() >>> 5) * 2 ** 26 + (this.uint32() >>> 6)) / 2 ** 53;
  }

  /** A whole number from `low` to `high`, both included; at most 2^53 - 1 apart. */
  between(low: number, high: number): number {
    return low + Math.floor(this.float() * (high - low + 1));
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at++) bytes[at] = this.uint32();
    return bytes;
  }

  /** True with this probability, from 0 to 1. */
  chance(probability: number): boolean {
    return this.float() < probability;
  }

  /** One of the items, which are not none. */
  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError("there is nothing to pick from");
    return items[this.between(0, items.length - 1)] as T;
  }

  /** Orders the items anew, in place (Fisher and Yates). */
  shuffle<T>(items: T[]): T[] {
    for (let last = items.length - 1; last > 0; last--) {
      const other = this.between(0, last);
      const item = items[last] as T;
      items[last] = items[other] as T;
      items[other] = item;
    }
    return items;
  }

  /**
   * A generator of its own for one part of a program, so that what one part draws does not change what others get. It
   * depends on the seed, on the label and on how much was drawn here before.
   */
  fork(label: string): SeededRandom {
    let seed = (BigInt(this.uint32()) << 32n) | BigInt(this.uint32());
    for (const char of label) seed = splitMix64(seed ^ BigInt(char.codePointAt(0) ?? 0))[0];
    return new SeededRandom(Number(seed >> 11n));
  }
}

const MASK_64 = 0xffff_ffff_ffff_ffffn;

/** The first two outputs of SplitMix64 (Steele, Lea and Flood 2014; constants of Vigna's public-domain version). */
function splitMix64(seed: bigint): [bigint, bigint] {
  const output = (step: bigint): bigint => {
    let z = (seed + step * 0x9e37_79b9_7f4a_7c15n) & MASK_64;
    z = ((z ^ (z >> 30n)) * 0xbf58_476d_1ce4_e5b9n) & MASK_64;
    z = ((z ^ (z >> 27n)) * 0x94d0_49bb_1331_11ebn) & MASK_64;
    return z ^ (z >> 31n);
  };
  return [output(1n), output(2n)];
}
