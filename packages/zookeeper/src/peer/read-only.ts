import { ErrorCode } from "../jute/error-code.ts";
import { OpCode } from "../jute/op-code.ts";
import type { SessionId } from "../jute/zxid.ts";
import type { Request } from "../processing/request.ts";
import { LocalSessions } from "../session/local-sessions.ts";
import { screenLocalSession } from "./local-session-screen.ts";
import type { PeerParts } from "./peer-parts.ts";
import type { Replica, ReplicaFacts } from "./replica.ts";

/**
 * A server without a quorum that answers reads from what it has, to clients that accept that. Its sessions are its own, and end
 * when it finds a leader.
 *
 * Source: org.apache.zookeeper.server.quorum.ReadOnlyZooKeeperServer, ReadOnlyRequestProcessor.
 */
export class ReadOnly implements Replica {
  readonly role = "read-only";
  readonly #parts: PeerParts;
  readonly #sessions: LocalSessions;

  constructor(parts: PeerParts) {
    this.#parts = parts;
    this.#sessions = new LocalSessions(parts.config.tickTime, parts.clock.monotonic());
  }

  submit(request: Request): void {
    const { serverSide, clock } = this.#parts;
    const own = request.type === OpCode.createSession ? { ...request, localSession: true } : request;
    const outcome = screenLocalSession(own, this.#sessions, false, clock.monotonic());
    if (outcome.kind === "done") serverSide.localSession(request);
    else serverSide.refuse(request, ErrorCode.notReadOnly);
  }

  touch(sessionId: SessionId, timeoutMs: number): boolean {
    return this.#sessions.touch(sessionId, timeoutMs, this.#parts.clock.monotonic());
  }

  /**
   * Sessions of the ensemble do not come here (`ClientService` sends them on). Of another one, local sessions being enabled, nothing is
   * known; else it may be one that this server has not heard of, and it is taken at its word.
   */
  revalidate(sessionId: SessionId, timeoutMs: number, done: (valid: boolean) => void): void {
    const { config, clock } = this.#parts;
    if (this.touch(sessionId, timeoutMs)) return done(true);
    if (config.localSessionsEnabled) return done(false);
    this.#sessions.create(sessionId, timeoutMs, clock.monotonic());
    done(true);
  }

  nextSessionId(): SessionId {
    return this.#parts.sessionIds.next();
  }

  isLocalSession(sessionId: SessionId): boolean {
    return this.#sessions.has(sessionId);
  }

  facts(): ReplicaFacts {
    const { serverSide, membership, electionTimeMs } = this.#parts;
    return {
      role: this.role,
      peerState: "looking - election",
      lastProcessedZxid: serverSide.database.lastProcessedZxid,
      leaderSid: undefined,
      quorumSize: membership.current.voters.size,
      electionTimeMs: electionTimeMs(),
      outstandingProposals: 0,
      globalSessions: serverSide.database.sessions.size,
      localSessions: this.#sessions.size,
      leading: undefined,
    };
  }
}
