import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { FileCache } from "./file-cache.ts";

let folder = "";
let path = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "file-cache-"));
  path = join(folder, "a.txt");
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Turns of the event loop until the file's times are older than the kernel's tick. */
async function grownOld(file: string): Promise<void> {
  const { ctimeMs } = statSync(file);
  while (Date.now() - ctimeMs < 30) await nextTurn();
}

function content(cache: FileCache, validMs = 0): string | undefined {
  const found = cache.find(path, validMs);
  return found.kind === "file" ? found.content?.toString() : undefined;
}

describe("answers are as old as the turn of the event loop at most", () => {
  test("within a turn the file system is asked once, in the next one again", async () => {
    const cache = new FileCache();
    writeFileSync(path, "one");
    expect(content(cache)).toBe("one");
    writeFileSync(path, "other");
    expect(content(cache)).toBe("one");
    await nextTurn();
    await nextTurn();
    expect(content(cache)).toBe("other");
  });

  test("an unchanged file is not read again", async () => {
    const cache = new FileCache();
    writeFileSync(path, "one");
    await grownOld(path);
    const first = cache.find(path, 0);
    await nextTurn();
    await nextTurn();
    expect(cache.find(path, 0)).toBe(first);
  });

  test("a file that has just changed is read again although its times are the same: they could not show another change", async () => {
    const cache = new FileCache();
    writeFileSync(path, "one");
    const first = cache.find(path, 0);
    await nextTurn();
    await nextTurn();
    expect(cache.find(path, 0)).not.toBe(first);
  });

  test("a change that keeps length and modification time shows", async () => {
    const cache = new FileCache();
    writeFileSync(path, "one");
    utimesSync(path, 1000, 1000);
    await grownOld(path);
    expect(content(cache)).toBe("one");
    writeFileSync(path, "two");
    utimesSync(path, 1000, 1000);
    await nextTurn();
    await nextTurn();
    expect(content(cache)).toBe("two");
  });

  test("a validity of its own lets an answer live longer", async () => {
    const cache = new FileCache();
    writeFileSync(path, "one");
    expect(content(cache, 60_000)).toBe("one");
    writeFileSync(path, "other");
    await nextTurn();
    await nextTurn();
    expect(content(cache, 60_000)).toBe("one");
    expect(content(cache)).toBe("other");
  });
});

describe("bounds", () => {
  test("a file over the limit is described and not kept", () => {
    writeFileSync(path, "12345");
    const found = new FileCache({ fileBytesMax: 4 }).find(path, 0);
    expect(found).toMatchObject({ kind: "file", size: 5, content: undefined });
  });

  test("the oldest go when there are too many, or too many octets", () => {
    const names = ["a", "b", "c", "d"].map((name) => join(folder, name));
    for (const name of names) writeFileSync(name, "x".repeat(100));
    for (const cache of [new FileCache({ entriesMax: 2 }), new FileCache({ totalBytesMax: 450 })]) {
      const [first, ...others] = names.map((name) => cache.find(name, 60_000));
      expect(cache.find(names[3] ?? "", 60_000)).toBe(others[2]);
      expect(cache.find(names[0] ?? "", 60_000)).not.toBe(first);
    }
  });
});

describe("what is no file", () => {
  test("says why", () => {
    const cache = new FileCache();
    writeFileSync(path, "");
    symlinkSync("loop", join(folder, "loop"));
    mkdirSync(join(folder, "sub"));
    const code = (name: string): unknown => cache.find(join(folder, name), 0);
    expect(code("missing")).toMatchObject({ kind: "error", code: "ENOENT", call: "open()" });
    expect(code("a.txt/x")).toMatchObject({ kind: "error", code: "ENOTDIR" });
    expect(code("loop")).toMatchObject({ kind: "error", code: "ELOOP" });
    expect(code("x".repeat(300))).toMatchObject({ kind: "error", code: "ENAMETOOLONG" });
    expect(code("sub")).toEqual({ kind: "folder" });
  });

  test("names are octets, whatever their encoding", () => {
    const name = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0x66, 0xff, 0xe4])]);
    writeFileSync(name, "octets");
    expect(new FileCache().find(name.toString("latin1"), 0)).toMatchObject({ kind: "file", size: 6 });
  });
});
