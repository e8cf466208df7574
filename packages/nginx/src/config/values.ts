/** Argument values as nginx reads them (src/core/ngx_parse.c, ngx_conf_file.c slots); errors in its words. */
import { ConfigError } from "./config-error.ts";
import type { Directive } from "./parse.ts";

/** The directive's argument at `index`, empty when it was not given. */
export function arg(directive: Directive, index: number): string {
  return directive.args[index] ?? "";
}

export function flag(directive: Directive): boolean {
  const value = arg(directive, 0).toLowerCase();
  if (value === "on") return true;
  if (value === "off") return false;
  throw new ConfigError(
    `invalid value "${arg(directive, 0)}" in "${directive.name}" directive, it must be "on" or "off"`,
    directive,
  );
}

/** One of a closed set of words. */
export function oneOf<T extends string>(directive: Directive, words: readonly T[]): T {
  const word = words.find((candidate) => candidate === arg(directive, 0).toLowerCase());
  if (word === undefined) throw new ConfigError(`invalid value "${arg(directive, 0)}"`, directive);
  return word;
}

export function count(directive: Directive): number {
  const value = arg(directive, 0);
  if (!/^\d{1,15}$/.test(value)) throw new ConfigError(`"${directive.name}" directive invalid number`, directive);
  return Number(value);
}

/** Octets, with `k`, `m` or `g`. */
export function size(directive: Directive, index = 0): number {
  const value = parseSize(arg(directive, index));
  if (value === undefined) throw new ConfigError(`"${directive.name}" directive invalid value`, directive);
  return value;
}

/** Milliseconds. */
export function duration(directive: Directive, index = 0): number {
  const value = parseDuration(arg(directive, index));
  if (value === undefined) throw new ConfigError(`"${directive.name}" directive invalid value`, directive);
  return value;
}

function parseSize(text: string): number | undefined {
  const match = /^(\d{1,15})([kKmMgG]?)$/.exec(text);
  if (match === null) return undefined;
  const factor = { "": 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 }[(match[2] ?? "").toLowerCase()] ?? 1;
  return Number(match[1]) * factor;
}

/** Units in the order they may follow one another, each at most once. */
const UNITS: readonly (readonly [name: string, ms: number])[] = [
  ["y", 365 * 86_400_000],
  ["M", 30 * 86_400_000],
  ["w", 7 * 86_400_000],
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
];

/** `1h 30m`, `10s`, `500ms`, or a number of seconds, in milliseconds. */
export function parseDuration(text: string): number | undefined {
  let total = 0;
  let lastUnit = -1;
  let rest = text;
  if (rest === "") return undefined;
  while (rest !== "") {
    const match = /^(\d{1,15})(ms|[yMwdhms]?) *(.*)$/.exec(rest);
    if (match === null) return undefined;
    const [, digits = "", unit = "", following = ""] = match;
    const index = UNITS.findIndex(([name]) => name === (unit === "" ? "s" : unit));
    const [, ms = 0] = UNITS[index] ?? [];
    if (index <= lastUnit) return undefined;
    lastUnit = unit === "" ? UNITS.length : index;
    total += Number(digits) * ms;
    rest = following;
  }
  return total;
}
