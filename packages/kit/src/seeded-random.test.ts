import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { SeededRandom } from "./seeded-random.ts";

/** xoshiro128** and SplitMix64 written down once more with big integers, as slow and plain as can be. */
function* naive(seed: number): Generator<number> {
  const mask = (1n << 32n) - 1n;
  let state = BigInt(seed);
  const s: bigint[] = [];
  for (let i = 0; i < 2; i++) {
    state = (state + 0x9e3779b97f4a7c15n) % (1n << 64n);
    let z = state;
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) % (1n << 64n);
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) % (1n << 64n);
    z ^= z >> 31n;
    s.push(z & mask, z >> 32n);
  }
  const rotl = (x: bigint, k: bigint): bigint => ((x << k) | (x >> (32n - k))) & mask;
  for (;;) {
    yield Number((rotl((s[1]! * 5n) & mask, 7n) * 9n) & mask);
    const t = (s[1]! << 9n) & mask;
    s[2]! ^= s[0]!;
    s[3]! ^= s[1]!;
    s[1]! ^= s[2]!;
    s[0]! ^= s[3]!;
    s[2]! ^= t;
    s[3] = rotl(s[3]!, 11n);
  }
}

describe("SeededRandom", () => {
  test("gives the stream of xoshiro128** seeded by SplitMix64", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (seed) => {
        const random = new SeededRandom(seed);
        const expected = naive(seed);
        for (let i = 0; i < 50; i++) expect(random.uint32()).toBe(expected.next().value);
      }),
      { numRuns: 50 },
    );
  });

  test("stays within its bounds and reaches both ends", () => {
    const random = new SeededRandom(7);
    const seen = new Set<number>();
    for (let i = 0; i < 1000; i++) {
      seen.add(random.between(-2, 3));
      const float = random.float();
      expect(float >= 0 && float < 1).toBe(true);
    }
    expect([...seen].sort((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2, 3]);
  });

  test("draws evenly", () => {
    const random = new SeededRandom(1);
    const counts = Array.from({ length: 8 }, () => 0);
    for (let i = 0; i < 8000; i++) counts[random.between(0, 7)]!++;
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });

  test("a shuffle keeps the items and changes their order", () => {
    const items = Array.from({ length: 50 }, (_, i) => i);
    const shuffled = new SeededRandom(3).shuffle([...items]);
    expect(shuffled).not.toEqual(items);
    expect(shuffled.toSorted((a, b) => a - b)).toEqual(items);
  });

  test("forks depend on seed and label and are told apart from their parent", () => {
    const draw = (random: SeededRandom): number[] => Array.from({ length: 5 }, () => random.uint32());
    const fork = (seed: number, label: string): number[] => draw(new SeededRandom(seed).fork(label));
    expect(fork(1, "net")).toEqual(fork(1, "net"));
    expect(fork(1, "net")).not.toEqual(fork(1, "disk"));
    expect(fork(1, "net")).not.toEqual(fork(2, "net"));
    expect(fork(1, "net")).not.toEqual(draw(new SeededRandom(1)));
  });

  test.each([-1, 1.5, Number.NaN, 2 ** 53])("refuses %s as a seed", (seed) => {
    expect(() => new SeededRandom(seed)).toThrow(RangeError);
  });
});
