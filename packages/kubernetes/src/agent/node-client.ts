import { connect, type Socket } from "node:net";
import type { Duplex, Readable, Writable } from "node:stream";

import type { ContainerSession, NodeConnection } from "../api/node.ts";
import { StatusError } from "../api/status-error.ts";
import { readJsonLine, writeJsonLine } from "./json-lines.ts";
import { fromWire } from "./messages.ts";
import type { ControlFromAgent, ControlToAgent, NodeAnswer, NodeRequest, StreamName } from "./node-protocol.ts";

/** The lab's end: the kubelet in the agent, through its Unix socket. */
export function connectNode(path: string): NodeConnection {
  return {
    exec: (pod, options) => openSession(path, { kind: "exec", pod, options }),
    attach: (pod, options) => openSession(path, { kind: "attach", pod, options }),
    portForward: async (pod, port): Promise<Duplex> => (await ask(path, { kind: "portForward", pod, port })).socket,
    logs: async (pod, options): Promise<Readable> => {
      const { socket } = await ask(path, { kind: "logs", pod, options });
      socket.once("end", () => socket.end());
      return socket;
    },
  };
}

async function ask(
  path: string,
  request: NodeRequest,
): Promise<{ readonly socket: Socket; readonly answer: Extract<NodeAnswer, { ok: true }> }> {
  const socket = connect({ path, allowHalfOpen: true });
  socket.on("error", () => {});
  writeJsonLine(socket, request);
  const answer = await readJsonLine(socket).then(
    (line) => line as NodeAnswer,
    (error: Error) => {
      socket.destroy();
      throw new StatusError(500, "InternalError", `Internal error occurred: error dialing backend: ${error.message}`);
    },
  );
  if (answer.ok) return { socket, answer };
  socket.destroy();
  throw fromWire(answer.error);
}

async function openSession(path: string, request: NodeRequest): Promise<ContainerSession> {
  const { socket: control, answer } = await ask(path, request);
  const names = answer.streams ?? [];
  const opened = new Map<StreamName, Socket>();
  try {
    const sockets = await Promise.all(
      names.map((stream) => ask(path, { kind: "stream", session: answer.session ?? "", stream })),
    );
    for (const [index, { socket }] of sockets.entries()) opened.set(names[index] ?? "stdout", socket);
  } catch (error) {
    control.destroy();
    for (const socket of opened.values()) socket.destroy();
    throw error;
  }
  const exited = exitOf(control, opened);
  // Whoever does not wait for the exit is not bothered by its failure.
  exited.catch(() => {});
  return {
    stdin: opened.get("stdin") as Writable | undefined,
    stdout: opened.get("stdout"),
    stderr: opened.get("stderr"),
    resize: (columns, rows) => {
      if (!control.destroyed) writeJsonLine(control, { kind: "resize", columns, rows } satisfies ControlToAgent);
    },
    exited,
    close: () => {
      control.destroy();
      for (const socket of opened.values()) socket.destroy();
    },
  };
}

async function exitOf(control: Socket, streams: ReadonlyMap<StreamName, Socket>): Promise<{ exitCode: number }> {
  const last = (await readJsonLine(control)) as ControlFromAgent;
  control.end();
  control.resume();
  streams.get("stdin")?.destroySoon();
  if (last.kind === "failed") throw new Error(last.message);
  // The outputs are drained on the agent's side; here they end once they are read.
  await Promise.all((["stdout", "stderr"] as const).map((name) => ended(streams.get(name))));
  return { exitCode: last.exitCode };
}

function ended(socket: Socket | undefined): Promise<void> {
  if (socket === undefined || socket.readableEnded || socket.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    socket.once("end", resolve).once("close", () => resolve());
  });
}
