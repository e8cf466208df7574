import { chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import { HomeError, openHome } from "./home.ts";

let scratch: string;
beforeEach(() => (scratch = mkdtempSync(join(tmpdir(), "home-"))));
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

test("a home is its owner's alone, whatever the umask", () => {
  const mask = process.umask(0);
  try {
    const home = openHome(join(scratch, "new"));
    mkdirSync(join(scratch, "wide"), { mode: 0o777 });
    const wide = openHome(join(scratch, "wide"));
    for (const { directory } of [home, wide]) expect(statSync(directory).mode & 0o777).toBe(0o700);
  } finally {
    process.umask(mask);
  }
});

test.runIf(process.getuid?.() === 0)("a folder that another user made is no home, and nothing is written there", () => {
  const directory = join(scratch, "theirs");
  mkdirSync(directory);
  chownSync(directory, 4711, 4711);
  expect(() => openHome(directory)).toThrow(HomeError);
  expect(existsSync(join(directory, "version"))).toBe(false);
  expect(statSync(directory).mode & 0o777).not.toBe(0o700);
});
