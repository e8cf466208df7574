import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { resolve } from "@ordinal/images";
import { afterEach, beforeEach, expect, test } from "vitest";

import { CompileCache } from "./compile-cache.ts";

const log = { debug() {}, info() {}, warn() {}, error() {} };
let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "compile-cache-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("another user of a pod finds what the agent compiled, in folders named after both", () => {
  const cache = new CompileCache(folder, log);
  const own = process.getuid?.() ?? 0;
  mkdirSync(join(folder, `v26-x64-abc-${own}`));
  mkdirSync(join(folder, "v26-x64-abc-99999"));
  cache.shareWith(4711);
  cache.shareWith(4711);
  expect(readlinkSync(join(folder, "v26-x64-abc-4711"))).toBe(`v26-x64-abc-${own}`);
  expect(readdirSync(folder)).toHaveLength(3);
});

test("only images of this project have commands that run outside of containers", () => {
  const cache = new CompileCache(folder, log);
  const image = resolve("nginx", []);
  expect(image?.warmUp?.length).toBeGreaterThan(0);
  const words = image?.warmUp?.[0] ?? [];
  expect(words.slice(0, -1)).toEqual(image?.programs["/usr/sbin/nginx"]);
  cache.close();
});
