import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { readContainerLog, type LogReadOptions } from "./container-log-reader.ts";
import { ContainerLog, formatLogTime, LOG_LINE_BYTES_MAX } from "./container-log.ts";

const ALL: LogReadOptions = { follow: false, timestamps: false };

describe("container log", () => {
  let directory: string;
  let path: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "container-log-"));
    path = join(directory, "0.log");
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const read = (options: Partial<LogReadOptions> = {}) => text(readContainerLog(path, { ...ALL, ...options }));
  const writeLines = async (log: ContainerLog, from: number, to: number) => {
    for (let n = from; n < to; n++) await log.write("stdout", Buffer.from(`line ${n}\n`));
  };

  it("writes each line with time, stream and tag", async () => {
    const log = await ContainerLog.open(path);
    await log.write("stdout", Buffer.from("one\ntwo\n"));
    await log.write("stderr", Buffer.from("oops\n"));
    await log.close();
    const lines = readFileSync(path, "utf8").split("\n");
    expect(lines[0]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z stdout F one$/);
    expect(lines[2]).toMatch(/Z stderr F oops$/);
  });

  it("joins a line that came in pieces and ends one that never ended", async () => {
    const log = await ContainerLog.open(path);
    await log.write("stdout", Buffer.from("hel"));
    await log.write("stderr", Buffer.from("between\n"));
    await log.write("stdout", Buffer.from("lo\nbye"));
    await log.close();
    expect(await read()).toBe("between\nhello\nbye\n");
  });

  it("splits a long line into parts that read as one line", async () => {
    const long = "x".repeat(LOG_LINE_BYTES_MAX * 2 + 5);
    const log = await ContainerLog.open(path);
    await log.write("stdout", Buffer.from(`${long}\nnext\n`));
    await log.close();
    const tags = readFileSync(path, "utf8")
      .split("\n")
      .map((line) => line.split(" ")[2]);
    expect(tags).toEqual(["P", "P", "F", "F", undefined]);
    expect(await read()).toBe(`${long}\nnext\n`);
    expect((await read({ timestamps: true })).match(/Z /g)).toHaveLength(2);
  });

  it("does not keep an endless line in memory", async () => {
    const log = await ContainerLog.open(path);
    for (let n = 0; n < 64; n++) await log.write("stdout", Buffer.alloc(LOG_LINE_BYTES_MAX, 0x61));
    expect(readFileSync(path, "utf8").split("\n").length).toBeGreaterThan(60);
    await log.close();
  });

  it("rotates by size, keeps the stated number of files and reads across them", async () => {
    const log = await ContainerLog.open(path, { fileBytesMax: 500, filesMax: 3 });
    await writeLines(log, 0, 100);
    await log.close();
    expect(readdirSync(directory).toSorted()).toEqual(["0.log", "0.log.1", "0.log.2"]);
    const lines = (await read()).trimEnd().split("\n");
    expect(lines.at(-1)).toBe("line 99");
    expect(lines).toEqual(Array.from({ length: lines.length }, (_, n) => `line ${100 - lines.length + n}`));
    expect(await read({ tailLines: 12 })).toBe(lines.slice(-12).join("\n").concat("\n"));
  });

  it("gives the last lines, lines since a time, and no more bytes than asked for", async () => {
    const log = await ContainerLog.open(path);
    await writeLines(log, 0, 5);
    await log.close();
    expect(await read({ tailLines: 2 })).toBe("line 3\nline 4\n");
    expect(await read({ tailLines: 0 })).toBe("");
    expect(await read({ tailLines: 99 })).toMatch(/^line 0\n/);
    expect(await read({ limitBytes: 9 })).toBe("line 0\nli");
    expect(await read({ sinceMs: Date.now() + 60_000 })).toBe("");
    expect(await read({ sinceMs: Date.now() - 60_000 })).toMatch(/^line 0\n/);
  });

  it("follows a running container across rotations until it ends", async () => {
    const log = await ContainerLog.open(path, { fileBytesMax: 300, filesMax: 4 });
    await writeLines(log, 0, 2);
    const stream = readContainerLog(path, { ...ALL, follow: true });
    const seen: string[] = [];
    let wake: () => void = () => {};
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      seen.push(chunk);
      wake();
    });
    const ended = new Promise((resolve) => stream.once("end", resolve));
    const until = async (line: string) => {
      while (!seen.join("").includes(line)) await new Promise<void>((resolve) => (wake = resolve));
    };
    await until("line 1\n");
    for (let n = 2; n < 40; n++) {
      await writeLines(log, n, n + 1);
      await until(`line ${n}\n`);
    }
    await log.close();
    await ended;
    expect(seen.join("")).toBe(Array.from({ length: 40 }, (_, n) => `line ${n}\n`).join(""));
  });

  it("stops following when the reader goes away", async () => {
    const log = await ContainerLog.open(path);
    const stream = readContainerLog(path, { ...ALL, follow: true });
    stream.resume();
    const closed = new Promise((resolve) => stream.once("close", resolve));
    stream.destroy();
    await closed;
    expect(log.closed).toBe(false);
    await log.close();
  });

  it("reads a log that is not there as an empty one", async () => {
    expect(await read()).toBe("");
    expect(await read({ follow: true })).toBe("");
  });

  it("holds back who writes more than the rate allows", async () => {
    const log = await ContainerLog.open(path, { bytesPerSecondMax: 1024 * 1024 });
    const flood = Buffer.alloc(1024 * 1024, "y\n");
    await log.write("stdout", flood);
    const before = performance.now();
    await log.write("stdout", flood.subarray(0, 200 * 1024));
    expect(performance.now() - before).toBeGreaterThan(50);
    await log.close();
  });
});

describe("log times", () => {
  it("have nine digits and sort as text", () => {
    expect(formatLogTime(Date.UTC(2026, 10, 23, 20))).toBe("2026-11-23T20:00:00.000000000Z");
    expect(formatLogTime(0.5)).toBe("1970-01-01T00:00:00.000500000Z");
    expect(formatLogTime(1) < formatLogTime(1.25)).toBe(true);
  });
});
