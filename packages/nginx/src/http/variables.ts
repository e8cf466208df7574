/** Values of variables (src/http/ngx_http_variables.c, ngx_http_log_module.c) and of the templates that use them. */
import type { Template } from "../config/template.ts";
import type { SERVED_VARIABLES } from "../config/variable-names.ts";
import { formatIsoDate, formatLogDate } from "./date.ts";
import { filePath } from "./file-path.ts";
import { HEADER } from "./header-names.ts";
import type { HttpRequest } from "./request.ts";
import { NGINX_VERSION } from "./status.ts";

/** What a variable may know beyond the request. */
export interface VariableContext {
  readonly hostname: string;
  readonly pid: number;
  /** Sixteen random octets as hexadecimal, for `$request_id`. */
  randomId(): string;
  realpath(path: string): string | undefined;
}

type Getter = (request: HttpRequest, context: VariableContext) => string | undefined;
type Served = Exclude<(typeof SERVED_VARIABLES)[number], never>;

const GETTERS: { readonly [K in Served]: Getter } = {
  args: (r) => r.args,
  query_string: (r) => r.args,
  is_args: (r) => (r.args === undefined || r.args === "" ? "" : "?"),
  body_bytes_sent: (r) => String(r.bodyBytesSent),
  bytes_sent: (r) => String(r.headBytesSent + r.bodyBytesSent),
  connection: (r) => String(r.connection.serial),
  connection_requests: (r) => String(r.ordinal),
  connection_time: (r) => seconds(now(r) - r.connection.startedAtMs),
  content_length: (r) => r.head.header(HEADER.contentLength),
  content_type: (r) => r.head.headerByVariable("content_type"),
  document_root: (r, context) => evaluate(r.location.settings.root, r, context),
  realpath_root: (r, context) => context.realpath(evaluate(r.location.settings.root, r, context)),
  document_uri: (r) => (r.head.lineComplete ? r.path : undefined),
  uri: (r) => (r.head.lineComplete ? r.path : undefined),
  host: (r) => r.host ?? r.server.primaryName,
  hostname: (_, context) => context.hostname,
  https: () => "",
  limit_rate: () => "0",
  msec: (r) => seconds(now(r)),
  nginx_version: () => NGINX_VERSION.slice("nginx/".length),
  pid: (_, context) => String(context.pid),
  pipe: (r) => (r.ordinal > 1 && r.startedAtMs === r.connection.startedAtMs ? "p" : "."),
  binary_remote_addr: (r) => binaryAddress(r.connection.remoteAddress),
  remote_addr: (r) => r.connection.remoteAddress,
  remote_port: (r) => String(r.connection.remotePort),
  remote_user: (r) => basicUser(r.head.header(HEADER.authorization)),
  request: (r) => r.head.requestLine,
  request_completion: (r) => (r.completed ? "OK" : ""),
  request_filename: (r, context) => filePath(r, evaluate(r.location.settings.root, r, context)),
  request_id: (r, context) => (r.requestId ??= context.randomId()),
  request_length: (r) => String(r.head.headBytes),
  request_method: (r) => (r.head.lineComplete ? r.head.method : undefined),
  request_time: (r) => seconds(Math.max(0, now(r) - r.startedAtMs)),
  request_uri: (r) => (r.path === "" ? undefined : r.head.target),
  scheme: () => "http",
  server_addr: (r) => r.connection.localAddress,
  server_name: (r) => r.server.primaryName,
  server_port: (r) => String(r.connection.localPort),
  server_protocol: (r) => r.head.protocol,
  status: (r) => String(r.version === 9 && r.status === 0 ? 9 : r.status).padStart(3, "0"),
  time_iso8601: (r) => formatIsoDate(now(r)),
  time_local: (r) => formatLogDate(now(r)),
};

const GETTER_OF: ReadonlyMap<string, Getter> = new Map(Object.entries(GETTERS));

/** Undefined: the variable has no value, which a log shows as `-`. */
export function variable(name: string, request: HttpRequest, context: VariableContext): string | undefined {
  const getter = GETTER_OF.get(name);
  if (getter !== undefined) return getter(request, context);
  if (name.length === 1 && name >= "1" && name <= "9") return request.captures?.[Number(name)] ?? "";
  if (name.startsWith("http_")) return request.head.headerByVariable(name.slice(5));
  if (name.startsWith("arg_")) return argument(request.args, name.slice(4));
  if (name.startsWith("cookie_")) return cookie(request, name.slice(7));
  if (name.startsWith("sent_http_")) return request.sentHeaders?.get(name.slice(10));
  return request.captures?.groups?.[name];
}

/** The template's text; variables without a value are empty. */
export function evaluate(template: Template, request: HttpRequest, context: VariableContext): string {
  if (typeof template === "string") return template;
  let out = "";
  for (const part of template)
    out += typeof part === "string" ? part : (variable(part.variable, request, context) ?? "");
  return out;
}

function now(request: HttpRequest): number {
  return request.finishedAtMs === 0 ? request.startedAtMs : request.finishedAtMs;
}

function seconds(ms: number): string {
  return (Math.floor(ms) / 1000).toFixed(3);
}

function binaryAddress(address: string): string {
  return address.includes(":") ? address : String.fromCharCode(...address.split(".").map(Number));
}

/** User of `Authorization: Basic`, whether or not anyone checks it. */
function basicUser(header: string | undefined): string | undefined {
  if (header === undefined || !/^basic /i.test(header)) return undefined;
  const decoded = Buffer.from(header.slice(6).trim(), "base64").toString("latin1");
  const colon = decoded.indexOf(":");
  return colon < 0 ? undefined : decoded.slice(0, colon);
}

function argument(args: string | undefined, name: string): string | undefined {
  for (const pair of (args ?? "").split("&")) {
    const equals = pair.indexOf("=");
    if (equals > 0 && pair.slice(0, equals).toLowerCase() === name.toLowerCase()) return pair.slice(equals + 1);
  }
  return undefined;
}

function cookie(request: HttpRequest, name: string): string | undefined {
  for (let i = 0; i < request.head.headerCount; i++) {
    if (request.head.headerName(i).toLowerCase() !== "cookie") continue;
    for (const pair of request.head.headerValue(i).split(/[;,]/)) {
      const equals = pair.indexOf("=");
      if (equals > 0 && pair.slice(0, equals).trim().toLowerCase() === name.toLowerCase())
        return pair.slice(equals + 1).trim();
    }
  }
  return undefined;
}
