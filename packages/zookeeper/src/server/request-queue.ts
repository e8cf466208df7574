import { BoundedQueue } from "@ordinal/kit";

import { OpCode } from "../jute/op-code.ts";
import type { TxnResult } from "../tree/database.ts";
import { PENDING_MAX, QUEUED_READS_MAX } from "./limits.ts";
import type { PendingRequest } from "./pending-request.ts";

/** Who writes the answers. */
export interface Answerer {
  /** A write or a sync that has its outcome, or a read whose turn it is. False: the connection is closed now. */
  answer(request: PendingRequest, nowMs: number): boolean;
}

/** Requests of all connections of a server that are not answered. */
export interface OutstandingCount {
  outstanding: number;
}

/**
 * The order of one connection: requests are answered in the order they came. Several writes may be under way; a read waits for
 * the writes before it, and is answered before those behind it are applied.
 *
 * Source: org.apache.zookeeper.server.quorum.CommitProcessor.
 */
export class RequestQueue {
  readonly #answerer: Answerer;
  readonly #all: OutstandingCount;
  /** Oldest first; the first one is a write or a sync that waits. */
  readonly #pending = new BoundedQueue<PendingRequest>(PENDING_MAX);
  #queuedReads = 0;

  constructor(answerer: Answerer, all: OutstandingCount) {
    this.#answerer = answerer;
    this.#all = all;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** No more requests can be taken, whatever the rest of the server does. */
  get isFull(): boolean {
    return this.#queuedReads >= QUEUED_READS_MAX || this.#pending.isFull;
  }

  push(request: PendingRequest): void {
    this.#pending.push(request);
    this.#all.outstanding++;
    if (!request.isOrdered) this.#queuedReads++;
  }

  /**
   * A transaction with this session's id was applied. Whether it is that of a request here; if not, the session sent it through
   * another server, or it is nobody's request, such as the end of a session that expired.
   */
  committed(cxid: number, type: number, result: TxnResult, nowMs: number): boolean {
    const request = this.#find(cxid, type);
    if (request === undefined) return false;
    request.result = result;
    request.outcome = "committed";
    this.advance(nowMs);
    return true;
  }

  /** Nearly always the first: only a sync may wait before it, which has no transaction. */
  #find(cxid: number, type: number): PendingRequest | undefined {
    for (const request of this.#pending) {
      if (!request.isOrdered || request.outcome !== "none" || request.type === OpCode.sync) continue;
      const isIt = request.cxid === cxid && (type !== OpCode.closeSession || request.type === OpCode.closeSession);
      return isIt ? request : undefined;
    }
    return undefined;
  }

  /** Answers from the front what has its outcome, and the reads behind it, which see exactly what came before them. */
  advance(nowMs: number): void {
    for (let first = this.#pending.peek(); first !== undefined; first = this.#pending.peek()) {
      if (first.isOrdered && first.outcome === "none") return;
      this.#pending.shift();
      this.#all.outstanding--;
      if (!first.isOrdered) this.#queuedReads--;
      if (!this.#answerer.answer(first, nowMs)) return;
    }
  }

  /** Nobody waits for the answers any more. */
  clear(): void {
    this.#all.outstanding -= this.#pending.size;
    this.#pending.clear();
    this.#queuedReads = 0;
  }
}
