import fc from "fast-check";
import { expect, test } from "vitest";

import { nameOf, parentOf, validatePath } from "./path.ts";

test.each([
  ["", "Path length must be > 0"],
  ["a/b", "Path must start with / character"],
  ["/a/", "Path must not end with / character"],
  ["//", "Path must not end with / character"],
  ["/a\0b", 'Invalid path string "/a\0b" caused by null character not allowed @2'],
  ["/a//b", 'Invalid path string "/a//b" caused by empty node name specified @3'],
  ["//a", 'Invalid path string "//a" caused by empty node name specified @1'],
  ["/.", 'Invalid path string "/." caused by relative paths not allowed @1'],
  ["/a/./b", 'Invalid path string "/a/./b" caused by relative paths not allowed @3'],
  ["/..", 'Invalid path string "/.." caused by relative paths not allowed @2'],
  ["/a/../b", 'Invalid path string "/a/../b" caused by relative paths not allowed @4'],
  ["/a\u001fb", 'Invalid path string "/a\u001fb" caused by invalid character @2'],
  ["/\u007f", 'Invalid path string "/\u007f" caused by invalid character @1'],
  ["/\u{1f600}", 'Invalid path string "/\u{1f600}" caused by invalid character @1'],
  ["/\ufff0", 'Invalid path string "/\ufff0" caused by invalid character @1'],
])("%j is refused in the original's words", (path, problem) => {
  expect(validatePath(path)).toBe(problem);
});

test.each(["/", "/a", "/a/b.c", "/...", "/a/..b", "/a/b..", "/.a", "/a b", "/ü/€", "/\u00a0"])(
  "%j is a path",
  (path) => {
    expect(validatePath(path)).toBeUndefined();
  },
);

test("a sequential path may end with a slash or dots: digits follow", () => {
  expect(validatePath("/a/", true)).toBeUndefined();
  expect(validatePath("/a/..", true)).toBeUndefined();
  expect(validatePath("/a/../", true)).toMatch(/relative paths not allowed @4/);
});

test("a path is fine just when all its parts are", () => {
  const part = fc.string({ unit: fc.constantFrom("a", ".", "/", "\0", "\u0001", "\ud800", "é"), maxLength: 4 });
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), (parts) => {
      const path = `/${parts.join("/")}`;
      const isFine = path
        .slice(1)
        .split("/")
        .every((name) => name !== "" && name !== "." && name !== ".." && !/[\0\u0001\ud800]/.test(name));
      expect(validatePath(path) === undefined).toBe(isFine || path === "/");
    }),
    { numRuns: 500 },
  );
});

test("the parent of a child of the root is the empty path", () => {
  expect([parentOf("/a"), nameOf("/a")]).toEqual(["", "a"]);
  expect([parentOf("/a/b"), nameOf("/a/b")]).toEqual(["/a", "b"]);
  expect([parentOf("/"), parentOf("")]).toEqual(["", ""]);
});
