/** Directives of http, server and location that are inherited level by level, and their defaults. */
import { at, ConfigError } from "./config-error.ts";
import type { AccessLog, ErrorLog, ErrorPage, LogFormat, LogLevel, Settings } from "./model.ts";
import type { Directive } from "./parse.ts";
import { parseTemplate, type Template } from "./template.ts";
import { arg, count, duration, flag, oneOf, parseDuration, size } from "./values.ts";

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** What one level sets itself. */
export type OwnSettings = Partial<Writable<Settings>>;

/** What is shared while a configuration is read. */
export interface BuildContext {
  /** Folder that relative paths of the configuration's content start from (`-p`). */
  readonly prefix: string;
  readonly formats: Map<string, LogFormat>;
  /** Named captures of all regular expressions. */
  readonly captureNames: Set<string>;
  readonly warnings: string[];
  readonly logPaths: Set<string>;
}

export function defaultSettings(context: BuildContext, defaults: DefaultPaths): Settings {
  const combined = context.formats.get("combined") as LogFormat;
  return {
    root: absolutePath("html", context.prefix),
    alias: false,
    index: ["index.html"],
    types: new Map([
      ["html", "text/html"],
      ["gif", "image/gif"],
      ["jpg", "image/jpeg"],
    ]),
    defaultType: "text/plain",
    errorPages: [],
    recursiveErrorPages: false,
    accessLogs: [{ path: defaults.accessLog, format: combined, condition: undefined }],
    errorLogs: [{ path: defaults.errorLog, level: "error" }],
    logNotFound: true,
    keepaliveTimeoutMs: 75_000,
    keepaliveHeaderSeconds: undefined,
    keepaliveRequests: 1000,
    keepaliveTimeMs: 3_600_000,
    keepaliveDisableMsie6: true,
    keepaliveDisableSafari: false,
    clientMaxBodyBytes: 2 ** 20,
    sendTimeoutMs: 60_000,
    lingeringClose: "on",
    lingeringTimeMs: 30_000,
    lingeringTimeoutMs: 5000,
    resetTimedoutConnection: false,
    serverTokens: "on",
    etag: true,
    ifModifiedSince: "exact",
    rangesMax: 2 ** 31 - 1,
    absoluteRedirect: true,
    portInRedirect: true,
    serverNameInRedirect: false,
    msiePadding: true,
    autoindex: false,
    autoindexExactSize: true,
    autoindexLocaltime: false,
    autoindexFormat: "html",
    openFileCacheValidMs: 0,
  };
}

/** Places that the original has compiled in. */
export interface DefaultPaths {
  readonly accessLog: string;
  readonly errorLog: string;
  readonly pid: string;
}

type Setter = (own: OwnSettings, directive: Directive, context: BuildContext) => void;

/** A directive that sets one value, once a level. */
function once<K extends keyof Settings>(
  key: K,
  parse: (directive: Directive, context: BuildContext) => Settings[K],
): Setter {
  return (own, directive, context) => {
    if (own[key] !== undefined) throw new ConfigError(`"${directive.name}" directive is duplicate`, directive);
    own[key] = parse(directive, context);
  };
}

const SETTERS: ReadonlyMap<string, Setter> = new Map<string, Setter>([
  ["root", setRoot],
  ["index", appendIndex],
  ["types", setTypes],
  ["default_type", once("defaultType", (d) => arg(d, 0))],
  ["error_page", appendErrorPage],
  ["recursive_error_pages", once("recursiveErrorPages", flag)],
  ["access_log", appendAccessLog],
  ["error_log", appendErrorLog],
  ["log_not_found", once("logNotFound", flag)],
  ["keepalive_timeout", setKeepaliveTimeout],
  ["keepalive_requests", once("keepaliveRequests", (d) => count(d))],
  ["keepalive_time", once("keepaliveTimeMs", (d) => duration(d))],
  ["keepalive_disable", setKeepaliveDisable],
  ["client_max_body_size", once("clientMaxBodyBytes", (d) => size(d))],
  ["send_timeout", once("sendTimeoutMs", (d) => duration(d))],
  ["lingering_close", once("lingeringClose", (d) => oneOf(d, ["off", "on", "always"]))],
  ["lingering_time", once("lingeringTimeMs", (d) => duration(d))],
  ["lingering_timeout", once("lingeringTimeoutMs", (d) => duration(d))],
  ["reset_timedout_connection", once("resetTimedoutConnection", flag)],
  ["server_tokens", once("serverTokens", (d) => oneOf(d, ["on", "off", "build"]))],
  ["etag", once("etag", flag)],
  ["if_modified_since", once("ifModifiedSince", (d) => oneOf(d, ["off", "exact", "before"]))],
  ["max_ranges", once("rangesMax", (d) => count(d))],
  ["absolute_redirect", once("absoluteRedirect", flag)],
  ["port_in_redirect", once("portInRedirect", flag)],
  ["server_name_in_redirect", once("serverNameInRedirect", flag)],
  ["msie_padding", once("msiePadding", flag)],
  ["autoindex", once("autoindex", flag)],
  ["autoindex_exact_size", once("autoindexExactSize", flag)],
  ["autoindex_localtime", once("autoindexLocaltime", flag)],
  ["autoindex_format", once("autoindexFormat", (d) => oneOf(d, ["html", "json", "xml", "jsonp"]))],
  ["open_file_cache_valid", once("openFileCacheValidMs", (d) => duration(d))],
]);

/** Whether the directive sets an inherited value; if so it has been taken into `own`. */
export function applySetting(own: OwnSettings, directive: Directive, context: BuildContext): boolean {
  const setter = SETTERS.get(directive.name);
  if (setter === undefined) return false;
  setter(own, directive, context);
  return true;
}

export function absolutePath(path: string, prefix: string): string {
  return path.startsWith("/") ? path : `${prefix}${prefix.endsWith("/") ? "" : "/"}${path}`;
}

export function absoluteTemplate(text: string, place: Directive, context: BuildContext): Template {
  if (text.includes("$document_root") || text.includes("${document_root}")) {
    throw new ConfigError(`the $document_root variable cannot be used in the "${place.name}" directive`, place);
  }
  const template = parseTemplate(text, place, context.captureNames);
  if (typeof template === "string") return absolutePath(template, context.prefix);
  return /^[/$]/.test(text) ? template : [absolutePath("", context.prefix), ...template];
}

function setRoot(own: OwnSettings, directive: Directive, context: BuildContext): void {
  if (own.root !== undefined) {
    const words =
      own.alias === true ? 'directive is duplicate, "alias" directive was specified earlier' : "directive is duplicate";
    throw new ConfigError(`"root" ${words}`, directive);
  }
  const text = arg(directive, 0);
  own.root = absoluteTemplate(text.length > 1 && text.endsWith("/") ? text.slice(0, -1) : text, directive, context);
  own.alias = false;
}

function appendIndex(own: OwnSettings, directive: Directive, context: BuildContext): void {
  const list = [...(own.index ?? [])];
  for (const [i, name] of directive.args.entries()) {
    if (name.startsWith("/") && i !== directive.args.length - 1) {
      context.warnings.push(`only the last index in "index" directive should be absolute${at(directive)}`);
    }
    if (name === "") throw new ConfigError('index "" in "index" directive is invalid', directive);
    list.push(parseTemplate(name, directive, context.captureNames));
  }
  own.index = list;
}

function setTypes(own: OwnSettings, directive: Directive, context: BuildContext): void {
  const types = new Map(own.types);
  for (const line of directive.block ?? []) {
    for (const extension of line.args) {
      const key = extension.toLowerCase();
      const previous = types.get(key);
      if (previous !== undefined) {
        context.warnings.push(
          `duplicate extension "${extension}", content type: "${line.name}", previous content type: "${previous}"${at(line)}`,
        );
      }
      types.set(key, line.name);
    }
  }
  own.types = types;
}

function appendErrorPage(own: OwnSettings, directive: Directive, context: BuildContext): void {
  const uriText = directive.args.at(-1) ?? "";
  let codes = directive.args.slice(0, -1);
  let overwrite: number | undefined;
  const last = codes.at(-1);
  if (last?.startsWith("=") === true) {
    codes = codes.slice(0, -1);
    if (codes.length === 0) throw new ConfigError(`invalid value "${last}"`, directive);
    if (last === "=") {
      overwrite = 0;
    } else {
      overwrite = Number(last.slice(1));
      if (!/^\d+$/.test(last.slice(1))) throw new ConfigError(`invalid value "${last}"`, directive);
    }
  }
  const uri = parseTemplate(uriText, directive, context.captureNames);
  const pages: ErrorPage[] = [...(own.errorPages ?? [])];
  for (const code of codes) {
    if (!/^\d+$/.test(code)) throw new ConfigError(`invalid value "${code}"`, directive);
    const status = Number(code);
    if (status === 499) throw new ConfigError(`value "${code}" must be between 300 and 599`, directive);
    if (status < 300 || status > 599) throw new ConfigError(`value "${code}" must be between 300 and 599`, directive);
    pages.push({ status, overwrite: overwrite === undefined && status >= 494 && status <= 497 ? 400 : overwrite, uri });
  }
  own.errorPages = pages;
}

function appendAccessLog(own: OwnSettings, directive: Directive, context: BuildContext): void {
  const [path = "", ...rest] = directive.args;
  if (path === "off") {
    if (rest.length > 0) throw new ConfigError(`invalid parameter "${rest[0]}"`, directive);
    own.accessLogs = [];
    return;
  }
  if (path.startsWith("syslog:") || path.includes("$")) {
    context.warnings.push(
      `the "access_log" directive to ${path.startsWith("syslog:") ? "syslog" : "a path with variables"} is not served here${at(directive)}`,
    );
    own.accessLogs ??= [];
    return;
  }
  let formatName = "combined";
  let parameters = rest;
  if (rest[0] !== undefined && !rest[0].includes("=") && rest[0] !== "gzip") {
    formatName = rest[0];
    parameters = rest.slice(1);
  }
  const format = context.formats.get(formatName);
  if (format === undefined) throw new ConfigError(`unknown log format "${formatName}"`, directive);
  let condition: Template | undefined;
  for (const parameter of parameters) {
    if (parameter.startsWith("if=")) {
      condition = parseTemplate(parameter.slice(3), directive, context.captureNames);
    } else if (parameter === "gzip" || parameter.startsWith("gzip=")) {
      throw new ConfigError(`the "${parameter}" parameter of the "access_log" directive is not served here`, directive);
    } else if (parameter.startsWith("flush=")) {
      // Lines are written at the end of each turn of the event loop: earlier than any flush time asks for.
      if (parseDuration(parameter.slice(6)) === undefined)
        throw new ConfigError(`invalid flush time "${parameter.slice(6)}"`, directive);
    } else if (!/^buffer=\d+[kKmM]?$/.test(parameter)) {
      throw new ConfigError(
        parameter.startsWith("buffer=") ? `invalid buffer size "${parameter}"` : `invalid parameter "${parameter}"`,
        directive,
      );
    }
  }
  const log: AccessLog = { path: absolutePath(path, context.prefix), format, condition };
  context.logPaths.add(log.path);
  own.accessLogs = [...(own.accessLogs ?? []), log];
}

const LEVELS: readonly LogLevel[] = ["debug", "info", "notice", "warn", "error", "crit", "alert", "emerg"];

export function parseErrorLog(directive: Directive, context: BuildContext): ErrorLog | undefined {
  const [target = "", ...levels] = directive.args;
  const [word = "error"] = levels;
  const level = LEVELS.find((name) => name === word);
  if (level === undefined) throw new ConfigError(`invalid log level "${word}"`, directive);
  if (levels.length > 1 && !levels[1]?.startsWith("debug"))
    throw new ConfigError(`invalid log level "${levels[1]}"`, directive);
  if (target.startsWith("syslog:") || target.startsWith("memory:")) {
    context.warnings.push(
      `the "error_log" directive to ${target.slice(0, target.indexOf(":"))} is not served here${at(directive)}`,
    );
    return undefined;
  }
  const path = target === "stderr" ? "stderr" : absolutePath(target, context.prefix);
  if (path !== "stderr") context.logPaths.add(path);
  return { path, level };
}

function appendErrorLog(own: OwnSettings, directive: Directive, context: BuildContext): void {
  const log = parseErrorLog(directive, context);
  own.errorLogs = [...(own.errorLogs ?? []), ...(log === undefined ? [] : [log])];
}

function setKeepaliveTimeout(own: OwnSettings, directive: Directive): void {
  if (own.keepaliveTimeoutMs !== undefined)
    throw new ConfigError('"keepalive_timeout" directive is duplicate', directive);
  own.keepaliveTimeoutMs = duration(directive);
  if (directive.args.length === 2) own.keepaliveHeaderSeconds = Math.floor(duration(directive, 1) / 1000);
}

function setKeepaliveDisable(own: OwnSettings, directive: Directive): void {
  own.keepaliveDisableMsie6 = directive.args.includes("msie6");
  own.keepaliveDisableSafari = directive.args.includes("safari");
  const unknown = directive.args.find((word) => word !== "none" && word !== "msie6" && word !== "safari");
  if (unknown !== undefined) throw new ConfigError(`invalid value "${unknown}"`, directive);
}
