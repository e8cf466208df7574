import { spawn, type ChildProcess } from "node:child_process";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";

import type { ConnectAnswer, ConnectRequest } from "./local-connector-child.ts";

/** How long the process inside the pod is kept after its last connection was handed over. */
const IDLE_MS = 30_000;

interface Waiting {
  readonly resolve: (socket: Duplex) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Connections to `localhost` of a pod. A small process in the pod's network namespace opens each one and hands the
 * socket itself over, so that no bytes pass through it. It starts with the first connection.
 */
export class LocalConnector {
  readonly #enter: readonly string[];
  readonly #waiting = new Map<number, Waiting>();
  #child: ChildProcess | undefined;
  #idle: NodeJS.Timeout | undefined;
  #sequence = 0;
  #closed = false;

  /** `enter` is the command that runs what follows it in the pod's network. */
  constructor(enter: readonly string[]) {
    this.#enter = enter;
  }

  connect(port: number): Promise<Duplex> {
    if (this.#closed) return Promise.reject(new Error("the pod is being stopped"));
    clearTimeout(this.#idle);
    const child = (this.#child ??= this.#start());
    this.#sequence += 1;
    const id = this.#sequence;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      const request: ConnectRequest = { id, port };
      child.send(request, (error) => {
        if (error !== null) this.#settle(id, undefined, error);
      });
    });
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#idle);
    this.#child?.kill("SIGKILL");
  }

  #start(): ChildProcess {
    const program = fileURLToPath(new URL("./local-connector-child.ts", import.meta.url));
    const [file = "", ...args] = [...this.#enter, process.execPath, program];
    const child = spawn(file, args, { stdio: ["ignore", "ignore", "inherit", "ipc"] });
    child.on("message", (answer: ConnectAnswer, socket) => {
      if (socket instanceof Socket) {
        socket.allowHalfOpen = true;
        this.#settle(answer.id, socket, undefined);
      } else {
        this.#settle(answer.id, undefined, new Error(answer.error ?? "no connection came"));
      }
    });
    const gone = () => {
      if (this.#child === child) this.#child = undefined;
      for (const id of this.#waiting.keys()) this.#settle(id, undefined, new Error("the pod's network is gone"));
    };
    child.once("error", gone).once("exit", gone);
    return child;
  }

  #settle(id: number, socket: Socket | undefined, error: Error | undefined): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (waiting === undefined) socket?.destroy();
    else if (socket === undefined) waiting.reject(error ?? new Error("no connection"));
    else waiting.resolve(socket);
    if (this.#waiting.size > 0 || this.#closed) return;
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.#child?.disconnect(), IDLE_MS).unref();
  }
}
