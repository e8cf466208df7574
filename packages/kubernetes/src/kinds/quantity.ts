// Quantities as k8s.io/apimachinery/pkg/api/resource reads and compares them.
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
const BINARY: ReadonlyMap<string, number> = new Map([
  ["Ki", 10],
  ["Mi", 20],
  ["Gi", 30],
  ["Ti", 40],
  ["Pi", 50],
  ["Ei", 60],
]);
const SYNTAX = /^(?<sign>[+-]?)(?<whole>\d*)(?:\.(?<fraction>\d*))?(?<suffix>[numkMGTPE]|[KMGTPE]i|[eE][+-]?\d+)?$/;
const NANO_DIGITS = 9;
const EXPONENT_MAX = 100;

/** The value in billionths, rounded away from zero; undefined for text that is no quantity. */
export function quantityNano(text: string | number): bigint | undefined {
  const match = SYNTAX.exec(String(text));
  if (match === null) return undefined;
  const { sign = "", whole = "", fraction = "", suffix = "" } = match.groups ?? {};
  if (whole === "" && fraction === "") return undefined;
  const digits = BigInt(`${whole}${fraction}`);
  const shift = BINARY.get(suffix);
  const exponent = NANO_DIGITS - fraction.length + (shift === undefined ? decimalExponent(suffix) : 0);
  if (Math.abs(exponent) > EXPONENT_MAX) return undefined;
  let value = shift === undefined ? digits : digits << BigInt(shift);
  if (exponent >= 0) value *= 10n ** BigInt(exponent);
  else {
    const divisor = 10n ** BigInt(-exponent);
    value = (value + divisor - 1n) / divisor;
  }
  return sign === "-" ? -value : value;
}

function decimalExponent(suffix: string): number {
  return DECIMAL.get(suffix) ?? Number(suffix.slice(1));
}

/** Negative, zero or positive as `left` is less than, equal to or more than `right`; what is no quantity counts as 0. */
export function compareQuantities(left: string | number, right: string | number): number {
  const difference = (quantityNano(left) ?? 0n) - (quantityNano(right) ?? 0n);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
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
