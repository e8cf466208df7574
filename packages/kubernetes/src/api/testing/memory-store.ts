import type { Store, StoreOperation, StoreRange, StoreSnapshot } from "@ordinal/io";

/**
 * A store in memory that can lose its power: what was not synced is gone, or half of it is. Batches stay atomic.
 * `hold` keeps batches waiting for the disk until `release`.
 */
export class MemoryStore implements Store {
  /** Batches that reached the disk, in order. */
  readonly durable: (readonly StoreOperation[])[] = [];
  #values = new Map<string, Uint8Array>();
  #failure: Error | undefined;
  #held: (() => void)[] | undefined;

  /** The store as it is found after a crash now: only the batches of `durable`, `extra` of those under way. */
  static recovered(batches: readonly (readonly StoreOperation[])[]): MemoryStore {
    const store = new MemoryStore();
    for (const batch of batches) store.#apply(batch);
    return store;
  }

  /** Every later batch fails. */
  fail(error: Error): void {
    this.#failure = error;
  }

  hold(): void {
    this.#held ??= [];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const go of held) go();
  }

  async batch(operations: readonly StoreOperation[]): Promise<void> {
    if (this.#held !== undefined) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#held.push(resolve);
      await promise;
    } else await Promise.resolve();
    if (this.#failure !== undefined) throw this.#failure;
    this.#apply(operations);
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#values.get(Buffer.from(key).toString("latin1"));
  }

  async *iterate(range: StoreRange = {}): AsyncGenerator<readonly [Uint8Array, Uint8Array]> {
    const low = range.gte === undefined ? "" : Buffer.from(range.gte).toString("latin1");
    const high = range.lt === undefined ? undefined : Buffer.from(range.lt).toString("latin1");
    for (const key of [...this.#values.keys()].sort()) {
      if (key < low || (high !== undefined && key >= high)) continue;
      const value = this.#values.get(key);
      if (value !== undefined) yield [Buffer.from(key, "latin1"), value];
    }
  }

  snapshot(): StoreSnapshot {
    const copy = new MemoryStore();
    copy.#values = new Map(this.#values);
    return { get: (key) => copy.get(key), iterate: (range) => copy.iterate(range), close: () => Promise.resolve() };
  }

  async close(): Promise<void> {}

  #apply(operations: readonly StoreOperation[]): void {
    this.durable.push(operations);
    for (const operation of operations) {
      const key = Buffer.from(operation.key).toString("latin1");
      if (operation.kind === "put") this.#values.set(key, operation.value);
      else this.#values.delete(key);
    }
  }
}
