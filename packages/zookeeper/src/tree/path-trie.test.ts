import fc from "fast-check";
import { expect, test } from "vitest";

import { PathTrie } from "./path-trie.ts";

test("finds the longest path at or above, as looking at each does", () => {
  const path = fc
    .array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 4 })
    .map((parts) => `/${parts.join("/")}`);
  fc.assert(
    fc.property(
      fc.array(fc.record({ path, add: fc.boolean() }), { maxLength: 12 }),
      fc.array(path),
      (changes, asked) => {
        const trie = new PathTrie();
        const twin = new Set<string>();
        for (const change of changes) {
          if (change.add) trie.add(change.path);
          else trie.delete(change.path);
          if (change.add) twin.add(change.path);
          else twin.delete(change.path);
        }
        for (const one of asked) {
          const above = [...twin]
            .filter((other) => `${one}/`.startsWith(`${other}/`))
            .sort((a, b) => b.length - a.length);
          expect(trie.longestPrefix(one)).toBe(above[0]);
        }
        trie.clear();
        for (const one of asked) expect(trie.longestPrefix(one)).toBeUndefined();
      },
    ),
    { numRuns: 300 },
  );
});

test("a path without parts is not kept", () => {
  const trie = new PathTrie();
  trie.add("");
  trie.add("/");
  expect([trie.longestPrefix("/"), trie.longestPrefix("/a")]).toEqual([undefined, undefined]);
});
