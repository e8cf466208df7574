import { randomUUID } from "node:crypto";
import { chmodSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { type Duplex, pipeline } from "node:stream";

import type { Log } from "@ordinal/io";

import type { ContainerSession, NodeConnection } from "../api/node.ts";
import { readJsonLine, writeJsonLine } from "./json-lines.ts";
import { toWire } from "./messages.ts";
import type { ControlFromAgent, ControlToAgent, NodeAnswer, NodeRequest, StreamName } from "./node-protocol.ts";

/** Connections open at once, three or four of which are one exec. */
const CONNECTIONS_MAX = 4096;

/** The agent's end: serves a kubelet's `NodeConnection` on a Unix socket that only the lab's user may open. */
export async function serveNode(node: NodeConnection, path: string, log: Log): Promise<Server> {
  const sessions = new Map<string, ContainerSession>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => {});
    serve(node, sessions, socket).catch((error: unknown) => {
      log.debug("node-connection-failed", { error: String(error) });
      socket.destroy();
    });
  });
  server.maxConnections = CONNECTIONS_MAX;
  rmSync(path, { force: true });
  const mask = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(path, resolve);
    });
  } finally {
    process.umask(mask);
  }
  chmodSync(path, 0o600);
  return server;
}

async function serve(node: NodeConnection, sessions: Map<string, ContainerSession>, socket: Socket): Promise<void> {
  const request = (await readJsonLine(socket)) as NodeRequest;
  const answer = (value: NodeAnswer) => writeJsonLine(socket, value);
  try {
    switch (request.kind) {
      case "logs": {
        const stream = await node.logs(request.pod, request.options);
        answer({ ok: true });
        // Nothing more comes from the lab but its end, which ends a log that is followed.
        socket.on("close", () => stream.destroy()).on("end", () => stream.destroy());
        socket.resume();
        pipeline(stream, socket, () => socket.destroySoon());
        return;
      }
      case "portForward": {
        const stream = await node.portForward(request.pod, request.port);
        answer({ ok: true });
        join(socket, stream);
        return;
      }
      case "stream":
        connectStream(sessions, request.session, request.stream, socket);
        return;
      case "exec":
        await serveSession(sessions, await node.exec(request.pod, request.options), socket, answer);
        return;
      case "attach":
        await serveSession(sessions, await node.attach(request.pod, request.options), socket, answer);
        return;
    }
  } catch (error) {
    answer({ ok: false, error: toWire(error) });
    socket.end();
  }
}

/** Two duplexes as one: each direction ends by itself, an error on one side ends both. */
function join(left: Socket, right: Duplex): void {
  left.pipe(right);
  right.pipe(left);
  const drop = () => {
    left.destroy();
    right.destroy();
  };
  right.on("error", drop);
  left.on("error", drop);
  left.on("close", () => right.destroy());
  right.on("close", () => left.destroySoon());
}

async function serveSession(
  sessions: Map<string, ContainerSession>,
  session: ContainerSession,
  socket: Socket,
  answer: (value: NodeAnswer) => void,
): Promise<void> {
  const id = randomUUID();
  sessions.set(id, session);
  const streams = (["stdin", "stdout", "stderr"] as const).filter((name) => session[name] !== undefined);
  for (const name of streams) session[name]?.on("error", () => {});
  let over = false;
  socket.on("close", () => {
    sessions.delete(id);
    if (!over) session.close();
  });
  answer({ ok: true, session: id, streams });
  void readControl(session, socket);
  const last: ControlFromAgent = await session.exited.then(
    ({ exitCode }) => ({ kind: "exited", exitCode }),
    (error: unknown) => ({ kind: "failed", message: error instanceof Error ? error.message : String(error) }),
  );
  over = true;
  writeJsonLine(socket, last);
  socket.end();
}

async function readControl(session: ContainerSession, socket: Socket): Promise<void> {
  try {
    for (;;) {
      const line = (await readJsonLine(socket)) as ControlToAgent;
      session.resize(line.columns, line.rows);
    }
  } catch {
    // The lab's end is gone, or it has nothing more to say: either way its closing ends the session.
    if (!socket.destroyed && socket.readableEnded) socket.destroySoon();
  }
}

function connectStream(sessions: Map<string, ContainerSession>, id: string, name: StreamName, socket: Socket): void {
  const session = sessions.get(id);
  if (session === undefined) throw new Error("the session is over");
  writeJsonLine(socket, { ok: true } satisfies NodeAnswer);
  if (name === "stdin") {
    const { stdin } = session;
    if (stdin !== undefined) socket.pipe(stdin);
    return;
  }
  const stream = session[name];
  socket.resume();
  if (stream === undefined) socket.end();
  else pipeline(stream, socket, () => socket.destroySoon());
}
