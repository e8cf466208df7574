import type { SeededRandom } from "@ordinal/kit";

import type { Range } from "./disk-device.ts";
import type { EventQueue } from "./event-queue.ts";

/** One direction between two hosts. What is sent while it is cut waits, as TCP sends again until it gets through. */
export class Link {
  readonly #events: EventQueue;
  readonly #random: SeededRandom;
  delayMs: Range;
  #cut = false;
  #waiting: (() => void)[] = [];

  constructor(events: EventQueue, random: SeededRandom, delayMs: Range) {
    this.#events = events;
    this.#random = random;
    this.delayMs = delayMs;
  }

  get isCut(): boolean {
    return this.#cut;
  }

  cut(): void {
    this.#cut = true;
  }

  heal(): void {
    this.#cut = false;
    this.retry();
  }

  /** Sends again what waits: the link or the host behind it is back. */
  retry(): void {
    for (const send of this.#waiting.splice(0)) send();
  }

  drawDelayMs(): number {
    const [least, most] = this.delayMs;
    return least + this.#random.float() * (most - least);
  }

  /** Calls `arrive` when a message sent now gets through, if ever: `arrive` says false if there is nobody to take it. */
  send(arrive: () => boolean): void {
    this.#events.plan(this.drawDelayMs(), () => {
      if (this.#cut || !arrive()) this.whenOpen(() => this.send(arrive));
    });
  }

  whenOpen(send: () => void): void {
    this.#waiting.push(send);
  }
}
