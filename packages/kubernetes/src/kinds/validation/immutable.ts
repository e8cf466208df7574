import { invalid } from "../field-error.ts";
import { isRecord } from "../json-record.ts";
import type { FieldError } from "../kind.ts";

/** One error when `value` differs from what is stored; `shown` stands for it in the message. */
export function immutable(value: unknown, old: unknown, path: string, shown: unknown = value): FieldError[] {
  return semanticallyEqual(value, old) ? [] : [invalid(path, shown, "field is immutable")];
}

/** Equality of JSON values as the original compares objects: absent, null and an empty list are the same. */
export function semanticallyEqual(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (isAbsent(left) || isAbsent(right)) return isAbsent(left) && isAbsent(right);
  if (Array.isArray(left)) {
    return (
      Array.isArray(right) &&
      left.length === right.length &&
      left.every((item, index) => semanticallyEqual(item, right[index]))
    );
  }
  if (!isRecord(left) || !isRecord(right)) return false;
  const names = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...names].every((name) => semanticallyEqual(own(left, name), own(right, name)));
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}

function own(record: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
