import { describe, expect, test } from "vitest";

import { humanDuration, since } from "./human-duration.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

describe("humanDuration", () => {
  // The cases of the original's own test, TestHumanDuration.
  test.each<[number, string]>([
    [SECOND, "1s"],
    [70 * SECOND, "70s"],
    [190 * SECOND, "3m10s"],
    [70 * MINUTE, "70m"],
    [47 * HOUR, "47h"],
    [49 * HOUR, "2d1h"],
    [8 * DAY + 2 * HOUR, "8d"],
    [367 * DAY, "367d"],
    [4 * YEAR - 1, "3y364d"],
    [4 * YEAR, "4y"],
    [5 * YEAR + 25 * HOUR, "5y1d"],
    [8 * YEAR + 24 * HOUR, "8y"],
    [9 * YEAR, "9y"],
  ])("%d ms is %s", (durationMs, text) => {
    expect(humanDuration(durationMs)).toBe(text);
  });

  test.each<[number, string]>([
    [0, "0s"],
    [999, "0s"],
    [2 * MINUTE - 1, "119s"],
    [2 * MINUTE, "2m"],
    [5 * MINUTE + 41 * SECOND, "5m41s"],
    [10 * MINUTE - 1, "9m59s"],
    [10 * MINUTE + 30 * SECOND, "10m"],
    [3 * HOUR - 1, "179m"],
    [3 * HOUR, "3h"],
    [3 * HOUR + 20 * MINUTE, "3h20m"],
    [8 * HOUR + 20 * MINUTE, "8h"],
    [2 * DAY + 3 * HOUR, "2d3h"],
    [2 * DAY, "2d"],
    [2 * YEAR, "2y"],
  ])("%d ms is %s at the edges", (durationMs, text) => {
    expect(humanDuration(durationMs)).toBe(text);
  });

  test("a clock that is up to two seconds ahead counts as now", () => {
    expect(humanDuration(-1999)).toBe("0s");
    expect(humanDuration(-2000)).toBe("<invalid>");
  });
});

describe("since", () => {
  test("says how long ago a time was", () => {
    expect(since("2026-11-23T20:24:26Z", Date.parse("2026-11-23T20:24:40.900Z"))).toBe("14s");
    expect(since("2026-11-23T20:12:41.845510Z", Date.parse("2026-11-23T20:24:40Z"))).toBe("11m");
  });

  test("knows nothing of a time that is not set", () => {
    expect(since(undefined, 0)).toBe("<unknown>");
    expect(since(null, 0)).toBe("<unknown>");
  });
});
