import fc from "fast-check";
import { expect, test } from "vitest";

import { Znode } from "./znode.ts";

const LONG = fc.oneof(fc.maxSafeInteger(), fc.constantFrom(-1, 0, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1));

test("zxids and times come back as they went in, to the ends of their ranges", () => {
  fc.assert(
    fc.property(LONG, LONG, LONG, LONG, LONG, (czxid, mzxid, pzxid, ctime, mtime) => {
      const node = new Znode(null, 1);
      Object.assign(node, { czxid, mzxid, pzxid, ctime, mtime });
      const { czxid: c, mzxid: m, pzxid: p, ctime: ct, mtime: mt } = node;
      expect([c, m, p, ct, mt]).toEqual([czxid, mzxid, pzxid, ctime, mtime]);
    }),
  );
});

test("data comes back byte for byte, long or short, and is a copy", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ minLength: 2040, maxLength: 2060 })),
      (data) => {
        const given = Uint8Array.from([9, ...data, 9]).subarray(1, data.length + 1);
        const node = new Znode(given, 1);
        given.fill(0);
        expect(node.data && Uint8Array.from(node.data)).toEqual(data);
        expect(node.dataLength).toBe(data.length);
      },
    ),
    { numRuns: 50 },
  );
});

test("no data is not empty data", () => {
  const node = new Znode(null, 1);
  expect([node.data, node.dataLength]).toEqual([null, 0]);
  node.data = new Uint8Array(0);
  expect(node.data).toEqual(new Uint8Array(0));
});

test("children come once and go", () => {
  const node = new Znode(null, 1);
  node.removeChild("a");
  node.addChild("a");
  node.addChild("b");
  node.addChild("a");
  expect([...node.children, node.numChildren]).toEqual(["a", "b", 2]);
  node.removeChild("a");
  node.removeChild("b");
  expect([...node.children, node.numChildren]).toEqual([0]);
});
