import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { ClassicLevel } from "classic-level";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { crc32c } from "./crc32c.ts";
import { unsnap, varint } from "./snappy.ts";
import { findDamagedTable, isSoundTable } from "./table-file.ts";

describe("crc32c", () => {
  test.each([
    [new Uint8Array(32), 0x8a9136aa],
    [new Uint8Array(32).fill(0xff), 0x62a8ab43],
    [Uint8Array.from({ length: 32 }, (_, at) => at), 0x46dd794e],
    [Uint8Array.from({ length: 32 }, (_, at) => 31 - at), 0x113fdb5c],
    [new TextEncoder().encode("123456789"), 0xe3069283],
  ])("gives the values of RFC 3720, B.4", (bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected);
  });

  test("equals the definition, bit by bit", () => {
    const naive = (bytes: Uint8Array): number => {
      let crc = 0xffff_ffff;
      for (const byte of bytes) {
        crc ^= byte;
        for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f6_3b78 : crc >>> 1;
      }
      return ~crc >>> 0;
    };
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => {
        expect(crc32c(bytes)).toBe(naive(bytes));
      }),
    );
  });
});

describe("unsnap", () => {
  test("reads literals, short and long, and copies that overlap", () => {
    const of = (...bytes: number[]): string => Buffer.from(unsnap(Uint8Array.from(bytes)) ?? "none").toString();
    expect(of(3, 2 << 2, 97, 98, 99)).toBe("abc");
    expect(of(8, 0, 97, ((7 - 4) << 2) | 1, 1)).toBe("aaaaaaaa");
    expect(of(6, 1 << 2, 97, 98, (3 << 2) | 2, 2, 0)).toBe("ababab");
    expect(of(6, 1 << 2, 97, 98, (3 << 2) | 3, 2, 0, 0, 0)).toBe("ababab");
    expect(of(61, 60 << 2, 60, ...Buffer.alloc(61, "x"))).toBe("x".repeat(61));
  });

  test.each([
    [[]],
    [[5, 0, 97]], // shorter than it says
    [[1, 4, 97, 98]], // longer
    [[9, 40, 97]], // a literal that is not there
    [[5, 0, 97, 1, 2]], // a copy from before the beginning
    [[5, 0, 97, 1, 0]],
    [[255, 255, 255, 255, 255, 255, 255, 255, 1]],
  ])("refuses %j", (bytes) => {
    expect(unsnap(Uint8Array.from(bytes))).toBeUndefined();
  });

  test("gives what was promised or nothing, whatever it is given", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 127 }), fc.uint8Array({ maxLength: 60 }), (promised, rest) => {
        expect([undefined, promised]).toContain(unsnap(Uint8Array.from([promised, ...rest]))?.length);
      }),
    );
  });

  test("a varint ends within its bytes", () => {
    expect(varint(Uint8Array.of(0xac, 0x02), 0)).toEqual({ value: 300, next: 2 });
    expect(varint(Uint8Array.of(0x80), 0)).toBeUndefined();
  });
});

describe("isSoundTable", () => {
  test.each([
    ["compressed", true],
    ["plain", false],
  ])("takes the tables that LevelDB writes, %s, and nothing that differs in a bit", async (_what, compression) => {
    const folder = mkdtempSync(join(tmpdir(), "ordinal-table-"));
    try {
      const level = new ClassicLevel(folder, { compression });
      for (let n = 0; n < 20; n++) {
        const rows = Array.from({ length: 50 }, (_, row) => ({
          type: "put" as const,
          key: `/registry/pods/default/a-rather-long-name-${n}-${row}`,
          value: n % 2 === 0 ? randomBytes(100).toString("hex") : "again and again ".repeat(row),
        }));
        await level.batch(rows);
      }
      await level.compactRange("", "\uffff");
      await level.close();
      const tables = readdirSync(folder).filter((name) => name.endsWith(".ldb"));
      expect(tables.length).toBeGreaterThan(0);
      expect(await findDamagedTable(folder)).toBeUndefined();
      const table = readFileSync(join(folder, tables[0] ?? ""));
      // Every bit of the last 300 bytes (indexes, footer) but for the footer's unused middle, and many others.
      for (let n = 0; n < 600; n++) {
        const at = n < 300 ? table.length - 1 - n : Math.floor((n - 300) * (table.length / 300));
        const before = table[at] ?? 0;
        table[at] = before ^ (1 << (n % 7)); // the eighth lengthens a varint and may leave its value
        const unused = at >= table.length - 48 && at < table.length - 8 && before === 0;
        if (!unused) expect({ at, sound: isSoundTable(table) }).toEqual({ at, sound: false });
        table[at] = before;
      }
      expect(isSoundTable(table)).toBe(true);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("refuses what is no table", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(isSoundTable(bytes)).toBe(false);
      }),
    );
  });
});
