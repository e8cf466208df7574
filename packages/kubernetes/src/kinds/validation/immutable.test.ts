import fc from "fast-check";
import { expect, test } from "vitest";

import { semanticallyEqual } from "./immutable.ts";

test.each<[unknown, unknown, boolean]>([
  [undefined, null, true],
  [undefined, [], true],
  [{ a: [] }, {}, true],
  [{ a: null, b: 1 }, { b: 1 }, true],
  [{ a: 1, b: 2 }, { b: 2, a: 1 }, true],
  [undefined, {}, false],
  [0, undefined, false],
  ["", undefined, false],
  [[1, 2], [2, 1], false],
  [["a"], { 0: "a" }, false],
  [JSON.parse('{"__proto__":1}'), {}, false],
])("%j and %j are equal: %s", (left, right, equal) => {
  expect(semanticallyEqual(left, right)).toBe(equal);
  expect(semanticallyEqual(right, left)).toBe(equal);
});

test("a value equals its copy, and no value with another leaf", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(semanticallyEqual(value, structuredClone(value))).toBe(true);
      expect(semanticallyEqual({ value, leaf: 1 }, { value, leaf: 2 })).toBe(false);
    }),
  );
});
