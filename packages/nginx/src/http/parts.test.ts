import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { evaluateConditions } from "./conditional.ts";
import { formatHttpDate, parseHttpDate } from "./date.ts";
import { ChunkedSkipper, LengthSkipper } from "./framing.ts";
import { validateHost } from "./host.ts";
import { parseRanges } from "./ranges.ts";
import { escapeUri, normalizeUri } from "./uri.ts";

describe("paths", () => {
  test("a normalised path stays as it is, has no dot segments and starts with a slash", () => {
    const segment = fc.constantFrom("", "a", "..", ".", "b.c", "%2e", "%2E%2e", "%61", "a%2fb", "...");
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 8 }), (segments) => {
        const normalized = normalizeUri(`/${segments.join("/")}`, true);
        if (normalized === undefined) return;
        expect(normalized.path).toMatch(/^\//);
        expect(normalized.path.split("/")).not.toContain("..");
        expect(normalized.path.split("/")).not.toContain(".");
        expect(normalized.path).not.toContain("//");
        expect(normalizeUri(normalized.path.replaceAll("%", "%25"), true)?.path).toBe(normalized.path);
      }),
    );
  });

  test("no path leaves the root, whatever stands before", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("a", "..", "%2e%2e", "."), { maxLength: 10 }), (segments) => {
        let depth = 0;
        let above = false;
        for (const segment of segments) {
          if (segment === ".." || segment === "%2e%2e") above ||= --depth < 0;
          else if (segment !== ".") depth++;
        }
        expect(normalizeUri(`/${segments.join("/")}`, true) === undefined).toBe(above);
      }),
    );
  });

  test("escaping a path and decoding it gives the path", () => {
    const octets = fc.string({ unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)) });
    fc.assert(
      fc.property(octets, (text) => {
        const path = `/${text.replaceAll(/[/.]/g, "x")}`;
        expect(normalizeUri(escapeUri(path), true)?.path).toBe(path);
      }),
    );
  });
});

test("a date written is the date read, in all three forms", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_102_444_800 }), (seconds) => {
      expect(parseHttpDate(formatHttpDate(seconds))).toBe(seconds);
    }),
  );
  expect(parseHttpDate("Tuesday, 14-Nov-23 22:13:20 GMT")).toBe(1_700_000_000);
  expect(parseHttpDate("Tue Nov 14 22:13:20 2023")).toBe(1_700_000_000);
  expect(parseHttpDate("Tue Nov  7 22:13:20 2023")).toBe(1_700_000_000 - 7 * 86_400);
  for (const text of ["", ",", "Tue, 31 Feb 2023 00:00:00 GMT", "Tue, 14 Nov 2023 24:00:00 GMT", "x".repeat(1000)]) {
    expect(parseHttpDate(text)).toBeUndefined();
  }
});

test("ranges lie inside the body, and together are no longer than it", () => {
  const spec = fc.oneof(
    fc.tuple(fc.nat(30), fc.nat(30)).map(([a, b]) => `${a}-${b}`),
    fc.nat(30).map((a) => `${a}-`),
    fc.nat(30).map((a) => `-${a}`),
  );
  fc.assert(
    fc.property(
      fc.array(spec, { minLength: 1, maxLength: 5 }),
      fc.nat(25),
      fc.integer({ min: 1, max: 4 }),
      (specs, size, most) => {
        const result = parseRanges(`bytes=${specs.join(",")}`, size, most);
        if (result.kind !== "ranges") return;
        let total = 0;
        for (const { start, end } of result.ranges) {
          expect(start).toBeLessThan(end);
          expect(end).toBeLessThanOrEqual(size);
          total += end - start;
        }
        expect(total).toBeLessThanOrEqual(size);
        expect(result.ranges.length).toBeLessThanOrEqual(most);
      },
    ),
  );
});

test("If-Modified-Since is an exact match unless the configuration says before", () => {
  const conditions = {
    ifModifiedSince: formatHttpDate(1001),
    ifUnmodifiedSince: undefined,
    ifMatch: undefined,
    ifNoneMatch: undefined,
  };
  const validators = { etag: undefined, lastModified: 1000 };
  expect(evaluateConditions(conditions, validators, "exact")).toBe(200);
  expect(evaluateConditions(conditions, validators, "before")).toBe(304);
  expect(evaluateConditions(conditions, { ...validators, lastModified: 1001 }, "off")).toBe(200);
});

test("hosts lose port, trailing dot and capitals", () => {
  expect(validateHost("Example.ORG.:80")).toBe("example.org");
  expect(validateHost("[::1]:80")).toBe("[::1]");
  for (const host of ["", ":80", ".", "a..b", "a/b", "a b", "a\x7f", "a\0"])
    expect([host, validateHost(host)]).toEqual([host, undefined]);
});

describe("bodies that nobody reads", () => {
  const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 5 });

  test("the end of a chunked body is found however it is cut", () => {
    fc.assert(
      fc.property(chunks, fc.boolean(), fc.array(fc.nat(300), { maxLength: 6 }), (parts, extended, cuts) => {
        const pieces = parts.flatMap((part) => [
          Buffer.from(`${part.length.toString(16)}${extended ? ";a=b" : ""}\r\n`),
          Buffer.from(part),
          Buffer.from("\r\n"),
        ]);
        const body = Buffer.concat([...pieces, Buffer.from(extended ? "0;x\r\nTrailer: y\r\n\r\n" : "0\r\n\r\n")]);
        const all = Buffer.concat([body, Buffer.from("GET / HTTP/1.1\r\n")]);
        const skipper = new ChunkedSkipper();
        let at = 0;
        for (const end of [...cuts.map((cut) => cut % all.length), all.length].sort((a, b) => a - b)) {
          if (end <= at || skipper.done) continue;
          at += skipper.skip(all.subarray(at, end), 0);
        }
        expect(skipper.done).toBe(true);
        expect(at).toBe(body.length);
        expect(skipper.bytes).toBe(parts.reduce((sum, part) => sum + part.length, 0));
      }),
    );
  });

  test.for(["g\r\n", "\r\n", "-1\r\n", "3\r\nabcd", "3\rx", "fffffffffffffffff\r\n", "0\r\nA: b\rx"])(
    "%j is refused",
    (text) => {
      expect(new ChunkedSkipper().skip(Buffer.from(text), 0)).toBe(-1);
    },
  );

  test("a length takes that many octets", () => {
    const skipper = new LengthSkipper(5);
    expect(skipper.skip(Buffer.from("abc"), 0)).toBe(3);
    expect(skipper.done).toBe(false);
    expect(skipper.skip(Buffer.from("xdefg"), 1)).toBe(3);
    expect(skipper.done).toBe(true);
  });
});
