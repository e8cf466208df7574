import { randomBytes } from "node:crypto";
/** What all connections of a server share under one configuration. */
import { close } from "node:fs";
import { realpathSync } from "node:fs";
import { hostname } from "node:os";

import type { Address, ErrorLog, LogLevel, MainConfig } from "../config/model.ts";
import { ServerNames } from "../config/server-names.ts";
import { formatHttpDate } from "../http/date.ts";
import type { HttpRequest } from "../http/request.ts";
import type { ContentContext } from "../static/content.ts";
import type { FileCache } from "../static/file-cache.ts";
import { logAccess } from "./access-log.ts";
import { isLogged, logError, requestContext } from "./error-log.ts";
import type { LogFiles } from "./log-files.ts";

/** What the server as a whole does with a connection. */
export interface OpenConnection {
  /** Closes now when idle, else after the present answer. */
  retire(): void;
  destroy(): void;
}

/** An address with its servers' names ready to be looked up. */
export interface ServingAddress {
  readonly address: Address;
  readonly names: ServerNames;
}

let lastBoundary = Math.floor(Math.random() * 1_000_000);
let dateSecond = 0;
let dateText = "";

export class ServerCore implements ContentContext {
  readonly config: MainConfig;
  readonly files: FileCache;
  readonly logs: LogFiles;
  readonly addresses: readonly ServingAddress[];
  readonly connections = new Set<OpenConnection>();
  readonly hostname = hostname();
  readonly pid = process.pid;
  /** Called when the last connection has gone. */
  drained: (() => void) | undefined;

  constructor(config: MainConfig, files: FileCache, logs: LogFiles) {
    this.config = config;
    this.files = files;
    this.logs = logs;
    this.addresses = config.addresses.map((address) => ({
      address,
      names: new ServerNames(address.defaultServer, address.servers),
    }));
  }

  /** The present as a header shows it. */
  httpDate(): string {
    const second = Math.floor(Date.now() / 1000);
    if (second !== dateSecond) {
      dateSecond = second;
      dateText = formatHttpDate(second);
    }
    return dateText;
  }

  log(level: LogLevel, text: string, request: HttpRequest): void {
    const logs: readonly ErrorLog[] = request.location.settings.errorLogs;
    if (!isLogged(logs, level)) return;
    logError(this.logs, logs, level, `*${request.connection.serial} ${text}${requestContext(request)}`);
  }

  /** A line that belongs to no request. */
  note(level: LogLevel, text: string): void {
    logError(this.logs, this.config.errorLogs, level, text);
  }

  /** The request is over, well or badly. */
  finished(request: HttpRequest): void {
    if (request.location.settings.accessLogs.length === 0) return;
    request.finishedAtMs = Date.now();
    logAccess(this.logs, request, this);
  }

  connectionClosed(connection: OpenConnection): void {
    this.connections.delete(connection);
    if (this.connections.size === 0) this.drained?.();
  }

  closeFile(handle: number): void {
    close(handle, () => {});
  }

  nextBoundary(): string {
    return String(++lastBoundary).padStart(20, "0");
  }

  randomId(): string {
    return randomBytes(16).toString("hex");
  }

  realpath(path: string): string | undefined {
    try {
      return realpathSync(this.files.systemPath(path), { encoding: "latin1" as BufferEncoding });
    } catch {
      return undefined;
    }
  }
}
