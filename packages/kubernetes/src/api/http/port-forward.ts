// kubectl port-forward: SPDY inside a WebSocket. Every local connection is a pair of streams with one request id: errors
// are text on the `error` stream, bytes go over the `data` stream.
import type { Duplex } from "node:stream";

import type { WebSocket } from "ws";

import type { PodRef } from "../node.ts";
import { toBuffer } from "./exec-session.ts";
import { SpdyConnection, type SpdyStream } from "./spdy.ts";

/** Connections that one kubectl may have open at a time. */
const PAIRS_MAX = 1000;

export function servePortForward(client: WebSocket, pod: PodRef, dial: (port: number) => Promise<Duplex>): void {
  const errors = new Map<string, SpdyStream>();
  const connections = new Set<Duplex>();
  let pairs = 0;
  const refuse = (stream: SpdyStream): void => {
    connection.forget(stream);
    stream.reset().catch(() => client.terminate());
  };
  const connection = new SpdyConnection(
    (bytes) =>
      new Promise((resolve, reject) => {
        client.send(bytes, { binary: true }, (error) => {
          if (error) reject(error);
          else resolve();
        });
      }),
    (stream) => {
      const request = stream.headers.get("requestid") ?? "";
      if (stream.headers.get("streamtype") === "error") {
        if (errors.size >= PAIRS_MAX || errors.has(request)) return refuse(stream);
        errors.set(request, stream);
        // Given up before its data stream came.
        stream.onReset = () => {
          if (errors.get(request) === stream) errors.delete(request);
          connection.forget(stream);
        };
        return;
      }
      const error = errors.get(request);
      errors.delete(request);
      if (pairs >= PAIRS_MAX) return refuse(stream);
      pairs++;
      forward(connection, stream, error, pod, dial, connections)
        .catch(() => client.terminate())
        .finally(() => pairs--);
    },
  );
  // One message after the other; a pod that reads slowly holds back the whole tunnel, as it does in the original.
  let busy = Promise.resolve();
  let waiting = 0;
  client.on("message", (data) => {
    waiting++;
    client.pause();
    busy = busy
      .then(() => connection.receive(toBuffer(data)))
      .catch(() => client.close(1002))
      .then(() => {
        waiting--;
        if (waiting === 0) client.resume();
      });
  });
  client.on("close", () => {
    connection.close();
    for (const socket of connections) socket.destroy();
  });
}

async function forward(
  connection: SpdyConnection,
  data: SpdyStream,
  error: SpdyStream | undefined,
  pod: PodRef,
  dial: (port: number) => Promise<Duplex>,
  connections: Set<Duplex>,
): Promise<void> {
  const port = Number(data.headers.get("port") ?? "0");
  const early: Buffer[] = [];
  let earlyEnd = false;
  let reset = false;
  const { promise: dialled, resolve: ready } = Promise.withResolvers<void>();
  // What comes before the connection stands waits, and so does everything behind it.
  data.onData = async (chunk) => {
    early.push(Buffer.from(chunk));
    await dialled;
  };
  data.onEnd = () => {
    earlyEnd = true;
  };
  data.onReset = () => {
    reset = true;
  };
  let socket: Duplex;
  try {
    if (!Number.isInteger(port) || port < 1 || port > 65_535)
      throw new Error(`invalid port ${JSON.stringify(data.headers.get("port"))}`);
    socket = await dial(port);
  } catch (cause) {
    data.onData = () => undefined;
    ready();
    const why = cause instanceof Error ? cause.message : String(cause);
    await error?.send(Buffer.from(`error forwarding port ${port} to pod ${pod.name}, uid ${pod.uid}: ${why}`));
    await error?.end();
    await data.end();
    forget(connection, data, error);
    return;
  }
  connections.add(socket);
  socket.on("error", () => socket.destroy());
  data.onData = (chunk) => writeAll(socket, chunk);
  data.onEnd = () => void socket.end();
  data.onReset = () => socket.destroy();
  for (const chunk of early) await writeAll(socket, chunk);
  if (earlyEnd) socket.end();
  if (reset) socket.destroy();
  ready();
  try {
    // The pod's end of sending leaves the other direction open.
    const chunks = socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
    for await (const chunk of chunks) await data.send(chunk);
    await data.end();
  } catch {
    await data.reset();
  } finally {
    connections.delete(socket);
    if (!socket.writableFinished) await closed(socket);
    await error?.end();
    forget(connection, data, error);
  }
}

function forget(connection: SpdyConnection, data: SpdyStream, error: SpdyStream | undefined): void {
  connection.forget(data);
  if (error !== undefined) connection.forget(error);
}

/** The pod sends no more; the client may still. */
function closed(socket: Duplex): Promise<void> {
  if (socket.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    socket.once("finish", resolve);
    socket.once("close", () => resolve());
  });
}

/** Resolves when more may be written. A socket that is gone swallows the bytes. */
function writeAll(socket: Duplex, chunk: Buffer): Promise<void> | void {
  if (socket.destroyed || socket.writableEnded || socket.write(chunk)) return;
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off("drain", done);
      socket.off("close", done);
      resolve();
    };
    socket.on("drain", done);
    socket.on("close", done);
  });
}
