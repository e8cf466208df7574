import { describe, expect, test } from "vitest";

import { parseYamlBody } from "./yaml-body.ts";

const parse = (text: string) => parseYamlBody(Buffer.from(text)).value;

test("YAML and JSON give the same", () => {
  expect(parse("a: [1, {b: c}]\nd: |\n  x\n")).toEqual({ a: [1, { b: "c" }], d: "x\n" });
  expect(parse('{"a": [1, {"b": "c"}], "d": "x\\n"}')).toEqual({ a: [1, { b: "c" }], d: "x\n" });
  expect(parse("{a: 1}")).toEqual({ a: 1 });
  expect(parse("a: &x {b: 1}\nc: *x\n")).toEqual({ a: { b: 1 }, c: { b: 1 } });
});

test("a key that comes twice is refused in both", () => {
  for (const text of ["a: 1\nb: 2\na: 3\n", '{"a": 1, "a": 2}', "x: {a: 1, a: 2}\n"])
    expect(() => parse(text)).toThrow(/key "a" already set in map/);
});

test("a name that objects have by themselves is a key like others", () => {
  for (const text of ["__proto__: {a: 1}\nconstructor: 2\n", '{"__proto__": {"a": 1}, "constructor": 2}']) {
    const value = parse(text) as object;
    expect(Object.keys(value)).toEqual(["__proto__", "constructor"]);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  }
});

describe("a small body cannot cost much", () => {
  const LIMIT = 250_000;
  const filled = (line: (index: number) => string) => {
    const lines: string[] = [];
    for (let length = 0; length < LIMIT; length += lines.at(-1)?.length ?? 1) lines.push(line(lines.length));
    return lines.join("");
  };
  test.each([
    ["many keys", filled((index) => `k${index}: 1\n`), undefined],
    ["many aliases", filled((index) => `- &a${index} x\n- *a${index}\n`), /aliases/],
    [
      "aliases of aliases",
      "a: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c]\n",
      /alias/,
    ],
    ["deep nesting", "[".repeat(LIMIT), /./],
    ["more bytes than the limit", `a: ${"x".repeat(300_000)}`, /limit is 262144 for YAML/],
  ])("%s", (_name, text, problem) => {
    const began = process.cpuUsage();
    if (problem === undefined) expect(() => parse(text)).not.toThrow();
    else expect(() => parse(text)).toThrow(problem);
    // The quadratic ways took minutes.
    expect(process.cpuUsage(began).user / 1e6).toBeLessThan(15);
  });

  test("JSON may be as large as a body may", () => {
    const value = Object.fromEntries(Array.from({ length: 150_000 }, (_, index) => [`k${index}`, "x"]));
    expect(parse(JSON.stringify(value))).toEqual(value);
  });
});
