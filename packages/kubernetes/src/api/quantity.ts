// Resource quantities in canonical form, after k8s.io/apimachinery/pkg/api/resource: 0.5 → 500m, 1024Mi → 1Gi, 1000m → 1.

const FORM = /^([+-]?)([0-9]+\.?[0-9]*|\.[0-9]+)(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]|[eE][+-]?[0-9]+)?$/;
const BINARY = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"] as const;
const DECIMAL = new Map([
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
/** Exponents beyond that say nothing that a quantity can hold; they only make numbers huge. */
const EXPONENT_MAX = 40;

/** The canonical text, or undefined when `text` is no quantity. Smaller parts than 1n are rounded up, as in the original. */
export function canonicalQuantity(text: string): string | undefined {
  const match = FORM.exec(text);
  if (match === null) return undefined;
  const [, sign = "", digits = "", suffix = ""] = match;
  const negative = sign === "-";
  const binary = BINARY.indexOf(suffix as (typeof BINARY)[number]);
  if (suffix !== "" && binary > 0) return withSign(negative, binaryForm(nano(digits, 0) << BigInt(10 * binary)));
  const exponential = DECIMAL.get(suffix) === undefined;
  const exponent = exponential ? Number(suffix.slice(1)) : (DECIMAL.get(suffix) ?? 0);
  if (Math.abs(exponent) > EXPONENT_MAX) return undefined;
  return withSign(negative, decimalForm(nano(digits, exponent), exponential));
}

/** `digits` times ten to `exponent`, in units of 10^-9, rounded away from zero. */
function nano(digits: string, exponent: number): bigint {
  const [whole = "", fraction = ""] = digits.split(".");
  const shift = exponent - fraction.length + 9;
  const value = BigInt(`${whole}${fraction}` || "0");
  if (shift >= 0) return value * 10n ** BigInt(shift);
  const divisor = 10n ** BigInt(-shift);
  return (value + divisor - 1n) / divisor;
}

function withSign(negative: boolean, text: string): string {
  return negative && text !== "0" ? `-${text}` : text;
}

const UNIT = 10n ** 9n;

function binaryForm(value: bigint): string {
  // Parts of a byte, and amounts below one Ki, are written in decimal.
  if (value % UNIT !== 0n || value < 1024n * UNIT) return decimalForm(value, false);
  let amount = value / UNIT;
  let step = 0;
  while (step < BINARY.length - 1 && amount % 1024n === 0n && amount !== 0n) {
    amount /= 1024n;
    step++;
  }
  return `${amount}${BINARY[step] ?? ""}`;
}

function decimalForm(value: bigint, exponential: boolean): string {
  if (value === 0n) return "0";
  let amount = value;
  let exponent = -9;
  while (exponent < (exponential ? EXPONENT_MAX : 18) && amount % 1000n === 0n) {
    amount /= 1000n;
    exponent += 3;
  }
  if (exponential) return exponent === 0 ? String(amount) : `${amount}e${exponent}`;
  return `${amount}${DECIMAL_SUFFIX.get(exponent) ?? ""}`;
}
