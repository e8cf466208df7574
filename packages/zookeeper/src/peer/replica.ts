import type { SessionId, Zxid } from "../jute/zxid.ts";
import type { Request } from "../processing/request.ts";

/** What a server is at the moment, as its clients see it. */
export type ReplicaRole = "standalone" | "leader" | "follower" | "observer" | "read-only";

/**
 * The server's place in its ensemble, as the side that talks to clients sees it. Valid from `ServerSide.serve(replica)` to
 * `ServerSide.retire`; after that every call does nothing and `touch` says false.
 *
 * Every request that was submitted is answered through `ServerSide`: `commit` with a transaction of the same session and cxid
 * (a failed request is a transaction of type error), `synced`, or `refuse`. Answers keep the order of the requests of one
 * session. A request that is under way when the server retires gets none: nobody knows whether it was committed.
 */
export interface Replica {
  readonly role: ReplicaRole;
  /** create…, delete…, set…, multi, check, reconfig, sync, createSession, closeSession. */
  submit(request: Request): void;
  /** On every packet of a client. False: no such session here; the client is to be told that it has expired. */
  touch(sessionId: SessionId, timeoutMs: number): boolean;
  /**
   * A client came back with an id and the right password: the ensemble is asked whether the session lives, and this server is
   * its owner from then on. `done` may be called at once, and is not called after the server retired.
   */
  revalidate(sessionId: SessionId, timeoutMs: number, done: (valid: boolean) => void): void;
  /** The id of a session that does not exist yet; `submit` a createSession request with it. */
  nextSessionId(): SessionId;
  /** Whether the session is known to this server alone (`localSessionsEnabled`). */
  isLocalSession(sessionId: SessionId): boolean;
  facts(): ReplicaFacts;
  /** When sessions expire if they stay silent, in groups, soonest first; only where this server expires them. Deadlines are monotonic. */
  sessionExpiry?(): ReadonlyArray<{ readonly deadlineMs: number; readonly ids: readonly SessionId[] }>;
}

/** For stat, srvr, mntr and the admin commands. Sizes are in bytes, -1 where there was none yet. */
export interface ReplicaFacts {
  readonly role: ReplicaRole;
  /** As `mntr` words it: `leading - broadcast`, `following - broadcast`, `observing - broadcast`; empty for a lone server. */
  readonly peerState: string;
  readonly lastProcessedZxid: Zxid;
  readonly leaderSid: number | undefined;
  /** Of the members by the configuration that is in force; 0 for a lone server. */
  readonly quorumSize: number;
  /** When this server last had to wait for a leader, how long, in milliseconds; -1: never. */
  readonly electionTimeMs: number;
  readonly outstandingProposals: number;
  /** Sessions of the whole ensemble, and those only this server knows. */
  readonly globalSessions: number;
  readonly localSessions: number;
  /** Of a leader. */
  readonly leading: LeadingFacts | undefined;
}

export interface LeadingFacts {
  readonly uptimeMs: number;
  readonly proposalSizes: { readonly last: number; readonly min: number; readonly max: number };
  readonly learners: number;
  readonly syncedFollowers: number;
  readonly syncedNonVotingFollowers: number;
  readonly syncedObservers: number;
  readonly pendingSyncs: number;
  readonly learnerFacts: readonly LearnerFacts[];
}

export interface LearnerFacts {
  readonly sid: number;
  readonly observer: boolean;
  readonly synced: boolean;
  readonly remote: string;
  /** Wall time, milliseconds since the epoch. */
  readonly establishedMs: number;
  readonly queuedPackets: number;
  readonly queuedBytes: number;
  readonly packetsReceived: number;
  readonly packetsSent: number;
  readonly requestsReceived: number;
  readonly lastZxid: Zxid;
}
