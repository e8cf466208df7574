import type { Connection } from "@ordinal/io";

import type { JuteWriter } from "../jute/jute-writer.ts";
import { OUTPUT_BYTES_MAX, OUTPUT_HIGH_BYTES } from "./limits.ts";
import type { OutputPool } from "./output-pool.ts";

/** What all connections of a server share. */
export interface OutputBudget {
  readonly pool: OutputPool;
  /** Bytes that clients have not taken. */
  heldBytes: number;
}

/**
 * What goes to one client: replies and events are put together in one buffer and given to the system once a turn. While the
 * client does not take them, the buffer grows up to a bound.
 */
export class ClientOutput {
  readonly #connection: Connection;
  readonly #budget: OutputBudget;
  #writer: JuteWriter | undefined;
  /** Bytes that were given to the system and it has not taken yet. */
  #inFlightBytes = 0;
  #blocked = false;
  #heldBytes = 0;
  /** Bytes given to the system so far; for who counts what a turn has sent. */
  sentBytes = 0;

  constructor(connection: Connection, budget: OutputBudget) {
    this.#connection = connection;
    this.#budget = budget;
  }

  /** The client does not take what was sent: nothing more is sent until `drained`. */
  get isBlocked(): boolean {
    return this.#blocked;
  }

  get isHigh(): boolean {
    return this.#writer !== undefined && this.#writer.length >= OUTPUT_HIGH_BYTES;
  }

  /** Bytes that wait for the client. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Where replies are appended. The same until `flush`. */
  writer(): JuteWriter {
    return (this.#writer ??= this.#budget.pool.take());
  }

  /**
   * One write for all that was put together, unless the system still has to take what came before.
   *
   * @returns false: too much waits for this client, and the connection is to be destroyed
   */
  flush(): boolean {
    const writer = this.#writer;
    if (writer === undefined) return true;
    if (!this.#blocked && writer.length > 0) {
      this.#writer = undefined;
      this.sentBytes += writer.length;
      if (this.#connection.send(writer.written())) {
        this.#budget.pool.give(writer);
      } else {
        this.#blocked = true;
        this.#inFlightBytes = writer.length;
      }
    }
    this.#account();
    // What one request asked for may be as much as it likes; what piles up behind it may not.
    return this.#writer === undefined || this.#heldBytes <= OUTPUT_BYTES_MAX;
  }

  drained(): void {
    this.#blocked = false;
    this.#inFlightBytes = 0;
    this.#account();
  }

  /** Gives the system all that is left; nothing is written after it. */
  finish(): void {
    const writer = this.#writer;
    this.drop();
    if (writer !== undefined && writer.length > 0) this.#connection.send(writer.written());
  }

  /** Forgets what was not sent. */
  drop(): void {
    this.#writer = undefined;
    this.#inFlightBytes = 0;
    this.#account();
  }

  #account(): void {
    const held = this.#inFlightBytes + (this.#writer?.length ?? 0);
    this.#budget.heldBytes += held - this.#heldBytes;
    this.#heldBytes = held;
  }
}
