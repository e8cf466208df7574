import type { HttpRequest } from "../http/http-port.ts";
import type { ServerView } from "../server-view.ts";
import type { JsonValue } from "./java-json.ts";

/** What a command adds to its answer, in order. */
export type CommandData = Map<string, JsonValue>;

/** An answer that is not simply the data. */
export interface CommandResult {
  readonly data: CommandData;
  /** Behind the command's name, unless the data has an error of its own. */
  readonly error?: string;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent instead of the data. */
  readonly stream?: AsyncIterable<Uint8Array>;
}

/** One command of the admin server. Source: org.apache.zookeeper.server.admin.Command. */
export interface AdminCommand {
  /** The first is the one that the list shows. */
  readonly names: readonly [string, ...string[]];
  readonly method: "GET" | "POST";
  /** Answered even while the server has no role. */
  readonly isAlwaysAnswered?: boolean;
  /** Who asks must have all permissions on the root, by an `Authorization` header. */
  readonly needsAuthorization?: boolean;
  run(view: ServerView, request: HttpRequest): Promise<CommandResult> | CommandResult;
}

/** A command that gives data and nothing else. */
export function dataCommand(
  names: readonly [string, ...string[]],
  data: (view: ServerView, request: HttpRequest) => Iterable<readonly [string, JsonValue]>,
  options: { readonly isAlwaysAnswered?: boolean } = {},
): AdminCommand {
  return { names, method: "GET", ...options, run: (view, request) => ({ data: new Map(data(view, request)) }) };
}
