import fc from "fast-check";
import fastJsonPatch from "fast-json-patch";
import { describe, expect, it } from "vitest";

import { StatusError } from "../status-error.ts";
import { widgets } from "../testing/test-kinds.ts";
import { jsonPatch } from "./json-patch.ts";
import { mergePatch } from "./merge-patch.ts";
import { strategicMergePatch } from "./strategic-merge-patch.ts";

describe("JSON merge patch", () => {
  // The examples of RFC 7386, appendix A.
  it.each([
    [{ a: "b" }, { a: "c" }, { a: "c" }],
    [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
    [{ a: "b" }, { a: null }, {}],
    [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
    [{ a: ["b"] }, { a: "c" }, { a: "c" }],
    [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
    [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
    [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
    [
      ["a", "b"],
      ["c", "d"],
      ["c", "d"],
    ],
    [{ a: "b" }, ["c"], ["c"]],
    [{ a: "foo" }, null, null],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: "b", c: null }, { a: "b" }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])("%j with %j is %j", (target, patch, result) => {
    expect(mergePatch(target, patch)).toEqual(result);
  });
});

describe("JSON patch", () => {
  it("gives the target of a generated patch", () => {
    const value = fc.dictionary(fc.constantFrom("a", "b", "c/d", "e~f"), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 4 });
    fc.assert(
      fc.property(value, value, (from, to) => {
        const left = JSON.parse(JSON.stringify(from)) as object;
        const right = JSON.parse(JSON.stringify(to)) as object;
        const before = JSON.stringify(left);
        expect(jsonPatch(left, fastJsonPatch.compare(left, right))).toEqual(right);
        expect(JSON.stringify(left)).toBe(before);
      }),
    );
  });

  it.each([
    [{ a: [1, 2, 3] }, [{ op: "remove", path: "/a/1" }], { a: [1, 3] }],
    [{ a: [1] }, [{ op: "add", path: "/a/-", value: 2 }], { a: [1, 2] }],
    [{ a: 1 }, [{ op: "replace", path: "/b", value: 2 }], { a: 1, b: 2 }],
    [{ a: [1, 2] }, [{ op: "replace", path: "/a/-1", value: 9 }], { a: [1, 9] }],
    [{ a: { b: 1 } }, [{ op: "move", from: "/a/b", path: "/c" }], { a: {}, c: 1 }],
    [{ a: 1 }, [{ op: "copy", from: "/a", path: "/b" }], { a: 1, b: 1 }],
    [{ a: 1 }, [{ op: "test", path: "/a", value: 1 }], { a: 1 }],
    [{ a: 1 }, [{ op: "test", path: "/b", value: null }], { a: 1 }],
  ])("%j with %j is %j", (document, patch, result) => {
    expect(jsonPatch(document, patch)).toEqual(result);
  });

  it.each([
    [[{ op: "remove", path: "/nope" }]],
    [[{ op: "test", path: "/a", value: 2 }]],
    [[{ op: "add", path: "/nope/x", value: 1 }]],
    [[{ op: "replace", path: "/list/5", value: 1 }]],
    [[{ op: "frobnicate", path: "/a" }]],
    [[{ op: "add", path: "a", value: 1 }]],
  ])("refuses %j as unprocessable, without details", (patch) => {
    const error = refusal(() => jsonPatch({ a: 1, list: [] }, patch));
    expect([error.code, error.reason, error.details]).toEqual([422, "Invalid", {}]);
  });
});

describe("strategic merge patch", () => {
  const schema = widgets.schema;
  const patch = (spec: object, change: object): unknown =>
    strategicMergePatch({ spec }, { spec: change }, schema)["spec"];

  it.each([
    [
      "merges items by key",
      { parts: [{ name: "a", image: "1" }, { name: "b" }] },
      { parts: [{ name: "a", image: "2" }] },
      { parts: [{ name: "a", image: "2" }, { name: "b" }] },
    ],
    [
      "appends new items",
      { parts: [{ name: "a" }] },
      { parts: [{ name: "b" }] },
      { parts: [{ name: "a" }, { name: "b" }] },
    ],
    [
      "deletes an item by directive",
      { parts: [{ name: "a" }, { name: "b" }] },
      { parts: [{ name: "a", $patch: "delete" }] },
      { parts: [{ name: "b" }] },
    ],
    [
      "replaces a list by directive",
      { parts: [{ name: "a" }, { name: "b" }] },
      { parts: [{ name: "c" }, { $patch: "replace" }] },
      { parts: [{ name: "c" }] },
    ],
    [
      "replaces a map by directive",
      { selector: { a: "1", b: "2" } },
      { selector: { c: "3", $patch: "replace" } },
      { selector: { c: "3" } },
    ],
    ["empties a map by directive", { selector: { a: "1" } }, { selector: { $patch: "delete" } }, { selector: {} }],
    ["removes what is null", { size: "1", paused: true }, { size: null }, { paused: true }],
    ["drops nulls of new parts", {}, { strategy: { type: "a", fast: null } }, { strategy: { type: "a" } }],
    ["unites sets", { tags: ["a", "b"] }, { tags: ["b", "c"] }, { tags: ["a", "b", "c"] }],
    ["deletes from sets", { tags: ["a", "b", "c"] }, { "$deleteFromPrimitiveList/tags": ["b"] }, { tags: ["a", "c"] }],
    ["replaces plain lists", { steps: ["a"] }, { steps: ["b", "c"] }, { steps: ["b", "c"] }],
    [
      "keeps the keys to retain",
      { strategy: { type: "a", fast: { step: 1 } } },
      { strategy: { $retainKeys: ["type", "slow"], type: "b", slow: { wait: 2 } } },
      { strategy: { type: "b", slow: { wait: 2 } } },
    ],
    [
      "orders items",
      { parts: [{ name: "a" }, { name: "b" }, { name: "x" }] },
      { "$setElementOrder/parts": [{ name: "b" }, { name: "a" }, { name: "c" }], parts: [{ name: "c" }] },
      { parts: [{ name: "b" }, { name: "a" }, { name: "c" }, { name: "x" }] },
    ],
    [
      "orders without other changes",
      { tags: ["a", "b"] },
      { "$setElementOrder/tags": ["b", "a"] },
      { tags: ["b", "a"] },
    ],
    [
      "merges lists in items",
      { parts: [{ name: "a", ports: [{ port: 1 }] }] },
      { parts: [{ name: "a", ports: [{ port: 2 }] }] },
      { parts: [{ name: "a", ports: [{ port: 1 }, { port: 2 }] }] },
    ],
  ])("%s", (_name, spec, change, result) => {
    const before = JSON.stringify(spec);
    expect(patch(spec, change)).toEqual(result);
    expect(JSON.stringify(spec)).toBe(before);
  });

  it("answers 500 without a reason for an item without its key", () => {
    const error = refusal(() => patch({ parts: [] }, { parts: [{ image: "x" }] }));
    expect([error.code, error.reason, error.message]).toEqual([
      500,
      undefined,
      "map: map[image:x] does not contain declared merge key: name",
    ]);
  });

  it("refuses unknown directives and keys beside those to retain", () => {
    expect(refusal(() => patch({}, { selector: { $patch: "explode" } })).code).toBe(400);
    expect(refusal(() => patch({}, { strategy: { $retainKeys: ["type"], fast: {} } })).code).toBe(400);
  });

  it("gives the target of a generated patch", () => {
    const name = fc.constantFrom("a", "b", "c", "d");
    const part = fc.record({ name, image: fc.constantFrom("1", "2", "3") });
    const spec = fc.record({
      parts: fc.uniqueArray(part, { selector: (item) => item.name, maxLength: 4 }),
      tags: fc.uniqueArray(name, { maxLength: 4 }),
      steps: fc.array(name, { maxLength: 3 }),
      selector: fc.dictionary(name, name, { maxKeys: 3 }),
    });
    fc.assert(
      fc.property(spec, spec, (from, to) => {
        expect(patch(from, difference(from, to))).toEqual({ ...to });
      }),
    );
  });
});

interface Spec {
  readonly parts: readonly { readonly name: string; readonly image: string }[];
  readonly tags: readonly string[];
  readonly steps: readonly string[];
  readonly selector: Readonly<Record<string, string>>;
}

/** The patch that kubectl would make. */
function difference(from: Spec, to: Spec): object {
  const names = to.parts.map(({ name }) => name);
  const gone = from.parts.filter(({ name }) => !names.includes(name));
  return {
    "$setElementOrder/parts": names.map((name) => ({ name })),
    parts: [...to.parts, ...gone.map(({ name }) => ({ name, $patch: "delete" }))],
    "$setElementOrder/tags": to.tags,
    "$deleteFromPrimitiveList/tags": from.tags.filter((tag) => !to.tags.includes(tag)),
    tags: to.tags.filter((tag) => !from.tags.includes(tag)),
    steps: to.steps,
    selector: {
      ...Object.fromEntries(Object.keys(from.selector).map((key) => [key, null])),
      ...to.selector,
    },
  };
}

function refusal(run: () => unknown): StatusError {
  try {
    run();
  } catch (error) {
    if (error instanceof StatusError) return error;
    throw error;
  }
  throw new Error("it was not refused");
}
