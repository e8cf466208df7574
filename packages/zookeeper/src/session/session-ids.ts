import type { SessionId } from "../jute/zxid.ts";

// Source: org.apache.zookeeper.server.SessionTrackerImpl (initializeNextSessionId).

/** `Long.MIN_VALUE` marks container nodes, so no session may have it. */
const CONTAINER_OWNER = -(1n << 63n);

/** Ids that no other server gives: the server's id in the highest byte, then its time, counting up. */
export class SessionIds {
  #next: SessionId;

  /**
   * @param serverId the low 8 bits count  @param nowMs the time at the start of this server; the ids of two starts differ if
   *   fewer than 65,536 sessions were made for every millisecond between them
   */
  constructor(serverId: number, nowMs: number) {
    const time = BigInt.asUintN(64, BigInt(Math.floor(nowMs)) << 24n) >> 8n;
    this.#next = BigInt.asIntN(64, time | (BigInt(serverId) << 56n));
    if (this.#next === CONTAINER_OWNER) this.#next++;
  }

  next(): SessionId {
    const id = this.#next;
    this.#next = BigInt.asIntN(64, id + 1n);
    return id;
  }
}
