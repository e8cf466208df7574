import type { Clock, Log } from "@ordinal/io";

import type { ServerConfig } from "../config/server-config.ts";
import type { Txn } from "../jute/txn-records.ts";
import { mustBeZxid, type SessionId, type Zxid } from "../jute/zxid.ts";
import type { Storage } from "../log/storage.ts";
import type { AccessControl } from "../processing/access-control.ts";
import { LOCAL_OWNER, type Request } from "../processing/request.ts";
import { SessionIds } from "../session/session-ids.ts";
import type { Replica, ReplicaFacts } from "./replica.ts";
import { RequestOrder } from "./request-order.ts";
import type { ServerSide } from "./server-side.ts";

/** The id that the original puts into the sessions of a server alone. */
const SERVER_ID = 1;

export interface StandaloneOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly config: ServerConfig;
  readonly access: AccessControl;
  readonly storage: Storage;
  readonly serverSide: ServerSide;
  /** The disk failed: nothing is acknowledged any more, and the process is to end. */
  readonly onFailed: (error: Error) => void;
}

/**
 * A server alone: transactions are prepared, logged, and once they are on disk applied and answered, in order.
 *
 * Source: org.apache.zookeeper.server.ZooKeeperServer, SyncRequestProcessor.
 */
export class Standalone implements Replica {
  readonly role = "standalone";
  readonly #options: StandaloneOptions;
  readonly #order: RequestOrder;
  readonly #sessionIds: SessionIds;
  /** Not on disk yet: transactions, and requests that wait for those before them. */
  readonly #pending: (Txn | Request)[] = [];
  #pendingFirst = 0;
  #lastZxid: Zxid;
  #isServing = false;

  constructor(options: StandaloneOptions) {
    this.#options = options;
    const { clock, log, config, access, serverSide } = options;
    this.#sessionIds = new SessionIds(SERVER_ID, clock.now());
    // A server without anything has zxid -1 where the original has it refuse to vote; alone it just starts.
    this.#lastZxid = mustBeZxid(Math.max(0, serverSide.database.lastProcessedZxid));
    this.#order = new RequestOrder({
      clock,
      log,
      config,
      access,
      sid: SERVER_ID,
      database: serverSide.database,
      sink: {
        nextZxid: () => mustBeZxid(this.#lastZxid + 1),
        propose: (txn) => this.#propose(txn),
        ordered: (request) => this.#ordered(request),
        refused: (request, error) => serverSide.refuse(request, error),
        localSession: (request) => serverSide.localSession(request),
      },
    });
  }

  /** Begins to serve. */
  start(): void {
    const { storage, serverSide } = this.#options;
    storage.onDurable = (zxid) => this.#durable(zxid);
    storage.onFailed = (error) => this.#failed(error);
    this.#isServing = true;
    serverSide.database.endFuzzy();
    this.#order.start();
    serverSide.serve(this);
  }

  /** Serves no more; what was submitted and is not on disk yet gets no answer. */
  close(): void {
    if (!this.#isServing) return;
    this.#isServing = false;
    this.#order.close();
    this.#options.serverSide.retire("the server stops");
  }

  submit(request: Request): void {
    if (this.#isServing) this.#order.submit(request);
  }

  touch(sessionId: SessionId, timeoutMs: number): boolean {
    return this.#isServing && this.#order.touch(sessionId, timeoutMs);
  }

  revalidate(sessionId: SessionId, timeoutMs: number, done: (valid: boolean) => void): void {
    if (this.#isServing) done(this.#order.revalidate(sessionId, timeoutMs, LOCAL_OWNER));
  }

  nextSessionId(): SessionId {
    return this.#sessionIds.next();
  }

  sessionExpiry(): ReturnType<NonNullable<Replica["sessionExpiry"]>> {
    return this.#order.sessions.global.expiryMap();
  }

  isLocalSession(): boolean {
    return false;
  }

  facts(): ReplicaFacts {
    const { serverSide } = this.#options;
    return {
      role: this.role,
      peerState: "",
      lastProcessedZxid: serverSide.database.lastProcessedZxid,
      leaderSid: undefined,
      quorumSize: 0,
      electionTimeMs: -1,
      outstandingProposals: this.#pending.length - this.#pendingFirst,
      globalSessions: serverSide.database.sessions.size,
      localSessions: 0,
      leading: undefined,
    };
  }

  #propose(txn: Txn): void {
    this.#lastZxid = txn.header.zxid;
    this.#pending.push(txn);
    this.#options.storage.append(txn);
  }

  #ordered(request: Request): void {
    if (this.#pendingFirst === this.#pending.length) this.#options.serverSide.synced(request);
    else this.#pending.push(request);
  }

  #durable(zxid: Zxid): void {
    if (!this.#isServing) return;
    const { serverSide, storage } = this.#options;
    const pending = this.#pending;
    while (this.#pendingFirst < pending.length) {
      const next = pending[this.#pendingFirst] as Txn | Request;
      if ("header" in next) {
        if (next.header.zxid > zxid) break;
        this.#pendingFirst++;
        serverSide.commit(next);
        this.#order.applied(next);
        storage.maybeSnapshot(serverSide.database);
      } else {
        this.#pendingFirst++;
        serverSide.synced(next);
      }
    }
    pending.splice(0, this.#pendingFirst);
    this.#pendingFirst = 0;
  }

  #failed(error: Error): void {
    this.close();
    this.#options.onFailed(error);
  }
}
