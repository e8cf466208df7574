import fc from "fast-check";
import { describe, expect, test } from "vitest";

import type { HeaderLimits } from "../config/model.ts";
import { HEADER } from "./header-names.ts";
import { RequestParser } from "./request-parser.ts";

const LIMITS: HeaderLimits = {
  headerBufferBytes: 1024,
  largeBufferCount: 4,
  largeBufferBytes: 8192,
  ignoreInvalidHeaders: true,
  underscoresInHeaders: false,
  mergeSlashes: true,
};

interface Result {
  readonly consumed: number;
  readonly done: boolean;
  readonly failure: string | undefined;
  readonly seen: unknown;
}

/** Feeds `text` in pieces that end at the cuts, each in a buffer of its own that is wiped afterwards. */
function parse(text: string, cuts: readonly number[] = [], limits = LIMITS): Result {
  const parser = new RequestParser(limits);
  const ends = [...new Set([...cuts.map((cut) => cut % (text.length + 1)), text.length])].sort((a, b) => a - b);
  let consumed = 0;
  for (const end of ends) {
    const chunk = Buffer.from(text.slice(consumed, end), "latin1");
    consumed += parser.feed(chunk, 0);
    if (parser.done || parser.failure !== undefined) return result(parser, consumed);
    chunk.fill(0x58);
  }
  return result(parser, consumed);
}

function result(parser: RequestParser, consumed: number): Result {
  const headers: string[] = [];
  for (let i = 0; i < parser.headerCount; i++) headers.push(`${parser.headerName(i)}=${parser.headerValue(i)}`);
  const seen = parser.done && {
    method: parser.method,
    path: parser.path,
    args: parser.args,
    target: parser.target,
    version: parser.version,
    protocol: parser.protocol,
    line: parser.requestLine,
    host: parser.headerHost,
    lineHost: parser.lineHost,
    connection: parser.connection,
    bytes: parser.headBytes,
    etag: parser.header(HEADER.ifNoneMatch),
    headers,
  };
  return { consumed: parser.done ? consumed : 0, done: parser.done, failure: parser.failure?.reason, seen };
}

const SAMPLES = [
  'GET /a/b.txt?x=1 HTTP/1.1\r\nHost: example.org:80\r\nIf-None-Match: "x"\r\nX-Y:   z  \r\n\r\n',
  "\r\nHEAD http://User.example:8080/a/../%62?c#d HTTP/1.0\nConnection: Keep-Alive\n\n",
  "GET / HTTP/1.1\r\nHost: a\r\nbad_name: 1\r\nnocolon\r\nempty:\r\n\r\n",
  "GET /old\r\n",
  "GET /x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
  "GET /../x HTTP/1.1\r\n",
  "GET /x HTTP/2.0\r\n",
  `GET /${"a".repeat(3000)} HTTP/1.1\r\nHost: a\r\nX: ${"b".repeat(5000)}\r\n\r\n`,
  `GET /${"a".repeat(9000)} HTTP/1.1\r\n`,
  `${"\r\n".repeat(300)}GET /${"a".repeat(1000)} HTTP/1.1\r\nHost: a\r\n\r\n`,
];

describe("however the octets are cut into pieces, the result is the same", () => {
  test.for(SAMPLES)("%s", (sample) => {
    const whole = parse(sample);
    for (let cut = 1; cut < Math.min(sample.length, 400); cut++) expect(parse(sample, [cut])).toEqual(whole);
    fc.assert(
      fc.property(fc.array(fc.nat(sample.length), { maxLength: 12 }), (cuts) => {
        expect(parse(sample, cuts)).toEqual(whole);
      }),
      { numRuns: 100 },
    );
  });

  test("mutated requests too", () => {
    const mutated = fc
      .tuple(fc.constantFrom(...SAMPLES), fc.array(fc.tuple(fc.nat(2000), fc.nat(255)), { maxLength: 4 }))
      .map(([sample, changes]) => {
        const octets = Buffer.from(sample, "latin1");
        for (const [at, octet] of changes) octets[at % octets.length] = octet;
        return octets.toString("latin1");
      });
    fc.assert(
      fc.property(mutated, fc.array(fc.nat(10_000), { maxLength: 6 }), (text, cuts) => {
        expect(parse(text, cuts)).toEqual(parse(text));
      }),
      { numRuns: 2000 },
    );
  });
});

test("no truncation of a request is taken for a whole one", () => {
  const [sample = ""] = SAMPLES;
  for (let length = 0; length < sample.length; length++) {
    const { done, failure } = parse(sample.slice(0, length));
    expect([length, done, failure]).toEqual([length, false, undefined]);
  }
});

test("octets after the head are left for the next request", () => {
  const [sample = ""] = SAMPLES;
  expect(parse(sample + sample).consumed).toBe(sample.length);
  expect(parse(sample + sample, [10, 30]).consumed).toBe(sample.length);
});

describe("limits", () => {
  const limits = { ...LIMITS, headerBufferBytes: 64, largeBufferCount: 2, largeBufferBytes: 128 };
  const status = (text: string): number | undefined => {
    const parser = new RequestParser(limits);
    parser.feed(Buffer.from(text, "latin1"), 0);
    return parser.failure?.status;
  };
  const line = (length: number): string => `GET /${"a".repeat(length - 16)} HTTP/1.1\r\n`;

  test("a request line over a large buffer is 414", () => {
    expect(status(line(127))).toBeUndefined();
    expect(status(line(129))).toBe(414);
  });

  test("a header line over a large buffer is 494", () => {
    expect(status(`GET / HTTP/1.1\r\nX: ${"a".repeat(120)}\r\n`)).toBeUndefined();
    expect(status(`GET / HTTP/1.1\r\nX: ${"a".repeat(126)}\r\n`)).toBe(494);
  });

  test("more lines than all buffers hold is 494", () => {
    const header = `X: ${"a".repeat(27)}\r\n`;
    expect(status(`GET / HTTP/1.1\r\n${header.repeat(8)}`)).toBeUndefined();
    expect(status(`GET / HTTP/1.1\r\n${header.repeat(11)}`)).toBe(494);
  });

  test("line breaks before a request fill no buffer", () => {
    expect(status(`${"\r\n".repeat(5000)}GET / HTTP/1.1\r\n`)).toBeUndefined();
  });
});

test("endless line breaks before a request hold no memory", () => {
  const parser = new RequestParser(LIMITS);
  const chunk = Buffer.from("\r\n".repeat(32 * 1024));
  const before = process.memoryUsage().arrayBuffers;
  for (let i = 0; i < 500; i++) expect(parser.feed(chunk, 0)).toBe(chunk.length);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1024 * 1024);
  expect(parser.started).toBe(false);
  parser.feed(Buffer.from("GET / HTTP/1.0\r\n\r\n"), 0);
  expect(parser.done).toBe(true);
});
