/** A server as a whole: configuration in, sockets open, reload, graceful and fast stop. Knows nothing of signals or files of pids. */
import type { Socket } from "node:net";

import type { LogLevel, MainConfig } from "../config/model.ts";
import { describeErrno } from "../static/errno.ts";
import { errorCode, FileCache } from "../static/file-cache.ts";
import { Connection } from "./connection.ts";
import { ServerCore } from "./core.ts";
import type { Environment } from "./environment.ts";
import { LogFiles } from "./log-files.ts";
import { ListeningSocket, planBindings, servingFor, type Binding } from "./sockets.ts";

/** The server cannot start or take a new configuration; `lines` are nginx's, without date and level `emerg`. */
export class StartError extends Error {
  readonly code = "StartError";
  readonly lines: readonly string[];

  constructor(lines: readonly string[]) {
    super(lines.join("\n"));
    this.name = "StartError";
    this.lines = lines;
  }
}

export interface WebServerOptions {
  readonly environment: Environment;
  /** Tells about each failed attempt to bind, while it is tried again. */
  readonly report: (level: LogLevel, text: string) => void;
  /** Between two attempts to bind. Default 500 ms. */
  readonly bindRetryMs?: number;
}

const BIND_ATTEMPTS = 5;

let connectionSerial = 0;

export class WebServer {
  readonly logs: LogFiles;
  readonly #options: WebServerOptions;
  #core: ServerCore | undefined;
  /** Cores of earlier configurations whose connections are still being served. */
  readonly #retired = new Set<ServerCore>();
  #sockets: ListeningSocket[] = [];

  constructor(options: WebServerOptions) {
    this.#options = options;
    this.logs = new LogFiles(options.environment.mapPath);
  }

  /**
   * Serves `config`, in place of the present configuration if there is one: sockets that both have stay open, connections of the
   * old one finish their answers. Throws StartError, and then everything is as it was before.
   */
  async apply(config: MainConfig): Promise<void> {
    this.#openLogs(config);
    const core = new ServerCore(config, new FileCache({ mapPath: this.#options.environment.mapPath }), this.logs);
    const bindings = planBindings(core.addresses, this.#options.environment);
    const kept = new Map(this.#sockets.map((socket) => [socket.binding.text, socket]));
    const fresh = bindings
      .filter((binding) => !kept.has(binding.text))
      .map((binding) => this.#listening(binding, core));
    await this.#bindAll(fresh);
    const sockets = [...fresh];
    for (const binding of bindings) {
      const socket = kept.get(binding.text);
      if (socket === undefined) continue;
      kept.delete(binding.text);
      socket.binding = binding;
      socket.core = core;
      sockets.push(socket);
    }
    for (const unused of kept.values()) unused.close();
    this.#sockets = sockets;
    const previous = this.#core;
    this.#core = core;
    if (previous !== undefined) this.#retire(previous);
  }

  /** Ports that are listened on, in the order of the configuration. */
  get ports(): readonly number[] {
    return this.#sockets.map((socket) => socket.port);
  }

  note(level: LogLevel, text: string): void {
    this.#core?.note(level, text);
  }

  /** Stops listening, lets every answer end; resolves when the last connection has gone. */
  async quit(): Promise<void> {
    for (const socket of this.#sockets) socket.close();
    const core = this.#core;
    if (core !== undefined) this.#retire(core);
    await Promise.all([...this.#retired].map((one) => new Promise<void>((resolve) => whenDrained(one, resolve))));
  }

  /** Stops listening and cuts every connection. */
  stop(): void {
    for (const socket of this.#sockets) socket.close();
    for (const core of [...this.#retired, ...(this.#core === undefined ? [] : [this.#core])]) {
      for (const connection of core.connections) connection.destroy();
    }
    this.logs.flush();
  }

  #retire(core: ServerCore): void {
    this.#retired.add(core);
    for (const connection of core.connections) connection.retire();
    whenDrained(core, () => this.#retired.delete(core));
    const limit = core.config.workerShutdownTimeoutMs;
    if (limit === undefined) return;
    setTimeout(() => {
      for (const connection of core.connections) connection.destroy();
    }, limit).unref();
  }

  #openLogs(config: MainConfig): void {
    for (const path of new Set([...config.logPaths, ...config.errorLogs.map((log) => log.path)])) {
      try {
        this.logs.open(path);
      } catch (error) {
        throw new StartError([`open() "${path}" failed (${describeErrno(errorCode(error))})`]);
      }
    }
  }

  #listening(binding: Binding, core: ServerCore): ListeningSocket {
    return new ListeningSocket(binding, core, (socket, listening) => this.#accept(socket, listening));
  }

  /** Five rounds over the sockets whose address is taken; any other error ends it at once. */
  async #bindAll(sockets: readonly ListeningSocket[]): Promise<void> {
    const open = new Set<ListeningSocket>();
    for (let attempt = 1; ; attempt++) {
      let taken = false;
      for (const socket of sockets) {
        if (open.has(socket)) continue;
        try {
          await socket.open();
          open.add(socket);
        } catch (error) {
          const code = errorCode(error);
          const text = `bind() to ${socket.binding.text} failed (${describeErrno(code)})`;
          if (code !== "EADDRINUSE") {
            for (const other of open) other.close();
            throw new StartError([text]);
          }
          this.#options.report("emerg", text);
          taken = true;
        }
      }
      if (!taken) return;
      if (attempt === BIND_ATTEMPTS) {
        for (const other of open) other.close();
        throw new StartError(["still could not bind()"]);
      }
      this.#options.report("notice", "try again to bind() after 500ms");
      await new Promise((resolve) => setTimeout(resolve, this.#options.bindRetryMs ?? 500));
    }
  }

  #accept(socket: Socket, listening: ListeningSocket): void {
    const { core, binding } = listening;
    if (core.connections.size >= core.config.workerConnections) {
      core.note("alert", `${core.config.workerConnections} worker_connections are not enough`);
      socket.destroy();
      return;
    }
    const localAddress = plainAddress(socket.localAddress);
    const connection = new Connection(
      socket,
      {
        serial: ++connectionSerial,
        remoteAddress: binding.unixPath === undefined ? plainAddress(socket.remoteAddress) : "unix:",
        remotePort: socket.remotePort ?? 0,
        localAddress: binding.unixPath === undefined ? localAddress : binding.text,
        localPort: socket.localPort ?? 0,
        startedAtMs: Date.now(),
      },
      servingFor(binding, localAddress),
      core,
    );
    core.connections.add(connection);
  }
}

function whenDrained(core: ServerCore, then: () => void): void {
  if (core.connections.size === 0) {
    then();
    return;
  }
  const before = core.drained;
  core.drained = () => {
    before?.();
    then();
  };
}

/** An IPv4 client of a socket for both families is shown as IPv4. */
function plainAddress(address: string | undefined): string {
  return (address ?? "").replace(/^::ffff:(?=\d+\.)/, "");
}
