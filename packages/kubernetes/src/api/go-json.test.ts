import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { JsonError, parseJson } from "./go-json.ts";

describe("JSON as Go reads it", () => {
  it("gives what JSON.parse gives", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(JSON.stringify(parseJson(text).value)).toBe(JSON.stringify(JSON.parse(text)));
      }),
    );
  });

  it("refuses whatever JSON.parse refuses", () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(), fc.constantFrom("", "x", "}", '"', ",", "\u0001"), (text, at, insert) => {
        const cut = at % (text.length + 1);
        const broken = text.slice(0, cut) + insert;
        let good = true;
        try {
          JSON.parse(broken);
        } catch {
          good = false;
        }
        if (good) expect(() => parseJson(broken)).not.toThrow();
        else expect(() => parseJson(broken)).toThrow(JsonError);
      }),
    );
  });

  it.each([
    ["{", "unexpected end of JSON input"],
    ["", "unexpected end of JSON input"],
    ["{a", "invalid character 'a' looking for beginning of object key string"],
    ['{"a" 1}', "invalid character '1' after object key"],
    ["[1 2]", "invalid character '2' after array element"],
    ["{} x", "invalid character 'x' after top-level value"],
    ["nul", "unexpected end of JSON input"],
    ["<a>", "invalid character '<' looking for beginning of value"],
  ])("says about %j: %s", (text, message) => {
    expect(() => parseJson(text)).toThrow(message);
  });

  it("names keys that come twice by their path, once each", () => {
    const text = '{"spec":{"a":1,"a":2,"list":[{"b":1},{"b":1,"b":2,"b":3}]}}';
    expect(parseJson(text)).toEqual({
      value: { spec: { a: 2, list: [{ b: 1 }, { b: 3 }] } },
      duplicates: ["spec.a", "spec.list.[1].b"].map((path) => path.replace(".[", "[")),
    });
  });

  it("takes __proto__ for a key like any other", () => {
    const { value } = parseJson('{"__proto__":{"polluted":true}}');
    expect(Object.keys(value as object)).toEqual(["__proto__"]);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  it("refuses documents that are nested too deeply", () => {
    expect(() => parseJson("[".repeat(200_000))).toThrow(JsonError);
  });
});
