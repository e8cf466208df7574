// Logs, exec, attach and port-forward: from the client's connection to the node that runs the pod.
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { pipeline } from "node:stream/promises";

import type { Log } from "@ordinal/io";
import { type WebSocket, WebSocketServer } from "ws";

import { noSuchResource } from "../kind-table.ts";
import type { NodeConnection, PodRef } from "../node.ts";
import type { KubeObject } from "../object.ts";
import { badRequest } from "../refusals.ts";
import type { Registry } from "../registry.ts";
import { runSession } from "./exec-session.ts";
import type { Guard } from "./guard.ts";
import { chooseContainer, checkScheduled, isScheduled, isSet, logOptions, podRef } from "./pod-target.ts";
import { servePortForward } from "./port-forward.ts";
import { requestUrl } from "./request-url.ts";
import { parseResourcePath, type ResourcePath } from "./resource-path.ts";
import { asStatusError, type Exchange, statusBody } from "./respond.ts";

/** In order of preference: v5 can half-close a channel. */
const CHANNEL_PROTOCOLS = ["v5.channel.k8s.io", "v4.channel.k8s.io"];
const PORT_FORWARD_PROTOCOL = "SPDY/3.1+portforward.k8s.io";
/** Clients send stdin in pieces of 32 KiB; one message beyond this ends the stream. */
const MESSAGE_BYTES_MAX = 4 * 1024 * 1024;
/** Beyond that waiting for a client that does not read, its pings are not answered: each answer would wait too. */
const PONG_BACKLOG_BYTES_MAX = 64 * 1024;
const SETTINGS = { noServer: true, maxPayload: MESSAGE_BYTES_MAX, perMessageDeflate: false, autoPong: false } as const;

export class PodStreams {
  readonly #registry: Registry;
  readonly #node: (pod: PodRef) => NodeConnection;
  readonly #log: Log | undefined;
  readonly #channels = new WebSocketServer({
    ...SETTINGS,
    handleProtocols: (offered) => CHANNEL_PROTOCOLS.find((protocol) => offered.has(protocol)) ?? false,
  });
  readonly #tunnels = new WebSocketServer(SETTINGS);

  constructor(registry: Registry, node: (pod: PodRef) => NodeConnection, log: Log | undefined) {
    this.#registry = registry;
    this.#node = node;
    this.#log = log;
    // `ws` refuses the slash in this subprotocol: it is taken off the request before, and put on the answer here.
    this.#tunnels.on("headers", (headers) => headers.push(`Sec-WebSocket-Protocol: ${PORT_FORWARD_PROTOCOL}`));
  }

  async logs(path: ResourcePath, exchange: Exchange): Promise<void> {
    const pod = this.#pod(path);
    const options = logOptions(pod, exchange.url.searchParams);
    const { response } = exchange;
    const head = (): void => {
      response.writeHead(200, { "Content-Type": "text/plain", "Cache-Control": "no-cache, private" });
      response.flushHeaders();
    };
    if (!isScheduled(pod)) {
      head();
      response.end();
      return;
    }
    const lines = await this.#node(podRef(pod)).logs(podRef(pod), options);
    head();
    await pipeline(lines, response).catch((error: unknown) => {
      this.#log?.debug("log-stream-ended", { pod: pod.metadata.name, error: String(error) });
      response.destroy();
    });
  }

  upgrade(guard: Guard, request: IncomingMessage, socket: Socket, head: Buffer): void {
    socket.on("error", () => socket.destroy());
    try {
      guard.check(request);
      this.#upgrade(request, requestUrl(request), socket, head);
    } catch (error) {
      refuse(socket, error);
    }
  }

  /** Ends all streams. */
  close(): void {
    for (const client of [...this.#channels.clients, ...this.#tunnels.clients]) client.terminate();
  }

  #upgrade(request: IncomingMessage, url: URL, socket: Socket, head: Buffer): void {
    const path = parseResourcePath(url.pathname);
    if (path === undefined || path.group !== "" || path.resource !== "pods") throw noSuchResource();
    const offered = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((text) => text.trim());
    switch (path.subresource) {
      case "exec":
      case "attach":
        return this.#startSession(path, url.searchParams, offered, request, socket, head);
      case "portforward":
        return this.#startPortForward(path, offered, request, socket, head);
      default:
        throw noSuchResource();
    }
  }

  #startSession(
    path: ResourcePath,
    query: URLSearchParams,
    offered: readonly string[],
    request: IncomingMessage,
    socket: Socket,
    head: Buffer,
  ): void {
    const pod = this.#pod(path);
    checkScheduled(pod);
    const tty = isSet(query, "tty");
    const options = {
      container: chooseContainer(pod, query.get("container") ?? ""),
      command: query.getAll("command"),
      stdin: isSet(query, "stdin"),
      stdout: isSet(query, "stdout"),
      stderr: isSet(query, "stderr") && !tty,
      tty,
    };
    if (!options.stdin && !options.stdout && !options.stderr) {
      throw badRequest("you must specify at least 1 of stdin, stdout, stderr");
    }
    const attach = path.subresource === "attach";
    if (!attach && options.command.length === 0) throw badRequest("you must specify command");
    // kubectl asks once more with SPDY when WebSocket is refused; what is wrong with the request itself is told first.
    checkWebSocket(request);
    if (!offered.some((protocol) => CHANNEL_PROTOCOLS.includes(protocol))) {
      throw badRequest(`unable to upgrade: none of the subprotocols ${offered.join(", ")} is served`);
    }
    const ref = podRef(pod);
    const start = () => (attach ? this.#node(ref).attach(ref, options) : this.#node(ref).exec(ref, options));
    this.#channels.handleUpgrade(request, socket, head, (client) => {
      this.#watchOver(client);
      void runSession(client, start, attach);
    });
  }

  #startPortForward(
    path: ResourcePath,
    offered: readonly string[],
    request: IncomingMessage,
    socket: Socket,
    head: Buffer,
  ): void {
    const pod = this.#pod(path);
    checkScheduled(pod);
    checkWebSocket(request);
    if (!offered.includes(PORT_FORWARD_PROTOCOL)) {
      throw badRequest(`unable to upgrade: port-forward needs the subprotocol ${PORT_FORWARD_PROTOCOL}`);
    }
    delete request.headers["sec-websocket-protocol"];
    const ref = podRef(pod);
    this.#tunnels.handleUpgrade(request, socket, head, (client) => {
      this.#watchOver(client);
      servePortForward(client, ref, (port) => this.#node(ref).portForward(ref, port));
    });
  }

  #watchOver(client: WebSocket): void {
    client.on("ping", (data) => {
      if (client.bufferedAmount <= PONG_BACKLOG_BYTES_MAX) client.pong(data, false, () => {});
    });
    client.on("error", (error) => {
      this.#log?.debug("pod-stream-failed", { error: error.message });
      client.terminate();
    });
  }

  #pod(path: ResourcePath): KubeObject {
    return this.#registry.get(this.#registry.table.named("pods"), path.namespace, path.name);
  }
}

function checkWebSocket(request: IncomingMessage): void {
  if ((request.headers.upgrade ?? "").toLowerCase() === "websocket") return;
  throw badRequest("unable to upgrade: this server speaks WebSocket only");
}

/** Before the upgrade the connection speaks HTTP. */
function refuse(socket: Socket, error: unknown): void {
  const refusal = asStatusError(error);
  const body = JSON.stringify(statusBody(refusal));
  const head = [
    `HTTP/1.1 ${refusal.code} ${refusal.reason ?? "Error"}`,
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}
