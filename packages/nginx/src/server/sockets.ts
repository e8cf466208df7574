/**
 * Listening sockets (src/core/ngx_connection.c, ngx_open_listening_sockets). One wildcard socket serves every address of its
 * port, as in the original: which address was meant is seen from the connection's local end.
 */
import { lstatSync, unlinkSync } from "node:fs";
import { createServer, type Server as NetServer, type Socket } from "node:net";

import { describeErrno } from "../static/errno.ts";
import { errorCode } from "../static/file-cache.ts";
import type { ServerCore, ServingAddress } from "./core.ts";
import type { Environment } from "./environment.ts";

/** One socket to open. */
export interface Binding {
  /** `0.0.0.0:80`, as errors name it. */
  readonly text: string;
  readonly host: string | undefined;
  readonly port: number;
  readonly unixPath: string | undefined;
  readonly ipv6Only: boolean;
  readonly backlog: number;
  readonly reusePort: boolean;
  /** Behind it: one address, or for a wildcard the specific ones too, which are found by the local address. */
  readonly main: ServingAddress;
  readonly byLocalAddress: ReadonlyMap<string, ServingAddress>;
}

export function planBindings(addresses: readonly ServingAddress[], environment: Environment): readonly Binding[] {
  const bindings: Binding[] = [];
  for (const serving of addresses) {
    const { address } = serving;
    if (!address.wildcard && addresses.some((other) => covers(other, serving))) continue;
    const port = address.port > 0 && address.port < 1024 ? address.port + environment.portShift : address.port;
    const moved = address.wildcard && environment.bindAddress !== undefined;
    const host = moved ? environment.bindAddress : address.host.replace(/^\[(.*)\]$/, "$1");
    const under = addresses.filter((other) => covers(serving, other));
    bindings.push({
      text: address.unixPath === undefined && (moved || port !== address.port) ? `${host}:${port}` : address.text,
      host,
      port,
      unixPath: address.unixPath,
      ipv6Only: address.ipv6Only,
      backlog: address.backlog,
      reusePort: address.reusePort,
      main: serving,
      byLocalAddress: new Map(under.map((other) => [other.address.host.replace(/^\[(.*)\]$/, "$1"), other])),
    });
  }
  // Both wildcards of a port become the same socket when they are moved to one address.
  return bindings.filter((binding, i) => bindings.findIndex((other) => other.text === binding.text) === i);
}

function covers(wildcard: ServingAddress, other: ServingAddress): boolean {
  const a = wildcard.address;
  const b = other.address;
  return (
    a.wildcard &&
    !b.wildcard &&
    b.unixPath === undefined &&
    a.port === b.port &&
    a.host.startsWith("[") === b.host.startsWith("[")
  );
}

/** The names that answer on a connection with this local end. */
export function servingFor(binding: Binding, localAddress: string): ServingAddress {
  return binding.byLocalAddress.get(localAddress) ?? binding.main;
}

export class ListeningSocket {
  binding: Binding;
  core: ServerCore;
  readonly #accept: (socket: Socket, listening: ListeningSocket) => void;
  readonly #server: NetServer;

  constructor(binding: Binding, core: ServerCore, accept: (socket: Socket, listening: ListeningSocket) => void) {
    this.binding = binding;
    this.core = core;
    this.#accept = accept;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true, highWaterMark: SOCKET_BUFFER_BYTES }, (socket) =>
      this.#accept(socket, this),
    );
  }

  /** Resolves when it listens, rejects with the system's error. */
  open(): Promise<void> {
    const { host, port, unixPath, ipv6Only, backlog, reusePort } = this.binding;
    const server = this.#server;
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.once("listening", () => {
        server.off("error", reject);
        // Without a handler an error while accepting (too many open files) would end the process.
        server.on("error", (error) => this.core.note("alert", `accept() failed (${describeErrno(errorCode(error))})`));
        resolve();
      });
      if (unixPath === undefined)
        server.listen({ ...(host === undefined ? {} : { host }), port, ipv6Only, backlog, reusePort });
      else server.listen({ path: this.core.files.systemPath(unixPath).toString("latin1"), backlog });
    });
  }

  /** Port it listens on, which the system chose if 0 was asked for; 0 for unix sockets. */
  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  /** Stops accepting; connections stay. */
  close(): void {
    this.#server.close();
    const { unixPath } = this.binding;
    if (unixPath === undefined) return;
    try {
      const path = this.core.files.systemPath(unixPath);
      if (lstatSync(path).isSocket()) unlinkSync(path);
    } catch {
      // Somebody else has removed it.
    }
  }
}

/** Octets that a socket takes before `write` asks to wait. */
const SOCKET_BUFFER_BYTES = 64 * 1024;
