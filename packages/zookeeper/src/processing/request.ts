import type { Id } from "../jute/data-records.ts";
import type { SessionId } from "../jute/zxid.ts";

// Source: org.apache.zookeeper.server.Request.

/** Who sent a request, for noticing sessions that moved to another server: this for the clients of the server itself. */
export const LOCAL_OWNER: unique symbol = Symbol("this server");

/** A client's request on its way to the order of transactions, from its own server or through a learner. */
export interface Request {
  readonly sessionId: SessionId;
  readonly cxid: number;
  /** An `OpCode`, unchecked. */
  readonly type: number;
  /** What follows the request header, unchecked. It stays as it is while the request is under way. */
  readonly record: Uint8Array;
  readonly authInfo: readonly Id[];
  /**
   * `LOCAL_OWNER`, the learner that forwarded it (any object that stands for one connection of it), or undefined where nobody
   * owns the session: the expiry of a session, the removal of a container.
   */
  readonly owner: unknown;
  /** createSession and closeSession of a session that only this server knows: it takes no transaction. */
  readonly localSession?: boolean;
}
