/** A web server as a process of its own on loopback. */
import { spawn, type ChildProcess } from "node:child_process";
import { connect, createServer } from "node:net";

export interface ServerProcess {
  readonly port: number;
  readonly process: ChildProcess;
  /** What it wrote to standard error so far. */
  readonly errors: () => string;
  stop(): Promise<void>;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts `command` and waits until the port accepts. Rejects with its standard error when it ends before. */
export async function startServer(command: readonly string[], port: number): Promise<ServerProcess> {
  const [program = "", ...args] = command;
  const child = spawn(program, args, { stdio: ["ignore", "inherit", "pipe"] });
  let errors = "";
  child.stderr?.setEncoding("latin1").on("data", (text: string) => (errors += text));
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const deadline = Date.now() + 10_000;
  while (!(await accepts(port))) {
    if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}: ${errors}`);
    if (Date.now() > deadline) throw new Error(`${program} does not listen on ${port}: ${errors}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    port,
    process: child,
    errors: () => errors,
    async stop() {
      child.kill("SIGTERM");
      await exited;
    },
  };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}

export interface Exchange {
  /** Everything the server sent, as a byte string. */
  readonly received: string;
  /** The server ended the connection. */
  readonly closed: boolean;
}

/** Sends the pieces, 5 ms apart, and gathers what comes until the server closes or is silent for `quietMs`. */
export function exchange(port: number, pieces: readonly string[], quietMs: number): Promise<Exchange> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    let received = "";
    let timer: NodeJS.Timeout | undefined;
    const finish = (closed: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ received, closed });
    };
    const wait = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => finish(false), quietMs);
    };
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => {
      received += text;
      wait();
    });
    socket.on("end", () => finish(true));
    socket.on("error", () => finish(true));
    socket.on("connect", () => {
      let delay = 0;
      for (const piece of pieces) {
        setTimeout(() => socket.write(Buffer.from(piece, "latin1")), delay);
        delay += 5;
      }
      setTimeout(wait, delay);
    });
  });
}
