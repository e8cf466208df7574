import type { QuorumConfig } from "../config/quorum-config.ts";
import type { SessionId, Zxid } from "../jute/zxid.ts";
import type { Database } from "../tree/database.ts";
import type { AccessControl } from "./access-control.ts";
import type { Prepared } from "./prepared.ts";
import type { Request } from "./request.ts";

/** The sessions as the leader, or a server alone, checks and tracks them. Checks give 0 or an `ErrorCode`. */
export interface SessionGate {
  checkSession(id: SessionId, owner: unknown): number;
  checkGlobalSession(id: SessionId, owner: unknown): number;
  track(id: SessionId, timeoutMs: number, nowMs: number): void;
  /** False: the session is gone or ends. */
  setOwner(id: SessionId, owner: unknown): boolean;
  setClosing(id: SessionId): void;
}

export interface PrepareOptions {
  /** `zookeeper.digest.enabled`, default true: transactions carry the digest of the tree after them. */
  readonly digestEnabled: boolean;
  /** `zookeeper.extendedTypesEnabled`, default false: TTL nodes. */
  readonly extendedTypesEnabled: boolean;
  /** `zookeeper.enforceQuota`, default false: hard limits refuse. */
  readonly enforceQuota: boolean;
  /** `zookeeper.closeSessionTxn.enabled`, default true: closeSession lists the ephemerals that go. */
  readonly closeSessionTxnEnabled: boolean;
  /** `reconfigEnabled`, default false. */
  readonly reconfigEnabled: boolean;
  /** `standaloneEnabled`, default true: an ensemble may not shrink below two voters. */
  readonly standaloneEnabled: boolean;
}

/** What a reconfig needs to know of the ensemble; a server alone has none and answers Unimplemented. */
export interface Ensemble {
  /** The configuration seen last, committed or not. */
  lastSeenConfig(): QuorumConfig;
  /** The one in force. */
  currentConfig(): QuorumConfig;
  /** Whether a quorum of `config` is connected and synchronised. */
  isQuorumSynced(config: QuorumConfig): boolean;
}

export interface PreparerParts {
  readonly database: Database;
  readonly sessions: SessionGate;
  readonly access: AccessControl;
  readonly options: PrepareOptions;
  readonly ensemble?: Ensemble;
  /** Gets what the original would log: soft quotas that are exceeded. */
  readonly note?: (event: string, fields: Readonly<Record<string, string | number>>) => void;
}

/** Turns requests into transactions, in order, on the leader or on a server alone. */
export class Preparer {
  readonly #parts: PreparerParts;

  constructor(parts: PreparerParts) {
    this.#parts = parts;
  }

  /**
   * Checks a request against the tree and all that is prepared and not applied yet.
   *
   * @param zxid the next one; used up only where a transaction comes back
   * @param wallMs the time that the transaction carries  @param nowMs the clock that sessions expire by
   */
  prepare(request: Request, zxid: Zxid, wallMs: number, nowMs: number): Prepared {
    void this.#parts;
    void request;
    void zxid;
    void wallMs;
    void nowMs;
    return { kind: "ordered" };
  }

  /** Everything up to this zxid is in the tree. Call it after each apply. */
  applied(zxid: Zxid): void {
    void zxid;
  }
}
