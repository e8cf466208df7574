import { isRecord, setOwn } from "./json-record.ts";
import type { ObjectSchema, Schema } from "./kind.ts";

/**
 * Brings an object into the form in which the original stores and prints it, which is what its Go types make of it:
 * fields in the order of the schema, map keys sorted, zero values dropped unless they mean something (`kept`), fields
 * that are always written filled in (`always`), nulls and unknown fields gone. Changes `object` in place. Done twice it
 * changes nothing more.
 */
export function canonicalize(object: Record<string, unknown>, schema: ObjectSchema): void {
  const ordered = canonicalObject(object, schema);
  for (const name of Object.keys(object)) delete object[name];
  Object.assign(object, ordered);
}

function canonicalObject(source: Readonly<Record<string, unknown>>, schema: ObjectSchema): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const name of Object.keys(schema.fields)) {
    const field = schema.fields[name];
    if (field === undefined) continue;
    const always = schema.always?.includes(name) ?? false;
    const kept = schema.kept?.includes(name) ?? false;
    const value = Object.hasOwn(source, name) ? source[name] : undefined;
    if (value === undefined || value === null) {
      if (always) result[name] = zeroOf(field, kept);
    } else if (always || kept || !isZero(value, field)) {
      result[name] = canonicalValue(value, field);
    }
  }
  return result;
}

function canonicalValue(value: unknown, schema: Schema): unknown {
  switch (schema.type) {
    case "object":
      return isRecord(value) ? canonicalObject(value, schema) : value;
    case "array":
      return Array.isArray(value)
        ? value.map((item) => canonicalValue(item ?? zeroOf(schema.items, false), schema.items))
        : value;
    case "map": {
      if (!isRecord(value)) return value;
      const result: Record<string, unknown> = {};
      for (const key of Object.keys(value).sort(compareBytes)) {
        setOwn(result, key, canonicalValue(value[key] ?? zeroOf(schema.values, false), schema.values));
      }
      return result;
    }
    default:
      return value;
  }
}

/** What Go drops with `omitempty`. An object is a pointer or always written, so an empty one stays. */
function isZero(value: unknown, schema: Schema): boolean {
  switch (schema.type) {
    case "string":
    case "bytes":
      return value === "";
    case "boolean":
      return value === false;
    case "int32":
    case "int64":
      return value === 0;
    case "array":
      return Array.isArray(value) && value.length === 0;
    case "map":
      return isRecord(value) && Object.keys(value).length === 0;
    default:
      return false;
  }
}

function zeroOf(schema: Schema, pointer: boolean): unknown {
  if (pointer) return null;
  switch (schema.type) {
    case "string":
      return "";
    case "boolean":
      return false;
    case "int32":
    case "int64":
    case "intOrString":
      return 0;
    case "quantity":
      return "0";
    case "object":
      return canonicalObject({}, schema);
    default:
      return null;
  }
}

/** Go sorts map keys by their bytes; code units differ from that only beyond the basic plane. */
function compareBytes(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
