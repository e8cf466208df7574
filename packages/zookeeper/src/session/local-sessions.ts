import type { SessionId } from "../jute/zxid.ts";
import { SessionTracker } from "./session-tracker.ts";

// Source: org.apache.zookeeper.server.quorum.LocalSessionTracker, UpgradeableSessionTracker.

/**
 * Sessions that only this server knows: no transaction makes or ends them, and they own no nodes. The first ephemeral
 * makes one a global session, if that is allowed.
 */
export class LocalSessions extends SessionTracker {
  readonly #timeoutsMs = new Map<SessionId, number>();
  /** Not local any more, and not yet committed as global ones. */
  readonly #upgrading = new Map<SessionId, number>();

  create(id: SessionId, timeoutMs: number, nowMs: number): void {
    this.track(id, timeoutMs, nowMs);
    this.#timeoutsMs.set(id, timeoutMs);
  }

  /**
   * The session is to become a global one: it is none of the local ones from now on. Its timeout, for the createSession request
   * that must go before what caused this; undefined: it is not local, or is on its way already.
   */
  upgrade(id: SessionId): number | undefined {
    const timeoutMs = this.#timeoutsMs.get(id);
    if (timeoutMs === undefined) return undefined;
    this.remove(id);
    this.#upgrading.set(id, timeoutMs);
    return timeoutMs;
  }

  isUpgrading(id: SessionId): boolean {
    return this.#upgrading.has(id);
  }

  /** Its createSession is committed. */
  finishUpgrade(id: SessionId): void {
    this.remove(id);
    this.#upgrading.delete(id);
  }

  override remove(id: SessionId): void {
    super.remove(id);
    this.#timeoutsMs.delete(id);
  }
}
