import { forbidden, tooLong } from "../field-error.ts";
import type { FieldError } from "../kind.ts";
import { semanticallyEqual } from "./immutable.ts";

const DATA_BYTES_MAX = 1024 * 1024;

/** The limit of a ConfigMap or Secret: 1 MiB of values, `bytes` being base64. */
export function validateDataSize(
  text: Readonly<Record<string, string>>,
  bytes: Readonly<Record<string, string>>,
  path: string,
): FieldError[] {
  let size = 0;
  for (const value of Object.values(text)) size += Buffer.byteLength(value);
  for (const value of Object.values(bytes)) size += decodedLength(value);
  return size > DATA_BYTES_MAX ? [tooLong(path, DATA_BYTES_MAX)] : [];
}

function decodedLength(base64: string): number {
  const padding = base64.endsWith("==") ? 2 : base64.endsWith("=") ? 1 : 0;
  return (base64.length / 4) * 3 - padding;
}

interface WithImmutable {
  readonly immutable?: boolean;
}

/** An object marked immutable keeps its mark and the named fields. */
export function validateImmutableData<T extends WithImmutable>(
  object: T,
  old: T,
  fields: readonly (keyof T & string)[],
): FieldError[] {
  if (old.immutable !== true) return [];
  const words = "field is immutable when `immutable` is set";
  const errors: FieldError[] = [];
  if (object.immutable !== true) errors.push(forbidden("immutable", words));
  for (const field of fields) {
    if (!semanticallyEqual(object[field], old[field])) errors.push(forbidden(field, words));
  }
  return errors;
}
