import { WebSocket } from "ws";

import { connect } from "../api.ts";
import { flag, parse, text } from "../arguments.ts";
import { CommandError, UsageError } from "../usage.ts";

/** First byte of every message of `v5.channel.k8s.io`. */
const CHANNEL = { STDIN: 0, STDOUT: 1, STDERR: 2, ERROR: 3, RESIZE: 4, CLOSE: 255 } as const;

export async function run(args: readonly string[]): Promise<number> {
  const split = args.indexOf("--");
  const parsed = parse(split < 0 ? args : args.slice(0, split), {
    namespace: { type: "string", short: "n" },
    container: { type: "string", short: "c" },
    stdin: { type: "boolean", short: "i" },
    tty: { type: "boolean", short: "t" },
  });
  const command = split < 0 ? [] : args.slice(split + 1);
  const pod = parsed.positionals[0]?.replace(/^pods?\//, "");
  if (pod === undefined || parsed.positionals.length > 1 || command.length === 0)
    throw new UsageError("Name a pod, then `--`, then the command.");
  const tty = flag(parsed, "tty") && process.stdin.isTTY && process.stdout.isTTY;
  if (flag(parsed, "tty") && !tty)
    process.stderr.write("Unable to use a TTY - input is not a terminal or the right kind of file\n");
  const stdin = flag(parsed, "stdin");
  const query = new URLSearchParams({
    stdout: "true",
    ...(tty ? { tty: "true" } : { stderr: "true" }),
    ...(stdin ? { stdin: "true" } : {}),
  });
  for (const word of command) query.append("command", word);
  const container = text(parsed, "container");
  if (container !== undefined) query.set("container", container);
  const api = connect(text(parsed, "home"));
  const namespace = encodeURIComponent(text(parsed, "namespace") ?? "default");
  const url = `wss://127.0.0.1:${api.port}/api/v1/namespaces/${namespace}/pods/${encodeURIComponent(pod)}/exec?${query}`;
  const socket = new WebSocket(url, "v5.channel.k8s.io", {
    ca: api.ca,
    headers: { authorization: `Bearer ${api.token}` },
  });
  api.close();
  return await converse(socket, stdin, tty);
}

function converse(socket: WebSocket, stdin: boolean, tty: boolean): Promise<number> {
  return new Promise((resolve, reject) => {
    let outcome: { code: number; message?: string } | undefined;
    const resize = (): void =>
      send(
        socket,
        CHANNEL.RESIZE,
        Buffer.from(JSON.stringify({ Width: process.stdout.columns, Height: process.stdout.rows })),
      );
    socket.on("open", () => {
      if (tty) {
        process.stdin.setRawMode(true);
        process.stdout.on("resize", resize);
        resize();
      }
      if (!stdin) return;
      process.stdin.on("data", (chunk: Buffer) => {
        send(socket, CHANNEL.STDIN, chunk);
        if (socket.bufferedAmount < 1 << 20) return;
        process.stdin.pause();
        const wait = setInterval(() => {
          if (socket.bufferedAmount > 1 << 18) return;
          clearInterval(wait);
          process.stdin.resume();
        }, 5);
      });
      process.stdin.on("end", () => socket.send(Buffer.from([CHANNEL.CLOSE, CHANNEL.STDIN])));
    });
    socket.on("message", (data: Buffer) => {
      const content = data.subarray(1);
      if (data[0] === CHANNEL.STDOUT) process.stdout.write(content);
      else if (data[0] === CHANNEL.STDERR) process.stderr.write(content);
      else if (data[0] === CHANNEL.ERROR) outcome = readOutcome(content.toString("utf8"));
    });
    socket.on("unexpected-response", (_request, response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => (body += chunk.toString("utf8")));
      response.on("end", () =>
        reject(new CommandError(`Error from server: ${messageOf(body) ?? `HTTP ${response.statusCode}`}`)),
      );
    });
    socket.on("error", (error) => reject(new CommandError(`The connection to the lab broke: ${error.message}.`)));
    socket.on("close", () => {
      if (tty) process.stdin.setRawMode(false);
      process.stdin.destroy();
      if (outcome === undefined) reject(new CommandError("The connection to the lab ended before the command did."));
      else {
        if (outcome.message !== undefined) process.stderr.write(`${outcome.message}\n`);
        resolve(outcome.code);
      }
    });
  });
}

function send(socket: WebSocket, channel: number, data: Buffer): void {
  if (socket.readyState === socket.OPEN) socket.send(Buffer.concat([Buffer.from([channel]), data]));
}

function readOutcome(body: string): { code: number; message?: string } {
  const status = JSON.parse(body) as {
    status?: string;
    message?: string;
    reason?: string;
    details?: { causes?: { reason?: string; message?: string }[] };
  };
  if (status.status === "Success") return { code: 0 };
  const exit = status.details?.causes?.find((cause) => cause.reason === "ExitCode");
  if (status.reason === "NonZeroExitCode" && exit !== undefined)
    return { code: Number(exit.message), message: `command terminated with exit code ${exit.message}` };
  return { code: 1, message: `error: ${status.message ?? "the command failed"}` };
}

function messageOf(body: string): string | undefined {
  try {
    return (JSON.parse(body) as { message?: string }).message;
  } catch {
    return undefined;
  }
}
