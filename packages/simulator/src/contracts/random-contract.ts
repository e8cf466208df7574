import type { Random } from "@ordinal/io";
import { describe, expect, test } from "vitest";

/** What every `Random` does. */
export function randomContract(name: string, make: () => Random): void {
  describe(`${name} keeps the contract of Random`, () => {
    test("numbers lie in their ranges, reach both ends and differ", () => {
      const random = make();
      const words = Array.from({ length: 600 }, () => random.uint32());
      expect(words.every((word) => Number.isInteger(word) && word >= 0 && word < 2 ** 32)).toBe(true);
      expect(new Set(words).size).toBeGreaterThan(595);
      expect(words.some((word) => word >= 2 ** 31)).toBe(true);
      const floats = Array.from({ length: 600 }, () => random.float());
      expect(floats.every((float) => float >= 0 && float < 1)).toBe(true);
      const between = new Set(Array.from({ length: 600 }, () => random.between(-1, 2)));
      expect([...between].sort((a, b) => a - b)).toEqual([-1, 0, 1, 2]);
      expect(random.between(5, 5)).toBe(5);
    });

    test("bytes are as many as asked for and differ", () => {
      const random = make();
      expect(random.bytes(0)).toEqual(new Uint8Array(0));
      expect(random.bytes(16)).toHaveLength(16);
      expect(random.bytes(16)).not.toEqual(random.bytes(16));
      expect(new Set(random.bytes(4000)).size).toBe(256);
    });
  });
}
