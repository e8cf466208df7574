import type { QuorumConfig } from "../config/quorum-config.ts";
import type { Txn } from "../jute/txn-records.ts";

/** What becomes of a request on the server that orders transactions. */
export type Prepared =
  /** To be proposed with the zxid that was given; failed requests are transactions of type error. */
  | {
      readonly kind: "txn";
      readonly txn: Txn;
      /** Of a reconfig: the configuration that is in force once this is committed by a quorum of the old and of the new one. */
      readonly config?: QuorumConfig;
    }
  /** Needs no transaction (sync, the end of a local session): it is answered in its turn. The zxid was not used. */
  | { readonly kind: "ordered" }
  /** An `ErrorCode`; the zxid was not used. `sessionMoved`: the connection is to be closed instead of answered. */
  | { readonly kind: "refused"; readonly error: number };
