import type { Clock, Timer } from "@ordinal/io";

interface Entry {
  readonly at: number;
  readonly callback: () => void;
}

/** A clock that stands still until it is told how far to go. Timers of no delay fire by themselves, in the next turn. */
export class VirtualClock implements Clock {
  /**
   * As real clocks do under load: a timer fires up to a millisecond early, and a millisecond may pass between two looks
   * at the clock.
   */
  jitter = false;
  readonly #start: number;
  #looks = 0;
  #now: number;
  readonly #timers = new Set<Entry>();

  constructor(start: number) {
    this.#start = start;
    this.#now = start;
  }

  now(): number {
    if (this.jitter) this.#now += this.#looks++ % 2;
    return this.#now;
  }

  monotonic(): number {
    return this.#now - this.#start;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const entry: Entry = { at: this.#now + Math.max(0, this.jitter && delayMs > 1 ? delayMs - 1 : delayMs), callback };
    this.#timers.add(entry);
    if (delayMs <= 0) setImmediate(() => this.#fire(entry));
    return { cancel: () => this.#timers.delete(entry) };
  }

  atEndOfTurn(callback: () => void): void {
    setImmediate(callback);
  }

  /** Goes from timer to timer, letting real work between them settle. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    for (;;) {
      await settle();
      const [next] = [...this.#timers].toSorted((left, right) => left.at - right.at);
      if (next === undefined || next.at > end) break;
      this.#now = Math.max(this.#now, next.at);
      this.#fire(next);
    }
    this.#now = end;
    await settle();
  }

  #fire(entry: Entry): void {
    if (this.#timers.delete(entry)) entry.callback();
  }
}

/** Lets files and promises under way come to their end: a few rounds through the event loop. */
export async function settle(): Promise<void> {
  for (let round = 0; round < 20; round++) await new Promise((resolve) => setImmediate(resolve));
}
