import type { Id } from "../jute/data-records.ts";
import type { SessionId } from "../jute/zxid.ts";
import { LOCAL_OWNER, type Request } from "../processing/request.ts";
import type { TxnResult } from "../tree/database.ts";

/** Who gets the answer. */
export interface RequestOrigin {
  /** The request could not be ordered. */
  refused(request: PendingRequest, error: number): void;
  synced(request: PendingRequest): void;
}

/** What is known of a request's outcome while it waits for its turn to be answered. */
export type Outcome =
  /** It waits: a read for the writes before it, a write for its transaction. */
  "none" | "committed" | "refused" | "synced";

/** A client's request under way, in the order of its connection. */
export class PendingRequest implements Request {
  readonly sessionId: SessionId;
  readonly cxid: number;
  readonly type: number;
  readonly record: Uint8Array;
  readonly authInfo: readonly Id[];
  readonly owner: unknown = LOCAL_OWNER;
  readonly localSession?: boolean;
  readonly origin: RequestOrigin;
  /** Monotonic, of the chunk it came with. */
  readonly receivedMs: number;
  readonly isOrdered: boolean;
  outcome: Outcome = "none";
  error = 0;
  result: TxnResult | undefined = undefined;

  constructor(parts: {
    readonly origin: RequestOrigin;
    readonly sessionId: SessionId;
    readonly cxid: number;
    readonly type: number;
    readonly record: Uint8Array;
    readonly authInfo: readonly Id[];
    readonly receivedMs: number;
    readonly isOrdered: boolean;
    readonly localSession?: boolean;
  }) {
    this.origin = parts.origin;
    this.sessionId = parts.sessionId;
    this.cxid = parts.cxid;
    this.type = parts.type;
    this.record = parts.record;
    this.authInfo = parts.authInfo;
    this.receivedMs = parts.receivedMs;
    this.isOrdered = parts.isOrdered;
    if (parts.localSession !== undefined) this.localSession = parts.localSession;
  }

  get xid(): number {
    return this.cxid;
  }
}
