import type { Txn } from "../jute/txn-records.ts";
import type { Request } from "../processing/request.ts";
import type { Database, TxnResult } from "../tree/database.ts";
import type { Replica } from "./replica.ts";

/**
 * The side of a server that talks to clients, as its place in the ensemble (`peer/`) calls it. Nothing here may throw: a fault
 * of one client ends that client.
 */
export interface ServerSide {
  /** The tree that is served; the same object until `replaceDatabase`. */
  readonly database: Database;
  /** Another tree (a snapshot came from the leader, the log was cut): only while retired, when no watch is set. */
  replaceDatabase(database: Database): void;
  /** Begin to serve clients; what they ask goes to `replica`. */
  serve(replica: Replica): void;
  /**
   * The server has no role now: client connections are closed (sessions live on, watches and requests under way are forgotten)
   * and new ones refused until `serve`. Retiring twice does nothing.
   */
  retire(reason: string): void;
  /**
   * Apply a committed transaction, fire its watches, answer the request of (session, cxid) if it waits here. A closeSession
   * ends the session's connection. Called in the order of zxids, each exactly once, in `serve`'s time only; while the server
   * synchronises with a leader, transactions are applied to `database` directly.
   */
  commit(txn: Txn): TxnResult;
  /** The request could not be ordered and is no transaction. `ErrorCode.sessionMoved`: the connection is closed. */
  refuse(request: Request, error: number): void;
  /** A sync request: this server has applied what the leader had committed when it was asked. */
  synced(request: Request): void;
  /** A createSession or closeSession of a session that only this server knows has taken effect; nothing is in the tree of it. */
  localSession(request: Request): void;
}
