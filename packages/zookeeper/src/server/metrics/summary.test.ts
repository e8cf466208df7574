import fc from "fast-check";
import { expect, test } from "vitest";

import { PercentileSummary, Summary } from "./summary.ts";

test("sum, count, least, most and the average to four digits", () => {
  const summary = new Summary();
  expect([summary.min, summary.avg, summary.max]).toEqual([0, 0, 0]);
  for (const value of [3, 1, 1]) summary.add(value);
  expect([summary.sum, summary.count, summary.min, summary.avg, summary.max]).toEqual([5, 3, 1, 1.6667, 3]);
  summary.reset();
  expect([summary.sum, summary.count, summary.min, summary.avg, summary.max]).toEqual([0, 0, 0, 0, 0]);
});

test("a percentile is at most 4 % above the value it stands for, and never below", () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat({ max: 10_000_000 }), { minLength: 1, maxLength: 200 }),
      fc.constantFrom(0.5, 0.9, 0.95, 0.99, 0.999),
      (values, fraction) => {
        const summary = new PercentileSummary();
        for (const value of values) summary.add(value);
        const sorted = values.toSorted((one, other) => one - other);
        const exact = sorted[Math.ceil(values.length * fraction) - 1] ?? 0;
        const found = summary.percentile(fraction);
        expect(found).toBeGreaterThanOrEqual(exact);
        expect(found).toBeLessThanOrEqual(exact < 64 ? exact : exact * 1.04);
      },
    ),
  );
});
