import { StatusError } from "../api/status-error.ts";
import type { FieldError } from "./kind.ts";

// Makes and prints problems of validation as k8s.io/apimachinery/pkg/util/validation/field does.

/** A value whose text in Go's `%#v` form is known, for types that JSON does not show: `map[string]string(nil)`. */
export class GoText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export function required(path: string, detail = ""): FieldError {
  return { kind: "Required value", path, detail };
}

export function invalid(path: string, value: unknown, detail: string): FieldError {
  return { kind: "Invalid value", path, value, detail };
}

export function forbidden(path: string, detail: string): FieldError {
  return { kind: "Forbidden", path, detail };
}

export function duplicate(path: string, value: unknown): FieldError {
  return { kind: "Duplicate value", path, value };
}

export function notFound(path: string, value: unknown): FieldError {
  return { kind: "Not found", path, value };
}

export function notSupported(path: string, value: unknown, supported: readonly string[]): FieldError {
  const detail = supported.length === 0 ? "" : `supported values: ${supported.map(goQuote).join(", ")}`;
  return { kind: "Unsupported value", path, value, detail };
}

export function tooLong(path: string, bytesMax: number): FieldError {
  return { kind: "Too long", path, detail: `may not be more than ${bytesMax} bytes` };
}

export function tooMany(path: string, count: number, countMax: number): FieldError {
  return {
    kind: "Too many",
    path,
    value: count,
    detail: `must have at most ${countMax} item${countMax === 1 ? "" : "s"}`,
  };
}

/** The message of a cause, without the path: `Invalid value: -2: must be greater than or equal to 0`. */
export function fieldErrorBody(error: FieldError): string {
  const named = error.kind === "Required value" || error.kind === "Forbidden" || error.kind === "Too long";
  const head = named ? error.kind : `${error.kind}: ${goValue(error.value)}`;
  return error.detail === undefined || error.detail === "" ? head : `${head}: ${error.detail}`;
}

/** The whole message: `spec.replicas: Invalid value: -2: must be greater than or equal to 0`. */
export function fieldErrorMessage(error: FieldError): string {
  return `${error.path}: ${fieldErrorBody(error)}`;
}

const REASONS: Readonly<Record<FieldError["kind"], string>> = {
  "Required value": "FieldValueRequired",
  "Invalid value": "FieldValueInvalid",
  Forbidden: "FieldValueForbidden",
  "Duplicate value": "FieldValueDuplicate",
  "Unsupported value": "FieldValueNotSupported",
  "Not found": "FieldValueNotFound",
  "Too many": "FieldValueTooMany",
  "Too long": "FieldValueTooLong",
};

/** The reason of a cause in a Status: `FieldValueInvalid`. */
export function fieldErrorReason(error: FieldError): string {
  return REASONS[error.kind];
}

/** Go's `%#v` of what JSON can hold; objects are taken for maps of strings. */
function goValue(value: unknown): string {
  if (value instanceof GoText) return value.text;
  if (value === null || value === undefined) return '"null"';
  if (typeof value === "string") return goQuote(value);
  if (Array.isArray(value)) return `[]string{${value.map(goValue).join(", ")}}`;
  if (typeof value === "object") {
    const entries = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
    return `map[string]string{${entries.map(([key, item]) => `${goQuote(key)}:${goValue(item)}`).join(", ")}}`;
  }
  return String(value);
}

/** Go's `%q`. */
export function goQuote(text: string): string {
  let result = '"';
  for (const character of text) result += ESCAPES.get(character) ?? escapeUnprintable(character);
  return `${result}"`;
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '\\"'],
  ["\\", "\\\\"],
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
  ["\u0007", "\\a"],
  ["\b", "\\b"],
  ["\f", "\\f"],
  ["\v", "\\v"],
]);

function escapeUnprintable(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20 || code === 0x7f) return `\\x${code.toString(16).padStart(2, "0")}`;
  if (/^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(character)) return character;
  return code > 0xffff ? `\\U${code.toString(16).padStart(8, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
}

/** The refusal of an object with these problems: 422, as `StatefulSet.apps "x" is invalid: …`. */
export function invalidObject(kind: string, group: string, name: string, errors: readonly FieldError[]): StatusError {
  const messages = [...new Set(errors.map(fieldErrorMessage))];
  const qualified = group === "" ? kind : `${kind}.${group}`;
  const reasons = messages.length === 1 ? messages[0] : `[${messages.join(", ")}]`;
  const causes = errors.map((error) => ({
    reason: fieldErrorReason(error),
    message: fieldErrorBody(error),
    field: error.path,
  }));
  const details = { name, ...(group !== "" && { group }), kind, causes };
  return new StatusError(422, "Invalid", `${qualified} ${goQuote(name)} is invalid: ${reasons}`, details);
}
