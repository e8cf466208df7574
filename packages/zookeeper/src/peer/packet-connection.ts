import type { Clock, Connection } from "@ordinal/io";
import { ProtocolError } from "@ordinal/kit";

import type { Id } from "../jute/data-records.ts";
import { JuteWriter } from "../jute/jute-writer.ts";
import type { Zxid } from "../jute/zxid.ts";
import { PacketDecoder, type QuorumPacket, writePacket } from "../zab/packet.ts";

/** What a peer does not take in time and waits here. Beyond it the connection ends: the peer is to synchronise anew. */
export const QUEUED_BYTES_MAX = 256 * 2 ** 20;
const WRITER_BYTES = 16 * 1024;
/** A larger buffer is not kept for the next packets. */
const WRITER_BYTES_KEPT = 256 * 1024;

export interface PacketConnectionOwner {
  /** Bytes arrived, and perhaps packets: `next` has them. */
  arrived(connection: PacketConnection): void;
  /** The connection is over. Called once. */
  over(connection: PacketConnection, reason: string): void;
}

/**
 * A connection of the quorum port. What is sent during one turn goes out in one write. Large contents that are made as they
 * are sent (a snapshot) keep their place among the packets.
 */
export class PacketConnection {
  readonly remote: string;
  readonly decoder: PacketDecoder;
  readonly #connection: Connection;
  readonly #owner: PacketConnectionOwner;
  readonly #clock: Clock;
  #writer = new JuteWriter(undefined, WRITER_BYTES);
  /** Goes out before what is in the writer. */
  #queue: (Uint8Array | Iterator<Uint8Array, void>)[] = [];
  #queuedBytes = 0;
  #isBlocked = false;
  #isToFlush = false;
  #isOver = false;
  queuedPackets = 0;

  constructor(
    connection: Connection,
    owner: PacketConnectionOwner,
    clock: Clock,
    decoder: PacketDecoder = new PacketDecoder(),
  ) {
    const { host, port } = connection.remote;
    this.remote = `/${host}:${port}`;
    this.decoder = decoder;
    this.#connection = connection;
    this.#owner = owner;
    this.#clock = clock;
  }

  start(): void {
    this.#connection.receive({
      data: (bytes) => {
        if (this.#isOver) return;
        this.decoder.push(bytes);
        this.#owner.arrived(this);
      },
      ended: () => this.end("the peer ended the connection"),
      drained: () => {
        this.#isBlocked = false;
        this.#pump();
      },
      closed: () => this.#over("the connection is broken"),
    });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Bytes that the peer has not taken. */
  get queuedBytes(): number {
    return this.#queuedBytes + this.#writer.length;
  }

  /** The next packet; undefined until more bytes come. What is none ends the connection. */
  next(): QuorumPacket | undefined {
    if (this.#isOver) return undefined;
    try {
      return this.decoder.next();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.end(error.message);
      return undefined;
    }
  }

  send(type: number, zxid: Zxid, data: Uint8Array | null, authInfo: readonly Id[] | null = null): void {
    if (this.#isOver) return;
    writePacket(this.#writer, type, zxid, data, authInfo);
    this.queuedPackets++;
    this.#flushSoon();
  }

  /** Sends what `contents` gives, when the connection has room for it; what is sent later waits for its end. */
  sendContents(contents: Iterator<Uint8Array, void>): void {
    if (this.#isOver) return;
    this.#takeWritten();
    this.#queue.push(contents);
    this.#flushSoon();
  }

  pause(): void {
    this.#connection.pause();
  }

  resume(): void {
    this.#connection.resume();
  }

  /** Ends the connection at once; the owner is told. */
  end(reason: string): void {
    if (this.#isOver) return;
    this.#connection.destroy();
    this.#over(reason);
  }

  /** Ends it after what was sent; the owner is told at once. */
  close(reason: string): void {
    if (this.#isOver) return;
    this.#pump();
    this.#connection.close();
    this.#over(reason);
  }

  #over(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#writer = new JuteWriter(undefined, 16);
    this.#owner.over(this, reason);
  }

  #flushSoon(): void {
    if (this.#isToFlush) return;
    this.#isToFlush = true;
    this.#clock.atEndOfTurn(this.#flush);
  }

  readonly #flush = (): void => {
    this.#isToFlush = false;
    this.#pump();
    if (this.queuedBytes > QUEUED_BYTES_MAX)
      this.end(`it does not take what it is sent: ${this.queuedBytes} bytes wait`);
  };

  #takeWritten(): void {
    if (this.#writer.length === 0) return;
    const bytes = this.#writer.written();
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
    this.#writer = new JuteWriter(undefined, WRITER_BYTES);
  }

  #pump(): void {
    while (!this.#isBlocked && !this.#isOver) {
      const head = this.#queue[0];
      if (head === undefined) {
        if (this.#writer.length === 0) return;
        this.queuedPackets = 0;
        this.#sendWritten();
      } else if (head instanceof Uint8Array) {
        this.#queue.shift();
        this.#queuedBytes -= head.length;
        this.#isBlocked = !this.#connection.send(head);
      } else {
        const { value, done } = head.next();
        if (done === true) this.#queue.shift();
        else this.#isBlocked = !this.#connection.send(value);
      }
    }
  }

  #sendWritten(): void {
    const bytes = this.#writer.written();
    const isTaken = this.#connection.send(bytes);
    this.#isBlocked = !isTaken;
    // The system has copied it: the buffer serves again.
    if (isTaken && bytes.buffer.byteLength <= WRITER_BYTES_KEPT) this.#writer.truncate(0);
    else this.#writer = new JuteWriter(undefined, WRITER_BYTES);
  }
}
