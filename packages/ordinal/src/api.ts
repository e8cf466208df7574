import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";

import { homeDirectory, homePaths, isRunning, readState, type Home } from "@ordinal/kubernetes/lab-home";

import { CommandError } from "./usage.ts";

interface Credentials {
  readonly port: number;
  readonly token: string;
  readonly ca: string;
}

export interface ApiRequest {
  readonly method?: string;
  readonly accept?: string;
  readonly contentType?: string;
  readonly body?: string;
}

/** The API of the lab in a home, for who has no kubectl. Refusals of the server become `CommandError`s in its words. */
export interface Api {
  readonly home: Home;
  readonly port: number;
  readonly token: string;
  readonly ca: string;
  json(path: string, options?: ApiRequest): Promise<Record<string, unknown>>;
  /** Undefined for 404. */
  maybe(path: string, options?: ApiRequest): Promise<Record<string, unknown> | undefined>;
  stream(path: string, options?: ApiRequest): Promise<IncomingMessage>;
  close(): void;
}

/** Throws when no lab runs in this home. */
export function connect(homeOption: string | undefined): Api {
  const home = homePaths(homeDirectory(homeOption));
  const state = readState(home);
  if (!isRunning(state))
    throw new CommandError(
      `No lab is running in ${home.directory}. Start one with \`ordinal start\`, or name another with --home DIR.`,
    );
  if (state.starting)
    throw new CommandError(
      `The lab in ${home.directory} (process ${state.pid}) is still starting, or was kept from it. Try again in a moment.`,
    );
  return api(home, credentials(home, state.apiPort));
}

function credentials(home: Home, port: number): Credentials {
  let config: string;
  try {
    config = readFileSync(home.kubeconfig, "utf8");
  } catch (error) {
    throw new CommandError(
      `Cannot read ${home.kubeconfig}: ${(error as Error).message}. The lab belongs to the user who started it.`,
    );
  }
  const token = /^\s*token:\s*"?([^"\s]+)"?\s*$/m.exec(config)?.[1];
  const ca = /^\s*certificate-authority-data:\s*"?([^"\s]+)"?\s*$/m.exec(config)?.[1];
  if (token === undefined || ca === undefined)
    throw new CommandError(
      `${home.kubeconfig} has no token or certificate of a lab. \`ordinal stop\` and \`ordinal start\` write it anew.`,
    );
  return { port, token, ca: Buffer.from(ca, "base64").toString("utf8") };
}

function api(home: Home, login: Credentials): Api {
  const agent = new Agent({ keepAlive: true, ca: login.ca });
  const stream = (path: string, options: ApiRequest = {}): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const headers: Record<string, string> = {
        authorization: `Bearer ${login.token}`,
        accept: options.accept ?? "application/json",
      };
      if (options.body !== undefined) {
        headers["content-type"] = options.contentType ?? "application/json";
        // Node frames the body of a DELETE in no way unless told its length.
        headers["content-length"] = String(Buffer.byteLength(options.body));
      }
      const outgoing = request(
        { agent, host: "127.0.0.1", port: login.port, path, method: options.method ?? "GET", headers },
        resolve,
      );
      outgoing.on("error", (error) =>
        reject(new CommandError(`The lab in ${home.directory} does not answer: ${error.message}.`)),
      );
      outgoing.end(options.body);
    });
  const call = async (path: string, options?: ApiRequest): Promise<{ code: number; body: Record<string, unknown> }> => {
    const response = await stream(path, options);
    return { code: response.statusCode ?? 0, body: JSON.parse(await readAll(response)) as Record<string, unknown> };
  };
  return {
    home,
    port: login.port,
    token: login.token,
    ca: login.ca,
    stream,
    async json(path, options) {
      const { code, body } = await call(path, options);
      if (code >= 400) throw refusal(body);
      return body;
    },
    async maybe(path, options) {
      const { code, body } = await call(path, options);
      if (code === 404) return undefined;
      if (code >= 400) throw refusal(body);
      return body;
    },
    close: () => agent.destroy(),
  };
}

/** The server's refusal as kubectl words it. */
export function refusal(status: Record<string, unknown>): CommandError {
  const reason = typeof status["reason"] === "string" ? ` (${status["reason"]})` : "";
  return new CommandError(`Error from server${reason}: ${String(status["message"] ?? "no message")}`);
}

export async function readAll(stream: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
