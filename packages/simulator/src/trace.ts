import { BoundedQueue } from "@ordinal/kit";

const LINES_KEPT = 200;

/** What happened, in order: the last lines to read, and a digest of all of them to compare two runs by. */
export class Trace {
  readonly #lines = new BoundedQueue<string>(LINES_KEPT);
  #hash = 0x811c_9dc5; // FNV-1a
  #count = 0;

  note(line: string): void {
    for (let at = 0; at < line.length; at++) this.#hash = Math.imul(this.#hash ^ line.charCodeAt(at), 0x0100_0193);
    this.#hash = Math.imul(this.#hash ^ 10, 0x0100_0193);
    this.#count++;
    if (this.#lines.isFull) this.#lines.shift();
    this.#lines.push(line);
  }

  /** Equal for equal traces, and for hardly any others. */
  get digest(): string {
    return `${this.#count}-${(this.#hash >>> 0).toString(16).padStart(8, "0")}`;
  }

  get lastLines(): readonly string[] {
    return [...this.#lines];
  }
}
