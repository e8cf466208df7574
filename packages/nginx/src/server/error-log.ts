/** The error log's lines (src/core/ngx_log.c, src/http/ngx_http_request.c, ngx_http_log_error). */
import type { ErrorLog, LogLevel } from "../config/model.ts";
import { formatErrorDate } from "../http/date.ts";
import { HEADER } from "../http/header-names.ts";
import type { HttpRequest } from "../http/request.ts";
import type { LogFiles } from "./log-files.ts";

const SEVERITY: Readonly<Record<LogLevel, number>> = {
  emerg: 1,
  alert: 2,
  crit: 3,
  error: 4,
  warn: 5,
  notice: 6,
  info: 7,
  debug: 8,
};

export function isLogged(logs: readonly ErrorLog[], level: LogLevel): boolean {
  return logs.some((log) => SEVERITY[level] <= SEVERITY[log.level]);
}

export function logError(files: LogFiles, logs: readonly ErrorLog[], level: LogLevel, text: string): void {
  if (!isLogged(logs, level)) return;
  const line = `${formatErrorDate(Date.now())} [${level}] ${process.pid}#${process.pid}: ${text}\n`;
  for (const log of logs) {
    if (SEVERITY[level] <= SEVERITY[log.level]) files.get(log.path)?.write(line);
  }
}

/** What follows the message of a line about a request. */
export function requestContext(request: HttpRequest): string {
  const { head } = request;
  const line = head.requestLine;
  const host = head.header(HEADER.host);
  const referrer = head.header(HEADER.referer);
  return (
    `, client: ${request.connection.remoteAddress}, server: ${request.server.primaryName}` +
    (line === "" ? "" : `, request: "${line}"`) +
    (host === undefined ? "" : `, host: "${host}"`) +
    (referrer === undefined ? "" : `, referrer: "${referrer}"`)
  );
}
