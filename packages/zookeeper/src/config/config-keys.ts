/** The keys of a zoo.cfg as they are asked for, with what is wrong with their values. */
import { parseProperties, type Property } from "./java-properties.ts";

export interface ConfigProblem {
  readonly file: string;
  /** From 1; undefined where a line is missing rather than wrong. */
  readonly line: number | undefined;
  readonly message: string;
}

export class ConfigKeys {
  readonly problems: ConfigProblem[] = [];
  readonly warnings: ConfigProblem[] = [];
  /** The last line of each key. */
  readonly values = new Map<string, Property>();
  readonly #taken = new Set<string>();
  readonly #file: string;

  constructor(file: string, text: string) {
    this.#file = file;
    for (const property of parseProperties(text)) this.#add(property);
  }

  /** Notes that `key` is one of zoo.cfg's own. */
  take(key: string): void {
    this.#taken.add(key);
  }

  isTaken(key: string): boolean {
    return this.#taken.has(key);
  }

  #add(property: Property): void {
    const key = property.key.trim();
    const before = this.values.get(key);
    if (before !== undefined) {
      this.warn(property.line, `${key} was already set on line ${before.line}; this line counts`);
    }
    this.values.set(key, property);
  }

  problem(key: string, message: string): void {
    this.problems.push({ file: this.#file, line: this.values.get(key)?.line, message });
  }

  warn(line: number | undefined, message: string): void {
    this.warnings.push({ file: this.#file, line, message });
  }

  text(key: string): string | undefined {
    this.take(key);
    return this.values.get(key)?.value.trim();
  }

  /** @param bounds.tooSmall what to say below `min`, where the original has words for it */
  integer(
    key: string,
    fallback: number,
    bounds: { readonly min?: number; readonly max?: number; readonly tooSmall?: string } = {},
  ): number {
    const text = this.text(key);
    if (text === undefined) return fallback;
    const value = parseJavaInt(text);
    if (value === undefined) this.problem(key, `${key}: For input string: "${text}"`);
    else if (bounds.min !== undefined && value < bounds.min) {
      this.problem(key, (value === 0 ? bounds.tooSmall : undefined) ?? `${key} must be at least ${bounds.min}`);
    } else if (bounds.max !== undefined && value > bounds.max) {
      this.problem(key, key.endsWith("Port") ? `port out of range:${text}` : `${key} must be at most ${bounds.max}`);
    } else return value;
    return fallback;
  }

  boolean(key: string, fallback: boolean): boolean {
    const text = this.text(key);
    if (text === undefined) return fallback;
    const lower = text.toLowerCase();
    if (lower !== "true" && lower !== "false") {
      this.problem(key, `Invalid option ${text} for ${key}. Choose 'true' or 'false.'`);
    }
    return lower === "true";
  }
}

/** As `Integer.parseInt`; undefined where that throws. */
function parseJavaInt(text: string): number | undefined {
  if (!/^[+-]?\d{1,10}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= -(2 ** 31) && value < 2 ** 31 ? value : undefined;
}
