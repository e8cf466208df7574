/**
 * The stream side of the server: messages with a two-octet length before each, several under way at once on one
 * connection, an idle timeout (RFC 7766 sections 6 and 8), and a bound on everything a peer can make us hold.
 */
import type { Server, Socket } from "node:net";

import type { Log } from "@ordinal/io";

import type { Forwarder } from "./forwarder.ts";
import type { Responder } from "./responder.ts";

export interface TcpLimits {
  /** Milliseconds from a connection's last whole question (or its start) until it is closed. Default 10 000; less cuts off slow peers, more keeps dead ones. */
  readonly idleTimeoutMs?: number;
  /** Connections open at once. Default 256, each holding at most about 1.2 MB. One more closes the one that has been idle for longest. */
  readonly connectionsMax?: number;
}

/** Answers that a peer has not taken may pile up to this before its questions are left waiting in the kernel. */
const UNSENT_BYTES_MAX = 1024 * 1024;
/** Questions of one connection that may wait for the server they were forwarded to. */
const FORWARDED_MAX = 64;

/** Answers questions on the connections of a listening or opening server until the returned function is called, which closes them. Does not close the server. */
export function serveTcp(
  server: Server,
  responder: Responder,
  forwarder: Forwarder | null,
  log: Log,
  limits: TcpLimits = {},
): () => void {
  const idleTimeoutMs = limits.idleTimeoutMs ?? 10_000;
  const connectionsMax = limits.connectionsMax ?? 256;
  /** In the order of their last whole question, the longest idle first. */
  const connections = new Set<Connection>();
  const onConnection = (socket: Socket) => {
    const longestIdle = connections.size >= connectionsMax ? connections.values().next().value : undefined;
    longestIdle?.socket.destroy();
    if (longestIdle !== undefined) connections.delete(longestIdle);
    const connection = new Connection(socket, responder, forwarder, idleTimeoutMs, () => {
      if (connections.delete(connection)) connections.add(connection);
    });
    connections.add(connection);
    socket.on("close", () => {
      connection.closed();
      connections.delete(connection);
    });
    socket.on("error", (error) => log.debug("dns.tcp.error", { error: String(error) }));
  };
  const onError = (error: Error) => log.warn("dns.tcp.listener-error", { error: String(error) });
  server.on("connection", onConnection);
  server.on("error", onError);
  return () => {
    server.off("connection", onConnection);
    for (const connection of connections) connection.socket.destroy();
  };
}

class Connection {
  readonly socket: Socket;
  readonly #responder: Responder;
  readonly #forwarder: Forwarder | null;
  readonly #onQuestion: () => void;
  readonly #idleTimer: NodeJS.Timeout;
  /** What has arrived and is not yet a whole message. */
  #chunks: Buffer[] = [];
  #buffered = 0;
  #forwarded = 0;
  #ended = false;
  #taking = false;

  constructor(
    socket: Socket,
    responder: Responder,
    forwarder: Forwarder | null,
    idleTimeoutMs: number,
    onQuestion: () => void,
  ) {
    this.socket = socket;
    this.#responder = responder;
    this.#forwarder = forwarder;
    this.#onQuestion = onQuestion;
    this.#idleTimer = setTimeout(() => socket.destroy(), idleTimeoutMs).unref();
    socket.on("data", (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#buffered += chunk.length;
      this.#takeMessages();
    });
    socket.on("drain", () => this.#takeMessages());
    socket.on("end", () => {
      this.#ended = true;
      this.#endWhenDone();
    });
  }

  closed(): void {
    clearTimeout(this.#idleTimer);
    this.#chunks = [];
    this.#buffered = 0;
  }

  /** Guarded, because a question that nobody can be asked about is answered within this very call. */
  #takeMessages(): void {
    if (this.#taking) return;
    this.#taking = true;
    try {
      this.#takeWhatIsWhole();
    } finally {
      this.#taking = false;
    }
  }

  #takeWhatIsWhole(): void {
    while (!this.socket.destroyed) {
      if (this.socket.writableLength > UNSENT_BYTES_MAX || this.#forwarded >= FORWARDED_MAX) {
        this.socket.pause();
        return;
      }
      const message = this.#nextMessage();
      if (message === null) break;
      this.#idleTimer.refresh();
      this.#onQuestion();
      const response = this.#responder.respond(message, "tcp");
      if (response.kind === "answer") this.#send(response.message);
      else if (response.kind === "refer" && this.#forwarder !== null) {
        this.#forwarded++;
        this.#forwarder.resolve(response.referral, (answer) => {
          this.#forwarded--;
          this.#send(answer);
          this.#takeMessages();
          this.#endWhenDone();
        });
      }
    }
    if (this.socket.isPaused()) this.socket.resume();
  }

  /** The first whole message, without its length; joins chunks only when one is complete, so that drips cost no copying. */
  #nextMessage(): Buffer | null {
    if (this.#buffered < 2) return null;
    let first = this.#chunks[0] ?? Buffer.alloc(0);
    if (first.length < 2) {
      first = Buffer.concat(this.#chunks, this.#buffered);
      this.#chunks = [first];
    }
    const end = 2 + first.readUInt16BE(0);
    if (this.#buffered < end) return null;
    const all = this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks, this.#buffered);
    this.#buffered -= end;
    this.#chunks = this.#buffered === 0 ? [] : [all.subarray(end)];
    return all.subarray(2, end);
  }

  #send(message: Buffer): void {
    if (this.socket.destroyed || !this.socket.writable) return;
    const frame = Buffer.allocUnsafe(2 + message.length);
    frame.writeUInt16BE(message.length, 0);
    message.copy(frame, 2);
    this.socket.write(frame);
  }

  /** A peer that has said its last word still gets the answers that are under way. */
  #endWhenDone(): void {
    if (this.#ended && this.#forwarded === 0 && !this.socket.destroyed) this.socket.end();
  }
}
