import type { StoreChange } from "./store-change.ts";

/** The last changes, oldest first, for watches that start from a resourceVersion of the past. */
export class ChangeHistory {
  readonly #changesMax: number;
  readonly #bytesMax: number;
  #changes: { readonly change: StoreChange; readonly bytes: number }[] = [];
  #bytes = 0;
  #oldest: number;

  /** `start` is the resourceVersion at which the history begins: a watch from there misses nothing. */
  constructor(changesMax: number, bytesMax: number, start: number) {
    this.#changesMax = changesMax;
    this.#bytesMax = bytesMax;
    this.#oldest = start;
  }

  /** The oldest resourceVersion from which nothing is missing. */
  get oldest(): number {
    return this.#oldest;
  }

  /** `bytes` is about what the change's object takes. */
  add(change: StoreChange, bytes: number): void {
    this.#changes.push({ change, bytes });
    this.#bytes += bytes;
    // Dropping from the front costs the whole array: half as much again may gather first.
    if (this.#changes.length < this.#changesMax * 1.5 && this.#bytes < this.#bytesMax * 1.5) return;
    let count = Math.max(0, this.#changes.length - this.#changesMax);
    let kept = this.#bytes;
    for (const old of this.#changes.slice(0, count)) kept -= old.bytes;
    for (; kept > this.#bytesMax && count < this.#changes.length; count++) kept -= this.#changes[count]?.bytes ?? 0;
    const dropped = this.#changes.splice(0, count);
    this.#bytes = kept;
    this.#oldest = dropped.at(-1)?.change.resourceVersion ?? this.#oldest;
  }

  /** The changes of `resource` after `resourceVersion`; undefined when some of them may be forgotten. */
  after(resourceVersion: number, resource: string): StoreChange[] | undefined {
    if (resourceVersion < this.#oldest) return undefined;
    let low = 0;
    let high = this.#changes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#changes[middle]?.change.resourceVersion ?? 0) <= resourceVersion) low = middle + 1;
      else high = middle;
    }
    return this.#changes.slice(low).flatMap(({ change }) => (change.resource === resource ? [change] : []));
  }
}
