import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { canonicalQuantity, compareQuantities, goQuantity, quantityNano } from "./quantity.ts";

describe("a quantity", () => {
  test.each<[string, bigint]>([
    ["0", 0n],
    ["1", 1_000_000_000n],
    ["500m", 500_000_000n],
    ["0.5", 500_000_000n],
    [".5", 500_000_000n],
    ["-1.5", -1_500_000_000n],
    ["1Ki", 1_024_000_000_000n],
    ["1.5Gi", 1_610_612_736_000_000_000n],
    ["2e3", 2_000_000_000_000n],
    ["5n", 5n],
    ["0.1n", 1n],
    ["-0.1n", -1n],
  ])("%s is %d billionths", (text, nano) => {
    expect(quantityNano(text)).toBe(nano);
  });

  test.each(["", "x", "1Xi", "1 Gi", "--1", ".", "1e", "Gi", "1e999999"])("%j is none", (text) => {
    expect(quantityNano(text)).toBeUndefined();
  });

  test("is compared by its amount", () => {
    expect(compareQuantities("1Gi", "1024Mi")).toBe(0);
    expect(compareQuantities("1G", "1Gi")).toBe(-1);
    expect(compareQuantities("1", "999m")).toBe(1);
  });

  test("of whole thousandths equals a naive sum", () => {
    fc.assert(
      fc.property(fc.integer({ min: -1_000_000, max: 1_000_000 }), (milli) => {
        expect(quantityNano(`${milli}m`)).toBe(BigInt(milli) * 1_000_000n);
        expect(quantityNano((milli / 1000).toFixed(3))).toBe(BigInt(milli) * 1_000_000n);
      }),
    );
  });

  test("is printed as Go prints it", () => {
    expect(goQuantity("1Gi").text).toBe(
      'resource.Quantity{i:resource.int64Amount{value:1073741824, scale:0}, d:resource.infDecAmount{Dec:(*inf.Dec)(nil)}, s:"1Gi", Format:"BinarySI"}',
    );
  });
});

describe("a canonical quantity", () => {
  test.each([
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
    ["0.0000000001Ki", "103n"],
  ])("%s is %s", (text, canonical) => {
    expect(canonicalQuantity(text)).toBe(canonical);
  });

  test.each(["", "abc", "1gi", "1 Gi", "--1", "1e", "1.2.3", "Gi", "1Kb"])("%j is none", (text) => {
    expect(canonicalQuantity(text)).toBeUndefined();
  });

  test("is refused when it has more digits than anything needs", () => {
    expect(canonicalQuantity("9".repeat(250))).toBeDefined();
    for (const text of ["9".repeat(1_000_000), `0.${"9".repeat(1_000_000)}`, `1${"0".repeat(1_000_000)}`])
      expect(canonicalQuantity(text)).toBeUndefined();
  });

  test("stays what it is once it is canonical", () => {
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
