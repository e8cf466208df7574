/** `testdata` is what the original 3.8.0 wrote: a snapshot with nodes of every kind, and what its formatter printed of it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { snappyBlock, snappyHeader } from "../../log/snappy-stream.ts";
import { inJavaOrder, longHash, stringHash } from "./java-order.ts";
import { main } from "./main.ts";

const read = (name: string): Buffer => readFileSync(join(import.meta.dirname, "testdata", name));
const SNAPSHOT = read("snapshot.16");
const DETAILS = read("details.txt").toString();

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ordinal-toolkit-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Dates are told in the time zone of the machine. */
const undated = (text: string): string => text.replaceAll(/time = .*/g, "time = DATE");

function run(...args: string[]): { code: number; out: string; err: string } {
  let out = "";
  let err = "";
  const output = {
    print: (line: string) => (out += `${line}\n`),
    printRaw: (text: string) => (out += text),
    printError: (line: string) => (err += `${line}\n`),
  };
  const code = main(args, output, 1_795_000_000_000);
  return { code, out: undated(out), err };
}

function write(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

describe("zkSnapShotToolkit.sh prints", () => {
  test("nodes, sessions and the last zxid as the original's does", () => {
    expect(run(write("snapshot.16", SNAPSHOT))).toEqual({ code: 0, out: undated(DETAILS), err: "" });
  });

  test("the data in Base64 with -d", () => {
    const { out } = run("-d", write("snapshot.16", SNAPSHOT));
    expect(out).toContain("/a\n");
    expect([...out.matchAll(/^ {2}data = (.*)$/gm)].map(([, data]) => data)).toEqual([
      "",
      "dGhyZWU=",
      "AP8gYgps",
      "",
      "",
      "",
      "",
      "eg==",
      "cQ==",
      "Yw==",
      "eA==",
      "dA==",
      "TA==",
    ]);
    expect(out).not.toContain("dataLength");
  });

  test("the tree with -json", () => {
    const expected = read("tree.json")
      .toString()
      .replace(/"timestamp":\d+/, '"timestamp":1795000000000');
    const { code, out } = run("-json", write("snapshot.16", SNAPSHOT));
    expect({ code, out }).toEqual({ code: 0, out: expected });
    expect(JSON.parse(out)).toHaveLength(4);
  });

  test("the higher of the zxids of the file's name and of its nodes", () => {
    expect(run(write("snapshot.5", SNAPSHOT)).out).toMatch(/\nLast zxid: 0x16\n$/);
    expect(run(write("copy", SNAPSHOT)).out).toMatch(/\nLast zxid: 0x16\n$/);
    expect(run(write("snapshot.100000000", SNAPSHOT)).out).toMatch(/\nLast zxid: 0x100000000\n$/);
  });

  test("packed snapshots", () => {
    const snappy = Buffer.concat([snappyHeader(), snappyBlock(SNAPSHOT)]);
    for (const path of [write("snapshot.16.gz", gzipSync(SNAPSHOT)), write("snapshot.16.snappy", snappy)]) {
      expect(run(path)).toEqual({ code: 0, out: undated(DETAILS), err: "" });
    }
    for (const path of [write("snapshot.16.gz", SNAPSHOT), write("snapshot.16.snappy", SNAPSHOT)]) {
      expect(run(path)).toMatchObject({ code: 1, out: "", err: expect.stringContaining("java.io.IOException: ") });
    }
  });

  test("a snapshot that is cut behind its nodes, and no other that is cut", () => {
    let whole = 0;
    for (let length = 0; length < SNAPSHOT.length; length++) {
      const { code, out, err } = run(write("snapshot.16", SNAPSHOT.subarray(0, length)));
      if (code === 0) whole++;
      expect({ out, err }).toEqual(
        code === 0
          ? { out: undated(DETAILS), err: "" }
          : { out: "", err: expect.stringContaining('Exception in thread "main" java.io.') },
      );
    }
    expect(whole).toBe(13 + 33); // seal, digest and seal
  });

  test("any bytes at all, or says what is wrong with them", () => {
    fc.assert(
      fc.property(fc.nat({ max: SNAPSHOT.length - 1 }), fc.uint8Array({ maxLength: 40 }), (at, bytes) => {
        const snapshot = Buffer.from(SNAPSHOT);
        snapshot.set(bytes.subarray(0, snapshot.length - at), at);
        const { code, err } = run("-json", write("snapshot.16", snapshot));
        expect(err === "").toBe(code === 0);
      }),
    );
  });
});

test("zkSnapShotToolkit.sh says what is wrong with its command line", () => {
  const path = write("snapshot.16", SNAPSHOT);
  for (const args of [[], ["-d"], ["-x", path], [path, "-d"]]) {
    expect(run(...args)).toMatchObject({ code: 2, out: "", err: expect.stringMatching(/^USAGE: SnapshotFormatter /) });
  }
  expect(run("-d", "-json", path).err).toBe("Cannot specify both data dump (-d) and json mode (-json) in same call\n");
  expect(run(join(folder, "none"))).toEqual({
    code: 2,
    out: "",
    err: `File '${join(folder, "none")}' does not exist.\n`,
  });
  expect(run(folder).err).toBe(`'${folder}' is a directory. it must be a file.\n`);
  expect(run(write("log.1", Buffer.alloc(40, "ZKLG"))).err).toBe(
    'Exception in thread "main" java.io.IOException: mismatching magic headers 1514884167 !=  1514885966\n',
  );
});

describe("the order of Java's hash tables", () => {
  test("has their hash codes", () => {
    expect([stringHash("zookeeper"), stringHash("\u00e9\u20acx"), stringHash("")]).toEqual([1_600_681_804, 483_317, 0]);
    expect([0x100010ffa1c0001n, -5n, -(2n ** 63n)].map(longHash)).toEqual([-82_050_802, 4, -(2 ** 31)]);
  });

  test("is that of a table that doubles as it fills", () => {
    const names = ["n0", "n1", "n4", "n9", "n16", "n25"];
    expect(inJavaOrder(names, stringHash, 8)).toEqual(["n25", "n0", "n16", "n1", "n9", "n4"]);
    expect(inJavaOrder([...names, "n7x"], stringHash, 8)).toEqual(["n25", "n0", "n16", "n1", "n4", "n9", "n7x"]);
  });
});
