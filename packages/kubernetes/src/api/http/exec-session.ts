// exec and attach over WebSocket, subprotocols v5.channel.k8s.io and v4: the first byte of a message is its channel.
import type { Readable, Writable } from "node:stream";

import type { WebSocket } from "ws";

import type { ContainerSession } from "../node.ts";
import { StatusError } from "../status-error.ts";
import { asStatusError } from "./respond.ts";

const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;
const PIECE_BYTES_MAX = 64 * 1024;

/** Runs until the command ended and everything was sent, or the client went away. Never rejects. */
export async function runSession(
  client: WebSocket,
  start: () => Promise<ContainerSession>,
  attach: boolean,
): Promise<void> {
  // Nothing is read before there is something to write it to.
  client.pause();
  let gone = false;
  let session: ContainerSession | undefined;
  client.on("close", () => {
    gone = true;
    session?.close();
  });
  try {
    session = await start();
    if (gone) {
      session.close();
      return;
    }
    receive(client, session);
    client.resume();
    const [{ exitCode }] = await Promise.all([
      session.exited,
      send(client, CHANNEL.stdout, session.stdout),
      send(client, CHANNEL.stderr, session.stderr),
    ]);
    // kubectl takes an attached container's exit code from the pod's status.
    await finish(client, attach || exitCode === 0 ? { metadata: {}, status: "Success" } : exitStatus(exitCode));
  } catch (error) {
    // A paused client's closing would not be seen.
    client.resume();
    if (!gone) await finish(client, failure(error)).catch(() => client.terminate());
    session?.close();
  }
}

function receive(client: WebSocket, session: ContainerSession): void {
  const { stdin } = session;
  // A command that ended takes no more; that is no failure of the stream.
  stdin?.on("error", () => undefined);
  client.on("message", (data) => {
    const message = toBuffer(data);
    const channel = message[0];
    const payload = message.subarray(1);
    if (channel === CHANNEL.stdin) write(client, stdin, payload);
    else if (channel === CHANNEL.resize) resize(session, payload);
    else if (channel === CHANNEL.close && payload[0] === CHANNEL.stdin) stdin?.end();
  });
}

function write(client: WebSocket, stdin: Writable | undefined, payload: Buffer): void {
  if (stdin === undefined || payload.length === 0 || stdin.writableEnded || stdin.destroyed) return;
  if (stdin.write(payload)) return;
  client.pause();
  const resume = (): void => {
    stdin.off("drain", resume);
    stdin.off("close", resume);
    client.resume();
  };
  stdin.on("drain", resume);
  stdin.on("close", resume);
}

function resize(session: ContainerSession, payload: Buffer): void {
  let size;
  try {
    size = JSON.parse(payload.toString()) as { Width?: unknown; Height?: unknown } | null;
  } catch {
    return;
  }
  const { Width: columns, Height: rows } = size ?? {};
  if (isSize(columns) && isSize(rows)) session.resize(columns, rows);
}

/** kubectl without a terminal says 0×0. */
function isSize(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value > 0 && value < 65_536;
}

/** The next piece is read once the last one is with the kernel: a slow client slows the command down. */
async function send(client: WebSocket, channel: number, stream: Readable | undefined): Promise<void> {
  if (stream === undefined) return;
  for await (const chunk of stream as AsyncIterable<Buffer | string>) {
    const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
    for (let at = 0; at < bytes.length; at += PIECE_BYTES_MAX) {
      await sendMessage(client, channel, bytes.subarray(at, at + PIECE_BYTES_MAX));
    }
  }
}

function sendMessage(client: WebSocket, channel: number, payload: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    client.send(Buffer.concat([Buffer.from([channel]), payload]), { binary: true }, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

async function finish(client: WebSocket, status: object): Promise<void> {
  await sendMessage(client, CHANNEL.error, Buffer.from(JSON.stringify(status)));
  client.close(1000);
}

function exitStatus(exitCode: number): object {
  return {
    metadata: {},
    status: "Failure",
    message: `command terminated with non-zero exit code: exit status ${exitCode}`,
    reason: "NonZeroExitCode",
    details: { causes: [{ reason: "ExitCode", message: String(exitCode) }] },
  };
}

function failure(error: unknown): object {
  const { message } = error instanceof StatusError ? error : asStatusError(error);
  const text = message.startsWith("Internal error occurred: ") ? message : `Internal error occurred: ${message}`;
  return { metadata: {}, status: "Failure", message: text, reason: "InternalError", code: 500 };
}

export function toBuffer(data: Buffer | ArrayBuffer | Buffer[]): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return Buffer.isBuffer(data) ? data : Buffer.from(data);
}
