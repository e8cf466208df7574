/** `testdata` is what the original 3.8.0 wrote: a log with every transaction type, and what its toolkit printed of it. */
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { ArgumentError, decodeLong, parseToolkitArguments, USAGE } from "./arguments.ts";
import { main } from "./main.ts";

const LOG = readFileSync(join(import.meta.dirname, "testdata/log.1"));
const DUMP = readFileSync(join(import.meta.dirname, "testdata/dump.txt"), "utf8");
const ENTRIES = 22;
/** Where the first entry begins, and its transaction. */
const FIRST_ENTRY = 16;
const FIRST_TXN = FIRST_ENTRY + 12;

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ordinal-toolkit-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Dates are told in the time zone of the machine. */
const undated = (text: string): string => text.replaceAll(/\d+\/\d+\/\d\d, \d+:\d\d:\d\d [AP]M \S+/g, "DATE");

function run(args: readonly string[], answers: readonly string[] = []): { code: number; out: string; err: string } {
  let out = "";
  let err = "";
  const waiting = [...answers];
  const output = {
    print: (line: string) => (out += `${line}\n`),
    printRaw: (text: string) => (out += text),
    printError: (line: string) => (err += `${line}\n`),
  };
  const code = main(args, output, () => waiting.shift());
  return { code, out: undated(out), err };
}

function write(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

/** The log with one byte other than it was. */
function changed(at: number): Uint8Array {
  const bytes = Uint8Array.from(LOG);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return bytes;
}

describe("zkTxnLogToolkit.sh prints", () => {
  test("every transaction as the original's does", () => {
    const path = write("log.1", LOG);
    for (const args of [[path], ["-d", path], [path, "--dump"], ["-v", "-y", path]]) {
      expect(run(args)).toEqual({ code: 0, out: undated(DUMP), err: "" });
    }
  });

  test("the date in short English form", () => {
    const path = write("log.1", LOG);
    let out = "";
    const output = { print: (line: string) => void (out += `${line}\n`), printRaw: () => {}, printError: () => {} };
    main([path], output, () => undefined);
    const date = new Date(Date.UTC(2026, 10, 24, 1, 50, 6));
    const hour = date.getHours() % 12 === 0 ? 12 : date.getHours() % 12;
    const start = `${date.getMonth() + 1}/${date.getDate()}/26, ${hour}:${String(date.getMinutes()).padStart(2, "0")}:06 `;
    expect(out.split("\n")[1]).toMatch(new RegExp(`^${start}[AP]M \\S+ session 0x100010ffa1c0000 cxid 0x0 zxid 0x1 `));
  });

  test("what is whole of a log that was cut, wherever that was", () => {
    let most = 0;
    for (let length = FIRST_ENTRY; length < LOG.length; length += 7) {
      const { code, out, err } = run([write("cut", LOG.subarray(0, length))]);
      if (code === 0) {
        const count = Number(/EOF reached after (\d+) txns\.\n$/.exec(out)?.[1]);
        expect(count).toBeGreaterThanOrEqual(most);
        most = count;
      } else {
        // Cut before the byte that ends an entry.
        expect(err).toBe('Exception in thread "main" java.io.EOFException\n');
      }
    }
    expect(most).toBe(ENTRIES);
  });

  test("an entry whose checksum is wrong, twice, the first time marked", () => {
    const { code, out } = run([write("bad", changed(FIRST_ENTRY + 7))]);
    const [title, first, second, ...rest] = out.split("\n");
    expect(code).toBe(0);
    expect(first).toBe(`CRC ERROR - ${second}`);
    expect([title, second, ...rest].join("\n")).toBe(undated(DUMP));
  });

  test("what is wrong with other files", () => {
    const none = join(folder, "none");
    expect(run([none])).toEqual({ code: 1, out: "", err: `File doesn't exist or not readable: ${none}\n` });
    const snapshot = write("snapshot.0", Buffer.alloc(100, "ZKSN"));
    expect(run([snapshot])).toEqual({ code: 2, out: "", err: "Invalid magic number for snapshot.0\n" });
    expect(run([write("short", LOG.subarray(0, 9))]).err).toBe('Exception in thread "main" java.io.EOFException\n');
    const huge = Buffer.from(LOG);
    huge.writeInt32BE(-5, FIRST_ENTRY + 8);
    expect(run([write("huge", huge)]).err).toBe(
      'Exception in thread "main" java.io.IOException: Unreasonable length = -5\n',
    );
    const open = Buffer.from(LOG);
    open[FIRST_TXN + open.readInt32BE(FIRST_ENTRY + 8)] = 0;
    expect(run([write("open", open)])).toMatchObject({ code: 1, err: "Last transaction was partial.\n" });
  });

  test("any bytes at all, or says what is wrong with them", () => {
    fc.assert(
      fc.property(fc.nat({ max: LOG.length - 1 }), fc.uint8Array({ maxLength: 40 }), (at, bytes) => {
        const log = Buffer.from(LOG);
        log.set(bytes.subarray(0, log.length - at), at);
        const { code, err } = run([write("any", log)]);
        expect([0, 1, 2]).toContain(code);
        expect(err === "").toBe(code === 0);
      }),
    );
  });
});

describe("zkTxnLogToolkit.sh -r", () => {
  const bad = (): string => write("log.1", changed(FIRST_ENTRY + 7));
  const fixed = (): Buffer => readFileSync(join(folder, "log.1.fixed"));
  /** Without the padding after the last entry. */
  const entries = LOG.subarray(0, LOG.findLastIndex((byte) => byte !== 0) + 1);

  test("with -y sets the checksums right and leaves the log as it is", () => {
    const path = bad();
    const { code, out } = run(["-ry", path]);
    expect(code).toBe(0);
    expect(out).toMatch(/^ZooKeeper .*\nCRC FIXED - DATE session .*\nEOF reached after 22 txns\.\nRecovery file .*\n$/);
    expect(out).toContain(`Recovery file ${path}.fixed has been written with 1 fixed CRC error(s)`);
    expect(Buffer.compare(fixed(), entries)).toBe(0);
    expect(Buffer.compare(readFileSync(path), changed(FIRST_ENTRY + 7))).toBe(0);
  });

  test("with -v prints all entries too", () => {
    const { out } = run(["-r", "-y", "-v", bad()]);
    expect(
      out
        .split("\n")
        .filter((line) => !/^(CRC FIXED|Recovery file) /.test(line))
        .join("\n"),
    ).toBe(undated(DUMP));
  });

  test("asks, again where the answer is none, and does what it is told", () => {
    const path = bad();
    const asked = "Would you like to fix it (Yes/No/Abort) ? ";
    const yes = run(["-r", path], ["what?", "yes"]);
    expect(yes.out).toContain(`${asked}${asked}EOF reached`);
    expect(yes.out).toContain("1 fixed CRC error(s)");
    expect(Buffer.compare(fixed(), entries)).toBe(0);
    rmSync(`${path}.fixed`);
    expect(run(["-r", path], ["n"]).out).toContain("0 fixed CRC error(s)");
    expect(Buffer.compare(fixed(), changed(FIRST_ENTRY + 7).subarray(0, entries.length))).toBe(0);
    rmSync(`${path}.fixed`);
    expect(run(["-r", path], ["abort"])).toMatchObject({ code: 0, err: "Recovery aborted.\n" });
    rmSync(`${path}.fixed`);
    expect(run(["-r", path])).toMatchObject({
      code: 1,
      err: 'Exception in thread "main" java.util.NoSuchElementException\n',
    });
  });

  test("never replaces a file", () => {
    const path = bad();
    writeFileSync(`${path}.fixed`, "mine");
    expect(run(["-r", "-y", path])).toEqual({
      code: 1,
      out: "",
      err: `Recovery file ${path}.fixed already exists or not writable\n`,
    });
    expect(fixed().toString()).toBe("mine");
  });
});

describe("zkTxnLogToolkit.sh -c", () => {
  test("copies the log up to a zxid and with it", () => {
    copyFileSync(join(import.meta.dirname, "testdata/log.1"), join(folder, "log.1"));
    const { code, out } = run(["-c", "-z", "5", join(folder, "log.1")]);
    expect(code).toBe(0);
    expect(out).toMatch(/\nChopping at 5 new log has 5 records\n$/);
    const chopped = readFileSync(join(folder, "log.1.chopped5"));
    expect(chopped).toHaveLength(503); // as the original's
    expect(Buffer.compare(chopped, LOG.subarray(0, chopped.length))).toBe(0);
    expect(run([join(folder, "log.1.chopped5")]).out).toContain("EOF reached after 5 txns.");
  });

  test("says what it could not", () => {
    const path = write("log.1", LOG);
    expect(run(["-c", "-z0x500", path])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/\nEOF reached after 22 txns\.\nGot exception: Failed to chop log\.1\n$/),
    });
    expect(run(["-c", "-z", "0", path]).out).toContain("This log does not contain zxid 0\nGot exception");
    expect(run(["-c", "-z", "x", path])).toMatchObject({ code: 1, err: expect.stringContaining('input string: "x"') });
    const damaged = write("bad", changed(FIRST_TXN));
    expect(run(["-c", "-z", "5", damaged]).out).toMatch(/Got exception: CRC doesn't match \d+ vs \d+\n$/);
  });

  test("tells of gaps", () => {
    // Without its second entry, of which the length is in its header.
    const second = FIRST_TXN + LOG.readInt32BE(FIRST_ENTRY + 8) + 1;
    const third = second + 12 + LOG.readInt32BE(second + 8) + 1;
    const path = write("gap", Buffer.concat([LOG.subarray(0, second), LOG.subarray(third)]));
    expect(run(["-c", "-z", "7", path]).out).toContain("There is intra-epoch gap between 1 and 3\n");
    expect(existsSync(`${path}.chopped7`)).toBe(true);
  });
});

describe("the command line", () => {
  test("is explained by the original's usage", () => {
    expect(run([])).toEqual({ code: 1, out: `${USAGE}\n`, err: "" });
    expect(run(["-h"])).toEqual({ code: 0, out: `${USAGE}\n`, err: "" });
    expect(run(["-x", "a"])).toEqual({ code: 1, out: `${USAGE}\n`, err: "Unrecognized option: -x\n\n" });
    expect(run(["a", "-z"])).toEqual({ code: 1, out: `${USAGE}\n`, err: "Missing argument for option: z\n\n" });
  });

  test("takes options anywhere, joined, in full and in part", () => {
    const ways = [
      ["-r", "-y", "f"],
      ["-ry", "f"],
      ["f", "--recover", "--yes"],
      ["--rec", "-y", "f"],
      ["-yes", "-r", "f"],
    ];
    for (const way of ways) {
      expect(parseToolkitArguments(way)).toMatchObject({ file: "f", recovers: true, saysYes: true, isVerbose: false });
    }
    for (const way of [
      ["-cz5", "f"],
      ["-c", "--zxid=5", "f"],
      ["f", "-c", "-z", "5"],
    ]) {
      expect(parseToolkitArguments(way)).toMatchObject({ file: "f", chopTo: "5" });
    }
    expect(parseToolkitArguments(["--", "-d"]).file).toBe("-d");
    for (const way of [["-dx"], ["--what"], ["--dump=1"]]) {
      expect(() => parseToolkitArguments(way)).toThrow(ArgumentError);
    }
  });

  test("reads zxids in every notation", () => {
    for (const [text, value] of [
      ["5", 5n],
      ["0x1F", 31n],
      ["#1f", 31n],
      ["017", 15n],
      ["0", 0n],
      ["-3", -3n],
    ] as const) {
      expect(decodeLong(text)).toBe(value);
    }
    for (const text of ["", "x", "0x", "1f", "08", "9223372036854775808", "1 "])
      expect(decodeLong(text)).toBeUndefined();
  });
});
