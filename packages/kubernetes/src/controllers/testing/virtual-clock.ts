import type { Clock, Timer } from "@ordinal/io";

interface Alarm {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

/** Time that moves only when told to. */
export class VirtualClock implements Clock {
  readonly #start: number;
  readonly #settle: () => Promise<void>;
  #elapsed = 0;
  #order = 0;
  readonly #alarms = new Set<Alarm>();

  /** `settle` resolves when everything that waits for promises only is done: a turn of the event loop. */
  constructor(settle: () => Promise<void>, start = Date.parse("2026-11-23T20:24:26Z")) {
    this.#settle = settle;
    this.#start = start;
  }

  now(): number {
    return this.#start + this.#elapsed;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const alarm = { at: this.#elapsed + Math.max(0, delayMs), order: this.#order++, callback };
    this.#alarms.add(alarm);
    return { cancel: () => void this.#alarms.delete(alarm) };
  }

  /** Lets all promises settle, then moves on timer by timer for `ms`. */
  async advance(ms: number): Promise<void> {
    const end = this.#elapsed + ms;
    await this.#settle();
    for (;;) {
      const alarm = this.#earliest();
      if (alarm === undefined || alarm.at > end) break;
      this.#alarms.delete(alarm);
      this.#elapsed = alarm.at;
      alarm.callback();
      await this.#settle();
    }
    this.#elapsed = end;
  }

  #earliest(): Alarm | undefined {
    let first: Alarm | undefined;
    for (const alarm of this.#alarms) {
      if (first === undefined || alarm.at < first.at || (alarm.at === first.at && alarm.order < first.order))
        first = alarm;
    }
    return first;
  }
}
