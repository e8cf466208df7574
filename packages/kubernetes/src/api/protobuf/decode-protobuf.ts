// The protobuf encoding of API objects: the envelope `runtime.Unknown` of k8s.io/apimachinery behind a magic number,
// and in it the object's message. Messages are read into what JSON would have said, so that everything behind sees one form.
import { unreachable } from "@ordinal/kit";

import type { ObjectSchema, Schema } from "../../kinds/kind.ts";
import { FIELD_NUMBERS } from "./field-numbers.ts";
import { packedVarints, ProtobufError, wireFields, type WireValue } from "./wire.ts";

/** `k8s` and a zero byte. */
const MAGIC = Buffer.from([0x6b, 0x38, 0x73, 0x00]);
/** Deeper than any type of the API; bounds the recursion over hostile bytes. */
const DEPTH_MAX = 64;

/** The object of a protobuf body, with `apiVersion` and `kind` of its envelope. Throws `ProtobufError`. */
export function decodeProtobuf(body: Buffer, schema: ObjectSchema, group: string): Record<string, unknown> {
  if (!body.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw new ProtobufError("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
  }
  let raw: Buffer = Buffer.alloc(0);
  const type: Record<string, unknown> = {};
  for (const [number, value] of wireFields(body.subarray(MAGIC.length))) {
    if (number === 1)
      for (const [field, text] of wireFields(bytesOf(value))) type[TYPE_META[field] ?? ""] = textOf(text);
    if (number === 2) raw = bytesOf(value);
    if (number === 3 && bytesOf(value).length > 0) throw new ProtobufError("encoded content is not supported");
  }
  const object = readMessage(raw, schema, group, 0);
  for (const name of Object.values(TYPE_META))
    if (typeof type[name] === "string" && type[name] !== "") object[name] = type[name];
  return object;
}

const TYPE_META: Readonly<Record<number, string>> = { 1: "apiVersion", 2: "kind" };

type NumberedField =
  | { readonly kind: "field"; readonly name: string; readonly schema: Schema }
  | { readonly kind: "inline"; readonly fields: ReadonlyMap<number, NumberedField> };

const numbered = new WeakMap<ObjectSchema, ReadonlyMap<number, NumberedField>>();

/** The fields of an object by their numbers; fields that the table does not have are missing, and so are types. */
export function numberedFields(schema: ObjectSchema, group: string): ReadonlyMap<number, NumberedField> {
  const known = numbered.get(schema);
  if (known !== undefined) return known;
  const line = FIELD_NUMBERS[`${group}/${schema.goName}`] ?? FIELD_NUMBERS[schema.goName] ?? "";
  const fields = parseLine(line, schema);
  numbered.set(schema, fields);
  return fields;
}

function parseLine(line: string, schema: ObjectSchema): ReadonlyMap<number, NumberedField> {
  const fields = new Map<number, NumberedField>();
  let number = 1;
  for (const word of line.split(" ")) {
    if (word.startsWith("=")) {
      number = Number(word.slice(1));
      continue;
    }
    if (word.startsWith("+")) {
      fields.set(number, { kind: "inline", fields: parseLine(FIELD_NUMBERS[word.slice(1)] ?? "", schema) });
    } else {
      const field = schema.fields[word];
      if (field !== undefined) fields.set(number, { kind: "field", name: word, schema: field });
    }
    number += 1;
  }
  return fields;
}

function readMessage(message: Buffer, schema: ObjectSchema, group: string, depth: number): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  fill(result, message, numberedFields(schema, group), group, depth);
  return result;
}

function fill(
  result: Record<string, unknown>,
  message: Buffer,
  fields: ReadonlyMap<number, NumberedField>,
  group: string,
  depth: number,
): void {
  if (depth > DEPTH_MAX) throw new ProtobufError("exceeded max depth");
  for (const [number, value] of wireFields(message)) {
    const field = fields.get(number);
    // A newer client's field, as in the original.
    if (field === undefined) continue;
    if (field.kind === "inline") fill(result, bytesOf(value), field.fields, group, depth + 1);
    else result[field.name] = readField(result[field.name], value, field.schema, group, depth + 1);
  }
}

/** `before` is what the field holds already: lists and maps come one item at a time. */
function readField(before: unknown, value: WireValue, schema: Schema, group: string, depth: number): unknown {
  if (schema.type === "array") {
    const items = (before ?? []) as unknown[];
    const scalar = schema.items.type === "int32" || schema.items.type === "int64" || schema.items.type === "boolean";
    if (scalar && value.kind === "bytes") {
      for (const item of packedVarints(value.value))
        items.push(readValue({ kind: "varint", value: item }, schema.items, group, depth));
    } else items.push(readValue(value, schema.items, group, depth));
    return items;
  }
  if (schema.type === "map") {
    const map = (before ?? {}) as Record<string, unknown>;
    let key = "";
    let item: unknown = readValue({ kind: "bytes", value: Buffer.alloc(0) }, schema.values, group, depth);
    for (const [number, part] of wireFields(bytesOf(value))) {
      if (number === 1) key = textOf(part);
      if (number === 2) item = readValue(part, schema.values, group, depth);
    }
    // `__proto__` is a key like any other.
    Object.defineProperty(map, key, { value: item, writable: true, enumerable: true, configurable: true });
    return map;
  }
  return readValue(value, schema, group, depth);
}

function readValue(value: WireValue, schema: Schema, group: string, depth: number): unknown {
  switch (schema.type) {
    case "string":
      return textOf(value);
    case "bytes":
      return bytesOf(value).toString("base64");
    case "boolean":
      return varintOf(value) !== 0n;
    case "int32":
      return Number(BigInt.asIntN(32, varintOf(value)));
    case "int64":
      return Number(BigInt.asIntN(64, varintOf(value)));
    case "quantity":
      return fieldsOf(value).text(1) || "0";
    case "intOrString": {
      const fields = fieldsOf(value);
      return fields.integer(1) === 0n ? Number(BigInt.asIntN(32, fields.integer(2))) : fields.text(3);
    }
    case "time":
    case "microTime":
      return timeOf(value, schema.type === "microTime");
    case "any": {
      // RawExtension and FieldsV1 hold JSON.
      const json = fieldsOf(value).text(1);
      return json === "" ? null : parseJson(json);
    }
    case "object":
      return readMessage(bytesOf(value), schema, group, depth);
    case "array":
    case "map":
      throw new ProtobufError("a list of lists cannot be encoded");
    default:
      return unreachable(schema, "schema");
  }
}

/** Null for the zero time, which is an empty message. */
function timeOf(value: WireValue, micro: boolean): string | null {
  if (bytesOf(value).length === 0) return null;
  const fields = fieldsOf(value);
  const seconds = Number(BigInt.asIntN(64, fields.integer(1)));
  const nanos = Number(BigInt.asIntN(32, fields.integer(2)));
  const time = new Date(seconds * 1000);
  if (Number.isNaN(time.getTime()) || nanos < 0 || nanos > 999_999_999) throw new ProtobufError("bad time");
  const text = time.toISOString().slice(0, 19);
  return micro ? `${text}.${String(Math.floor(nanos / 1000)).padStart(6, "0")}Z` : `${text}Z`;
}

function fieldsOf(value: WireValue): { text(number: number): string; integer(number: number): bigint } {
  const fields = new Map(wireFields(bytesOf(value)));
  return {
    text: (number) => textOf(fields.get(number) ?? { kind: "bytes", value: Buffer.alloc(0) }),
    integer: (number) => varintOf(fields.get(number) ?? { kind: "varint", value: 0n }),
  };
}

function bytesOf(value: WireValue): Buffer {
  if (value.kind !== "bytes") throw new ProtobufError("wrong wireType = 0");
  return value.value;
}

function varintOf(value: WireValue): bigint {
  if (value.kind !== "varint") throw new ProtobufError("wrong wireType = 2");
  return value.value;
}

function textOf(value: WireValue): string {
  return bytesOf(value).toString("utf8");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new ProtobufError(error instanceof Error ? error.message : String(error));
  }
}
