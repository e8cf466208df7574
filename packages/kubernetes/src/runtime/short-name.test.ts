import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { shortName } from "./processes-runtime.ts";

let scratch: string;
let folder: string;
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), "short-name-"));
  vi.stubEnv("TMPDIR", scratch);
  folder = join(scratch, `ordinal-${process.getuid?.() ?? 0}`);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(scratch, { recursive: true, force: true });
});

test("links lie in a folder of the user's own", () => {
  expect(dirname(shortName("/some/pod"))).toBe(folder);
  expect(existsSync(folder)).toBe(true);
  expect(shortName("/some/pod")).not.toBe(shortName("/another/pod"));
});

test("a link in its place, or a folder that others may write, is refused", () => {
  mkdirSync(join(scratch, "elsewhere"), { mode: 0o700 });
  symlinkSync("elsewhere", folder);
  expect(() => shortName("/some/pod")).toThrow(/remove it/);
  rmSync(folder);
  mkdirSync(folder);
  chmodSync(folder, 0o777);
  expect(() => shortName("/some/pod")).toThrow(/remove it/);
});
