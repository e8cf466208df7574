import { hasCode } from "@ordinal/kit";

import { Permission } from "../../jute/op-code.ts";
import type { Http, HttpAnswer, HttpListener, HttpRequest } from "../http/http-port.ts";
import { javaHostAddress } from "../java-address.ts";
import { databaseOf, type ServerView } from "../server-view.ts";
import { ACTING_COMMANDS } from "./acting-commands.ts";
import type { AdminCommand, CommandResult } from "./admin-command.ts";
import { DATA_COMMANDS } from "./data-commands.ts";
import { javaJson, type JsonValue } from "./java-json.ts";

// Source: org.apache.zookeeper.server.admin.JettyAdminServer, Commands, JsonOutputter.

const COMMANDS: readonly AdminCommand[] = [...DATA_COMMANDS, ...ACTING_COMMANDS];
const BY_NAME: ReadonlyMap<string, AdminCommand> = new Map(
  COMMANDS.flatMap((command) => command.names.map((name) => [name, command] as const)),
);

const EACH_PERMISSION = [
  Permission.read,
  Permission.write,
  Permission.create,
  Permission.delete,
  Permission.admin,
] as const;

/**
 * Opens the admin server. It is a convenience: where its port cannot be had, one line of the log says so and the server runs
 * without. Undefined then.
 */
export async function startAdminServer(http: Http, view: ServerView): Promise<HttpListener | undefined> {
  const { adminAddress: host, adminPort: port, adminCommandUrl: url } = view.config;
  const { log } = view.service;
  try {
    const listener = await http.listen({ host, port }, (request) => answer(view, request));
    log.info("admin-server-started", {
      message: `Started AdminServer on address ${host}, port ${listener.address.port} and command URL ${url}`,
    });
    return listener;
  } catch (error) {
    const reason = hasCode(error, "EADDRINUSE") ? "the port is in use" : String(error);
    log.warn("admin-server-not-started", {
      message:
        `Problem starting AdminServer on address ${host}, port ${port} and command URL ${url}: ${reason}; ` +
        "the server runs without it (admin.serverPort chooses another port, admin.enableServer=false switches it off)",
    });
    return undefined;
  }
}

async function answer(view: ServerView, request: HttpRequest): Promise<HttpAnswer> {
  const { adminCommandUrl: url } = view.config;
  const { path, method } = request;
  if (path !== url && !path.startsWith(`${url}/`)) return plain(404, "Not Found\n");
  if (method !== "GET" && method !== "POST" && method !== "HEAD") return plain(405, "Method Not Allowed\n");
  const name = decodeName(path.slice(url.length + 1));
  if (name === undefined) return plain(400, "Bad Request\n");
  if (name === "") return { status: 200, contentType: "text/html; charset=utf-8", body: commandLinks(url) };
  view.metrics.insecureAdmin.add(1);
  const command = BY_NAME.get(name);
  if (command === undefined) return failure(view, name, `Unknown command: ${name}`, 200);
  const [primaryName] = command.names;
  if (command.isAlwaysAnswered !== true && !view.service.isServing) {
    return failure(view, primaryName, "This ZooKeeper instance is not currently serving requests", 200);
  }
  if (command.needsAuthorization === true) {
    const refused = authorize(view, request);
    if (refused !== undefined) return failure(view, primaryName, refused.error, refused.status);
  }
  if ((method === "HEAD" ? "GET" : method) !== command.method) {
    return failure(view, primaryName, `${command.method} requests only`, 405);
  }
  return format(primaryName, await command.run(view, request));
}

function format(command: string, result: CommandResult): HttpAnswer {
  const { status = 200, headers, stream, data } = result;
  const common = { status, ...(headers !== undefined && { headers }) };
  if (stream !== undefined) return { ...common, contentType: "application/octet-stream", body: stream };
  const all = new Map<string, JsonValue>(data);
  all.set("command", command);
  if (!data.has("error")) all.set("error", result.error ?? null);
  return { ...common, contentType: "application/json", body: javaJson(all) };
}

function failure(view: ServerView, command: string, error: string, status: number): HttpAnswer {
  view.service.log.warn("admin-command-failed", { message: `admin command ${JSON.stringify(command)}: ${error}` });
  return format(command, { data: new Map(), error, status });
}

/** As auth packets do it: `digest user:password`, or a scheme alone, such as `ip`. */
function authorize(
  view: ServerView,
  request: HttpRequest,
): { readonly error: string; readonly status: number } | undefined {
  const header = request.header("authorization");
  if (header === undefined) return { error: "Auth info is missing for the command", status: 401 };
  const [scheme = "", auth, ...more] = header.split(" ");
  const { access } = view.service;
  const remoteAddress = javaHostAddress(request.remoteHost);
  const ids =
    more.length > 0
      ? undefined
      : access.authenticate(scheme, auth === undefined ? null : new TextEncoder().encode(auth), { remoteAddress });
  if (ids === undefined) return { error: "Not authenticated", status: 401 };
  const { tree } = databaseOf(view);
  const root = tree.node("/");
  const acl = root === undefined ? [] : tree.aclOf(root);
  if (EACH_PERMISSION.every((permission) => access.allows(acl, permission, ids))) return undefined;
  return { error: "Not authorized", status: 403 };
}

function commandLinks(url: string): string {
  return COMMANDS.map(({ names: [name] }) => name)
    .sort()
    .map((name) => `<a href="${url}/${name}">${name}</a>\n<br/>\n`)
    .join("");
}

function decodeName(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function plain(status: number, body: string): HttpAnswer {
  return { status, contentType: "text/plain; charset=utf-8", body };
}
