/** From the tree of directives to what is served: inheritance, defaults, and the checks that need more than one directive. */
import { buildAddresses, type ServerWithListens } from "./addresses.ts";
import { at, ConfigError } from "./config-error.ts";
import { parseListen, type Listen } from "./listen.ts";
import { buildLocationTree, noParts, parseReturn, takeLocationDirective } from "./locations.ts";
import type { ErrorLog, LogFormat, MainConfig, Server, Settings } from "./model.ts";
import type { Directive, ParsedConfig } from "./parse.ts";
import { noteUnserved } from "./served.ts";
import { parseServerName } from "./server-names.ts";
import {
  absolutePath,
  applySetting,
  defaultSettings,
  parseErrorLog,
  type BuildContext,
  type DefaultPaths,
  type OwnSettings,
} from "./settings.ts";
import { parseTemplate } from "./template.ts";
import { arg, count, duration, flag, size } from "./values.ts";

export interface BuildOptions {
  /** `-p`: folder that relative paths start from. */
  readonly prefix: string;
  readonly defaults: DefaultPaths;
  /** `-e`: the error log of what has none of its own. */
  readonly errorLog?: string;
  /** Root may listen below 1024: a server without `listen` takes port 80, else 8000. */
  readonly privileged: boolean;
}

/** Throws ConfigError. */
export function buildConfig(parsed: ParsedConfig, options: BuildOptions): MainConfig {
  const context: BuildContext = {
    prefix: options.prefix,
    formats: new Map<string, LogFormat>(),
    captureNames: captureNames(parsed.directives),
    warnings: [],
    logPaths: new Set(),
  };
  addFormat(context, "combined", COMBINED, "default", undefined);
  const main = readMain(parsed.directives, context);
  const errorLogs =
    main.errorLogs.length > 0
      ? main.errorLogs
      : [{ path: options.errorLog ?? options.defaults.errorLog, level: "error" as const }];
  for (const log of errorLogs) if (log.path !== "stderr") context.logPaths.add(log.path);
  let servers: readonly ServerWithListens[] = [];
  if (main.http !== undefined) {
    const defaults = { ...defaultSettings(context, options.defaults), errorLogs };
    servers = readHttp(main.http, defaults, context, options);
  }
  if (!main.hasEvents) throw new ConfigError('no "events" section in configuration', undefined, true);
  for (const { server } of servers) {
    for (const log of server.location.settings.accessLogs) context.logPaths.add(log.path);
  }
  return {
    addresses: buildAddresses(servers, context.warnings),
    errorLogs,
    pidPath: main.pidPath ?? options.defaults.pid,
    daemon: main.daemon,
    user: main.user,
    workerConnections: main.workerConnections,
    workerShutdownTimeoutMs: main.workerShutdownTimeoutMs,
    warnings: context.warnings,
    logPaths: [...context.logPaths],
  };
}

const COMBINED =
  '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"';

function addFormat(
  context: BuildContext,
  name: string,
  text: string,
  escape: LogFormat["escape"],
  directive: Directive | undefined,
): void {
  if (context.formats.has(name)) throw new ConfigError(`duplicate "log_format" name "${name}"`, directive);
  const place = directive ?? { file: undefined, line: 0 };
  context.formats.set(name, { template: parseTemplate(text, place, context.captureNames), escape });
}

/** Names that regular expressions anywhere in the configuration define as variables. */
function captureNames(directives: readonly Directive[], found = new Set<string>()): Set<string> {
  for (const directive of directives) {
    if (directive.name === "location" || directive.name === "server_name") {
      for (const match of directive.args.join(" ").matchAll(/\(\?P?<([A-Za-z_][A-Za-z0-9_]*)>/g))
        found.add(match[1] ?? "");
    }
    if (directive.block !== undefined) captureNames(directive.block, found);
  }
  return found;
}

interface MainParts {
  errorLogs: ErrorLog[];
  pidPath: string | undefined;
  daemon: boolean;
  user: MainConfig["user"];
  http: Directive | undefined;
  hasEvents: boolean;
  workerConnections: number;
  workerShutdownTimeoutMs: number | undefined;
}

function readMain(directives: readonly Directive[], context: BuildContext): MainParts {
  const main: MainParts = {
    errorLogs: [],
    pidPath: undefined,
    daemon: true,
    user: undefined,
    http: undefined,
    hasEvents: false,
    workerConnections: 512,
    workerShutdownTimeoutMs: undefined,
  };
  const seen = new Set<string>();
  let workers = 1;
  for (const directive of directives) {
    if (ONCE_IN_MAIN.has(directive.name) && seen.has(directive.name))
      throw new ConfigError(`"${directive.name}" directive is duplicate`, directive);
    seen.add(directive.name);
    switch (directive.name) {
      case "http":
        main.http = directive;
        break;
      case "events":
        main.hasEvents = true;
        readEvents(directive, main, context);
        break;
      case "error_log": {
        const log = parseErrorLog(directive, context);
        if (log !== undefined) main.errorLogs.push(log);
        break;
      }
      case "pid":
        main.pidPath = absolutePath(arg(directive, 0), context.prefix);
        break;
      case "daemon":
        main.daemon = flag(directive);
        break;
      case "user":
        main.user = { name: arg(directive, 0), group: directive.args[1] };
        break;
      case "worker_processes":
        workers = arg(directive, 0) === "auto" ? 1 : Number(arg(directive, 0));
        if (!Number.isInteger(workers) || workers < 1)
          throw new ConfigError('"worker_processes" directive invalid value', directive);
        break;
      case "worker_shutdown_timeout":
        main.workerShutdownTimeoutMs = duration(directive);
        break;
      default:
        noteUnserved(directive, context.warnings);
    }
  }
  main.workerConnections *= workers;
  return main;
}

const ONCE_IN_MAIN = new Set([
  "http",
  "events",
  "pid",
  "daemon",
  "user",
  "worker_processes",
  "worker_shutdown_timeout",
  "mail",
  "stream",
  "master_process",
]);

function readEvents(events: Directive, main: MainParts, context: BuildContext): void {
  let set = false;
  for (const directive of events.block ?? []) {
    if (directive.name === "worker_connections") {
      if (set) throw new ConfigError('"worker_connections" directive is duplicate', directive);
      main.workerConnections = count(directive);
      set = true;
    } else {
      noteUnserved(directive, context.warnings);
    }
  }
}

function readHttp(
  http: Directive,
  defaults: Settings,
  context: BuildContext,
  options: BuildOptions,
): readonly ServerWithListens[] {
  const own: OwnSettings = {};
  const ownServer: OwnServer = {};
  const serverBlocks: Directive[] = [];
  for (const directive of http.block ?? []) {
    if (directive.name === "server") serverBlocks.push(directive);
    else if (directive.name === "log_format") readLogFormat(directive, context);
    else if (!applySetting(own, directive, context) && !applyServerSetting(ownServer, directive))
      noteUnserved(directive, context.warnings);
  }
  const inherited = { ...defaults, ...own };
  return serverBlocks.map((block) => readServer(block, inherited, ownServer, context, options));
}

function readLogFormat(directive: Directive, context: BuildContext): void {
  const [name = "", ...texts] = directive.args;
  let escape: LogFormat["escape"] = "default";
  if (texts[0]?.startsWith("escape=") === true) {
    const word = texts[0].slice(7);
    if (word !== "json" && word !== "none" && word !== "default")
      throw new ConfigError(`unknown log format escaping "${word}"`, directive);
    escape = word;
    texts.shift();
  }
  addFormat(context, name, texts.join(""), escape, directive);
}

/** Values of http and server that no location has. */
type OwnServer = {
  -readonly [K in keyof Server["limits"]]?: Server["limits"][K];
} & { clientHeaderTimeoutMs?: number };

function applyServerSetting(own: OwnServer, directive: Directive): boolean {
  const set = <K extends keyof OwnServer>(key: K, value: NonNullable<OwnServer[K]>): void => {
    if (own[key] !== undefined) throw new ConfigError(`"${directive.name}" directive is duplicate`, directive);
    own[key] = value;
  };
  switch (directive.name) {
    case "client_header_buffer_size":
      set("headerBufferBytes", size(directive));
      return true;
    case "large_client_header_buffers":
      set("largeBufferCount", count(directive));
      set("largeBufferBytes", size(directive, 1));
      return true;
    case "client_header_timeout":
      set("clientHeaderTimeoutMs", duration(directive));
      return true;
    case "ignore_invalid_headers":
      set("ignoreInvalidHeaders", flag(directive));
      return true;
    case "underscores_in_headers":
      set("underscoresInHeaders", flag(directive));
      return true;
    case "merge_slashes":
      set("mergeSlashes", flag(directive));
      return true;
    default:
      return false;
  }
}

function readServer(
  block: Directive,
  inherited: Settings,
  fromHttp: OwnServer,
  context: BuildContext,
  options: BuildOptions,
): ServerWithListens {
  const own: OwnSettings = {};
  const ownServer: OwnServer = {};
  const parts = noParts();
  const names: string[] = [];
  const listens: Listen[] = [];
  let namesPlace = block;
  for (const directive of block.block ?? []) {
    switch (directive.name) {
      case "listen": {
        const listen = parseListen(directive);
        if (listens.some((other) => other.text === listen.text))
          throw new ConfigError(`a duplicate listen ${listen.text}`, directive);
        context.warnings.push(...listen.warnings.map((text) => `${text}, ignored${at(directive)}`));
        listens.push(listen);
        break;
      }
      case "server_name":
        names.push(...directive.args);
        namesPlace = directive;
        break;
      case "return":
        if (!parts.stopped) parts.returns ??= parseReturn(directive, context);
        break;
      default:
        if (takeLocationDirective(parts, directive, context)) break;
        if (applySetting(own, directive, context) || applyServerSetting(ownServer, directive)) break;
        noteUnserved(directive, context.warnings);
    }
  }
  if (listens.length === 0) {
    listens.push(
      parseListen({ ...block, name: "listen", args: [options.privileged ? "80" : "8000"], block: undefined }),
    );
  }
  const settings: Settings = { ...inherited, ...own };
  const serverValues = { ...fromHttp, ...ownServer };
  const server: Server = {
    names: names.flatMap((name) => parseServerName(name, namesPlace, context.warnings)),
    primaryName: primaryName(names[0] ?? ""),
    location: {
      match: { kind: "prefix", path: "", stopsRegex: false },
      settings,
      returns: parts.returns,
      tryFiles: parts.tryFiles,
      internal: false,
      children: buildLocationTree(parts.locations, undefined, settings, context),
    },
    limits: {
      headerBufferBytes: serverValues.headerBufferBytes ?? 1024,
      largeBufferCount: serverValues.largeBufferCount ?? 4,
      largeBufferBytes: serverValues.largeBufferBytes ?? 8192,
      ignoreInvalidHeaders: serverValues.ignoreInvalidHeaders ?? true,
      underscoresInHeaders: serverValues.underscoresInHeaders ?? false,
      mergeSlashes: serverValues.mergeSlashes ?? true,
    },
    clientHeaderTimeoutMs: serverValues.clientHeaderTimeoutMs ?? 60_000,
  };
  return { server, listens };
}

/** The name as `$server_name` shows it. */
function primaryName(text: string): string {
  if (text.startsWith("~")) return text;
  return (text.startsWith(".") ? text.slice(1) : text).toLowerCase();
}
