import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

import { CONNECT_TIMEOUT_MS, type Connection, type Listener, type Net, type NetAddress, type Receiver } from "./net.ts";

/** A connection of the system's, plain or with TLS. */
export class RealConnection implements Connection {
  readonly local: NetAddress;
  readonly remote: NetAddress;
  readonly #socket: Socket;
  #ended = false;
  #broken: Error | undefined;
  #wakeReader: (() => void) | undefined;
  readonly #wakeWriters = new Set<() => void>();
  #receiver: Receiver | undefined;
  #reading = false;
  #full = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.local = { host: socket.localAddress ?? "", port: socket.localPort ?? 0 };
    this.remote = { host: socket.remoteAddress ?? "", port: socket.remotePort ?? 0 };
    socket.setNoDelay(true);
    socket.on("end", () => {
      this.#ended = true;
      this.#wake();
      this.#receiver?.ended();
    });
    socket.on("drain", () => this.#wake());
    socket.on("error", (error) => {
      this.#broken = error;
    });
    socket.on("close", () => {
      if (!this.#ended) this.#broken ??= broken();
      this.#wake();
      this.#receiver?.closed();
    });
  }

  #wake(): void {
    this.#wakeReader?.();
    for (const wake of this.#wakeWriters) wake();
  }

  async read(): Promise<Uint8Array | undefined> {
    if (!this.#reading) {
      // Not before it is wanted: a listener for "readable" keeps the socket from handing out "data".
      this.#reading = true;
      this.#socket.on("readable", () => this.#wake());
    }
    for (;;) {
      const chunk = this.#socket.read() as Buffer | null;
      if (chunk !== null) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length);
      if (this.#broken !== undefined) throw this.#broken;
      if (this.#ended) return undefined;
      await new Promise<void>((resolve) => {
        this.#wakeReader = resolve;
      });
      this.#wakeReader = undefined;
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#mustBeWritable();
    if (this.#socket.write(bytes)) return;
    while (this.#socket.writableNeedDrain && !this.#socket.closed) {
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#wakeWriters.delete(wake);
          resolve();
        };
        this.#wakeWriters.add(wake);
      });
    }
    if (this.#broken !== undefined) throw this.#broken;
  }

  receive(receiver: Receiver): void {
    this.#receiver = receiver;
    this.#socket.on("data", (chunk: Buffer) => receiver.data(chunk));
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  send(bytes: Uint8Array): boolean {
    const socket = this.#socket;
    if (!socket.writable) return true;
    // The system is asked within this call, unless bytes wait already; what it did not take at once stays with the socket.
    socket.write(bytes, this.#sent);
    if (socket.writableLength === 0) return true;
    this.#full = true;
    return false;
  }

  readonly #sent = (): void => {
    if (!this.#full || this.#socket.writableLength > 0) return;
    this.#full = false;
    if (!this.#socket.destroyed) this.#receiver?.drained();
  };

  close(): void {
    this.#socket.destroySoon();
  }

  #mustBeWritable(): void {
    if (this.#broken !== undefined) throw this.#broken;
    if (this.#socket.destroyed) throw broken();
    if (this.#socket.writableEnded) throw new RangeError("this side of the connection was ended");
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    // A plain destroy looks to the peer like an orderly end; only TLS can tell the two apart by itself.
    if ("encrypted" in this.#socket) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }
}

function broken(): Error {
  return Object.assign(new Error("the connection is broken"), { code: "ECONNRESET" });
}

class RealListener implements Listener {
  readonly address: NetAddress;
  readonly #server: Server;

  constructor(server: Server) {
    const { address, port } = server.address() as AddressInfo;
    this.address = { host: address, port };
    this.#server = server;
  }

  close(): Promise<void> {
    // The server's own callback waits for its connections, which may go on.
    this.#server.close();
    return Promise.resolve();
  }
}

/** The machine's network. */
export const realNet: Net = {
  listen(address, accept) {
    return new Promise((resolve, reject) => {
      const server = createServer({ allowHalfOpen: true }, (socket) => accept(new RealConnection(socket)));
      server.once("error", reject);
      server.listen({ host: address.host, port: address.port }, () => {
        server.off("error", reject);
        // What fails later is one connection's accept (no file descriptors left); the listener goes on.
        server.on("error", () => {});
        resolve(new RealListener(server));
      });
    });
  },
  connect(address, { timeoutMs = CONNECT_TIMEOUT_MS } = {}) {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: address.host, port: address.port, allowHalfOpen: true });
      const fail = (error: Error): void => {
        clearTimeout(timer);
        socket.destroy();
        reject(error);
      };
      const timer = setTimeout(() => {
        const message = `no answer from ${address.host}:${address.port} within ${timeoutMs} ms`;
        fail(Object.assign(new Error(message), { code: "ETIMEDOUT" }));
      }, timeoutMs);
      socket.once("error", fail);
      socket.once("connect", () => {
        clearTimeout(timer);
        socket.off("error", fail);
        resolve(new RealConnection(socket));
      });
    });
  },
};
