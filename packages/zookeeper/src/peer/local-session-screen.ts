import { ErrorCode } from "../jute/error-code.ts";
import { JuteReader } from "../jute/jute-reader.ts";
import { JuteWriter } from "../jute/jute-writer.ts";
import { OpCode } from "../jute/op-code.ts";
import { LOCAL_OWNER, type Request } from "../processing/request.ts";
import { needsGlobalSession } from "../processing/session-upgrade.ts";
import type { LocalSessions } from "../session/local-sessions.ts";

/** What becomes of a client's request where `localSessionsEnabled`, before it is ordered or goes to the leader. */
export type LocalSessionOutcome =
  /** `before`: the createSession that has to go first. */
  | { readonly kind: "go-on"; readonly before: Request | undefined }
  /** It began or ended a session that only this server knows. */
  | { readonly kind: "done" }
  | { readonly kind: "refused"; readonly error: number };

const GO_ON: LocalSessionOutcome = { kind: "go-on", before: undefined };

/**
 * Keeps what concerns local sessions alone from the ensemble, and makes a local session a global one before its first ephemeral.
 *
 * Source: org.apache.zookeeper.server.quorum.QuorumZooKeeperServer (setLocalSessionFlag, checkUpgradeSession).
 */
export function screenLocalSession(
  request: Request,
  local: LocalSessions,
  mayUpgrade: boolean,
  nowMs: number,
): LocalSessionOutcome {
  const { sessionId, type, record } = request;
  if (type === OpCode.createSession && request.localSession === true) {
    local.create(sessionId, new JuteReader(record).int32(), nowMs);
    return { kind: "done" };
  }
  if (!local.has(sessionId)) return GO_ON;
  if (type === OpCode.closeSession) {
    local.remove(sessionId);
    return { kind: "done" };
  }
  if (!needsGlobalSession(type, record)) return GO_ON;
  if (!mayUpgrade) return { kind: "refused", error: ErrorCode.ephemeralOnLocalSession };
  const timeoutMs = local.upgrade(sessionId);
  return { kind: "go-on", before: timeoutMs === undefined ? undefined : createSessionRequest(request, timeoutMs) };
}

function createSessionRequest({ sessionId, authInfo }: Request, timeoutMs: number): Request {
  const writer = new JuteWriter(4);
  writer.int32(timeoutMs);
  return { sessionId, cxid: 0, type: OpCode.createSession, record: writer.written(), authInfo, owner: LOCAL_OWNER };
}
