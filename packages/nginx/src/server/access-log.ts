/** The access log's lines (src/http/modules/ngx_http_log_module.c). */
import type { AccessLog, LogFormat } from "../config/model.ts";
import type { HttpRequest } from "../http/request.ts";
import { evaluate, variable, type VariableContext } from "../http/variables.ts";
import type { LogFiles } from "./log-files.ts";

export function logAccess(files: LogFiles, request: HttpRequest, context: VariableContext): void {
  for (const log of request.location.settings.accessLogs) {
    if (isWritten(log, request, context)) files.get(log.path)?.write(formatLine(log.format, request, context));
  }
}

function isWritten(log: AccessLog, request: HttpRequest, context: VariableContext): boolean {
  if (log.condition === undefined) return true;
  const value = evaluate(log.condition, request, context);
  return value !== "" && value !== "0";
}

/** One line with its line feed, a byte string. */
function formatLine(format: LogFormat, request: HttpRequest, context: VariableContext): string {
  if (typeof format.template === "string") return `${format.template}\n`;
  let line = "";
  for (const part of format.template) {
    line += typeof part === "string" ? part : escape(variable(part.variable, request, context), format.escape);
  }
  return `${line}\n`;
}

function escape(value: string | undefined, mode: LogFormat["escape"]): string {
  if (mode === "none") return value ?? "";
  if (mode === "json") return escapeJson(value ?? "");
  if (value === undefined) return "-";
  // oxlint-disable-next-line no-control-regex
  return value.replace(
    /["\\\x00-\x1f\x7f-\xff]/g,
    (ch) => `\\x${ch.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}

function escapeJson(value: string): string {
  // oxlint-disable-next-line no-control-regex
  return value.replace(/["\\\x00-\x1f]/g, (ch) => {
    const short = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f", '"': '\\"', "\\": "\\\\" }[ch];
    return short ?? `\\u${ch.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
  });
}
