import type { QuorumConfig } from "../config/quorum-config.ts";
import type { Txn } from "../jute/txn-records.ts";
import type { SessionId, Zxid } from "../jute/zxid.ts";
import type { Activation } from "./membership.ts";

/** What the learner wants done, in this order. Where it waits for a step it takes no packet before. */
export type LearnerOutput =
  | { readonly kind: "send"; readonly type: number; readonly zxid: Zxid; readonly data: Uint8Array | null }
  /** Make the promise durable, then `acceptedEpochPersisted`. */
  | { readonly kind: "persist-accepted-epoch"; readonly epoch: number }
  /** A snapshot follows in the stream: read it into a tree beside the one that is there, then `snapshotReceived`. */
  | { readonly kind: "receive-snapshot"; readonly zxid: Zxid }
  /** Cut the log after this zxid and go on with the tree of then; `truncated`. If that fails the server must not go on. */
  | { readonly kind: "truncate"; readonly zxid: Zxid }
  /** While it synchronises: apply it to the tree that was received. It is not logged: the snapshot will hold it. */
  | { readonly kind: "apply"; readonly txn: Txn }
  /** While it synchronises: log it and apply it. */
  | { readonly kind: "append-and-apply"; readonly txn: Txn }
  /**
   * All of it on disk, then `durable`: the log; where a snapshot was received, a snapshot of that tree, which is the server's
   * from then on.
   */
  | { readonly kind: "make-durable" }
  /** Make it durable, then `currentEpochPersisted`. */
  | { readonly kind: "persist-current-epoch"; readonly epoch: number }
  /** It follows now: clients may be served. */
  | { readonly kind: "up"; readonly epoch: number }
  /** To the log; `logged` when it is on disk. */
  | { readonly kind: "append"; readonly txn: Txn }
  /** Apply it, and answer whoever waits for it. */
  | { readonly kind: "commit"; readonly txn: Txn }
  /** Answer with a PING of this zxid and the sessions that were heard of. */
  | { readonly kind: "ping"; readonly zxid: Zxid }
  | { readonly kind: "revalidated"; readonly sessionId: SessionId; readonly valid: boolean }
  /** The oldest sync request is done. */
  | { readonly kind: "synced" }
  /** A configuration was proposed: keep it beside the one in force. */
  | { readonly kind: "config-seen"; readonly config: QuorumConfig }
  | { readonly kind: "config-active"; readonly config: QuorumConfig; readonly activation: Activation }
  /** It follows this leader no more. The last output. */
  | { readonly kind: "leave"; readonly reason: string };
