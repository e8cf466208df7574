import { JuteWriter } from "../jute/jute-writer.ts";

const BUFFER_BYTES = 16 * 1024;
/** A buffer that has grown beyond this is not kept. */
const KEPT_BYTES_MAX = 256 * 1024;
const KEPT_MAX = 64;
const NO_LIMIT = 2 ** 31 - 1;

/** Buffers for replies: a connection has one only from its first reply in a turn until the system has taken them. */
export class OutputPool {
  readonly #free: JuteWriter[] = [];

  take(): JuteWriter {
    return this.#free.pop() ?? new JuteWriter(NO_LIMIT, BUFFER_BYTES);
  }

  /** The writer is nobody's now; what it holds has been sent. */
  give(writer: JuteWriter): void {
    // Not its length: what was written and taken back has made it grow as well.
    if (this.#free.length >= KEPT_MAX || writer.written().buffer.byteLength > KEPT_BYTES_MAX) return;
    writer.truncate(0);
    this.#free.push(writer);
  }
}
