// Request bodies into objects, driven by the kind's schema: what encoding/json and the original's Go types make of them.
import { unreachable } from "@ordinal/kit";

import { goQuote } from "../kinds/field-error.ts";
import { isRecord } from "../kinds/json-record.ts";
import type { ObjectSchema, Schema } from "../kinds/kind.ts";
import { canonicalQuantity } from "../kinds/quantity.ts";

/** A value that its field cannot take; the message is Go's. */
export class DecodeError extends Error {}

export interface Decoded {
  readonly value: Record<string, unknown>;
  /** Paths of fields that the schema does not know; they are not in `value`. */
  readonly unknown: readonly string[];
}

/** Takes what fits the schema out of `source`, with canonical quantities, times and bytes. Throws `DecodeError`. */
export function decode(source: unknown, schema: ObjectSchema): Decoded {
  const context: Context = { unknown: [], struct: undefined, fields: [] };
  if (!isRecord(source)) {
    throw new DecodeError(`json: cannot unmarshal ${jsonKind(source)} into Go value of type v1.${schema.goName}`);
  }
  return { value: decodeFields(source, schema, "", context), unknown: context.unknown };
}

interface Context {
  readonly unknown: string[];
  /** Where Go's errors say that they are: the innermost struct and the field names that lead there. */
  struct: string | undefined;
  readonly fields: string[];
}

function decodeFields(
  source: Record<string, unknown>,
  schema: ObjectSchema,
  path: string,
  context: Context,
): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  const struct = context.struct;
  for (const name of Object.keys(source)) {
    const fieldPath = path === "" ? name : `${path}.${name}`;
    const field = Object.hasOwn(schema.fields, name) ? schema.fields[name] : undefined;
    if (field === undefined) {
      context.unknown.push(fieldPath);
      continue;
    }
    const value = source[name];
    if (value === null || value === undefined) continue;
    context.struct = schema.goName;
    context.fields.push(name);
    result[name] = decodeValue(value, field, fieldPath, context);
    context.fields.pop();
  }
  context.struct = struct;
  return result;
}

function decodeValue(value: unknown, schema: Schema, path: string, context: Context): unknown {
  switch (schema.type) {
    case "any":
      return value;
    case "string":
      return typeof value === "string" ? value : mismatch(value, schema, context);
    case "boolean":
      return typeof value === "boolean" ? value : mismatch(value, schema, context);
    case "int32":
      return integer(value, schema, -(2 ** 31), 2 ** 31 - 1, context);
    case "int64":
      return integer(value, schema, -(2 ** 63), 2 ** 63, context);
    case "quantity":
      return quantity(value);
    case "time":
      return time(value, false);
    case "microTime":
      return time(value, true);
    case "intOrString":
      return intOrString(value);
    case "bytes":
      return bytes(value, schema, context);
    case "array":
      if (!Array.isArray(value)) return mismatch(value, schema, context);
      return value.map((item, index) =>
        item === null ? null : decodeValue(item, schema.items, `${path}[${index}]`, context),
      );
    case "map": {
      if (!isRecord(value)) return mismatch(value, schema, context);
      const result: Record<string, unknown> = {};
      for (const key of Object.keys(value)) {
        const item = value[key];
        const decoded = item === null ? null : decodeValue(item, schema.values, `${path}.${key}`, context);
        Object.defineProperty(result, key, { value: decoded, writable: true, enumerable: true, configurable: true });
      }
      return result;
    }
    case "object":
      return isRecord(value) ? decodeFields(value, schema, path, context) : mismatch(value, schema, context);
    default:
      return unreachable(schema, "schema");
  }
}

function integer(value: unknown, schema: Schema, low: number, high: number, context: Context): number {
  if (typeof value !== "number") return mismatch(value, schema, context);
  if (!Number.isInteger(value) || value < low || value > high) return mismatch(value, schema, context, ` ${value}`);
  return value;
}

function mismatch(value: unknown, schema: Schema, context: Context, literal = ""): never {
  const where = `Go struct field ${context.struct ?? ""}.${context.fields.join(".")}`;
  throw new DecodeError(`json: cannot unmarshal ${jsonKind(value)}${literal} into ${where} of type ${goType(schema)}`);
}

function quantity(value: unknown): string {
  const text = typeof value === "number" ? String(value) : value;
  if (typeof text !== "string" || text.startsWith("null")) throw new DecodeError(QUANTITY_FORM);
  if (text === "")
    throw new DecodeError(
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    );
  const canonical = canonicalQuantity(text.trim());
  if (canonical === undefined) throw new DecodeError(QUANTITY_FORM);
  return canonical;
}

const QUANTITY_FORM = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)([.,]\d+)?(Z|[+-]\d\d:\d\d)$/;

function time(value: unknown, micro: boolean): string {
  if (typeof value !== "string") {
    throw new DecodeError(`json: cannot unmarshal ${jsonKind(value)} into Go value of type string`);
  }
  const match = RFC3339.exec(value);
  const milliseconds = match === null ? Number.NaN : Date.parse(value.replace(",", "."));
  if (match === null || Number.isNaN(milliseconds)) {
    const layout = micro ? "2006-01-02T15:04:05.000000Z07:00" : "2006-01-02T15:04:05Z07:00";
    throw new DecodeError(
      `parsing time ${goQuote(value)} as ${goQuote(layout)}: cannot parse ${goQuote(value)} as "2006"`,
    );
  }
  const seconds = new Date(Math.floor(milliseconds / 1000) * 1000).toISOString().slice(0, 19);
  if (!micro) return `${seconds}Z`;
  return `${seconds}.${(match[7] ?? ".").slice(1).padEnd(6, "0").slice(0, 6)}Z`;
}

function intOrString(value: unknown): number | string {
  if (typeof value === "string") return value;
  if (typeof value === "number" && Number.isInteger(value) && Math.abs(value) < 2 ** 31) return value;
  const literal = typeof value === "number" ? ` ${value}` : "";
  throw new DecodeError(`json: cannot unmarshal ${jsonKind(value)}${literal} into Go value of type int32`);
}

function bytes(value: unknown, schema: Schema, context: Context): string {
  if (typeof value !== "string") return mismatch(value, schema, context);
  const text = value.replace(/[\r\n]/g, "");
  const good = /^[A-Za-z0-9+/]*={0,2}/.exec(text)?.[0] ?? "";
  if (good.length !== text.length || text.length % 4 !== 0) {
    throw new DecodeError(
      `illegal base64 data at input byte ${good.length === text.length ? good.replace(/=+$/, "").length & ~3 : good.length}`,
    );
  }
  return Buffer.from(text, "base64").toString("base64");
}

function goType(schema: Schema): string {
  switch (schema.type) {
    case "boolean":
      return "bool";
    case "bytes":
      return "[]uint8";
    case "array":
      return `[]${goType(schema.items)}`;
    case "map":
      return `map[string]${goType(schema.values)}`;
    case "object":
      return `v1.${schema.goName}`;
    case "quantity":
      return "resource.Quantity";
    default:
      return schema.type;
  }
}

function jsonKind(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "boolean") return "bool";
  return typeof value;
}
