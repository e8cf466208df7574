import type { Clock, Log, Timer } from "@ordinal/io";

import type { QuorumConfig } from "../config/quorum-config.ts";
import type { ServerConfig } from "../config/server-config.ts";
import { booleanProperty } from "../config/system-properties.ts";
import { ErrorCode } from "../jute/error-code.ts";
import { OpCode } from "../jute/op-code.ts";
import { makeTxn, type Txn } from "../jute/txn-records.ts";
import { sessionHex, type SessionId, type Zxid } from "../jute/zxid.ts";
import type { AccessControl } from "../processing/access-control.ts";
import { type Ensemble, Preparer } from "../processing/prepare.ts";
import { LOCAL_OWNER, type Request } from "../processing/request.ts";
import { SessionTracker } from "../session/session-tracker.ts";
import type { Database } from "../tree/database.ts";
import { ContainerSweeper } from "./container-sweeper.ts";

const NO_BYTES = new Uint8Array(0);

/** What is done with requests once they have their place. */
export interface OrderSink {
  /** The zxid of the next transaction; undefined where none is left: the request is dropped, and the leader steps down. */
  nextZxid(): Zxid | undefined;
  /** @param config of a reconfiguration */
  propose(txn: Txn, config: QuorumConfig | undefined): void;
  /** It takes no transaction: to be answered after all that was proposed before it. */
  ordered(request: Request): void;
  refused(request: Request, error: number): void;
}

/**
 * Where requests become an order of transactions: on the leader, or on a server alone. Keeps the sessions' time, and asks for the
 * end of those that are silent and of containers that are empty.
 *
 * Source: org.apache.zookeeper.server.ZooKeeperServer, quorum.LeaderZooKeeperServer.
 */
export class RequestOrder {
  readonly sessions: SessionTracker;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #database: Database;
  readonly #preparer: Preparer;
  readonly #sweeper: ContainerSweeper;
  readonly #sink: OrderSink;
  #timer: Timer | undefined;
  #closed = false;

  constructor(options: {
    readonly clock: Clock;
    readonly log: Log;
    readonly config: ServerConfig;
    readonly database: Database;
    readonly access: AccessControl;
    readonly ensemble?: Ensemble;
    readonly sink: OrderSink;
  }) {
    const { clock, log, config, database, access, ensemble, sink } = options;
    this.#clock = clock;
    this.#log = log;
    this.#database = database;
    this.#sink = sink;
    this.sessions = new SessionTracker(config.tickTime, clock.monotonic(), database.sessions);
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
    this.#sweeper = new ContainerSweeper({
      clock,
      database,
      properties: config.properties,
      submit: (request) => this.submit(request),
    });
  }

  /** Begins to expire sessions; first those go that left ephemerals and are in no list of sessions. */
  start(): void {
    this.#sweeper.start();
    this.#armExpiry();
    for (const sessionId of this.#database.tree.ephemerals.keys()) {
      if (!this.#database.sessions.has(sessionId) && this.#database.tree.ephemeralsOf(sessionId).size > 0) {
        this.#endSession(sessionId, "dead-session");
      }
    }
  }

  submit(request: Request): void {
    if (this.#closed) return;
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
    const { sessionId, type, zxid } = txn.header;
    this.#preparer.applied(zxid);
    if (type === OpCode.closeSession) {
      this.sessions.remove(sessionId);
    } else if (type === OpCode.createSession && txn.record.type === OpCode.createSession) {
      if (!this.sessions.has(sessionId)) this.sessions.track(sessionId, txn.record.timeoutMs, this.#clock.monotonic());
    }
  }

  touch(sessionId: SessionId, timeoutMs: number): boolean {
    return this.sessions.touch(sessionId, timeoutMs, this.#clock.monotonic());
  }

  /** Whether a client's session lives; who carries it from now on. */
  revalidate(sessionId: SessionId, timeoutMs: number, owner: unknown): boolean {
    return this.touch(sessionId, timeoutMs) && this.sessions.setOwner(sessionId, owner);
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#sweeper.close();
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
    this.#timer = this.#clock.setTimer(delayMs, () => {
      for (const sessionId of this.sessions.expired(this.#clock.monotonic())) {
        this.#endSession(sessionId, "session-expired");
      }
      this.#armExpiry();
    });
  }

  #endSession(sessionId: SessionId, event: string): void {
    this.#log.info(event, { session: `0x${sessionHex(sessionId)}` });
    this.submit({
      sessionId,
      cxid: 0,
      type: OpCode.closeSession,
      record: NO_BYTES,
      authInfo: [],
      owner: undefined,
    });
  }
}
