import { assert } from "@ordinal/kit";

import type { Txn } from "../jute/txn-records.ts";
import { epochOf, ZERO_ZXID, type Zxid, zxidHex } from "../jute/zxid.ts";

/** `zookeeper.commitLogCount`. More lets learners that were away longer catch up without a snapshot, and costs memory. */
export const COMMITTED_LOG_COUNT = 500;

/**
 * The transactions that were applied last, for bringing learners up to date without reading the disk. It goes with the tree: whoever
 * replaces the tree clears it.
 *
 * Source: org.apache.zookeeper.server.ZKDatabase (addCommittedProposal).
 */
export class CommittedLog {
  readonly #count: number;
  readonly #ring: (Txn | undefined)[];
  #first = 0;
  #size = 0;

  constructor(count = COMMITTED_LOG_COUNT) {
    this.#count = count;
    this.#ring = Array.from({ length: count });
  }

  get size(): number {
    return this.#size;
  }

  /** The zxid of the oldest and of the newest one; 0 when there is none. */
  get min(): Zxid {
    return this.#at(0)?.header.zxid ?? ZERO_ZXID;
  }

  get max(): Zxid {
    return this.#at(this.#size - 1)?.header.zxid ?? ZERO_ZXID;
  }

  /** Takes what was applied. One that it has already is left out; a gap within an epoch is a broken invariant. */
  add(txn: Txn): void {
    const { zxid } = txn.header;
    if (this.#size > 0) {
      const max = this.max;
      if (zxid <= max) return;
      // A gap here would be passed on to a learner as a complete history.
      assert(
        zxid === max + 1 || epochOf(zxid) > epochOf(max),
        `0x${zxidHex(zxid)} was applied after 0x${zxidHex(max)}: transactions are missing`,
      );
    }
    if (this.#size === this.#count) {
      this.#ring[this.#first] = txn;
      this.#first = (this.#first + 1) % this.#count;
    } else {
      this.#ring[(this.#first + this.#size) % this.#count] = txn;
      this.#size++;
    }
  }

  /** Forgets those after `zxid`: they are not in the tree any more. */
  cutAfter(zxid: Zxid): void {
    while (this.#size > 0 && this.max > zxid) {
      this.#size--;
      this.#ring[(this.#first + this.#size) % this.#count] = undefined;
    }
  }

  clear(): void {
    this.#ring.fill(undefined);
    this.#first = 0;
    this.#size = 0;
  }

  *[Symbol.iterator](): Generator<Txn> {
    for (let index = 0; index < this.#size; index++) yield this.#at(index) as Txn;
  }

  #at(index: number): Txn | undefined {
    return index < 0 || index >= this.#size ? undefined : this.#ring[(this.#first + index) % this.#count];
  }
}
