import { parseArgs, type ParseArgsConfig } from "node:util";

import { UsageError } from "./usage.ts";

/** Flags that every command takes. */
const COMMON = { home: { type: "string" }, help: { type: "boolean", short: "h" } } as const;

export interface Parsed {
  readonly values: Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;
  readonly positionals: readonly string[];
}

/** Parses a command's own flags beside the common ones; unknown flags and missing values are usage errors in plain words. */
export function parse(args: readonly string[], options: NonNullable<ParseArgsConfig["options"]> = {}): Parsed {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { ...COMMON, ...options },
      allowPositionals: true,
      strict: true,
    });
    return { values, positionals };
  } catch (error) {
    throw new UsageError((error as Error).message.replace(/\. To specify a positional.*$/s, "."));
  }
}

export function text(parsed: Parsed, name: string): string | undefined {
  const value = parsed.values[name];
  return typeof value === "string" ? value : undefined;
}

export function texts(parsed: Parsed, name: string): string[] {
  const value = parsed.values[name];
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

export function flag(parsed: Parsed, name: string): boolean {
  return parsed.values[name] === true;
}

/** A whole number of a flag within bounds, or a usage error that names both. */
export function number(parsed: Parsed, name: string, minimum: number, maximum: number): number | undefined {
  const value = text(parsed, name);
  if (value === undefined) return undefined;
  const result = Number(value);
  if (!/^\d+$/.test(value) || result < minimum || result > maximum)
    throw new UsageError(`--${name} takes a whole number from ${minimum} to ${maximum}, not "${value}".`);
  return result;
}
