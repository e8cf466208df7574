import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { SeededRandom } from "@ordinal/kit";
import { ClassicLevel } from "classic-level";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import type { StoreOperation } from "../store.ts";
import { openStore } from "./open-store.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ordinal-store-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const WRITE_BUFFER_BYTES = 64 * 1024;

async function contents(directory: string): Promise<Map<string, string>> {
  const store = await openStore(directory, { writeBufferBytes: WRITE_BUFFER_BYTES });
  try {
    const rows = new Map<string, string>();
    for await (const [key, value] of store.iterate()) {
      rows.set(Buffer.from(key).toString(), Buffer.from(value).toString("latin1"));
    }
    return rows;
  } finally {
    await store.close();
  }
}

/** A store whose last batches lie in LevelDB's log only, and what is in it. */
async function filled(directory: string, batches: number): Promise<Map<string, string>> {
  const random = new SeededRandom(batches);
  const model = new Map<string, string>();
  const store = await openStore(directory, { writeBufferBytes: WRITE_BUFFER_BYTES });
  for (let n = 0; n < batches; n++) {
    const operations: StoreOperation[] = [];
    for (let each = random.between(1, 3); each > 0; each--) {
      const key = `key-${random.between(0, 300)}`;
      const value = random.bytes(random.between(0, 300));
      operations.push({ kind: "put", key: bytes(key), value });
      model.set(key, Buffer.from(value).toString("latin1"));
    }
    await store.batch(operations, { sync: true });
  }
  await store.close();
  return model;
}

function logs(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith(".log"))
    .map((name) => join(directory, name));
}

/** Whatever happened to the files: the store says so, or everything is there. */
async function mustNotice(directory: string, model: ReadonlyMap<string, string>): Promise<boolean> {
  try {
    expect(await contents(directory)).toEqual(model);
    return false;
  } catch (error) {
    expect(error).toMatchObject({ code: "STORE_DAMAGED" });
    // It stays damaged: LevelDB has thrown the damaged log away by now.
    await expect(contents(directory)).rejects.toMatchObject({ code: "STORE_DAMAGED" });
    return true;
  }
}

describe("a store that was damaged", () => {
  /** Damages copies of a store, one of `files` in each, and counts how many say so. */
  async function damage(
    batches: number,
    times: number,
    act: (file: string, random: SeededRandom) => void,
    files = logs,
  ): Promise<number> {
    const original = join(folder, "original");
    const model = await filled(original, batches);
    if (files !== logs) await contents(original); // which moves the log into a table
    const random = new SeededRandom(1);
    let noticed = 0;
    for (let time = 0; time < times; time++) {
      const copy = join(folder, `copy-${time}`);
      cpSync(original, copy, { recursive: true });
      act(random.pick(files(copy)), random);
      if (await mustNotice(copy, model)) noticed++;
    }
    return noticed;
  }

  const tables = (directory: string): string[] =>
    readdirSync(directory)
      .filter((name) => name.endsWith(".ldb"))
      .map((name) => join(directory, name));

  const flip = (log: string, random: SeededRandom): void => {
    const content = readFileSync(log);
    const at = random.between(0, content.length - 1);
    content[at] = (content[at] ?? 0) ^ (1 << random.between(0, 7));
    writeFileSync(log, content);
  };

  test("notices a flipped bit anywhere in its log, in the middle as at the end", async () => {
    expect(await damage(60, 30, flip)).toBe(30);
  });

  test("notices it as well when it has written many times its memory and forgotten old markers", async () => {
    expect(await damage(2500, 12, flip)).toBeGreaterThan(10); // a spare byte at a block's end holds nothing
  });

  test("notices a log that was cut anywhere", async () => {
    const cut = (log: string, random: SeededRandom): void =>
      truncateSync(log, random.between(0, statSync(log).size - 1));
    expect(await damage(60, 20, cut)).toBe(20);
  });

  test("notices that its log is gone", async () => {
    expect(await damage(60, 1, (log) => rmSync(log))).toBe(1);
  });

  test("notices a flipped bit anywhere in a table file, in keys, indexes and filters too", async () => {
    expect(await damage(400, 40, flip, tables)).toBe(40);
  });

  test("notices a table file that was cut anywhere", async () => {
    const cut = (table: string, random: SeededRandom): void =>
      truncateSync(table, random.between(0, statSync(table).size - 1));
    expect(await damage(60, 10, cut, tables)).toBe(10);
  });

  test("tells which batches are missing, where, and what to do", async () => {
    const directory = join(folder, "store");
    await filled(directory, 3);
    truncateSync(logs(directory)[0] ?? "", 0);
    await expect(openStore(directory)).rejects.toThrow(
      `the store in ${directory} is damaged: durable batches 1 to 3 are missing; keep a copy of this folder, then restore it from a backup or move it away to begin with an empty store`,
    );
  });

  test.each(["CURRENT", "ACKNOWLEDGED"])("notices that %s is gone", async (name) => {
    const directory = join(folder, "store");
    await filled(directory, 3);
    rmSync(join(directory, name));
    await expect(openStore(directory)).rejects.toMatchObject({
      code: "STORE_DAMAGED",
      message: expect.stringContaining(name),
    });
    expect(existsSync(join(directory, name))).toBe(false);
  });

  test("notices that a table file is gone", async () => {
    const directory = join(folder, "store");
    await filled(directory, 3);
    await contents(directory); // which moves the log into a table
    const [table] = readdirSync(directory).filter((name) => name.endsWith(".ldb"));
    rmSync(join(directory, table ?? ""));
    await expect(openStore(directory)).rejects.toMatchObject({ code: "STORE_DAMAGED" });
  });

  test("half of the file ACKNOWLEDGED is enough, none of it is not", async () => {
    const directory = join(folder, "store");
    const model = await filled(directory, 3);
    const path = join(directory, "ACKNOWLEDGED");
    const content = readFileSync(path);
    writeFileSync(path, content.fill(0xff, 0, 16));
    expect(await contents(directory)).toEqual(model);
    writeFileSync(path, content.fill(0xff));
    await expect(openStore(directory)).rejects.toMatchObject({ code: "STORE_DAMAGED" });
  });

  test("an end that nobody was told of may be missing: a crash tears it", async () => {
    const directory = join(folder, "store");
    const model = await filled(directory, 20);
    const path = join(directory, "ACKNOWLEDGED");
    const before = readFileSync(path);
    const [log] = logs(directory);
    const sizeBefore = statSync(log ?? "").size;
    const store = await openStore(directory, { writeBufferBytes: WRITE_BUFFER_BYTES });
    await store.batch([{ kind: "put", key: bytes("last"), value: bytes("x") }], { sync: true });
    await store.close();
    expect(sizeBefore).toBeGreaterThan(0);
    writeFileSync(path, before); // the machine died between the sync and the acknowledgement,
    const [newLog = ""] = logs(directory);
    truncateSync(newLog, statSync(newLog).size - 1); // and the sync did not make it
    expect(await contents(directory)).toEqual(model);
  });
});

test("a value that changed, or turned up under another key, is noticed when it is read", async () => {
  const directory = join(folder, "store");
  await filled(directory, 3);
  const level = new ClassicLevel<Uint8Array, Uint8Array>(directory, { keyEncoding: "view", valueEncoding: "view" });
  const row = (key: string): Uint8Array => Uint8Array.of(1, ...bytes(key));
  const [[, moved] = []] = await level.iterator({ gt: row("") }).all();
  await level.put(row("moved"), moved ?? new Uint8Array(0));
  await level.put(row("short"), bytes("abc"));
  await level.close();
  const store = await openStore(directory);
  for (const key of ["moved", "short"]) {
    await expect(store.get(bytes(key))).rejects.toMatchObject({ code: "STORE_DAMAGED" });
    await expect(Array.fromAsync(store.iterate({ gte: bytes(key), lte: bytes(key) }))).rejects.toMatchObject({
      code: "STORE_DAMAGED",
      message: expect.stringContaining(Buffer.from(key).toString("hex")),
    });
  }
  await store.close();
});

test("a folder that holds somebody else's LevelDB is not taken over", async () => {
  const directory = join(folder, "store");
  const level = new ClassicLevel(directory);
  await level.put("a", "b");
  await level.close();
  await expect(openStore(directory)).rejects.toMatchObject({ code: "STORE_DAMAGED" });
});
