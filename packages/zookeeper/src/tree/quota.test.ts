import { expect, test } from "vitest";

import { limitsPath, StatsTrack, statsPath, withoutQuotaPath } from "./quota.ts";

const parse = (text: string): StatsTrack => StatsTrack.parse(Buffer.from(text));

test("limits are read and written as the original does", () => {
  const limits = parse("count=3,bytes=-1=;byteHardLimit=-1;countHardLimit=5");
  expect([limits.get("count"), limits.get("bytes"), limits.get("byteHardLimit"), limits.get("countHardLimit")]).toEqual(
    [3, -1, -1, 5],
  );
  expect(`${limits}`).toBe("count=3,bytes=-1=;byteHardLimit=-1;countHardLimit=5");
  expect(`${parse("count=3,bytes=5")}`).toBe("count=3,bytes=5");
  expect(`${new StatsTrack().set("countHardLimit", 2).set("bytes", 1)}`).toBe("count=-1,bytes=1=;countHardLimit=2");
});

test.each(["", "count", "count=x,bytes=", "=,;=", "count=1e9", `count=1,${"x".repeat(2000)}`])(
  "%j says nothing, and is no error",
  (text) => {
    expect(parse(text).get("count")).toBe(-1);
  },
);

test("paths of quotas", () => {
  expect([limitsPath("/a/b"), statsPath("/a/b")]).toEqual([
    "/zookeeper/quota/a/b/zookeeper_limits",
    "/zookeeper/quota/a/b/zookeeper_stats",
  ]);
  expect(withoutQuotaPath("/zookeeper/quota/a/b")).toBe("/a/b");
});
