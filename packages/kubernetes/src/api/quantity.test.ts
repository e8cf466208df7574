import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { canonicalQuantity } from "./quantity.ts";

describe("canonical quantities", () => {
  it.each([
    ["0.5", "500m"],
    ["1", "1"],
    ["1000m", "1"],
    ["1500m", "1500m"],
    ["1Gi", "1Gi"],
    ["1024Mi", "1Gi"],
    ["1.5Gi", "1536Mi"],
    ["100Mi", "100Mi"],
    ["0", "0"],
    ["0Gi", "0"],
    ["1000", "1k"],
    ["1000000", "1M"],
    ["1e3", "1e3"],
    ["1E3", "1e3"],
    ["12e6", "12e6"],
    ["-0.5", "-500m"],
    [".5", "500m"],
    ["5.", "5"],
    ["0.5Gi", "512Mi"],
    ["1n", "1n"],
    ["0.1n", "1n"],
    ["100Ki", "100Ki"],
    ["512", "512"],
  ])("%s is %s", (text, canonical) => {
    expect(canonicalQuantity(text)).toBe(canonical);
  });

  it.each(["", "abc", "1gi", "1 Gi", "--1", "1e", "1.2.3", "Gi", "1Kb"])("%j is none", (text) => {
    expect(canonicalQuantity(text)).toBeUndefined();
  });

  it("stays what it is once it is canonical", () => {
    const suffix = fc.constantFrom("", "m", "k", "M", "G", "Ki", "Mi", "Gi", "u", "n", "e3", "E6");
    fc.assert(
      fc.property(fc.nat(), fc.nat(999), suffix, (whole, fraction, unit) => {
        const canonical = canonicalQuantity(`${whole}.${fraction}${unit}`);
        expect(canonical).toBeDefined();
        expect(canonicalQuantity(canonical ?? "")).toBe(canonical);
      }),
    );
  });
});
