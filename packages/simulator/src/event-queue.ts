import type { Timer } from "@ordinal/io";

interface Event {
  readonly atMs: number;
  /** Events of one moment happen in the order in which they were planned. */
  readonly order: number;
  readonly happen: () => void;
  cancelled: boolean;
}

/** What will happen, by virtual time: a binary heap. */
export class EventQueue {
  readonly #heap: Event[] = [];
  #order = 0;
  #nowMs = 0;

  /** Virtual milliseconds since the world began; fractions count. */
  get nowMs(): number {
    return this.#nowMs;
  }

  plan(delayMs: number, happen: () => void): Timer {
    const delay = Number.isFinite(delayMs) ? Math.max(0, delayMs) : 0;
    const event: Event = { atMs: this.#nowMs + delay, order: this.#order++, happen, cancelled: false };
    this.#heap.push(event);
    this.#raise(this.#heap.length - 1);
    return {
      cancel: () => {
        event.cancelled = true;
      },
    };
  }

  /** When the next event is, if there is any. */
  nextAtMs(): number | undefined {
    while (this.#heap[0]?.cancelled === true) this.#removeFirst();
    return this.#heap[0]?.atMs;
  }

  /** Moves time to the next event and lets it happen; false if there is none. */
  step(): boolean {
    if (this.nextAtMs() === undefined) return false;
    const event = this.#removeFirst();
    this.#nowMs = event.atMs;
    event.happen();
    return true;
  }

  /** Moves time on over a stretch in which nothing is planned. */
  advanceTo(atMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, atMs);
  }

  #removeFirst(): Event {
    const first = this.#at(0);
    const last = this.#heap.pop();
    if (last !== undefined && last !== first) {
      this.#heap[0] = last;
      this.#sink();
    }
    return first;
  }

  #raise(from: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #sink(): void {
    let at = 0;
    for (;;) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < this.#heap.length && this.#isBefore(child, least)) least = child;
      }
      if (least === at) return;
      this.#swap(at, least);
      at = least;
    }
  }

  #isBefore(one: number, other: number): boolean {
    const a = this.#at(one);
    const b = this.#at(other);
    return a.atMs === b.atMs ? a.order < b.order : a.atMs < b.atMs;
  }

  #swap(one: number, other: number): void {
    const event = this.#at(one);
    this.#heap[one] = this.#at(other);
    this.#heap[other] = event;
  }

  #at(index: number): Event {
    return this.#heap[index] as Event;
  }
}
