import { ErrorCode } from "../jute/error-code.ts";
import type { SessionId } from "../jute/zxid.ts";
import { LocalSessions } from "./local-sessions.ts";
import { type SessionCheck, SessionTracker } from "./session-tracker.ts";

// Source: org.apache.zookeeper.server.quorum.LeaderSessionTracker.

export interface LeaderSessionsParts {
  readonly sid: number;
  readonly tickTimeMs: number;
  readonly nowMs: number;
  /** Those of the database, with their timeouts in ms: each gets its whole timeout anew. */
  readonly sessions: Iterable<readonly [SessionId, number]>;
  /** `localSessionsEnabled`. */
  readonly localSessionsEnabled: boolean;
}

/** The sessions of a leader: it expires all global ones, and the local ones of its own clients. */
export class LeaderSessions {
  readonly global: SessionTracker;
  /** Undefined where local sessions are off. */
  readonly local: LocalSessions | undefined;
  readonly #sid: number;

  constructor(parts: LeaderSessionsParts) {
    this.#sid = parts.sid;
    this.global = new SessionTracker(parts.tickTimeMs, parts.nowMs, parts.sessions);
    if (parts.localSessionsEnabled) this.local = new LocalSessions(parts.tickTimeMs, parts.nowMs);
  }

  isLocal(id: SessionId): boolean {
    return this.local?.has(id) ?? false;
  }

  isGlobal(id: SessionId): boolean {
    return this.global.has(id);
  }

  track(id: SessionId, timeoutMs: number, nowMs: number): boolean {
    return this.global.track(id, timeoutMs, nowMs);
  }

  touch(id: SessionId, timeoutMs: number, nowMs: number): boolean {
    return this.local?.touch(id, timeoutMs, nowMs) === true || this.global.touch(id, timeoutMs, nowMs);
  }

  /** A session of another server that is not known may be a local one there; one of this server's own is gone. */
  checkSession(id: SessionId, owner: unknown): SessionCheck {
    if (this.local !== undefined) {
      const found = this.local.checkSession(id, owner);
      // During its upgrade a session is both.
      if (found === ErrorCode.ok && !this.isGlobal(id)) return found;
      if (found !== ErrorCode.ok && found !== ErrorCode.unknownSession) return found;
    }
    const found = this.global.checkSession(id, owner);
    if (found !== ErrorCode.unknownSession) return found;
    return this.local === undefined || serverOf(id) === this.#sid ? ErrorCode.sessionExpired : ErrorCode.ok;
  }

  checkGlobalSession(id: SessionId, owner: unknown): SessionCheck {
    return this.global.checkGlobalSession(id, owner);
  }

  setOwner(id: SessionId, owner: unknown): boolean {
    return this.local?.setOwner(id, owner) === true || this.global.setOwner(id, owner);
  }

  setClosing(id: SessionId): void {
    this.local?.setClosing(id);
    this.global.setClosing(id);
  }

  /** createSession is committed: what was local here is not any more. */
  committed(id: SessionId): void {
    this.local?.finishUpgrade(id);
  }

  /** closeSession is committed, or the local session ends. */
  remove(id: SessionId): void {
    this.local?.remove(id);
    this.global.remove(id);
  }

  /** Sessions whose time has run out, local ones marked: each needs a closeSession request. */
  expired(nowMs: number): Array<{ id: SessionId; isLocal: boolean }> {
    const local = this.local?.expired(nowMs) ?? [];
    return [
      ...local.map((id) => ({ id, isLocal: true })),
      ...this.global.expired(nowMs).map((id) => ({ id, isLocal: false })),
    ];
  }

  nextDeadlineMs(): number {
    return Math.min(this.global.nextDeadlineMs(), this.local?.nextDeadlineMs() ?? Number.POSITIVE_INFINITY);
  }
}

/** The server that made the session: the id's highest byte, with its sign, as the original takes it. */
function serverOf(id: SessionId): number {
  return Number(BigInt.asIntN(64, id) >> 56n);
}
