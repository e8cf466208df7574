import { CliError } from "./cli-error.ts";

// Source: org.apache.commons.cli 1.5 (DefaultParser, OptionGroup), as far as the original's options reach: none has a long name.

export interface OptionSpec {
  readonly name: string;
  readonly hasValue?: boolean;
  readonly description: string;
}

export interface OptionsSpec {
  readonly options: readonly OptionSpec[];
  /** At most one of them may be given; where it is required, exactly one. */
  readonly isGroup?: boolean;
  readonly isGroupRequired?: boolean;
}

/** A command's words, its options taken out. */
export class CommandLine {
  /** The command's name first. */
  readonly args: readonly string[];
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(args: readonly string[], values: ReadonlyMap<string, readonly string[]>) {
    this.args = args;
    this.#values = values;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** The first value of an option that was given with one. */
  value(name: string): string | undefined {
    return this.#values.get(name)?.[0];
  }
}

/** Throws `CliError` with the words of the original's library. */
export function parseCommandLine(spec: OptionsSpec, words: readonly string[]): CommandLine {
  return new Parser(spec).parse(words);
}

class Parser {
  readonly #spec: OptionsSpec;
  readonly #options: ReadonlyMap<string, OptionSpec>;
  readonly #args: string[] = [];
  readonly #values = new Map<string, string[]>();
  /** Waits for its value. */
  #current: OptionSpec | undefined;
  #selected: string | undefined;

  constructor(spec: OptionsSpec) {
    this.#spec = spec;
    this.#options = new Map(spec.options.map((option) => [option.name, option]));
  }

  parse(words: readonly string[]): CommandLine {
    let areOptionsOver = false;
    for (const word of words) {
      if (areOptionsOver) this.#args.push(word);
      else if (word === "--") areOptionsOver = true;
      else if (this.#current !== undefined && !this.#isOption(word)) this.#take(unquote(word));
      else if (word.startsWith("--")) this.#unknown(word);
      else if (word.startsWith("-") && word !== "-") this.#option(word);
      else this.#args.push(word);
    }
    this.#mustHaveValue();
    const { options, isGroupRequired } = this.#spec;
    if (isGroupRequired === true && this.#selected === undefined) {
      const group = options.map(({ name, description }) => `-${name} ${description}`).join(", ");
      throw parseError("MissingOptionException", `Missing required option: [${group}]`);
    }
    return new CommandLine(this.#args, this.#values);
  }

  /** Numbers below zero are no options, unless an option is called so. */
  #isOption(word: string): boolean {
    if (!word.startsWith("-") || word.length === 1) return false;
    const name = word.slice(1).split("=", 1)[0] ?? "";
    return this.#options.has(name) || (name !== "" && this.#options.has(name.slice(0, 1)));
  }

  #option(word: string): void {
    const text = word.slice(1);
    const equals = text.indexOf("=");
    const whole = this.#options.get(equals < 0 ? text : text.slice(0, equals));
    if (equals < 0) {
      if (whole !== undefined) this.#begin(whole);
      else if (text.length === 1) this.#unknown(word);
      else this.#several(word);
    } else if (equals === 1 && whole?.hasValue === true) {
      this.#begin(whole);
      this.#take(text.slice(equals + 1));
    } else {
      this.#unknown(word);
    }
  }

  /** `-sw` is `-s -w`; `-v3` is `-v 3`. */
  #several(word: string): void {
    for (let at = 1; at < word.length; at++) {
      const option = this.#options.get(word.charAt(at));
      if (option === undefined) {
        this.#unknown(word);
        return;
      }
      this.#begin(option);
      if (this.#current !== undefined && at + 1 < word.length) {
        this.#take(unquote(word.slice(at + 1)));
        return;
      }
    }
  }

  #begin(option: OptionSpec): void {
    this.#mustHaveValue();
    if (this.#spec.isGroup === true) {
      if (this.#selected !== undefined && this.#selected !== option.name) {
        throw parseError(
          "AlreadySelectedException",
          `The option '${option.name}' was specified but an option from this group has already been selected: '${this.#selected}'`,
        );
      }
      this.#selected = option.name;
    }
    if (!this.#values.has(option.name)) this.#values.set(option.name, []);
    this.#current = option.hasValue === true ? option : undefined;
  }

  #take(value: string): void {
    if (this.#current !== undefined) this.#values.get(this.#current.name)?.push(value);
    this.#current = undefined;
  }

  #mustHaveValue(): void {
    if (this.#current === undefined) return;
    throw parseError("MissingArgumentException", `Missing argument for option: ${this.#current.name}`);
  }

  #unknown(word: string): void {
    throw parseError("UnrecognizedOptionException", `Unrecognized option: ${word}`);
  }
}

function parseError(kind: string, message: string): CliError {
  return new CliError(`org.apache.commons.cli.${kind}: ${message}`);
}

function unquote(text: string): string {
  const inside = text.slice(1, -1);
  return text.length > 1 && text.startsWith('"') && text.endsWith('"') && !inside.includes('"') ? inside : text;
}

/** What `ls -?` prints. Source: HelpFormatter. */
export function formatHelp(usage: string, { options }: OptionsSpec): string {
  const sorted = [...options].sort((one, two) => (one.name.toLowerCase() < two.name.toLowerCase() ? -1 : 1));
  const heads = sorted.map(({ name, hasValue }) => ` -${name}${hasValue === true ? " <arg>" : ""}`);
  const width = Math.max(...heads.map((head) => head.length));
  const lines = sorted.map(({ description }, index) => `${(heads[index] ?? "").padEnd(width)}   ${description}`);
  return [`usage: ${usage}`, ...lines, ""].join("\n");
}
