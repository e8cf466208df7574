import type { SeededRandom } from "@ordinal/kit";

import type { EventQueue } from "./event-queue.ts";
import type { Link } from "./link.ts";

export type Item =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "end" }
  | { readonly kind: "reset" };

/** What takes the items at the far end; false if its machine is down. */
export type Deliver = (item: Item) => boolean;

/** One direction of a connection: what is put in comes out in order, each item with the link's delay. */
export class Pipe {
  readonly #events: EventQueue;
  readonly #random: SeededRandom;
  readonly #link: Link;
  readonly #deliver: Deliver;
  #inFlight: { readonly item: Item; arrivesAtMs: number }[] = [];
  #pumping = false;

  constructor(parts: { events: EventQueue; random: SeededRandom; link: Link; deliver: Deliver }) {
    this.#events = parts.events;
    this.#random = parts.random;
    this.#link = parts.link;
    this.#deliver = parts.deliver;
  }

  put(item: Item): void {
    if (item.kind === "bytes" && item.bytes.length > 1 && this.#random.chance(0.2)) {
      // A network cuts a stream where it likes.
      const at = this.#random.between(1, item.bytes.length - 1);
      this.#enqueue({ kind: "bytes", bytes: item.bytes.subarray(0, at) });
      this.#enqueue({ kind: "bytes", bytes: item.bytes.subarray(at) });
    } else {
      this.#enqueue(item);
    }
    this.#pump();
  }

  /** Forgets what has not arrived: its sender is gone without a trace, or has given the connection up. */
  drop(): void {
    this.#inFlight = [];
  }

  #enqueue(item: Item): void {
    // One that is due earlier than those before it waits for them, as TCP puts its segments in order.
    this.#inFlight.push({ item, arrivesAtMs: this.#events.nowMs + this.#link.drawDelayMs() });
  }

  #pump(): void {
    const [first] = this.#inFlight;
    if (this.#pumping || first === undefined) return;
    this.#pumping = true;
    this.#events.plan(first.arrivesAtMs - this.#events.nowMs, () => {
      this.#pumping = false;
      this.#arrive();
    });
  }

  #arrive(): void {
    for (let [first] = this.#inFlight; first !== undefined; [first] = this.#inFlight) {
      if (first.arrivesAtMs > this.#events.nowMs) break;
      if (this.#link.isCut || !this.#deliver(first.item)) {
        this.#pumping = true;
        this.#link.whenOpen(() => this.#sendAgain());
        return;
      }
      this.#inFlight.shift();
    }
    this.#pump();
  }

  #sendAgain(): void {
    this.#pumping = false;
    for (const each of this.#inFlight) each.arrivesAtMs = this.#events.nowMs + this.#link.drawDelayMs();
    this.#pump();
  }
}
