import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { createKinds, NODE_PORT_RANGE } from "../../kinds/index.ts";
import type { Schema } from "../../kinds/kind.ts";
import { decodeProtobuf, numberedFields } from "./decode-protobuf.ts";
import { ProtobufError } from "./wire.ts";

interface Recorded {
  readonly command: string;
  readonly body: string;
  readonly object: { readonly kind: string } & Record<string, unknown>;
}

const kinds = createKinds({ clusterIPRange: "127.1.240.0/20", nodePortRange: NODE_PORT_RANGE });
const recorded = JSON.parse(
  readFileSync(new URL("testdata/kubectl-bodies.json", import.meta.url), "utf8"),
) as readonly Recorded[];

function decodeRecorded({ body, object }: Recorded): Record<string, unknown> {
  const kind = kinds.find((known) => known.kind === object.kind);
  if (kind === undefined) throw new Error(`no kind ${object.kind}`);
  return decodeProtobuf(Buffer.from(body, "base64"), kind.schema, kind.group);
}

test.each(recorded)("what kubectl sends for $command says what its JSON would", (row) => {
  expect(decodeRecorded(row)).toMatchObject(row.object);
});

test("every field of every kind has a number", () => {
  const missing: string[] = [];
  const seen = new Set<Schema>();
  const walk = (schema: Schema, group: string): void => {
    if (seen.has(schema)) return;
    seen.add(schema);
    if (schema.type === "array") walk(schema.items, group);
    else if (schema.type === "map") walk(schema.values, group);
    else if (schema.type === "object") {
      const names = new Set<string>();
      const collect = (fields: ReturnType<typeof numberedFields>): void => {
        for (const field of fields.values()) {
          if (field.kind === "field") names.add(field.name);
          else collect(field.fields);
        }
      };
      collect(numberedFields(schema, group));
      for (const [name, value] of Object.entries(schema.fields)) {
        if (!names.has(name) && name !== "apiVersion" && name !== "kind") missing.push(`${schema.goName}.${name}`);
        walk(value, group);
      }
    }
  };
  for (const kind of kinds) walk(kind.schema, kind.group);
  expect(missing).toEqual([]);
});

test.each(recorded)("no truncation of the body of $command is taken for a crash", (row) => {
  const bytes = Buffer.from(row.body, "base64");
  for (let length = 0; length < bytes.length; length++) {
    try {
      decodeRecorded({ ...row, body: bytes.subarray(0, length).toString("base64") });
    } catch (error) {
      expect(error).toBeInstanceOf(ProtobufError);
    }
  }
});

test("a body without the magic number is refused", () => {
  const [first] = recorded;
  if (first === undefined) throw new Error("no recordings");
  const body = Buffer.from(first.body, "base64").subarray(1).toString("base64");
  expect(() => decodeRecorded({ ...first, body })).toThrow("does not appear to be a protobuf message");
});
