import type { Clock, Log, Timer } from "@ordinal/io";

import type { QuorumConfig } from "../config/quorum-config.ts";
import type { ServerConfig } from "../config/server-config.ts";
import { booleanProperty, integerProperty } from "../config/system-properties.ts";
import { ErrorCode } from "../jute/error-code.ts";
import { OpCode } from "../jute/op-code.ts";
import { makeTxn, type Txn } from "../jute/txn-records.ts";
import { sessionHex, type SessionId, type Zxid } from "../jute/zxid.ts";
import type { AccessControl } from "../processing/access-control.ts";
import { CONTAINER_SWEEP_DEFAULTS, ContainerSweep, deleteContainerRequest } from "../processing/container-sweep.ts";
import { type Ensemble, Preparer } from "../processing/prepare.ts";
import { LOCAL_OWNER, type Request } from "../processing/request.ts";
import { LeaderSessions } from "../session/leader-sessions.ts";
import type { Database } from "../tree/database.ts";
import { screenLocalSession, type LocalSessionOutcome } from "./local-session-screen.ts";

const NO_BYTES = new Uint8Array(0);

/** What is done with requests once they have their place. */
export interface OrderSink {
  /** The zxid of the next transaction; undefined where none can be given: the request is dropped, as the leader steps down. */
  nextZxid(): Zxid | undefined;
  /** @param config of a reconfiguration */
  propose(txn: Txn, config: QuorumConfig | undefined): void;
  /** It takes no transaction: to be answered after all that was proposed before it. */
  ordered(request: Request): void;
  refused(request: Request, error: number): void;
  /** createSession or closeSession of a session that is known to this server alone is done. */
  localSession(request: Request): void;
}

/**
 * Where requests become an order of transactions: on the leader, or on a server alone. Keeps the sessions' time, and asks for the
 * end of those that are silent and of containers that are empty.
 *
 * Source: org.apache.zookeeper.server.ZooKeeperServer, quorum.LeaderZooKeeperServer, LeaderRequestProcessor.
 */
export class RequestOrder {
  readonly sessions: LeaderSessions;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #database: Database;
  readonly #preparer: Preparer;
  readonly #sweep: ContainerSweep;
  readonly #sink: OrderSink;
  readonly #mayUpgrade: boolean;
  #expiryTimer: Timer | undefined;
  #sweepTimer: Timer | undefined;
  #closed = false;

  constructor(options: {
    readonly clock: Clock;
    readonly log: Log;
    readonly config: ServerConfig;
    readonly sid: number;
    readonly database: Database;
    readonly access: AccessControl;
    readonly ensemble?: Ensemble;
    readonly sink: OrderSink;
  }) {
    const { clock, log, config, sid, database, access, ensemble, sink } = options;
    this.#clock = clock;
    this.#log = log;
    this.#database = database;
    this.#sink = sink;
    this.#mayUpgrade = config.localSessionsUpgradingEnabled;
    this.sessions = new LeaderSessions({
      sid,
      tickTimeMs: config.tickTime,
      nowMs: clock.monotonic(),
      sessions: database.sessions,
      localSessionsEnabled: ensemble !== undefined && config.localSessionsEnabled,
    });
    this.#preparer = new Preparer({
      database,
      sessions: this.sessions,
      access,
      options: {
        enforceQuota: config.enforceQuota,
        closeSessionTxnEnabled: booleanProperty(config.properties, "zookeeper.closeSessionTxn.enabled", true),
        reconfigEnabled: config.reconfigEnabled,
        standaloneEnabled: config.standaloneEnabled,
      },
      ...(ensemble === undefined ? {} : { ensemble }),
      note: (event, fields) => log.warn(event, fields),
    });
    const sweepOption = (name: keyof typeof CONTAINER_SWEEP_DEFAULTS): number =>
      integerProperty(config.properties, `znode.container.${name}`, CONTAINER_SWEEP_DEFAULTS[name]);
    this.#sweep = new ContainerSweep(
      {
        checkIntervalMs: Math.max(1, sweepOption("checkIntervalMs")),
        maxPerMinute: sweepOption("maxPerMinute"),
        maxNeverUsedIntervalMs: sweepOption("maxNeverUsedIntervalMs"),
      },
      clock.monotonic(),
    );
  }

  /** Begins to expire sessions; first those go that left ephemerals and are in no list of sessions. */
  start(): void {
    this.#armExpiry();
    this.#armSweep();
    for (const sessionId of this.#database.tree.ephemerals.keys()) {
      if (!this.#database.sessions.has(sessionId) && this.#database.tree.ephemeralsOf(sessionId).size > 0) {
        this.#endSession(sessionId, "dead-session");
      }
    }
  }

  submit(request: Request): void {
    if (this.#closed) return;
    if (request.owner === LOCAL_OWNER && this.sessions.local !== undefined) {
      const outcome = screenLocalSession(request, this.sessions.local, this.#mayUpgrade, this.#clock.monotonic());
      if (this.#isSettledBy(outcome, request)) return;
    }
    const zxid = this.#sink.nextZxid();
    if (zxid === undefined) return;
    const wallMs = this.#clock.now();
    const prepared = this.#preparer.prepare(request, zxid, wallMs, this.#clock.monotonic());
    switch (prepared.kind) {
      case "txn":
        this.#sink.propose(prepared.txn, prepared.config);
        break;
      case "ordered":
        this.#sink.ordered(request);
        break;
      case "refused":
        this.#refuse(request, prepared.error, zxid, wallMs);
        break;
    }
  }

  /** A transaction was applied to the tree. */
  applied(txn: Txn): void {
    const { header, record } = txn;
    this.#preparer.applied(header.zxid);
    if (record.type === OpCode.closeSession) {
      this.sessions.remove(header.sessionId);
    } else if (record.type === OpCode.createSession) {
      this.sessions.committed(header.sessionId);
      if (!this.sessions.isGlobal(header.sessionId)) {
        this.sessions.track(header.sessionId, record.timeoutMs, this.#clock.monotonic());
      }
    }
  }

  touch(sessionId: SessionId, timeoutMs: number): boolean {
    return this.sessions.touch(sessionId, timeoutMs, this.#clock.monotonic());
  }

  /** Whether the session of a client that came back lives; `owner` carries it from now on. */
  revalidate(sessionId: SessionId, timeoutMs: number, owner: unknown): boolean {
    const isHere = owner === LOCAL_OWNER || this.sessions.isGlobal(sessionId);
    return isHere && this.touch(sessionId, timeoutMs) && this.sessions.setOwner(sessionId, owner);
  }

  close(): void {
    this.#closed = true;
    this.#expiryTimer?.cancel();
    this.#sweepTimer?.cancel();
  }

  #isSettledBy(outcome: LocalSessionOutcome, request: Request): boolean {
    if (outcome.kind === "refused") this.#sink.refused(request, outcome.error);
    else if (outcome.kind === "done") this.#sink.localSession(request);
    else if (outcome.before !== undefined) this.submit(outcome.before);
    return outcome.kind !== "go-on";
  }

  #refuse(request: Request, error: number, zxid: Zxid, wallMs: number): void {
    if (request.owner === LOCAL_OWNER) {
      this.#sink.refused(request, error);
    } else if (request.type === OpCode.sync) {
      this.#sink.ordered(request); // as the original: a learner's sync is a matter of order alone
    } else if (request.owner !== undefined && error !== ErrorCode.ok) {
      // A learner waits for a transaction of this session and cxid, and knows no other answer.
      const { sessionId, cxid } = request;
      const header = { sessionId, cxid, zxid, timeMs: wallMs, type: OpCode.error };
      this.#sink.propose(makeTxn(header, { type: OpCode.error, error }), undefined);
    }
  }

  #armExpiry(): void {
    if (this.#closed) return;
    const delayMs = Math.max(0, this.sessions.nextDeadlineMs() - this.#clock.monotonic());
    this.#expiryTimer = this.#clock.setTimer(delayMs, () => {
      for (const { id, isLocal } of this.sessions.expired(this.#clock.monotonic())) {
        this.#endSession(id, "session-expired", isLocal);
      }
      this.#armExpiry();
    });
  }

  #armSweep(): void {
    if (this.#closed) return;
    const delayMs = Math.max(0, this.#sweep.nextDeadlineMs() - this.#clock.monotonic());
    this.#sweepTimer = this.#clock.setTimer(delayMs, () => {
      const paths = this.#sweep.due(this.#database.tree, this.#clock.monotonic(), this.#clock.now());
      for (const path of paths) this.submit(deleteContainerRequest(path));
      this.#armSweep();
    });
  }

  #endSession(sessionId: SessionId, event: string, isLocal = false): void {
    this.#log.info(event, { session: `0x${sessionHex(sessionId)}` });
    const request = closeSessionRequest(sessionId, isLocal);
    if (!isLocal) {
      this.submit(request);
    } else {
      this.sessions.local?.remove(sessionId);
      this.#sink.localSession(request);
    }
  }
}

/** The end of a session that no client asked for. */
export function closeSessionRequest(sessionId: SessionId, localSession: boolean): Request {
  const type = OpCode.closeSession;
  return { sessionId, cxid: 0, type, record: NO_BYTES, authInfo: [], owner: undefined, localSession };
}
