// The API over HTTPS: one listener on loopback, TLS, bearer token.
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { Server as NetServer, Socket } from "node:net";

import type { Log } from "@ordinal/io";

import type { NodeConnection, PodRef } from "../node.ts";
import type { Registry } from "../registry.ts";
import { Guard } from "./guard.ts";
import { requestUrl } from "./request-url.ts";
import { type Exchange, sendError } from "./respond.ts";
import { Router } from "./router.ts";

export interface ApiServerOptions {
  readonly registry: Registry;
  /** Where pods run: streams of logs, exec, attach and port-forward go there. */
  readonly node: NodeConnection | ((pod: PodRef) => NodeConnection);
  readonly pki: { readonly certificate: string; readonly key: string };
  readonly token: string;
  /** Default 127.0.0.1. */
  readonly address?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** A TCP server that listens already; `address` and `port` are not looked at then. */
  readonly server?: NetServer;
  /** More names by which clients may call the server, e.g. its ClusterIP. */
  readonly hosts?: readonly string[];
  readonly log?: Log;
}

export interface ApiServer {
  readonly address: string;
  readonly port: number;
  readonly url: string;
  /** Ends every request and stream, and frees the port. */
  close(): Promise<void>;
}

const HEADER_BYTES_MAX = 64 * 1024;
const HEADERS_TIMEOUT_MS = 20_000;
const REQUEST_TIMEOUT_MS = 60_000;
const HANDSHAKE_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_MS = 120_000;
const CONNECTIONS_MAX = 2_000;

/** Resolves once it listens. Rejects with Node's own error when the port is taken. */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { registry, log } = options;
  const guard = new Guard({ token: options.token, ...(options.hosts && { hosts: options.hosts }) });
  const router = new Router(registry, options.node, log);
  const https = createServer({
    cert: options.pki.certificate,
    key: options.pki.key,
    minVersion: "TLSv1.2",
    ALPNProtocols: ["http/1.1"],
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    maxHeaderSize: HEADER_BYTES_MAX,
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
  });
  const sockets = new Set<Socket>();
  https.on("request", (request, response) => void serve(guard, router, request, response, log));
  https.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) => {
    router.upgrade(guard, request, socket, head);
  });
  https.on("clientError", refuseBytes);
  https.on("tlsClientError", (_error, socket) => socket.destroy());
  https.on("secureConnection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
  });
  const { listener, close } = await listen(https, options);
  const bound = listener.address();
  if (bound === null || typeof bound === "string") throw new Error("the API server needs a TCP listener");
  const host = bound.family === "IPv6" ? `[${bound.address}]` : bound.address;
  router.address = `${host}:${bound.port}`;
  return {
    address: bound.address,
    port: bound.port,
    url: `https://${host}:${bound.port}`,
    async close() {
      const closed = close();
      router.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

async function listen(
  https: Server,
  options: ApiServerOptions,
): Promise<{ listener: NetServer; close: () => Promise<void> }> {
  const { server } = options;
  const listener = server ?? https;
  listener.maxConnections = CONNECTIONS_MAX;
  const raw = new Set<Socket>();
  if (server !== undefined) {
    server.on("connection", (socket) => {
      raw.add(socket);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => raw.delete(socket));
      https.emit("connection", socket);
    });
  } else {
    https.on("connection", (socket: Socket) => {
      raw.add(socket);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => raw.delete(socket));
    });
    await new Promise<void>((resolve, reject) => {
      https.once("error", reject);
      https.listen(options.port ?? 0, options.address ?? "127.0.0.1", () => {
        https.off("error", reject);
        resolve();
      });
    });
  }
  return {
    listener,
    close: () =>
      new Promise((resolve) => {
        listener.close(() => resolve());
        for (const socket of raw) socket.destroy();
      }),
  };
}

async function serve(
  guard: Guard,
  router: Router,
  request: IncomingMessage,
  response: ServerResponse,
  log: Log | undefined,
): Promise<void> {
  let exchange: Exchange | undefined;
  let admitted = false;
  try {
    const url = requestUrl(request);
    exchange = { request, response, url, warnings: [] };
    guard.check(request);
    admitted = true;
    await router.serve(exchange);
  } catch (error) {
    exchange ??= { request, response, url: new URL("https://invalid/"), warnings: [] };
    if (!isRefusal(error)) {
      log?.error("api-request-failed", { method: request.method, path: exchange.url.pathname, error: stackOf(error) });
    }
    if (response.headersSent) response.destroy();
    else {
      // What is left of a body that was not read would be taken for the next request; and who may not speak to the API does
      // not keep one of its connections.
      if (!request.complete || !admitted) response.setHeader("Connection", "close");
      sendError(exchange, error);
    }
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof Error && (error.name === "StatusError" || error.name === "AbortError" || hasReset(error));
}

function hasReset(error: Error): boolean {
  return "code" in error && (error.code === "ECONNRESET" || error.code === "ERR_STREAM_PREMATURE_CLOSE");
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function refuseBytes(
  error: NodeJS.ErrnoException,
  socket: { readonly writable: boolean; end(text: string): void; destroy(): void },
): void {
  if (!socket.writable || error.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const line =
    error.code === "HPE_HEADER_OVERFLOW"
      ? "431 Request Header Fields Too Large"
      : error.code === "ERR_HTTP_REQUEST_TIMEOUT"
        ? "408 Request Timeout"
        : "400 Bad Request";
  socket.end(`HTTP/1.1 ${line}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
