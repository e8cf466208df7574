// Quantities as k8s.io/apimachinery/pkg/api/resource reads, writes and compares them.
import { GoText } from "./field-error.ts";

const DECIMAL: ReadonlyMap<string, number> = new Map([
  ["n", -9],
  ["u", -6],
  ["m", -3],
  ["", 0],
  ["k", 3],
  ["M", 6],
  ["G", 9],
  ["T", 12],
  ["P", 15],
  ["E", 18],
]);
const DECIMAL_SUFFIX = new Map([...DECIMAL].map(([suffix, exponent]) => [exponent, suffix]));
const BINARY_SUFFIXES = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"] as const;
const BINARY: ReadonlyMap<string, number> = new Map(
  BINARY_SUFFIXES.slice(1).map((suffix, index) => [suffix, 10 * (index + 1)]),
);
const SYNTAX = /^(?<sign>[+-]?)(?<whole>\d*)(?:\.(?<fraction>\d*))?(?<suffix>[numkMGTPE]|[KMGTPE]i|[eE][+-]?\d+)?$/;
const NANO_DIGITS = 9;
const ONE = 10n ** BigInt(NANO_DIGITS);
/** Exponents beyond that say nothing that a quantity can hold; they only make numbers huge. */
const EXPONENT_MAX = 40;
/** Longest text of one: arithmetic on a million digits takes seconds. */
const LENGTH_MAX = 256;

interface Parsed {
  /** Billionths, rounded away from zero. */
  readonly nano: bigint;
  /** How it was written, and so how it is printed. */
  readonly format: "binary" | "decimal" | "exponent";
}

function parse(text: string): Parsed | undefined {
  const match = text.length > LENGTH_MAX ? null : SYNTAX.exec(text);
  if (match === null) return undefined;
  const { sign = "", whole = "", fraction = "", suffix = "" } = match.groups ?? {};
  if (whole === "" && fraction === "") return undefined;
  const shift = BINARY.get(suffix);
  const exponent = shift === undefined ? decimalExponent(suffix) : 0;
  if (Math.abs(exponent) > EXPONENT_MAX) return undefined;
  const amount = scaled(BigInt(`${whole}${fraction}`) << BigInt(shift ?? 0), NANO_DIGITS + exponent - fraction.length);
  const format = shift !== undefined ? "binary" : DECIMAL.has(suffix) ? "decimal" : "exponent";
  return { nano: sign === "-" ? -amount : amount, format };
}

/** `digits` times ten to `exponent`, rounded up. */
function scaled(digits: bigint, exponent: number): bigint {
  if (exponent >= 0) return digits * 10n ** BigInt(exponent);
  const divisor = 10n ** BigInt(-exponent);
  return (digits + divisor - 1n) / divisor;
}

function decimalExponent(suffix: string): number {
  return DECIMAL.get(suffix) ?? Number(suffix.slice(1));
}

/** The value in billionths, rounded away from zero; undefined for text that is no quantity. */
export function quantityNano(text: string | number): bigint | undefined {
  return parse(String(text))?.nano;
}

/** Negative, zero or positive as `left` is less than, equal to or more than `right`; what is no quantity counts as 0. */
export function compareQuantities(left: string | number, right: string | number): number {
  const difference = (quantityNano(left) ?? 0n) - (quantityNano(right) ?? 0n);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/**
 * The text in which the original stores and prints a quantity: 0.5 → 500m, 1024Mi → 1Gi, 1000m → 1. Undefined for text that
 * is no quantity. Smaller parts than 1n are rounded away from zero.
 */
export function canonicalQuantity(text: string): string | undefined {
  const parsed = parse(text);
  if (parsed === undefined) return undefined;
  const { nano, format } = parsed;
  const amount = nano < 0n ? -nano : nano;
  // Parts of a byte, and amounts below one Ki, are written in decimal.
  const binary = format === "binary" && amount % ONE === 0n && amount >= 1024n * ONE;
  const written = binary ? binaryForm(amount / ONE) : decimalForm(amount, format === "exponent");
  return nano < 0n ? `-${written}` : written;
}

function binaryForm(value: bigint): string {
  let amount = value;
  let step = 0;
  while (step < BINARY_SUFFIXES.length - 1 && amount % 1024n === 0n) {
    amount /= 1024n;
    step++;
  }
  return `${amount}${BINARY_SUFFIXES[step] ?? ""}`;
}

function decimalForm(nano: bigint, exponential: boolean): string {
  if (nano === 0n) return "0";
  let amount = nano;
  let exponent = -NANO_DIGITS;
  while (exponent < (exponential ? EXPONENT_MAX : 18) && amount % 1000n === 0n) {
    amount /= 1000n;
    exponent += 3;
  }
  if (exponential) return exponent === 0 ? String(amount) : `${amount}e${exponent}`;
  return `${amount}${DECIMAL_SUFFIX.get(exponent) ?? ""}`;
}

/** A canonical quantity in Go's `%#v`. */
export function goQuantity(quantity: string | number): GoText {
  const { sign = "", whole = "", fraction = "", suffix = "" } = SYNTAX.exec(String(quantity))?.groups ?? {};
  const shift = BINARY.get(suffix);
  const digits = BigInt(`${whole}${fraction}`) * (sign === "-" ? -1n : 1n);
  const value = shift === undefined ? digits : digits << BigInt(shift);
  const scale = shift === undefined ? decimalExponent(suffix) - fraction.length : 0;
  const format = shift === undefined ? "DecimalSI" : "BinarySI";
  const amount = `resource.int64Amount{value:${value}, scale:${scale}}`;
  return new GoText(
    `resource.Quantity{i:${amount}, d:resource.infDecAmount{Dec:(*inf.Dec)(nil)}, s:"${quantity}", Format:"${format}"}`,
  );
}
