/** The head of a response, its lines in nginx's order (src/http/ngx_http_header_filter_module.c). */
import { formatHttpDate } from "./date.ts";
import { HTTP_10 } from "./request-line.ts";
import type { HttpRequest } from "./request.ts";
import { NGINX_VERSION, statusLine } from "./status.ts";

/** Part of a file, with what goes before it. */
export interface FilePiece {
  readonly before: Buffer | undefined;
  readonly start: number;
  readonly end: number;
}

export type Body =
  | { readonly kind: "none" }
  | { readonly kind: "memory"; readonly parts: readonly Buffer[] }
  /** Whoever sends it closes `handle`. */
  | {
      readonly kind: "file";
      readonly handle: number;
      readonly pieces: readonly FilePiece[];
      readonly after: Buffer | undefined;
    };

export interface Response {
  readonly status: number;
  readonly contentType: string | undefined;
  /** Octets of the body; undefined when it is sent without (304) or as chunks. */
  readonly contentLength: number | undefined;
  /** The body has no announced length: chunks for 1.1, else the end of the connection. */
  readonly chunked?: boolean;
  /** Seconds since the epoch. */
  readonly lastModified?: number | undefined;
  /** Made absolute when it starts with `/` and `absolute_redirect` is on. */
  readonly location?: string | undefined;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Body;
}

export const NO_BODY: Body = { kind: "none" };

/** What `Server` says, and what stands under error pages. */
export function signature(tokens: "on" | "off" | "build"): string {
  return tokens === "off" ? "nginx" : NGINX_VERSION;
}

/** The head's text (a byte string), empty for HTTP/0.9. `date` is the present, formatted. */
export function responseHead(request: HttpRequest, response: Response, date: string): string {
  if (request.version < HTTP_10) return "";
  const { settings } = request.location;
  let head = `${statusLine(response.status)}\r\nServer: ${signature(settings.serverTokens)}\r\nDate: ${date}\r\n`;
  if (response.contentType !== undefined) head += `Content-Type: ${response.contentType}\r\n`;
  if (response.contentLength !== undefined) head += `Content-Length: ${response.contentLength}\r\n`;
  if (response.lastModified !== undefined) head += `Last-Modified: ${formatHttpDate(response.lastModified)}\r\n`;
  const absolute = response.location?.startsWith("/") === true && settings.absoluteRedirect;
  if (absolute) head += `Location: ${origin(request)}${response.location}\r\n`;
  if (response.chunked === true && request.version > HTTP_10 && request.method !== "HEAD")
    head += "Transfer-Encoding: chunked\r\n";
  if (request.keepAlive) {
    head += "Connection: keep-alive\r\n";
    if (settings.keepaliveHeaderSeconds !== undefined && settings.keepaliveHeaderSeconds > 0)
      head += `Keep-Alive: timeout=${settings.keepaliveHeaderSeconds}\r\n`;
  } else {
    head += "Connection: close\r\n";
  }
  if (response.location !== undefined && !absolute) head += `Location: ${response.location}\r\n`;
  for (const [name, value] of request.carriedHeaders) head += `${name}: ${value}\r\n`;
  for (const [name, value] of response.headers) head += `${name}: ${value}\r\n`;
  return `${head}\r\n`;
}

/** `http://host:port` of redirects: the request's host name with the port it was received on. */
function origin(request: HttpRequest): string {
  const { settings } = request.location;
  const { connection } = request;
  const named = settings.serverNameInRedirect ? request.server.primaryName : (request.host ?? "");
  const host = named === "" ? bracketed(connection.localAddress) : named;
  const port = settings.portInRedirect && connection.localPort !== 80 ? `:${connection.localPort}` : "";
  return `http://${host}${port}`;
}

function bracketed(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}
