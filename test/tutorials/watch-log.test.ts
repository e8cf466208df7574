import { describe, expect, it } from "vitest";

import { judge } from "./watch-log.ts";

const rows = ["a Pending", "a Running", "b Pending", "b Running"];

describe("judging a watch", () => {
  it("finds rows in order, others between", () =>
    expect(judge({ order: ["a Pending", "b .*"] }, rows)).toBeUndefined());
  it("misses rows out of order", () => expect(judge({ order: ["b Pending", "a Running"] }, rows)).toContain("no row"));
  it("asks for two rows when one pattern stands twice", () =>
    expect(judge({ order: ["a Pending", "a Pending"] }, rows)).toContain("no row"));
  it("sees a row that came too early", () =>
    expect(judge({ after: { row: "a Running", first: "b Pending" } }, rows)).toContain("before any"));
  it("accepts a row that came after", () =>
    expect(judge({ after: { row: "b .*", first: "a Running" } }, rows)).toBeUndefined());
  it("sees a forbidden row", () => expect(judge({ never: ["b Run.*"] }, rows)).toContain("must not"));
  it("tells one after the other from together", () => {
    expect(judge({ together: { rows: ["a Pending", "b Pending"], before: ". Running" } }, rows)).toContain("no row");
    expect(
      judge({ together: { rows: ["a Pending", "b Pending"], before: ". Running" } }, [
        "a Pending",
        "b Pending",
        "a Running",
      ]),
    ).toBeUndefined();
  });
  it("wants all of a set in any order", () => {
    expect(judge({ all: ["b .*", "a .*"] }, rows)).toBeUndefined();
    expect(judge({ all: ["c .*"] }, rows)).toContain("no row");
  });
});
