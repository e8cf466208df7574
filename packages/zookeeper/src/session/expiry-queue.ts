// Source: org.apache.zookeeper.server.ExpiryQueue.

/**
 * Elements by the time they expire, in buckets of one interval: a deadline is rounded up to the next whole interval, so an
 * element lives up to one interval longer than asked, and touching it again within the same interval costs one comparison.
 */
export class ExpiryQueue<E> {
  readonly #intervalMs: number;
  readonly #deadlines = new Map<E, number>();
  readonly #buckets = new Map<number, Set<E>>();
  #nextMs: number;

  /** @param intervalMs the width of a bucket, at least 1 */
  constructor(intervalMs: number, nowMs: number) {
    this.#intervalMs = intervalMs;
    this.#nextMs = this.#roundUp(nowMs);
  }

  get size(): number {
    return this.#deadlines.size;
  }

  /** When `poll` may have something to give: call it then, or later. */
  get nextDeadlineMs(): number {
    return this.#nextMs;
  }

  /** Adds the element, or moves it to another deadline. */
  update(element: E, timeoutMs: number, nowMs: number): void {
    const deadline = this.#roundUp(nowMs + timeoutMs);
    const previous = this.#deadlines.get(element);
    if (deadline === previous) return;
    let bucket = this.#buckets.get(deadline);
    if (bucket === undefined) {
      bucket = new Set();
      this.#buckets.set(deadline, bucket);
    }
    bucket.add(element);
    this.#deadlines.set(element, deadline);
    if (previous !== undefined) this.#leave(element, previous);
  }

  remove(element: E): void {
    const deadline = this.#deadlines.get(element);
    if (deadline === undefined) return;
    this.#deadlines.delete(element);
    this.#leave(element, deadline);
  }

  /**
   * Takes what has expired by now, oldest first. Taken elements keep their place in the count until `remove`, as in the
   * original: the session that expires still exists until its end is committed.
   */
  poll(nowMs: number): E[] {
    if (nowMs < this.#nextMs) return [];
    const due = [...this.#buckets.keys()].filter((deadline) => deadline <= nowMs).sort((a, b) => a - b);
    const expired: E[] = [];
    for (const deadline of due) {
      for (const element of this.#buckets.get(deadline) ?? []) expired.push(element);
      this.#buckets.delete(deadline);
    }
    this.#nextMs = this.#roundUp(nowMs);
    return expired;
  }

  /** Elements by deadline, soonest first: what the `dump` command shows. */
  buckets(): Array<{ deadlineMs: number; elements: E[] }> {
    return [...this.#buckets]
      .sort(([a], [b]) => a - b)
      .map(([deadlineMs, elements]) => ({ deadlineMs, elements: [...elements] }));
  }

  #leave(element: E, deadline: number): void {
    const bucket = this.#buckets.get(deadline);
    bucket?.delete(element);
    if (bucket?.size === 0) this.#buckets.delete(deadline);
  }

  #roundUp(timeMs: number): number {
    return (Math.floor(timeMs / this.#intervalMs) + 1) * this.#intervalMs;
  }
}
