/** What a configuration means, ready to be served: every inherited value is in place and nothing is looked up by name any more. */
import type { Pattern } from "./pattern.ts";
import type { Template } from "./template.ts";

export type LogLevel = "debug" | "info" | "notice" | "warn" | "error" | "crit" | "alert" | "emerg";

export interface ErrorLog {
  /** Absolute path; `stderr` is the process's own. */
  readonly path: string;
  readonly level: LogLevel;
}

export interface AccessLog {
  readonly path: string;
  readonly format: LogFormat;
  /** `if=`: the line is written unless this is empty or `0`. */
  readonly condition: Template | undefined;
}

export interface LogFormat {
  readonly template: Template;
  readonly escape: "default" | "json" | "none";
}

export interface ErrorPage {
  readonly status: number;
  /** `=200`: status to answer with; 0 for `=`, which takes the page's own; undefined keeps the error's. */
  readonly overwrite: number | undefined;
  readonly uri: Template;
}

export interface Return {
  readonly status: number;
  readonly text: Template | undefined;
}

/** What is inherited from http to server to location. Durations in milliseconds, sizes in octets. */
export interface Settings {
  readonly root: Template;
  /** The location's prefix is cut from the URI before it follows `root`. */
  readonly alias: boolean;
  readonly index: readonly Template[];
  readonly types: ReadonlyMap<string, string>;
  readonly defaultType: string;
  readonly errorPages: readonly ErrorPage[];
  readonly recursiveErrorPages: boolean;
  readonly accessLogs: readonly AccessLog[];
  readonly errorLogs: readonly ErrorLog[];
  readonly logNotFound: boolean;
  readonly keepaliveTimeoutMs: number;
  /** Seconds that `Keep-Alive: timeout=` promises; undefined sends no such header. */
  readonly keepaliveHeaderSeconds: number | undefined;
  readonly keepaliveRequests: number;
  readonly keepaliveTimeMs: number;
  readonly keepaliveDisableMsie6: boolean;
  readonly keepaliveDisableSafari: boolean;
  /** 0 is unlimited. */
  readonly clientMaxBodyBytes: number;
  readonly sendTimeoutMs: number;
  readonly lingeringClose: "off" | "on" | "always";
  readonly lingeringTimeMs: number;
  readonly lingeringTimeoutMs: number;
  readonly resetTimedoutConnection: boolean;
  readonly serverTokens: "on" | "off" | "build";
  readonly etag: boolean;
  readonly ifModifiedSince: "off" | "exact" | "before";
  readonly rangesMax: number;
  readonly absoluteRedirect: boolean;
  readonly portInRedirect: boolean;
  readonly serverNameInRedirect: boolean;
  readonly msiePadding: boolean;
  readonly autoindex: boolean;
  readonly autoindexExactSize: boolean;
  readonly autoindexLocaltime: boolean;
  readonly autoindexFormat: "html" | "json" | "xml" | "jsonp";
  /** `open_file_cache_valid` where `open_file_cache` is on; 0: every request sees the file system as it is. */
  readonly openFileCacheValidMs: number;
}

/** How large a request head may be, in octets, and what its names may look like. */
export interface HeaderLimits {
  /** `client_header_buffer_size` */
  readonly headerBufferBytes: number;
  /** `large_client_header_buffers` */
  readonly largeBufferCount: number;
  readonly largeBufferBytes: number;
  /** `ignore_invalid_headers`, `underscores_in_headers` */
  readonly ignoreInvalidHeaders: boolean;
  readonly underscoresInHeaders: boolean;
  /** `merge_slashes` */
  readonly mergeSlashes: boolean;
}

export type LocationMatch =
  | { readonly kind: "exact" | "prefix" | "named"; readonly path: string; /** `^~` */ readonly stopsRegex: boolean }
  | { readonly kind: "regex"; readonly pattern: Pattern; readonly path: string };

/** A location, or a server's own level (a prefix location of the empty path). */
export interface Location {
  readonly match: LocationMatch;
  readonly settings: Settings;
  readonly returns: Return | undefined;
  readonly tryFiles: TryFiles | undefined;
  readonly internal: boolean;
  readonly children: LocationTree;
}

export interface TryFiles {
  readonly files: readonly Template[];
  readonly fallback:
    | { readonly kind: "status"; readonly status: number }
    | { readonly kind: "uri"; readonly uri: Template };
}

export interface LocationTree {
  readonly exact: ReadonlyMap<string, Location>;
  /** Longest first. */
  readonly prefixes: readonly Location[];
  /** In the order of the file. */
  readonly patterns: readonly Location[];
  readonly named: ReadonlyMap<string, Location>;
}

export type ServerName =
  | {
      readonly kind: "exact" | "leading-wildcard" | "trailing-wildcard";
      /** Without the wildcard: `.example.com`, `www.`. */ readonly name: string;
    }
  | { readonly kind: "regex"; readonly pattern: Pattern };

export interface Server {
  readonly names: readonly ServerName[];
  /** The first name as it was written, for `$server_name` and redirects; empty without names. */
  readonly primaryName: string;
  /** The server's own level: its settings, its `return`, its locations. */
  readonly location: Location;
  readonly limits: HeaderLimits;
  readonly clientHeaderTimeoutMs: number;
}

/** One `address:port` or `unix:` path, and the options of its socket. */
export interface SocketAddress {
  /** `0.0.0.0:80`, as errors name it. What has the same text is the same socket. */
  readonly text: string;
  readonly host: string;
  /** 0 for `unix:`. */
  readonly port: number;
  readonly unixPath: string | undefined;
  readonly wildcard: boolean;
  readonly ipv6Only: boolean;
  readonly backlog: number;
  readonly reusePort: boolean;
}

/** An address and who answers there. */
export interface Address extends SocketAddress {
  readonly defaultServer: Server;
  readonly servers: readonly Server[];
}

export interface MainConfig {
  readonly addresses: readonly Address[];
  readonly errorLogs: readonly ErrorLog[];
  readonly pidPath: string;
  readonly daemon: boolean;
  /** `user`: name and group. */
  readonly user: { readonly name: string; readonly group: string | undefined } | undefined;
  readonly workerConnections: number;
  readonly workerShutdownTimeoutMs: number | undefined;
  /** In nginx's words, without level and date. */
  readonly warnings: readonly string[];
  /** Every file that logs go to, to be opened before anything is served. */
  readonly logPaths: readonly string[];
}
