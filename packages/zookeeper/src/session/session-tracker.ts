import { ErrorCode } from "../jute/error-code.ts";
import type { SessionId } from "../jute/zxid.ts";
import { ExpiryQueue } from "./expiry-queue.ts";

// Source: org.apache.zookeeper.server.SessionTrackerImpl.

interface Session {
  readonly id: SessionId;
  closing: boolean;
  /** Undefined until a request of the session says who carries it. */
  owner: unknown;
}

/** What a session check found: 0, or the error that the original throws. */
export type SessionCheck =
  | typeof ErrorCode.ok
  | typeof ErrorCode.unknownSession
  | typeof ErrorCode.sessionExpired
  | typeof ErrorCode.sessionMoved;

/**
 * The sessions that this server expires: all global ones on a leader or on a server alone, the local ones anywhere. A
 * session is tracked from the request that makes it and until its end is committed.
 */
export class SessionTracker {
  readonly #sessions = new Map<SessionId, Session>();
  readonly #expiry: ExpiryQueue<Session>;

  /**
   * @param tickTimeMs the width of the buckets of expiry
   * @param sessions those of the database with their timeouts in ms; each gets its whole timeout anew from now
   */
  constructor(tickTimeMs: number, nowMs: number, sessions: Iterable<readonly [SessionId, number]> = []) {
    this.#expiry = new ExpiryQueue(tickTimeMs, nowMs);
    for (const [id, timeoutMs] of sessions) this.track(id, timeoutMs, nowMs);
  }

  get size(): number {
    return this.#sessions.size;
  }

  has(id: SessionId): boolean {
    return this.#sessions.has(id);
  }

  ids(): IterableIterator<SessionId> {
    return this.#sessions.keys();
  }

  /** Begins to expire a session, or touches one that is tracked. Whether it is new. */
  track(id: SessionId, timeoutMs: number, nowMs: number): boolean {
    let session = this.#sessions.get(id);
    const isNew = session === undefined;
    if (session === undefined) {
      session = { id, closing: false, owner: undefined };
      this.#sessions.set(id, session);
    }
    this.#expiry.update(session, timeoutMs, nowMs);
    return isNew;
  }

  /** Puts off the session's expiry. False: it is unknown here or ends already. */
  touch(id: SessionId, timeoutMs: number, nowMs: number): boolean {
    const session = this.#sessions.get(id);
    if (session === undefined || session.closing) return false;
    this.#expiry.update(session, timeoutMs, nowMs);
    return true;
  }

  /**
   * Whether a request of the session that came through `owner` may go on. The first one that asks becomes the owner.
   * The original's words: UnknownSession, SessionExpired while it closes, SessionMoved where another one owns it.
   */
  checkSession(id: SessionId, owner: unknown): SessionCheck {
    const session = this.#sessions.get(id);
    if (session === undefined) return ErrorCode.unknownSession;
    if (session.closing) return ErrorCode.sessionExpired;
    if (session.owner === undefined) session.owner = owner;
    else if (session.owner !== owner) return ErrorCode.sessionMoved;
    return ErrorCode.ok;
  }

  /** As `checkSession`, for what only a global session may do: an unknown one is an expired one. */
  checkGlobalSession(id: SessionId, owner: unknown): SessionCheck {
    const found = this.checkSession(id, owner);
    return found === ErrorCode.unknownSession ? ErrorCode.sessionExpired : found;
  }

  /** Gives the session to another carrier (a client came back through another server). False: it is gone or ends. */
  setOwner(id: SessionId, owner: unknown): boolean {
    const session = this.#sessions.get(id);
    if (session === undefined || session.closing) return false;
    session.owner = owner;
    return true;
  }

  /** From now on nothing of this session is accepted. */
  setClosing(id: SessionId): void {
    const session = this.#sessions.get(id);
    if (session !== undefined) session.closing = true;
  }

  isClosing(id: SessionId): boolean {
    return this.#sessions.get(id)?.closing === true;
  }

  /** The session's end is committed. */
  remove(id: SessionId): void {
    const session = this.#sessions.get(id);
    if (session === undefined) return;
    this.#sessions.delete(id);
    this.#expiry.remove(session);
  }

  /** The sessions whose time has run out, now marked as closing. Each needs a closeSession request, and comes once only. */
  expired(nowMs: number): SessionId[] {
    return this.#expiry.poll(nowMs).map((session) => {
      session.closing = true;
      return session.id;
    });
  }

  /** When to ask `expired` again. */
  nextDeadlineMs(): number {
    return this.#expiry.nextDeadlineMs;
  }

  /** Session ids by the time they expire, soonest first: the `dump` command and the admin server. */
  expiryMap(): Array<{ deadlineMs: number; ids: SessionId[] }> {
    return this.#expiry
      .buckets()
      .map(({ deadlineMs, elements }) => ({ deadlineMs, ids: elements.map((session) => session.id) }));
  }
}
