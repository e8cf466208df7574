import type { SessionId } from "../jute/zxid.ts";
import type { SessionCheck } from "../session/session-tracker.ts";

/** The sessions as the leader, or a server alone, checks and tracks them: a `SessionTracker` or `LeaderSessions`. */
export interface SessionGate {
  checkSession(id: SessionId, owner: unknown): SessionCheck;
  checkGlobalSession(id: SessionId, owner: unknown): SessionCheck;
  track(id: SessionId, timeoutMs: number, nowMs: number): boolean;
  /** False: the session is gone or ends. */
  setOwner(id: SessionId, owner: unknown): boolean;
  setClosing(id: SessionId): void;
}
