// Patches within the limit of a body whose naive execution would take minutes, or all memory.
import { expect, test } from "vitest";

import type { ObjectSchema } from "../../kinds/kind.ts";
import { jsonPatch } from "./json-patch.ts";
import { strategicMergePatch } from "./strategic-merge-patch.ts";

const schema: ObjectSchema = {
  type: "object",
  goName: "T",
  fields: {
    parts: {
      type: "array",
      merge: { kind: "keys", keys: ["name"] },
      items: { type: "object", goName: "P", fields: { name: { type: "string" } } },
    },
    names: { type: "array", merge: { kind: "set" }, items: { type: "string" } },
  },
};

const COUNT = 100_000;
const named = (prefix: string) => Array.from({ length: COUNT }, (_, index) => ({ name: `${prefix}${index}` }));
const strings = (prefix: string) => named(prefix).map(({ name }) => name);

function cpuSeconds(run: () => void): number {
  const began = process.cpuUsage();
  run();
  return process.cpuUsage(began).user / 1e6;
}

test("copies that double the document are refused as the original refuses them", () => {
  const patch = Array.from({ length: 60 }, (_, index) => ({ op: "copy", from: "", path: `/x${index}` }));
  expect(() => jsonPatch({ a: "b" }, patch)).toThrow(
    /^Unable to complete the copy, the accumulated size increase of copy is \d+, exceeding the limit 3145728$/,
  );
});

test("long lists merge, go and are put in order in a time that grows with their length", () => {
  const seconds = cpuSeconds(() => {
    const target = { parts: named("a"), names: strings("a") };
    const patched = strategicMergePatch(
      target,
      {
        parts: [...named("b"), ...named("a").map((part) => ({ ...part, $patch: "delete" }))],
        "$setElementOrder/parts": named("b").toReversed(),
        names: strings("b"),
        "$setElementOrder/names": [...strings("b"), ...strings("a")],
      },
      schema,
    );
    expect(patched["parts"]).toEqual(named("b").toReversed());
    expect(patched["names"]).toEqual([...strings("b"), ...strings("a")]);
  });
  expect(seconds).toBeLessThan(10);
});

test("an order that names an item often does not multiply it", () => {
  const order = Array.from({ length: COUNT }, () => ({ name: "a0" }));
  const patched = strategicMergePatch({ parts: [{ name: "a0" }] }, { "$setElementOrder/parts": order }, schema);
  expect(patched["parts"]).toEqual([{ name: "a0" }]);
});
