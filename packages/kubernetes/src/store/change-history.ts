import type { StoreChange } from "./store-change.ts";

/** The last changes, oldest first, for watches that start from a resourceVersion of the past. */
export class ChangeHistory {
  readonly #changesMax: number;
  #changes: StoreChange[] = [];
  #oldest: number;

  /** `start` is the resourceVersion at which the history begins: a watch from there misses nothing. */
  constructor(changesMax: number, start: number) {
    this.#changesMax = changesMax;
    this.#oldest = start;
  }

  /** The oldest resourceVersion from which nothing is missing. */
  get oldest(): number {
    return this.#oldest;
  }

  add(change: StoreChange): void {
    this.#changes.push(change);
    // Dropping from the front costs the whole array: half as much again may gather first.
    if (this.#changes.length < this.#changesMax * 1.5) return;
    const dropped = this.#changes.splice(0, this.#changes.length - this.#changesMax);
    this.#oldest = dropped.at(-1)?.resourceVersion ?? this.#oldest;
  }

  /** The changes of `resource` after `resourceVersion`; undefined when some of them may be forgotten. */
  after(resourceVersion: number, resource: string): StoreChange[] | undefined {
    if (resourceVersion < this.#oldest) return undefined;
    let low = 0;
    let high = this.#changes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#changes[middle]?.resourceVersion ?? 0) <= resourceVersion) low = middle + 1;
      else high = middle;
    }
    return this.#changes.slice(low).filter((change) => change.resource === resource);
  }
}
