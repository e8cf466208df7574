import type { Connection, NetAddress, Receiver } from "@ordinal/io";
import { defined, type SeededRandom } from "@ordinal/kit";

import type { Life } from "./life.ts";
import type { Item, Pipe } from "./pipe.ts";
import { systemError } from "./system-error.ts";

/** Bytes that may be on their way or wait to be read before a writer has to wait. */
const WINDOW_BYTES = 64 * 1024;

/** One end of a connection. */
export class SimulatedConnection implements Connection {
  readonly local: NetAddress;
  readonly remote: NetAddress;
  readonly life: Life;
  readonly #random: SeededRandom;
  #pipe: Pipe | undefined;
  #peer: SimulatedConnection | undefined;
  #arrived: Uint8Array[] = [];
  #unacknowledged = 0;
  #peerEnded = false;
  #ended = false;
  #broken = false;
  #wakeReader: (() => void) | undefined;
  #wakeWriters: (() => void)[] = [];
  #receiver: Receiver | undefined;
  #handing = false;
  #paused = false;
  #full = false;
  #endHanded = false;
  #closeHanded = false;
  #closed = false;

  constructor(parts: { local: NetAddress; remote: NetAddress; life: Life; random: SeededRandom }) {
    this.local = parts.local;
    this.remote = parts.remote;
    this.life = parts.life;
    this.#random = parts.random;
  }

  join(pipe: Pipe, peer: SimulatedConnection): void {
    this.#pipe = pipe;
    this.#peer = peer;
  }

  get isOver(): boolean {
    return this.#broken || (this.#ended && this.#peerEnded);
  }

  async read(): Promise<Uint8Array | undefined> {
    for (;;) {
      if (!this.life.alive) await never();
      if (this.#broken) throw systemError("ECONNRESET", "read", this.#name());
      const chunk = this.#takeArrived();
      if (chunk !== undefined) return chunk;
      if (this.#peerEnded) return undefined;
      await new Promise<void>((resolve) => {
        this.#wakeReader = resolve;
      });
      this.#wakeReader = undefined;
    }
  }

  /** One chunk, or all that is there: readers must not care. */
  #takeArrived(): Uint8Array | undefined {
    if (this.#arrived.length === 0) return undefined;
    const count = this.#random.chance(0.5) ? this.#arrived.length : 1;
    const chunk = new Uint8Array(Buffer.concat(this.#arrived.splice(0, count)));
    defined(this.#peer, "peer").acknowledge(chunk.length);
    return chunk;
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (!this.life.alive) await never();
    if (this.#broken) throw systemError("ECONNRESET", "write", this.#name());
    if (this.#ended) throw new RangeError("this side of the connection was ended");
    if (bytes.length === 0) return;
    this.#unacknowledged += bytes.length;
    defined(this.#pipe, "pipe").put({ kind: "bytes", bytes: bytes.slice() });
    while (this.#unacknowledged >= WINDOW_BYTES) {
      await new Promise<void>((resolve) => {
        this.#wakeWriters.push(resolve);
      });
      if (this.#broken) throw systemError("ECONNRESET", "write", this.#name());
    }
  }

  receive(receiver: Receiver): void {
    this.#receiver = receiver;
    this.#handSoon();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#handSoon();
  }

  send(bytes: Uint8Array): boolean {
    if (!this.life.alive || this.#broken || this.#ended || bytes.length === 0) return true;
    this.#unacknowledged += bytes.length;
    defined(this.#pipe, "pipe").put({ kind: "bytes", bytes: bytes.slice() });
    this.#full ||= this.#unacknowledged >= WINDOW_BYTES;
    return !this.#full;
  }

  close(): void {
    if (!this.life.alive || this.#closed) return;
    this.end();
    this.#closed = true;
    this.#arrived = [];
    this.#handSoon();
  }

  /** Gives the receiver what there is, once the code that runs now is done. */
  #handSoon(): void {
    if (this.#receiver === undefined || this.#handing || !this.life.alive) return;
    this.#handing = true;
    queueMicrotask(() => {
      this.#handing = false;
      this.#hand(defined(this.#receiver, "receiver"));
    });
  }

  #hand(receiver: Receiver): void {
    while (!this.#paused && !this.#broken && !this.#closed && this.life.alive) {
      const chunk = this.#takeArrived();
      if (chunk === undefined) break;
      receiver.data(chunk);
    }
    if (!this.life.alive) return;
    if (this.#full && !this.#broken && !this.#closed && this.#unacknowledged < WINDOW_BYTES) {
      this.#full = false;
      receiver.drained();
    }
    const isRead = this.#arrived.length === 0 && !this.#paused;
    if (this.#peerEnded && isRead && !this.#endHanded && !this.#broken && !this.#closed) {
      this.#endHanded = true;
      receiver.ended();
    }
    if ((this.#broken || this.#closed || (this.#ended && this.#endHanded)) && !this.#closeHanded) {
      this.#closeHanded = true;
      receiver.closed();
    }
  }

  end(): void {
    if (this.#ended || this.#broken || !this.life.alive) return;
    this.#ended = true;
    this.#pipe?.put({ kind: "end" });
    this.#handSoon();
  }

  destroy(): void {
    if (!this.life.alive) return;
    this.reset();
  }

  /** Ends both sides and tells the peer, as the system does for a process that dies. */
  reset(): void {
    if (!this.#broken && !this.isOver) {
      this.#pipe?.drop();
      this.#pipe?.put({ kind: "reset" });
    }
    this.#break();
  }

  /** The machine is gone and tells nobody. */
  vanish(): void {
    this.#pipe?.drop();
    this.#broken = true;
  }

  /** Something arrives from the peer. */
  take(item: Item): void {
    if (!this.life.alive) {
      // Nobody here knows this connection any more; the system says so.
      if (item.kind !== "reset") this.#pipe?.put({ kind: "reset" });
    } else if (item.kind === "reset") {
      this.#pipe?.drop();
      this.#break();
    } else if (!this.#broken) {
      if (item.kind === "end") this.#peerEnded = true;
      else if (this.#closed) this.reset();
      else this.#arrived.push(item.bytes);
      this.#wakeReader?.();
      this.#handSoon();
    }
  }

  /** The peer has read this much. The window opens without the delay of the way back. */
  acknowledge(bytes: number): void {
    this.#unacknowledged -= bytes;
    if (this.#unacknowledged >= WINDOW_BYTES) return;
    this.#wakeAllWriters();
    if (this.#full) this.#handSoon();
  }

  #break(): void {
    this.#broken = true;
    this.#arrived = [];
    this.#wakeReader?.();
    this.#wakeAllWriters();
    this.#handSoon();
  }

  #wakeAllWriters(): void {
    if (!this.life.alive) return;
    for (const wake of this.#wakeWriters.splice(0)) wake();
  }

  #name(): string {
    return `${this.remote.host}:${this.remote.port}`;
  }
}

function never(): Promise<never> {
  return new Promise(() => {});
}
