import type { Clock, Timer } from "@ordinal/io";

import type { EventQueue } from "./event-queue.ts";

/** When every world begins. */
const EPOCH_MS = Date.UTC(2026, 0, 1);

/** A clock on virtual time. `offsetMs` is how far its wall time is off; change it to make it jump. */
export class SimulatedClock implements Clock {
  readonly #events: EventQueue;
  readonly #isAlive: () => boolean;
  offsetMs = 0;

  /** @param isAlive timers do nothing once it says no */
  constructor(events: EventQueue, isAlive: () => boolean = () => true) {
    this.#events = events;
    this.#isAlive = isAlive;
  }

  now(): number {
    return Math.floor(EPOCH_MS + this.#events.nowMs + this.offsetMs);
  }

  monotonic(): number {
    return this.#events.nowMs;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    return this.#events.plan(delayMs, () => {
      if (this.#isAlive()) callback();
    });
  }

  atEndOfTurn(callback: () => void): void {
    this.setTimer(0, callback);
  }
}
