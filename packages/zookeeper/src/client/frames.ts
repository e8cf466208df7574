import { ProtocolError } from "@ordinal/kit";

import type { ClientConnection } from "./client-ports.ts";

const LENGTH_BYTES = 4;

/**
 * Both directions of the client protocol's frames: a length of four bytes, then so many. What is sent in one turn goes out in
 * one write.
 */
export class Frames {
  readonly #connection: ClientConnection;
  readonly #frameBytesMax: number;
  readonly #onBroken: (error: unknown) => void;
  #chunk: Uint8Array = new Uint8Array(0);
  #position = 0;
  #outgoing: Uint8Array[] = [];

  /** @param onBroken what could not be written; called at most once a turn */
  constructor(connection: ClientConnection, frameBytesMax: number, onBroken: (error: unknown) => void) {
    this.#connection = connection;
    this.#frameBytesMax = frameBytesMax;
    this.#onBroken = onBroken;
  }

  /**
   * The next frame, or undefined where the peer ended between two. A frame may be a view of bytes that came together with
   * others. A length out of bounds is a `ProtocolError` with code `BAD_FRAME`.
   */
  async read(): Promise<Uint8Array | undefined> {
    if (!(await this.#have(LENGTH_BYTES))) return undefined;
    const view = new DataView(this.#chunk.buffer, this.#chunk.byteOffset + this.#position, LENGTH_BYTES);
    const length = view.getInt32(0);
    if (length < 0 || length >= this.#frameBytesMax) {
      throw new ProtocolError("BAD_FRAME", `Packet len ${length} is out of range!`);
    }
    if (!(await this.#have(LENGTH_BYTES + length))) return undefined;
    const start = this.#position + LENGTH_BYTES;
    this.#position = start + length;
    return this.#chunk.subarray(start, start + length);
  }

  /** Sends a whole frame, its length in front, at the end of this turn. */
  send(frame: Uint8Array): void {
    this.#outgoing.push(frame);
    if (this.#outgoing.length === 1) queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    const frames = this.#outgoing;
    this.#outgoing = [];
    const bytes = frames.length === 1 ? frames[0] : Buffer.concat(frames);
    if (bytes !== undefined) this.#connection.write(bytes).catch(this.#onBroken);
  }

  /** Reads until so many bytes lie ahead; false where the peer ends before. */
  async #have(length: number): Promise<boolean> {
    if (this.#chunk.length - this.#position >= length) return true;
    const parts = [this.#chunk.subarray(this.#position)];
    let have = this.#chunk.length - this.#position;
    while (have < length) {
      const more = await this.#connection.read();
      if (more === undefined) return false;
      parts.push(more);
      have += more.length;
    }
    this.#chunk = parts.length === 2 && parts[0]?.length === 0 ? (parts[1] ?? this.#chunk) : Buffer.concat(parts);
    this.#position = 0;
    return true;
  }
}
