import { ErrorCode } from "../jute/error-code.ts";
import type { SessionId } from "../jute/zxid.ts";
import { LocalSessions } from "./local-sessions.ts";
import type { SessionCheck } from "./session-tracker.ts";

// Source: org.apache.zookeeper.server.quorum.LearnerSessionTracker.

export interface LearnerSessionsParts {
  readonly tickTimeMs: number;
  readonly nowMs: number;
  /** The database's sessions, live: what is committed is global. */
  readonly sessions: ReadonlyMap<SessionId, number>;
  /** `localSessionsEnabled`. */
  readonly localSessionsEnabled: boolean;
}

/** The sessions of a follower or observer: it tells the leader which ones it heard of, and expires only local ones. */
export class LearnerSessions {
  /** Undefined where local sessions are off. */
  readonly local: LocalSessions | undefined;
  readonly #sessions: ReadonlyMap<SessionId, number>;
  #touched = new Map<SessionId, number>();

  constructor(parts: LearnerSessionsParts) {
    this.#sessions = parts.sessions;
    if (parts.localSessionsEnabled) this.local = new LocalSessions(parts.tickTimeMs, parts.nowMs);
  }

  isLocal(id: SessionId): boolean {
    return this.local?.has(id) ?? false;
  }

  isGlobal(id: SessionId): boolean {
    return this.#sessions.has(id);
  }

  /** False: with local sessions on, nobody knows this one. Without them the leader finds that out. */
  touch(id: SessionId, timeoutMs: number, nowMs: number): boolean {
    if (this.local !== undefined) {
      if (this.local.touch(id, timeoutMs, nowMs)) return true;
      if (!this.isGlobal(id) && !this.local.isUpgrading(id)) return false;
    }
    this.#touched.set(id, timeoutMs);
    return true;
  }

  /** The sessions heard of since the last call and their timeouts in ms: the answer to the leader's PING. */
  takeTouched(): ReadonlyMap<SessionId, number> {
    const touched = this.#touched;
    this.#touched = new Map();
    return touched;
  }

  /** Global sessions are the leader's to check; a local one must be known here. */
  checkSession(id: SessionId, owner: unknown): SessionCheck {
    if (this.local === undefined) return ErrorCode.ok;
    const found = this.local.checkSession(id, owner);
    if (found !== ErrorCode.unknownSession) return found;
    return this.isGlobal(id) ? ErrorCode.ok : ErrorCode.sessionExpired;
  }

  /** createSession is committed. */
  committed(id: SessionId, timeoutMs: number): void {
    this.local?.finishUpgrade(id);
    this.#touched.set(id, timeoutMs);
  }

  /** closeSession is committed, or the local session ends. */
  remove(id: SessionId): void {
    this.local?.remove(id);
    this.#touched.delete(id);
  }

  setClosing(id: SessionId): void {
    this.local?.setClosing(id);
  }

  /** Local sessions whose time has run out. */
  expired(nowMs: number): SessionId[] {
    return this.local?.expired(nowMs) ?? [];
  }

  nextDeadlineMs(): number {
    return this.local?.nextDeadlineMs() ?? Number.POSITIVE_INFINITY;
  }
}
