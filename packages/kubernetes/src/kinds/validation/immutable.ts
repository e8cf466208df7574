import { isDeepStrictEqual } from "node:util";

import { invalid } from "../field-error.ts";
import type { FieldError } from "../kind.ts";

/** One error when `value` differs from what is stored. */
export function immutable(value: unknown, old: unknown, path: string, shown: unknown = value): FieldError[] {
  return semanticallyEqual(value, old) ? [] : [invalid(path, shown, "field is immutable")];
}

/** Equality as the original compares objects: absent, null and empty lists or maps are the same. */
export function semanticallyEqual(left: unknown, right: unknown): boolean {
  return isDeepStrictEqual(withoutEmpty(left), withoutEmpty(right));
}

function withoutEmpty(value: unknown): unknown {
  if (value === null || value === undefined) return undefined;
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map(withoutEmpty);
  if (typeof value !== "object") return value;
  const result = new Map<string, unknown>();
  for (const [key, item] of Object.entries(value)) {
    const present = withoutEmpty(item);
    if (present !== undefined) result.set(key, present);
  }
  return result;
}
