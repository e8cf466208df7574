import type { QuorumConfig } from "../config/quorum-config.ts";
import type { Id } from "../jute/data-records.ts";
import type { Txn } from "../jute/txn-records.ts";
import type { SessionId, Zxid } from "../jute/zxid.ts";
import type { Activation } from "./membership.ts";
import type { ForwardedRequest } from "./payloads.ts";

/** One connection of a learner; a learner that comes back is another one. */
export type LearnerId = number;

/** What the leader wants done, in this order. Answers to `token`s come back as steps. */
export type LeaderOutput =
  | {
      readonly kind: "send";
      readonly to: readonly LearnerId[];
      readonly type: number;
      readonly zxid: Zxid;
      readonly data: Uint8Array | null;
    }
  /** To one learner, after what was sent to it before: SNAP with this zxid, the tree as it is from now on, the signature. */
  | { readonly kind: "send-snapshot"; readonly to: LearnerId; readonly zxid: Zxid }
  /** Read the log on disk from this zxid on; `logRead` takes it. */
  | { readonly kind: "read-log"; readonly learner: LearnerId; readonly from: Zxid }
  | { readonly kind: "close"; readonly learner: LearnerId; readonly reason: string }
  /** Make the promise durable, then `acceptedEpochPersisted`. */
  | { readonly kind: "persist-accepted-epoch"; readonly epoch: number }
  /** Make it durable, then `currentEpochPersisted`. */
  | { readonly kind: "persist-current-epoch"; readonly epoch: number }
  /** A quorum follows: the tree's last zxid is this one now, and clients may be served. */
  | { readonly kind: "established"; readonly zxid: Zxid; readonly sids: string }
  /** To the log; `logged` when it is on disk. */
  | { readonly kind: "append"; readonly txn: Txn }
  /** Apply it, and answer whoever waits for it. */
  | { readonly kind: "commit"; readonly txn: Txn }
  /** All that was proposed when `sync` was called for this server's own client is applied. */
  | { readonly kind: "synced"; readonly token: unknown }
  | {
      readonly kind: "request";
      readonly learner: LearnerId;
      readonly request: ForwardedRequest;
      readonly authInfo: readonly Id[];
    }
  | { readonly kind: "touch"; readonly sessionId: SessionId; readonly timeoutMs: number }
  /** Answer with `revalidated`. */
  | {
      readonly kind: "revalidate";
      readonly learner: LearnerId;
      readonly sessionId: SessionId;
      readonly timeoutMs: number;
    }
  /** A configuration was proposed: keep it beside the one in force. */
  | { readonly kind: "config-seen"; readonly config: QuorumConfig }
  | { readonly kind: "config-active"; readonly config: QuorumConfig; readonly activation: Activation }
  /** It leads no more. The last output. */
  | { readonly kind: "stop"; readonly reason: string };
