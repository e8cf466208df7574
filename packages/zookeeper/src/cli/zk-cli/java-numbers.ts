import { UncaughtError } from "./cli-error.ts";

const INT_MIN = -(2n ** 31n);
const INT_MAX = 2n ** 31n - 1n;
const LONG_MIN = -(2n ** 63n);
const LONG_MAX = 2n ** 63n - 1n;

/** As `Integer.parseInt`; undefined for what it refuses. */
export function parseJavaInt(text: string): number | undefined {
  const value = parseWhole(text, 10);
  return value === undefined || value < INT_MIN || value > INT_MAX ? undefined : Number(value);
}

/** As `Long.parseLong`; undefined for what it refuses. */
export function parseJavaLong(text: string, radix: 10 | 16 = 10): bigint | undefined {
  const value = parseWhole(text, radix);
  return value === undefined || value < LONG_MIN || value > LONG_MAX ? undefined : value;
}

/** As `Integer.parseInt` where nobody catches what it throws. */
export function mustBeJavaInt(text: string): number {
  const value = parseJavaInt(text);
  if (value === undefined) throw new UncaughtError("java.lang.NumberFormatException", `For input string: "${text}"`);
  return value;
}

/** As `Integer.decode`: also `0x1F`, `#1F` and `017`. */
export function decodeJavaInt(text: string): number {
  const match = /^([+-]?)(?:(?:0[xX]|#)([0-9a-fA-F]{1,8})|0([0-7]{1,11})|(\d{1,10}))$/.exec(text);
  const [, sign = "", hex, octal, decimal = ""] = match ?? [];
  const value = BigInt(hex !== undefined ? `0x${hex}` : octal !== undefined ? `0o${octal}` : decimal || "0");
  const signed = sign === "-" ? -value : value;
  if (match === null || signed < INT_MIN || signed > INT_MAX) {
    throw new UncaughtError("java.lang.NumberFormatException", `For input string: "${text}"`);
  }
  return Number(signed);
}

function parseWhole(text: string, radix: 10 | 16): bigint | undefined {
  const pattern = radix === 10 ? /^[+-]?\d{1,40}$/ : /^[+-]?[0-9a-fA-F]{1,40}$/;
  if (!pattern.test(text)) return undefined;
  const digits = text.replace(/^[+-]/, "");
  const value = BigInt(radix === 16 ? `0x${digits}` : digits);
  return text.startsWith("-") ? -value : value;
}
