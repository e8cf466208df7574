/**
 * From the text of nginx.conf to a tree of directives, with nginx's checks of names, contexts and argument counts
 * (src/core/ngx_conf_file.c, ngx_conf_parse and ngx_conf_handler). Includes are read here, in place. What a directive means is
 * decided by `build.ts`.
 */
import { ConfigError, type Place } from "./config-error.ts";
import { acceptsCount, rulesOf, type DirectiveRule, type Family } from "./directive-table.ts";
import { Tokenizer, type Token } from "./tokenizer.ts";

export interface Directive extends Place {
  readonly name: string;
  readonly args: readonly string[];
  /** The block's directives; undefined for a simple directive. */
  readonly block: readonly Directive[] | undefined;
}

/** The configuration's files, as a port. Texts are byte strings. */
export interface ConfigFiles {
  /** Throws an Error whose message is in nginx's words: `open() "F" failed (2: No such file or directory)`. */
  read(path: string): string;
  /** Paths that match a shell pattern, sorted; empty when none does. */
  glob(pattern: string): readonly string[];
}

export interface ParsedConfig {
  readonly directives: readonly Directive[];
  /** Every file read, in order, for `-T`. */
  readonly files: readonly { readonly path: string; readonly text: string }[];
}

export interface ParseOptions {
  readonly files: ConfigFiles;
  /** The main file, absolute. Relative includes are relative to its folder. */
  readonly path: string;
  /** Text of `-g`, read before the file. */
  readonly globalDirectives?: string;
}

/** Throws ConfigError at the first problem, as nginx does. */
export function parseConfig(options: ParseOptions): ParsedConfig {
  const parser = new Parser(options);
  const directives: Directive[] = [];
  if (options.globalDirectives !== undefined && options.globalDirectives !== "") {
    parser.readText(options.globalDirectives, undefined, MAIN, directives, false);
  }
  parser.readFile(options.path, MAIN, directives, undefined);
  return { directives, files: parser.filesRead };
}

interface Context {
  readonly name: string;
  readonly family: Family;
  /** Blocks like `types { … }`, whose lines are data and no directives. */
  readonly raw: boolean;
}

const MAIN: Context = { name: "main", family: "core", raw: false };

/** A file that includes itself would end with the process's file handles in the original; here at this depth. */
const INCLUDE_DEPTH_MAX = 100;

class Parser {
  readonly filesRead: { path: string; text: string }[] = [];
  readonly #options: ParseOptions;
  readonly #folder: string;
  #depth = 0;

  constructor(options: ParseOptions) {
    this.#options = options;
    this.#folder = options.path.slice(0, options.path.lastIndexOf("/") + 1);
  }

  readFile(path: string, context: Context, into: Directive[], from: Place | undefined): void {
    let text: string;
    try {
      text = this.#options.files.read(path);
    } catch (error) {
      throw new ConfigError((error as Error).message, from);
    }
    if (++this.#depth > INCLUDE_DEPTH_MAX)
      throw new ConfigError(`open() "${path}" failed (24: Too many open files)`, from);
    if (!this.filesRead.some((file) => file.path === path)) this.filesRead.push({ path, text });
    this.readText(text, path, context, into, false);
    this.#depth--;
  }

  readText(text: string, file: string | undefined, context: Context, into: Directive[], inBlock: boolean): void {
    this.#readBlock(new Tokenizer(text, file), file, context, into, inBlock);
  }

  #readBlock(tokens: Tokenizer, file: string | undefined, context: Context, into: Directive[], inBlock: boolean): void {
    for (;;) {
      const token = tokens.next();
      const place: Place = { file, line: token.line };
      if (token.end === "block-end") {
        if (!inBlock) throw new ConfigError('unexpected "}"', place);
        return;
      }
      if (token.end === "end-of-file") {
        if (inBlock) throw new ConfigError('unexpected end of file, expecting "}"', place);
        return;
      }
      this.#directive(tokens, token, place, context, into);
    }
  }

  #directive(tokens: Tokenizer, token: Token, place: Place, context: Context, into: Directive[]): void {
    const [name = "", ...args] = token.words;
    if (context.raw && token.end === "block-start") throw new ConfigError('unexpected "{"', place);
    if (context.raw && name !== "include") {
      into.push({ name, args, ...place, block: undefined });
      return;
    }
    const rule = findRule(name, context, token, args.length, place);
    if (name === "include") {
      this.#include(args[0] ?? "", place, context, into);
      return;
    }
    let block: Directive[] | undefined;
    if (rule.block) {
      block = [];
      this.#readBlock(tokens, place.file, contextInside(name, context, rule), block, true);
    }
    into.push({ name, args, ...place, block });
  }

  #include(argument: string, place: Place, context: Context, into: Directive[]): void {
    const path = argument.startsWith("/") ? argument : this.#folder + argument;
    const paths = /[*?[]/.test(path) ? this.#options.files.glob(path) : [path];
    for (const file of paths) this.readFile(file, context, into, place);
  }
}

function findRule(name: string, context: Context, token: Token, argCount: number, place: Place): DirectiveRule {
  const known = rulesOf(name);
  for (const rule of known) {
    if (rule.contexts[0] !== "any") {
      if (rule.family !== context.family && rule.family !== "core" && context.name !== "main") continue;
      if (!rule.contexts.includes(context.name)) continue;
    }
    if (!rule.block && token.end !== "statement")
      throw new ConfigError(`directive "${name}" is not terminated by ";"`, place);
    if (rule.block && token.end !== "block-start")
      throw new ConfigError(`directive "${name}" has no opening "{"`, place);
    if (!acceptsCount(rule, argCount))
      throw new ConfigError(`invalid number of arguments in "${name}" directive`, place);
    return rule;
  }
  if (known.length > 0) throw new ConfigError(`"${name}" directive is not allowed here`, place);
  throw new ConfigError(`unknown directive "${name}"`, place);
}

const RAW_BLOCKS = new Set(["types", "map", "geo", "split_clients", "charset_map"]);

function contextInside(name: string, outer: Context, rule: DirectiveRule): Context {
  if (RAW_BLOCKS.has(name)) return { name, family: rule.family, raw: true };
  switch (name) {
    case "events":
      return { name, family: "core", raw: false };
    case "http":
    case "stream":
    case "mail":
      return { name, family: name, raw: false };
    case "if":
      return { name: outer.name === "server" ? "server-if" : "location-if", family: outer.family, raw: false };
    case "server":
    case "upstream":
      return { name: outer.family === "http" ? name : `${outer.family}-${name}`, family: outer.family, raw: false };
    default:
      return { name, family: outer.family, raw: false };
  }
}
