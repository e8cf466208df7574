import fc from "fast-check";
import { describe, expect, test } from "vitest";

import type { KubeObject } from "../api/object.ts";
import { canonicalize } from "./canonical.ts";
import type { Schema } from "./kind.ts";
import { capturedObjects, kindOf, kinds, readText } from "./testdata/read.ts";

describe("the canonical form", () => {
  test.each(capturedObjects().map((object) => [object.kind, object.metadata.name, object] as const))(
    "of %s %s, as the original gives it, is itself",
    (_kind, _name, object) => {
      const before = structuredClone(object);
      canonicalize(object, kindOf(object).schema);
      expect(object).toEqual(before);
    },
  );

  const wire = Object.values(JSON.parse(readText("captured-wire.json")) as Record<string, KubeObject>);
  test.each(wire.map((object) => [object.kind, object] as const))(
    "of a %s has the fields in the original's order",
    (_kind, object) => {
      const text = JSON.stringify(object);
      const shuffled = reversed(object) as KubeObject;
      expect(JSON.stringify(shuffled)).not.toBe(text);
      canonicalize(shuffled, kindOf(object).schema);
      expect(JSON.stringify(shuffled)).toBe(text);
    },
  );

  test("drops zero values that mean nothing and keeps those that do", () => {
    const object = pod({
      hostNetwork: false,
      nodeName: "",
      volumes: [],
      nodeSelector: {},
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
      containers: [{ name: "c", stdin: false, command: [], env: [{ name: "A", value: "" }] }],
    });
    canonicalize(object, kindOf(object).schema);
    expect(object["spec"]).toEqual({
      containers: [{ name: "c", env: [{ name: "A" }], resources: {} }],
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
    });
  });

  test("writes what is always written", () => {
    const object = { kind: "Pod", apiVersion: "v1" } as unknown as KubeObject;
    canonicalize(object, kindOf(object).schema);
    expect(object).toEqual({
      kind: "Pod",
      apiVersion: "v1",
      metadata: { creationTimestamp: null },
      spec: { containers: null },
      status: {},
    });
  });

  test("drops unknown fields and nulls, and keeps hostile keys of maps as plain keys", () => {
    const object = { ...pod({ containers: null, colour: "red" }), status: null } as unknown as KubeObject;
    object.metadata.labels = JSON.parse('{"z":"1","__proto__":"2","a":"3"}') as Record<string, string>;
    canonicalize(object, kindOf(object).schema);
    expect(object["spec"]).toEqual({ containers: null });
    expect(JSON.stringify(object.metadata.labels)).toBe('{"__proto__":"2","a":"3","z":"1"}');
    expect(Object.getPrototypeOf(object.metadata.labels)).toBe(Object.prototype);
  });
});

describe("decoding and defaults of", () => {
  // Generated objects, and what the original's codecs and defaults made of them, byte for byte.
  const pairs = JSON.parse(readText("generated-defaults.json")) as [KubeObject, KubeObject][];
  test.each(pairs.map(([object, stored], index) => [object.kind, index, object, stored] as const))(
    "a generated %s (%d) are the original's, order included",
    (_kind, _index, object, stored) => {
      kindOf(object).defaults(object);
      expect(JSON.stringify(object)).toBe(JSON.stringify(stored));
    },
  );
});

describe("for any object of any kind", () => {
  const anyObject = fc.constantFrom(...kinds).chain((kind) =>
    valueOf(kind.schema, 4).map((value) => ({
      kind,
      object: { ...(value as object), kind: kind.kind } as unknown as KubeObject,
    })),
  );

  test("the canonical form is a fixed point", () => {
    fc.assert(
      fc.property(anyObject, ({ kind, object }) => {
        canonicalize(object, kind.schema);
        const once = JSON.stringify(object);
        canonicalize(object, kind.schema);
        expect(JSON.stringify(object)).toBe(once);
      }),
      { numRuns: 200 },
    );
  });

  test("defaulting is idempotent", () => {
    fc.assert(
      fc.property(anyObject, ({ kind, object }) => {
        kind.defaults(object);
        const once = JSON.stringify(object);
        kind.defaults(object);
        expect(JSON.stringify(object)).toBe(once);
      }),
      { numRuns: 300 },
    );
  });

  test("validation and rows throw nothing", () => {
    const context = { now: 0, lookup: () => undefined, list: () => [] };
    fc.assert(
      fc.property(anyObject, anyObject, ({ kind, object }, other) => {
        kind.defaults(object);
        expect(Array.isArray(kind.strategy.validate(object, context))).toBe(true);
        expect(kind.row(object, 0)).toHaveLength(kind.columns.length);
        for (const select of Object.values(kind.selectableFields ?? {})) expect(typeof select(object)).toBe("string");
        const old = other.kind === kind ? other.object : structuredClone(object);
        kind.defaults(old);
        expect(Array.isArray(kind.strategy.validateUpdate?.(object, old, context) ?? [])).toBe(true);
        expect(Array.isArray(kind.strategy.validateStatusUpdate?.(object, old, context) ?? [])).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

/** Values of the right types, with fields left out; nested at most `depth` deep below lists and maps. */
function valueOf(schema: Schema, depth: number): fc.Arbitrary<unknown> {
  switch (schema.type) {
    case "string":
      return fc.constantFrom("", "a", "web-0", "Always", "127.0.0.1", "A B", "nginx:latest", "__proto__");
    case "bytes":
      return fc.constantFrom("", "YQ==");
    case "boolean":
      return fc.boolean();
    case "int32":
    case "int64":
      return fc.constantFrom(0, 1, -1, 80, 70_000);
    case "quantity":
      return fc.constantFrom("0", "1Gi", "500m", "-1");
    case "time":
    case "microTime":
      return fc.constantFrom(null, "2026-11-23T20:24:26Z");
    case "intOrString":
      return fc.constantFrom<string | number>(0, 80, "web", "50%", "");
    case "any":
      return fc.constantFrom(null, {}, { a: 1 });
    case "array":
      return depth <= 0 ? fc.constant([]) : fc.array(valueOf(schema.items, depth - 1), { maxLength: 2 });
    case "map":
      return depth <= 0
        ? fc.constant({})
        : fc.dictionary(fc.constantFrom("a", "b.c/d", "cpu"), valueOf(schema.values, depth - 1));
    case "object": {
      const model: Record<string, fc.Arbitrary<unknown>> = {};
      for (const [name, field] of Object.entries(schema.fields)) {
        if (field.type === "object" && depth <= 0) continue;
        model[name] = fc.option(valueOf(field, field.type === "object" ? depth - 1 : depth), {
          nil: undefined,
          freq: 2,
        });
      }
      return fc.record(model).map((value) => JSON.parse(JSON.stringify(value)) as unknown);
    }
  }
}

function pod(spec: object): KubeObject {
  return { kind: "Pod", apiVersion: "v1", metadata: { name: "p" }, spec } as unknown as KubeObject;
}

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, item]) => [key, reversed(item)]),
  );
}
