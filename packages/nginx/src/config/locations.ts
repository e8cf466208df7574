/** Locations: their blocks, their order, and which one a path belongs to (src/http/ngx_http_core_module.c, ngx_http.c). */
import { ConfigError } from "./config-error.ts";
import type { Location, LocationMatch, LocationTree, Return, Settings, TryFiles } from "./model.ts";
import type { Directive } from "./parse.ts";
import { compilePattern } from "./pattern.ts";
import { noteUnserved } from "./served.ts";
import { absoluteTemplate, applySetting, type BuildContext, type OwnSettings } from "./settings.ts";
import { parseTemplate } from "./template.ts";
import { arg } from "./values.ts";

/** What a level has besides settings. */
export interface LocationParts {
  readonly locations: Directive[];
  returns: Return | undefined;
  tryFiles: TryFiles | undefined;
  internal: boolean;
  /** `break` was seen: what follows it in the rewrite phase does not run. */
  stopped: boolean;
}

export function noParts(): LocationParts {
  return { locations: [], returns: undefined, tryFiles: undefined, internal: false, stopped: false };
}

/** Directives that server and location share and that are not inherited. */
export function takeLocationDirective(parts: LocationParts, directive: Directive, context: BuildContext): boolean {
  switch (directive.name) {
    case "location":
      parts.locations.push(directive);
      return true;
    case "try_files":
      if (parts.tryFiles !== undefined) throw new ConfigError('"try_files" directive is duplicate', directive);
      parts.tryFiles = parseTryFiles(directive, context);
      return true;
    case "break":
      parts.stopped = true;
      return true;
    default:
      return false;
  }
}

export function parseReturn(directive: Directive, context: BuildContext): Return {
  const [first = "", text] = directive.args;
  const isUrl = /^(?:https?:\/\/|\$scheme)/.test(first);
  if (!/^\d+$/.test(first)) {
    if (text !== undefined || !isUrl) throw new ConfigError(`invalid return code "${first}"`, directive);
    return { status: 302, text: parseTemplate(first, directive, context.captureNames) };
  }
  const status = Number(first);
  if (status > 999) throw new ConfigError(`invalid return code "${first}"`, directive);
  return { status, text: text === undefined ? undefined : parseTemplate(text, directive, context.captureNames) };
}

function parseTryFiles(directive: Directive, context: BuildContext): TryFiles {
  const files = directive.args.slice(0, -1).map((file) => parseTemplate(file, directive, context.captureNames));
  const last = directive.args.at(-1) ?? "";
  if (!last.startsWith("="))
    return { files, fallback: { kind: "uri", uri: parseTemplate(last, directive, context.captureNames) } };
  const status = Number(last.slice(1));
  if (!/^=\d+$/.test(last) || status > 999) throw new ConfigError(`invalid code "${last}"`, directive);
  return { files, fallback: { kind: "status", status } };
}

export function buildLocationTree(
  blocks: readonly Directive[],
  outer: LocationMatch | undefined,
  inherited: Settings,
  context: BuildContext,
): LocationTree {
  const exact = new Map<string, Location>();
  const prefixes = new Map<string, Location>();
  const named = new Map<string, Location>();
  const patterns: Location[] = [];
  for (const block of blocks) {
    const match = parseMatch(block);
    checkNesting(block, match, outer);
    const location = readLocation(block, match, inherited, context);
    if (match.kind === "regex") {
      patterns.push(location);
      continue;
    }
    const table = match.kind === "exact" ? exact : match.kind === "named" ? named : prefixes;
    if (table.has(match.path)) throw new ConfigError(`duplicate location "${match.path}"`, block);
    table.set(match.path, location);
  }
  const longestFirst = [...prefixes.values()].sort((a, b) => b.match.path.length - a.match.path.length);
  return { exact, prefixes: longestFirst, patterns, named };
}

function parseMatch(block: Directive): LocationMatch {
  const [first = "", second] = block.args;
  if (second !== undefined) {
    switch (first) {
      case "=":
        return { kind: "exact", path: second, stopsRegex: true };
      case "^~":
        return { kind: "prefix", path: second, stopsRegex: true };
      case "~":
      case "~*":
        return { kind: "regex", path: second, pattern: compilePattern(second, first === "~*", block) };
      default:
        throw new ConfigError(`invalid location modifier "${first}"`, block);
    }
  }
  if (first.startsWith("=")) return { kind: "exact", path: first.slice(1), stopsRegex: true };
  if (first.startsWith("^~")) return { kind: "prefix", path: first.slice(2), stopsRegex: true };
  if (first.startsWith("~*"))
    return { kind: "regex", path: first.slice(2), pattern: compilePattern(first.slice(2), true, block) };
  if (first.startsWith("~"))
    return { kind: "regex", path: first.slice(1), pattern: compilePattern(first.slice(1), false, block) };
  return { kind: first.startsWith("@") ? "named" : "prefix", path: first, stopsRegex: false };
}

function checkNesting(block: Directive, match: LocationMatch, outer: LocationMatch | undefined): void {
  if (outer === undefined) return;
  if (outer.kind === "exact")
    throw new ConfigError(`location "${match.path}" cannot be inside the exact location "${outer.path}"`, block);
  if (outer.kind === "named")
    throw new ConfigError(`location "${match.path}" cannot be inside the named location "${outer.path}"`, block);
  if (match.kind === "named")
    throw new ConfigError(`named location "${match.path}" can be on the server level only`, block);
  if (match.kind !== "regex" && outer.kind === "prefix" && !match.path.startsWith(outer.path)) {
    throw new ConfigError(`location "${match.path}" is outside location "${outer.path}"`, block);
  }
}

function readLocation(block: Directive, match: LocationMatch, inherited: Settings, context: BuildContext): Location {
  const own: OwnSettings = {};
  const parts = noParts();
  for (const directive of block.block ?? []) {
    if (takeLocationDirective(parts, directive, context)) continue;
    switch (directive.name) {
      case "alias":
        setAlias(own, directive, match, context);
        break;
      case "internal":
        parts.internal = true;
        break;
      case "return":
        if (!parts.stopped) parts.returns ??= parseReturn(directive, context);
        break;
      default:
        if (!applySetting(own, directive, context)) noteUnserved(directive, context.warnings);
    }
  }
  const settings = { ...inherited, ...own };
  for (const log of settings.accessLogs) context.logPaths.add(log.path);
  return {
    match,
    settings,
    returns: parts.returns,
    tryFiles: parts.tryFiles,
    internal: parts.internal,
    children: buildLocationTree(parts.locations, match, settings, context),
  };
}

function setAlias(own: OwnSettings, directive: Directive, match: LocationMatch, context: BuildContext): void {
  if (own.root !== undefined) {
    const words =
      own.alias === true ? "directive is duplicate" : 'directive is duplicate, "root" directive was specified earlier';
    throw new ConfigError(`"alias" ${words}`, directive);
  }
  if (match.kind === "named")
    throw new ConfigError('the "alias" directive cannot be used inside the named location', directive);
  own.root = absoluteTemplate(arg(directive, 0), directive, context);
  own.alias = true;
}

export interface FoundLocation {
  readonly location: Location;
  /** Captures of the regular expression that chose it. */
  readonly captures: RegExpExecArray | undefined;
  /** An exact match or a regular expression chose it: no other expression is asked. */
  readonly final: boolean;
}

/**
 * The location of a normalised path: an exact one; else the longest prefix, refined by the locations nested in it; then, unless
 * that prefix says `^~`, the first regular expression.
 */
export function findLocation(server: Location, path: string): FoundLocation {
  return search(server.children, path) ?? { location: server, captures: undefined, final: true };
}

function search(tree: LocationTree, path: string): FoundLocation | undefined {
  const exact = tree.exact.get(path);
  if (exact !== undefined) return { location: exact, captures: undefined, final: true };
  const prefix = tree.prefixes.find((location) => path.startsWith(location.match.path));
  let best: FoundLocation | undefined;
  if (prefix !== undefined) {
    best = search(prefix.children, path) ?? { location: prefix, captures: undefined, final: false };
    if (best.final || (prefix.match.kind === "prefix" && prefix.match.stopsRegex)) return best;
  }
  for (const location of tree.patterns) {
    if (location.match.kind !== "regex") continue;
    const captures = location.match.pattern.expression.exec(path);
    if (captures === null) continue;
    const inner = search(location.children, path);
    return { location: inner?.location ?? location, captures: inner?.captures ?? captures, final: true };
  }
  return best;
}
