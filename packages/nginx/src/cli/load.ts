/** Reads, checks and builds the configuration that the flags name. */
import { buildConfig } from "../config/build.ts";
import type { MainConfig } from "../config/model.ts";
import { parseConfig, type ParsedConfig } from "../config/parse.ts";
import type { DefaultPaths } from "../config/settings.ts";
import type { Environment } from "../server/environment.ts";
import { realConfigFiles } from "./config-files.ts";
import type { CliOptions } from "./options.ts";

/** As in the packages and container images of the original. */
export const DEFAULT_PREFIX = "/etc/nginx/";
const DEFAULT_CONFIG = "/etc/nginx/nginx.conf";
export const DEFAULT_PATHS: DefaultPaths = {
  accessLog: "/var/log/nginx/access.log",
  errorLog: "/var/log/nginx/error.log",
  pid: "/var/run/nginx.pid",
};

export interface LoadedConfig {
  readonly config: MainConfig;
  readonly parsed: ParsedConfig;
}

function prefixOf(options: CliOptions): string {
  const prefix = toBytes(options.prefix ?? DEFAULT_PREFIX);
  const absolute = prefix.startsWith("/") ? prefix : `${toBytes(process.cwd())}/${prefix}`;
  return absolute.endsWith("/") ? absolute : `${absolute}/`;
}

export function configPath(options: CliOptions): string {
  const path = toBytes(options.config ?? DEFAULT_CONFIG);
  return path.startsWith("/") ? path : prefixOf(options) + path;
}

/** Throws ConfigError. */
export function loadConfig(options: CliOptions, environment: Environment): LoadedConfig {
  const parsed = parseConfig({
    files: realConfigFiles(environment.mapPath),
    path: configPath(options),
    ...(options.directives === undefined ? {} : { globalDirectives: toBytes(options.directives) }),
  });
  const prefix = prefixOf(options);
  const errorLog = options.errorLog === undefined ? undefined : toBytes(options.errorLog);
  const config = buildConfig(parsed, {
    prefix,
    defaults: DEFAULT_PATHS,
    ...(errorLog === undefined
      ? {}
      : { errorLog: errorLog === "stderr" || errorLog.startsWith("/") ? errorLog : prefix + errorLog }),
    privileged: process.getuid?.() === 0,
  });
  return { config, parsed };
}

function toBytes(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}
