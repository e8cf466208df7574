/**
 * First in, first out, never longer than its capacity: whoever fills it has to say what happens when it is full. A ring, so
 * that both ends cost the same however long it is; it grows as it is needed.
 */
export class BoundedQueue<T> {
  readonly capacity: number;
  #ring: (T | undefined)[];
  #head = 0;
  #size = 0;

  constructor(capacity: number) {
    if (!Number.isSafeInteger(capacity) || capacity < 1)
      throw new RangeError(`a capacity is 1 or more, not ${capacity}`);
    this.capacity = capacity;
    this.#ring = Array.from({ length: Math.min(capacity, 16) });
  }

  get size(): number {
    return this.#size;
  }

  get isFull(): boolean {
    return this.#size === this.capacity;
  }

  /** Adds an item at the end; false, and nothing added, if the queue is full. */
  push(item: T): boolean {
    if (this.isFull) return false;
    if (this.#size === this.#ring.length) this.#grow();
    this.#ring[(this.#head + this.#size) % this.#ring.length] = item;
    this.#size++;
    return true;
  }

  /** The first item, which stays. */
  peek(): T | undefined {
    return this.#size === 0 ? undefined : this.#ring[this.#head];
  }

  /** Takes the first item out. */
  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    const item = this.#ring[this.#head];
    this.#ring[this.#head] = undefined; // or the ring would keep it alive
    this.#head = (this.#head + 1) % this.#ring.length;
    this.#size--;
    return item;
  }

  clear(): void {
    this.#ring = Array.from({ length: Math.min(this.capacity, 16) });
    this.#head = 0;
    this.#size = 0;
  }

  /** From first to last, without taking them out. */
  *[Symbol.iterator](): Generator<T> {
    for (let at = 0; at < this.#size; at++) yield this.#ring[(this.#head + at) % this.#ring.length] as T;
  }

  #grow(): void {
    const items = [...this];
    this.#ring = Array.from({ length: Math.min(this.capacity, items.length * 2) });
    for (const [at, item] of items.entries()) this.#ring[at] = item;
    this.#head = 0;
  }
}
