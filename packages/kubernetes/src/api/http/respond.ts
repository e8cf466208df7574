import type { IncomingMessage, ServerResponse } from "node:http";

import { StatusError } from "../status-error.ts";

/** What every answer needs to know of its request. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  /** Remarks for the client, sent as `Warning` headers. */
  readonly warnings: string[];
}

export function sendJson(exchange: Exchange, code: number, value: unknown, contentType = "application/json"): void {
  const { response, warnings } = exchange;
  if (response.headersSent) return;
  const body = Buffer.from(JSON.stringify(value));
  response.statusCode = code;
  response.setHeader("Cache-Control", "no-cache, private");
  response.setHeader("Content-Type", contentType);
  response.setHeader("Content-Length", body.length);
  if (warnings.length > 0) response.setHeader("Warning", warningHeaders(warnings));
  response.end(body);
}

export function sendBytes(exchange: Exchange, code: number, body: Buffer, contentType: string): void {
  const { response } = exchange;
  response.statusCode = code;
  response.setHeader("Content-Type", contentType);
  response.setHeader("Content-Length", body.length);
  response.setHeader("Cache-Control", "no-cache, private");
  response.end(body);
}

export function sendText(exchange: Exchange, code: number, text: string): void {
  const { response } = exchange;
  response.statusCode = code;
  response.setHeader("Content-Type", "text/plain; charset=utf-8");
  response.setHeader("Cache-Control", "no-cache, private");
  response.end(text);
}

/** Of all warnings together, as the original limits them; clients refuse an answer whose headers are larger than 16 KiB. */
const WARNING_BYTES_MAX = 4 * 1024;
/** Of one, when all together are too long. */
const WARNING_LENGTH_MAX = 256;

function warningHeaders(warnings: readonly string[]): string[] {
  const full = warnings.map((text) => `299 - ${quoted(text)}`);
  if (full.reduce((bytes, text) => bytes + text.length, 0) <= WARNING_BYTES_MAX) return full;
  const headers: string[] = [];
  let bytes = 0;
  for (const text of warnings) {
    const header = `299 - ${quoted(text.slice(0, WARNING_LENGTH_MAX))}`;
    bytes += header.length;
    if (bytes > WARNING_BYTES_MAX) break;
    headers.push(header);
  }
  return headers;
}

/** A quoted-string of RFC 7230; header values hold no control characters. */
function quoted(text: string): string {
  // eslint-disable-next-line no-control-regex
  return `"${text
    .replace(/[\u0000-\u001f\u007f]/g, " ")
    .replace(/[^\u0020-\u007e]/g, "?")
    .replace(/["\\]/g, "\\$&")}"`;
}

/** The `Status` body of a refusal. */
export function statusBody(error: StatusError): object {
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: error.message,
    ...(error.reason !== undefined && { reason: error.reason }),
    ...(error.details !== undefined && { details: error.details }),
    code: error.code,
  };
}

export function sendError(exchange: Exchange, error: unknown): void {
  const refusal = asStatusError(error);
  const seconds = refusal.details?.retryAfterSeconds;
  if (seconds !== undefined && !exchange.response.headersSent)
    exchange.response.setHeader("Retry-After", String(seconds));
  sendJson(exchange, refusal.code, statusBody(refusal));
}

/** Errors that are no refusals are our own: the client learns only that there was one. */
export function asStatusError(error: unknown): StatusError {
  if (error instanceof StatusError) return error;
  return new StatusError(
    500,
    "InternalError",
    "Internal error occurred: the server met an error of its own; see its log",
    {},
  );
}
