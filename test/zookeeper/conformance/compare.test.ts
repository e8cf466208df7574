import { expect, test } from "vitest";

import { partingOf } from "./compare.ts";

test("transcripts that are the same do not part", () => {
  expect(partingOf(["a", "b"], ["a", "b"])).toBe(undefined);
});

test("transcripts part where they first differ, or where one ends", () => {
  expect(partingOf(["a", "b", "c"], ["a", "x", "c"])).toBe(
    [
      "a",
      "original | b",
      "original | c",
      "original | (nothing)",
      "ours     | x",
      "ours     | c",
      "ours     | (nothing)",
    ].join("\n"),
  );
  expect(partingOf(["a"], ["a", "b"])).toContain("ours     | b");
  expect(partingOf(["a", "b"], ["a"])).toContain("original | b");
});
