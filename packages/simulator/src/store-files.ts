import type { StoreOperation } from "@ordinal/io";
import type { SeededRandom } from "@ordinal/kit";

import type { Life } from "./life.ts";
import { SortedRows } from "./sorted-rows.ts";

interface Group {
  readonly operations: readonly StoreOperation[];
  readonly segment: number;
  durable: boolean;
}

/** How likely a group begins a new log file, as LevelDB does when its memtable is full. */
const SWITCH_CHANCE = 1 / 16;

/**
 * What a store leaves on the disk: rows that are safe and the groups written since, in log segments. A sync makes the present
 * segment safe. A power failure keeps of every segment a prefix: all that was synced and perhaps some more, never half a group.
 */
export class StoreFiles {
  readonly #random: SeededRandom;
  readonly #safe = new SortedRows();
  #groups: Group[] = [];
  #segment = 0;
  openedBy: Life | undefined;
  damage: string | undefined;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  append(operations: readonly StoreOperation[]): Group {
    if (this.#random.chance(SWITCH_CHANCE)) {
      this.#segment++;
      // The switch waited until the memtable before the last was in a table file.
      for (const group of this.#groups) if (group.segment <= this.#segment - 2) group.durable = true;
      this.#settle();
    }
    const group = { operations, segment: this.#segment, durable: false };
    this.#groups.push(group);
    return group;
  }

  /** A sync that began after `last` was appended has succeeded. */
  synced(last: Group): void {
    for (const group of this.#groups) {
      if (group.segment === last.segment) group.durable = true;
      if (group === last) break;
    }
    this.#settle();
  }

  powerFailure(): void {
    const segments = Map.groupBy(this.#groups, (group) => group.segment);
    for (const groups of segments.values()) {
      const atRisk = groups.filter((group) => !group.durable);
      const survivors = this.#random.between(0, atRisk.length);
      for (const group of atRisk.slice(0, survivors)) group.durable = true;
    }
    this.#groups = this.#groups.filter((group) => group.durable);
    this.#settle();
  }

  /** What a process reads that opens it now. LevelDB writes its logs into tables then, which makes them safe. */
  recover(): SortedRows {
    for (const group of this.#groups) group.durable = true;
    this.#settle();
    return this.#safe.share();
  }

  #settle(): void {
    let done = 0;
    while (this.#groups[done]?.durable === true) done++;
    for (const group of this.#groups.splice(0, done)) this.#safe.apply(group.operations);
  }
}
