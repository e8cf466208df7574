import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { compareQuantities, goQuantity, quantityNano } from "./quantity.ts";

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
