import { spawn } from "node:child_process";
import { connect } from "node:net";
import { Readable } from "node:stream";

import type { ContainerSession, NodeConnection } from "../node.ts";
import { StatusError } from "../status-error.ts";

/** A node for tests: commands run as processes of this machine, ports are this machine's, the log counts to thirty. */
export const localNode: NodeConnection = {
  async exec(_pod, options) {
    const [program = "", ...rest] = options.command;
    const child = spawn(program, rest, { stdio: ["pipe", "pipe", "pipe"] });
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", (error) => reject(new StatusError(500, "InternalError", `cannot start: ${error.message}`)));
    });
    if (!options.stdin) child.stdin.end();
    const exited = Promise.withResolvers<{ exitCode: number }>();
    child.once("close", (code) => exited.resolve({ exitCode: code ?? 137 }));
    const session: ContainerSession = {
      stdin: options.stdin ? child.stdin : undefined,
      stdout: options.stdout ? child.stdout : undefined,
      stderr: options.stderr ? child.stderr : undefined,
      resize: () => undefined,
      exited: exited.promise,
      close: () => void child.kill("SIGKILL"),
    };
    return session;
  },
  attach: (pod, options) => localNode.exec(pod, { ...options, command: ["sh", "-c", "cat; exit 3"] }),
  async portForward(_pod, port) {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    return socket;
  },
  async logs(_pod, options) {
    const lines = Array.from({ length: 30 }, (_, index) => `line ${index}\n`);
    return Readable.from(options.tailLines === undefined ? lines : lines.slice(lines.length - options.tailLines));
  },
};
