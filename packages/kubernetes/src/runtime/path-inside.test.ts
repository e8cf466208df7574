import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import { pathInside } from "./path-inside.ts";

let scratch: string;
let folder: string;
beforeEach(() => {
  scratch = realpathSync(mkdtempSync(join(tmpdir(), "path-inside-")));
  folder = join(scratch, "volume");
  mkdirSync(join(folder, "a/b"), { recursive: true });
  mkdirSync(join(scratch, "volume-of-another"));
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

test("what is there, what is missing, and links that stay inside are inside", () => {
  symlinkSync("a/b", join(folder, "link"));
  expect(pathInside(folder, folder)).toBe(folder);
  expect(pathInside(folder, join(folder, "a/new/er"))).toBe(join(folder, "a/new/er"));
  expect(pathInside(folder, join(folder, "link/new"))).toBe(join(folder, "a/b/new"));
});

test("a link that leads out is refused, whether or not there is something behind it", () => {
  symlinkSync("../volume-of-another", join(folder, "out"));
  symlinkSync("/etc", join(folder, "a/etc"));
  symlinkSync("../missing", join(folder, "nowhere"));
  symlinkSync("loop", join(folder, "loop"));
  for (const path of ["out", "out/new", "a/etc", "a/etc/new/folder", "nowhere", "nowhere/new", "loop/new"])
    expect(pathInside(folder, join(folder, path)), path).toBeUndefined();
});
