import { crc32 } from "node:zlib";

import fc from "fast-check";
import { expect, test } from "vitest";

import { contentDigest, nodeDigest, statDigest, TreeDigest } from "./digest.ts";

const STAT = {
  czxid: 0x3_0000_0001,
  mzxid: 2,
  pzxid: -1,
  ctime: 1_700_000_000_000,
  mtime: 5,
  version: -1,
  cversion: 3,
  aversion: 4,
  ephemeralOwner: -(2n ** 63n),
};

test("a node's digest is the checksum of path, data and the fields of its stat in the original's order", () => {
  const stat =
    "0000000300000001" +
    "0000000000000002" +
    "ffffffffffffffff" +
    "0000018bcfe56800" +
    "0000000000000005" +
    "ffffffff" +
    "00000003" +
    "00000004" +
    "8000000000000000";
  const bytes = Buffer.concat([Buffer.from("/é"), Buffer.from([1, 2]), Buffer.from(stat, "hex")]);
  expect(nodeDigest("/é", new Uint8Array([1, 2]), STAT)).toBe(crc32(bytes));
  expect(statDigest(contentDigest("/é", new Uint8Array([1, 2])), STAT)).toBe(crc32(bytes));
});

test("the root's two names are one, and no data is empty data", () => {
  expect(nodeDigest("/", null, STAT)).toBe(nodeDigest("", new Uint8Array(0), STAT));
});

test("nodes below /zookeeper have none, /zookeeper itself has", () => {
  expect(nodeDigest("/zookeeper/config", null, STAT)).toBe(0);
  expect(nodeDigest("/zookeeper", null, STAT)).not.toBe(0);
  expect(nodeDigest("/zookeepers/x", null, STAT)).not.toBe(0);
});

test("a tree's digest is the sum modulo 2⁶⁴, in any order, with whatever was taken away again", () => {
  const digest = fc.integer({ min: 0, max: 0xffff_ffff });
  fc.assert(
    fc.property(fc.array(digest), fc.array(digest), (kept, gone) => {
      const sum = new TreeDigest();
      for (const value of [...gone, ...kept]) sum.add(value);
      for (const value of gone) sum.remove(value);
      expect(sum.value).toBe(kept.reduce((total, value) => total + BigInt(value), 0n));
      const copy = new TreeDigest();
      copy.copyFrom(sum);
      for (const value of kept) copy.remove(value);
      expect(copy.value).toBe(0n);
      copy.remove(1);
      expect(copy.value).toBe(2n ** 64n - 1n);
      copy.add(1);
      expect(copy.value).toBe(0n);
    }),
  );
});
