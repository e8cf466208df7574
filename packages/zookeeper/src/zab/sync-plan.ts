import type { Txn } from "../jute/txn-records.ts";
import { counterOf, epochOf, type Zxid } from "../jute/zxid.ts";
import type { CommittedLog } from "./committed-log.ts";

/** How a learner is brought up to date. */
export type SyncPlan =
  /** The whole tree. */
  | { readonly kind: "snap" }
  /** The transactions on disk must tell; ask again with them. */
  | { readonly kind: "read-log" }
  | {
      readonly kind: "diff" | "trunc";
      /** Of the DIFF or TRUNC packet. */
      readonly zxid: Zxid;
      /** All committed, to be sent each with its COMMIT. */
      readonly txns: readonly Txn[];
      /** What the learner has after them; what the leader proposed after it is to follow. */
      readonly upTo: Zxid;
    };

export interface SyncFacts {
  /** The last zxid in the learner's log. */
  readonly peerZxid: Zxid;
  /** The last one in the leader's tree. */
  readonly lastProcessedZxid: Zxid;
  readonly committed: CommittedLog;
  /** Whether the log on disk may be read: `snapshotSizeFactor` is not negative. */
  readonly logReadable: boolean;
  /**
   * Transactions of the log on disk, from one at or before the learner's on, without gaps, as far as they were read; `undefined`:
   * not read yet; `"unusable"`: the log does not reach back that far, or a snapshot is cheaper.
   */
  readonly fromLog: readonly Txn[] | "unusable" | undefined;
}

/**
 * Decides between DIFF, TRUNC and SNAP. What counts is that a learner ends up with the leader's history and nothing else:
 * a zxid of the learner's that the leader does not know must go (TRUNC), and where that would mean to cut into an epoch of which
 * the leader cannot tell what the learner has, all of it goes (SNAP).
 *
 * Source: org.apache.zookeeper.server.quorum.LearnerHandler (syncFollower, queueCommittedProposals).
 */
export function planSync(facts: SyncFacts): SyncPlan {
  const { peerZxid, lastProcessedZxid, committed } = facts;
  // No transaction has counter 0: a learner is there when it got a leader's tree before that leader's first proposal.
  const isNewEpochZxid = counterOf(peerZxid) === 0;
  const min = committed.size === 0 ? lastProcessedZxid : committed.min;
  const max = committed.size === 0 ? lastProcessedZxid : committed.max;

  if (lastProcessedZxid === peerZxid) return { kind: "diff", zxid: peerZxid, txns: [], upTo: peerZxid };
  if (peerZxid > max && !isNewEpochZxid) return { kind: "trunc", zxid: max, txns: [], upTo: max };
  if (max >= peerZxid && min <= peerZxid) {
    return new PacketQueue(peerZxid, max).take(committed, undefined).plan();
  }
  if (peerZxid >= min || !facts.logReadable) return { kind: "snap" };
  if (facts.fromLog === undefined) return { kind: "read-log" };
  if (facts.fromLog === "unusable" || facts.fromLog.length === 0) return { kind: "snap" };
  // What the log holds beyond the committed window may not be committed yet: the window takes over where it begins.
  const queue = new PacketQueue(peerZxid, max).take(facts.fromLog, min);
  if (queue.queuedZxid < min) return { kind: "snap" };
  return queue.take(committed, undefined).plan();
}

/** Builds the packets while it goes through the leader's history, oldest first. */
class PacketQueue {
  readonly #peerZxid: Zxid;
  readonly #isNewEpochZxid: boolean;
  readonly #lastCommittedZxid: Zxid;
  readonly #txns: Txn[] = [];
  #op: { kind: "diff" | "trunc"; zxid: Zxid } | undefined;
  #isStuck = false;
  queuedZxid: Zxid;

  constructor(peerZxid: Zxid, lastCommittedZxid: Zxid) {
    this.#peerZxid = peerZxid;
    this.#isNewEpochZxid = counterOf(peerZxid) === 0;
    this.#lastCommittedZxid = lastCommittedZxid;
    this.queuedZxid = peerZxid;
  }

  /** @param maxZxid the last one to queue, if not all */
  take(history: Iterable<Txn>, maxZxid: Zxid | undefined): this {
    let previousZxid = -1 as Zxid;
    if (this.#isStuck) return this;
    for (const txn of history) {
      const { zxid } = txn.header;
      if (maxZxid !== undefined && zxid > maxZxid) break;
      if (zxid < this.#peerZxid) {
        previousZxid = zxid;
        continue;
      }
      if (this.#op === undefined) {
        if (zxid === this.#peerZxid) {
          this.#op = { kind: "diff", zxid: this.#lastCommittedZxid };
          continue;
        }
        if (this.#isNewEpochZxid) {
          this.#op = { kind: "diff", zxid: this.#lastCommittedZxid };
        } else if (previousZxid === -1 || epochOf(zxid) !== epochOf(this.#peerZxid)) {
          // The learner's own zxid is not in this history, and what came before it is of unknown extent.
          this.#isStuck = true;
          return this;
        } else {
          this.#op = { kind: "trunc", zxid: previousZxid };
        }
      }
      if (zxid <= this.queuedZxid) continue;
      this.#txns.push(txn);
      this.queuedZxid = zxid;
    }
    if (this.#op === undefined && this.#isNewEpochZxid) this.#op = { kind: "diff", zxid: this.#lastCommittedZxid };
    return this;
  }

  plan(): SyncPlan {
    if (this.#op === undefined) return { kind: "snap" };
    return { ...this.#op, txns: this.#txns, upTo: this.queuedZxid };
  }
}
