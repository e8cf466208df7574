/**
 * One connection of the election port: an introduction where it was accepted, then notifications both ways.
 *
 * Source: QuorumCnxManager's SendWorker and RecvWorker.
 */
import type { Connection, Receiver } from "@ordinal/io";

import { ElectionStream, type InitialMessage } from "./initial-message.ts";

/** What a connection tells the port that holds it. */
export interface ElectionConnectionOwner {
  introduced(connection: ElectionConnection, message: InitialMessage): void;
  /** A frame, whose bytes are views of what arrived. Throws a `ProtocolError` to end the connection. */
  heard(connection: ElectionConnection, frame: Uint8Array): void;
  /** It is over; `reason` is undefined if the peer ended it. Called once, not after `dismiss`. */
  over(connection: ElectionConnection, reason: string | undefined): void;
}

export class ElectionConnection implements Receiver {
  readonly #connection: Connection;
  readonly #owner: ElectionConnectionOwner;
  readonly #stream = new ElectionStream();
  #phase: "strange" | "linked" | "over";
  /** The newest notification that found no room; older ones are worth nothing beside it. */
  #waiting: Uint8Array | undefined;
  #isFull = false;
  /** The peer's sid, once it is known. */
  sid: number | undefined;
  /** By the monotonic clock. */
  readonly sinceMs: number;

  /** @param sid whom this server called, or undefined where it was called */
  constructor(connection: Connection, owner: ElectionConnectionOwner, sid: number | undefined, nowMs: number) {
    this.#connection = connection;
    this.#owner = owner;
    this.sid = sid;
    this.#phase = sid === undefined ? "strange" : "linked";
    this.sinceMs = nowMs;
    connection.receive(this);
  }

  get remoteHost(): string {
    return this.#connection.remote.host;
  }

  get remote(): string {
    return `${this.#connection.remote.host}:${this.#connection.remote.port}`;
  }

  /** Sends a notification, in place of one that waits. */
  send(frame: Uint8Array): void {
    if (this.#phase === "over") return;
    if (this.#isFull) this.#waiting = frame;
    else this.#isFull = !this.#connection.send(frame);
  }

  /** Ends the connection without telling the owner. */
  dismiss(): void {
    if (this.#phase === "over") return;
    this.#phase = "over";
    this.#connection.destroy();
  }

  data(bytes: Uint8Array): void {
    if (this.#phase === "over") return;
    this.#stream.push(bytes);
    try {
      this.#read();
    } catch (error) {
      this.#end(error instanceof Error ? error.message : String(error));
    }
  }

  #read(): void {
    if (this.#phase === "strange") {
      const message = this.#stream.introduction();
      if (message === undefined) return;
      this.#phase = "linked";
      this.sid = message.sid;
      this.#owner.introduced(this, message);
    }
    while (this.#phase === "linked") {
      const frame = this.#stream.frame();
      if (frame === undefined) return;
      this.#owner.heard(this, frame);
    }
  }

  ended(): void {
    this.#end(undefined);
  }

  drained(): void {
    this.#isFull = false;
    const frame = this.#waiting;
    this.#waiting = undefined;
    if (frame !== undefined) this.send(frame);
  }

  closed(): void {
    this.#end(undefined);
  }

  #end(reason: string | undefined): void {
    if (this.#phase === "over") return;
    this.#phase = "over";
    this.#connection.destroy();
    this.#owner.over(this, reason);
  }
}
