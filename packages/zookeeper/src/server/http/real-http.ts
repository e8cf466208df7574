import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import { RefusedError } from "@ordinal/kit";

import type { Http, HttpAnswer, HttpRequest } from "./http-port.ts";

const BODY_BYTES_MAX = 64 * 1024;
const CONNECTIONS_MAX = 64;
const REQUEST_MS = 30_000;
/** A connection on which nothing moves. */
const SILENCE_MS = 30_000;
const HEADER_BYTES_MAX = 16 * 1024;

/** The machine's network, by Node's own server. */
export const realHttp: Http = {
  async listen({ host, port }, answer) {
    const { createServer } = await import("node:http"); // a server without these windows does not pay for it
    const server = createServer(
      { maxHeaderSize: HEADER_BYTES_MAX, requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS },
      (message, response) => {
        respond(message, response, answer).catch(() => response.destroy());
      },
    );
    server.maxConnections = CONNECTIONS_MAX;
    server.setTimeout(SILENCE_MS); // closes the connection, and with it lets go of what its client does not take
    server.listen({ host: host === "0.0.0.0" ? undefined : host, port });
    await once(server, "listening"); // rejects with what "error" tells
    server.on("error", () => {}); // one connection's; the listener goes on
    const address = server.address() as AddressInfo;
    return {
      address: { host: address.address, port: address.port },
      close: async () => {
        server.closeAllConnections();
        await new Promise((resolve) => {
          server.close(resolve);
        });
      },
    };
  },
};

async function respond(
  message: IncomingMessage,
  response: ServerResponse,
  answer: (request: HttpRequest) => Promise<HttpAnswer>,
): Promise<void> {
  let result: HttpAnswer;
  try {
    result = await answer(requestOf(message));
  } catch (error) {
    const isRefused = error instanceof RefusedError;
    const text = isRefused ? `${error.message}\n` : "Internal Server Error\n";
    result = { status: isRefused ? 413 : 500, contentType: "text/plain; charset=utf-8", body: text };
  }
  response.writeHead(result.status, { "content-type": result.contentType, ...result.headers });
  if (message.method === "HEAD") response.end();
  else if (typeof result.body === "string") response.end(result.body);
  else await pipeline(Readable.from(result.body), response);
}

function requestOf(message: IncomingMessage): HttpRequest {
  const [path = "/", query = ""] = (message.url ?? "/").split("?", 2);
  return {
    method: message.method ?? "GET",
    path,
    query: new URLSearchParams(query),
    remoteHost: message.socket.remoteAddress ?? "",
    header: (name) => {
      const value = message.headers[name];
      return typeof value === "string" ? value : value?.[0];
    },
    body: () => readBody(message),
  };
}

async function readBody(message: IncomingMessage): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of message as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > BODY_BYTES_MAX) throw new RefusedError("TOO_LARGE", `a body of more than ${BODY_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
