import type { EventQueue } from "./event-queue.ts";

/**
 * One run of a process, from start to end. After its end none of its promises settles and none of its timers fires: the
 * code stands still in the middle of whatever it did, which is what `kill -9` and a power failure do to it.
 */
export class Life {
  readonly #events: EventQueue;
  #alive = true;

  constructor(events: EventQueue) {
    this.#events = events;
  }

  get alive(): boolean {
    return this.#alive;
  }

  end(): void {
    this.#alive = false;
  }

  /** Resolves after this much virtual time. */
  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#events.plan(delayMs, () => {
        if (this.#alive) resolve();
      });
    });
  }
}
