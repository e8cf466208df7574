import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { ClassicLevel } from "classic-level";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import type { Store } from "../store.ts";
import { AcknowledgedFile } from "./acknowledged-file.ts";
import { GroupNumbers } from "./group-numbers.ts";
import { LevelStore, type Level } from "./level-store.ts";
import { openStore } from "./open-store.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ordinal-store-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const put = (key: string) => ({ kind: "put", key: new TextEncoder().encode(key), value: new Uint8Array(3) }) as const;

/** A store on a LevelDB of which every batch passes through `before` first. */
async function watched(before: (options: { readonly sync?: boolean }) => void): Promise<Store> {
  const directory = join(folder, "watched");
  const level: Level = new ClassicLevel<Uint8Array, Uint8Array>(directory, {
    keyEncoding: "view",
    valueEncoding: "view",
  });
  await level.open();
  const batch = level.batch.bind(level) as (rows: unknown, options?: object) => Promise<void>;
  Object.assign(level, {
    batch: async (rows: unknown, options: { readonly sync?: boolean } = {}) => {
      before(options);
      await batch(rows, options);
    },
  });
  const acknowledged = AcknowledgedFile.create(join(directory, "ACKNOWLEDGED"), () => 0);
  const numbers = new GroupNumbers({ oldest: 1, last: 0 }, 4 * 1024 * 1024);
  return new LevelStore({ directory, level, acknowledged, numbers, log: undefined });
}

describe("group commit", () => {
  test("batches that wait while a sync is under way share the next one", async () => {
    const syncs: boolean[] = [];
    const store = await watched((options) => syncs.push(options.sync === true));
    const first = store.batch([put("first")], { sync: true });
    await Promise.resolve();
    await Promise.resolve(); // the first group is on its way
    const others = Array.from({ length: 100 }, (_, n) => store.batch([put(String(n))], { sync: n === 50 }));
    await Promise.all([first, ...others]);
    expect(syncs).toEqual([true, true]);
    await store.close();
  });

  test("a group without a sync is not synced", async () => {
    const syncs: boolean[] = [];
    const store = await watched((options) => syncs.push(options.sync === true));
    await Promise.all([store.batch([put("a")]), store.batch([put("b")])]);
    expect(syncs).toEqual([false]);
    await store.close();
  });
});

describe("after a failed write", () => {
  test("the whole group and every later write reject in words, and reading goes on", async () => {
    let full = false;
    const store = await watched(() => {
      if (full) throw new Error("IO error: /x/000003.log: No space left on device");
    });
    await store.batch([put("kept")], { sync: true });
    full = true;
    const results = await Promise.allSettled([store.batch([put("a")]), store.batch([put("b")], { sync: true })]);
    full = false;
    results.push(...(await Promise.allSettled([store.batch([put("c")])])));
    for (const result of results) {
      expect(result).toMatchObject({ status: "rejected", reason: { code: "STORE_FAILED" } });
      expect(String((result as PromiseRejectedResult).reason)).toMatch(/no space left on the disk.*free some space/);
    }
    const found: string[] = [];
    for await (const [key] of store.iterate()) found.push(Buffer.from(key).toString());
    expect(found).toEqual(["kept"]);
    await store.close();
    const again = await openStore(join(folder, "watched"));
    await again.batch([put("d")], { sync: true });
    await again.close();
  });
});

describe("opening", () => {
  test("a folder that cannot be is refused in words", async () => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    const error: unknown = await openStore(join(file, "store")).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: "STORE_FAILED" });
    expect(String(error)).toContain(
      `cannot open the store in ${join(file, "store")}: a part of the path is not a folder`,
    );
  });

  test.each([0, 1000, 2 ** 31])("a write buffer of %s bytes is refused", async (writeBufferBytes) => {
    await expect(openStore(join(folder, "store"), { writeBufferBytes })).rejects.toThrow(RangeError);
  });
});
