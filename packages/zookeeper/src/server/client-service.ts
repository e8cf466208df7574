import type { Clock, Connection, Log, Timer } from "@ordinal/io";

import { OpCode } from "../jute/op-code.ts";
import type { Txn } from "../jute/txn-records.ts";
import { sessionHex, type SessionId } from "../jute/zxid.ts";
import type { Replica } from "../peer/replica.ts";
import type { ServerSide } from "../peer/server-side.ts";
import type { AccessControl } from "../processing/access-control.ts";
import type { Request } from "../processing/request.ts";
import { isSessionPassword } from "../session/session-password.ts";
import type { Database, TxnResult } from "../tree/database.ts";
import { ClientConnection } from "./client-connection.ts";
import type { AnswerWord, ClientHome } from "./client-home.ts";
import type { Client, ClientIdentity } from "./client.ts";
import type { DisconnectReason } from "./disconnect-reason.ts";
import type { ServerFacts } from "./handshake.ts";
import { javaHostAddress } from "./java-address.ts";
import { type ClientLimits, OUTPUT_BYTES_ALL_MAX } from "./limits.ts";
import type { ServerMetrics } from "./metrics/server-metrics.ts";
import { OutputPool } from "./output-pool.ts";
import { PendingRequest } from "./pending-request.ts";
import type { ServerStats } from "./server-stats.ts";

// Source: org.apache.zookeeper.server.ZooKeeperServer, ServerCnxnFactory, FinalRequestProcessor.

/** How often silent connections are looked for. */
const SWEEP_MS = 500;
/** As jute writes it. */
const ROOT_PATH = new Uint8Array([0, 0, 0, 1, 0x2f]);

export interface ClientServiceParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly database: Database;
  readonly limits: ClientLimits;
  readonly access: AccessControl;
  readonly metrics: ServerMetrics;
  readonly stats: ServerStats;
  readonly localSessionsEnabled: boolean;
  readonly answerWord: AnswerWord;
  readonly beginSasl: ClientHome["beginSasl"];
  readonly mayAsk: ClientHome["mayAsk"];
}

/** The clients of a server: who they are, what they wait for, and the tree they read. */
export class ClientService implements ServerSide, ClientHome {
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: ClientLimits;
  readonly access: AccessControl;
  readonly metrics: ServerMetrics;
  readonly stats: ServerStats;
  readonly pool = new OutputPool();
  readonly answerWord: AnswerWord;
  readonly beginSasl: ClientHome["beginSasl"];
  readonly mayAsk: ClientHome["mayAsk"];
  /** Requests of all connections that are not answered. */
  outstanding = 0;
  /** Bytes that clients have not taken, and bytes of requests that are not whole yet. */
  heldBytes = 0;
  partialBytes = 0;

  #database: Database;
  #replica: Replica | undefined;
  readonly #localSessionsEnabled: boolean;
  readonly #connections = new Set<Client>();
  /** Those that are not closed. */
  #openCount = 0;
  readonly #countByAddress = new Map<string, number>();
  readonly #bySession = new Map<SessionId, Client>();
  /** Sessions that lost their connection with writes under way. */
  readonly #withWrites = new Set<SessionId>();
  #toSettle: Client[] = [];
  #toResume: Client[] = [];
  /** Clients that do not take what is sent to them, longest first. */
  readonly #blocked = new Set<Client>();
  #sweepTimer: Timer | undefined;
  readonly #settleAll = (): void => this.#settleThem();

  constructor(parts: ClientServiceParts) {
    this.clock = parts.clock;
    this.log = parts.log;
    this.limits = parts.limits;
    this.access = parts.access;
    this.metrics = parts.metrics;
    this.stats = parts.stats;
    this.answerWord = parts.answerWord;
    this.beginSasl = parts.beginSasl;
    this.mayAsk = parts.mayAsk;
    this.#database = parts.database;
    this.#localSessionsEnabled = parts.localSessionsEnabled;
  }

  // ---- listeners

  start(): void {
    this.#sweepTimer ??= this.clock.setTimer(SWEEP_MS, () => this.#sweep());
  }

  /** Ends all connections at once. */
  stop(): void {
    this.#sweepTimer?.cancel();
    this.#sweepTimer = undefined;
    this.retire("the server stops");
    this.closeAll("server_shutdown");
  }

  /** Takes a connection that a listener has accepted, or closes it where there are too many. */
  accept(connection: Connection, identity: ClientIdentity): void {
    const address = connection.remote.host;
    const { connectionsMax, connectionsPerAddressMax } = this.limits;
    const count = this.#countByAddress.get(address) ?? 0;
    if (connectionsMax > 0 && this.#openCount >= connectionsMax) {
      this.#reject(connection, `Too many connections max allowed is ${connectionsMax}`);
      return;
    }
    if (connectionsPerAddressMax > 0 && count >= connectionsPerAddressMax) {
      this.#reject(
        connection,
        `Too many connections from /${javaHostAddress(address)} - max is ${connectionsPerAddressMax}`,
      );
      return;
    }
    this.#countByAddress.set(address, count + 1);
    this.#openCount++;
    const client = new ClientConnection(this, connection, identity);
    this.#connections.add(client);
    this.log.debug("connection-accepted", { message: `Accepted socket connection from ${client.remoteText}` });
    client.start();
  }

  #reject(connection: Connection, message: string): void {
    this.metrics.connectionRejected.add(1);
    this.log.warn("too-many-connections", { message: `Error accepting new connection: ${message}` });
    connection.destroy();
  }

  // ---- connections

  /** Those that are open, in the order they came. */
  *connections(): Generator<Client> {
    for (const connection of this.#connections) if (!connection.isClosed) yield connection;
  }

  get connectionCount(): number {
    return this.#openCount;
  }

  connectionOf(sessionId: SessionId): Client | undefined {
    return this.#bySession.get(sessionId);
  }

  closeAll(reason: DisconnectReason): void {
    for (const connection of this.connections()) connection.close(reason);
  }

  /** The connection is closed: it gets nothing more, though its last bytes may be on their way. */
  ended(connection: Client, isWaiting: boolean): void {
    if (isWaiting && connection.hasSession) this.#withWrites.add(connection.sessionId);
    this.#openCount--;
    const address = connection.remoteHost;
    const count = (this.#countByAddress.get(address) ?? 1) - 1;
    if (count > 0) this.#countByAddress.set(address, count);
    else this.#countByAddress.delete(address);
    if (this.#bySession.get(connection.sessionId) === connection) this.#bySession.delete(connection.sessionId);
    this.#blocked.delete(connection);
    this.#database.tree.watches.removeWatcher(connection.watcher);
  }

  /** Nothing is left of the connection. */
  forget(connection: Client): void {
    this.#connections.delete(connection);
  }

  /** Has the connection answer and send what it can, once the code that runs now is done. */
  settleSoon(connection: Client): void {
    if (connection.isToSettle) return;
    connection.isToSettle = true;
    if (this.#toSettle.length === 0) queueMicrotask(this.#settleAll);
    this.#toSettle.push(connection);
  }

  #settleThem(): void {
    const connections = this.#toSettle;
    this.#toSettle = [];
    for (const connection of connections) {
      connection.isToSettle = false;
      connection.settle();
    }
  }

  settleLater(client: Client): void {
    if (this.#toResume.length === 0) this.clock.setTimer(0, () => this.#resumeThem());
    this.#toResume.push(client);
  }

  #resumeThem(): void {
    const clients = this.#toResume;
    this.#toResume = [];
    for (const client of clients) client.resume();
  }

  blocked(client: Client): void {
    this.#blocked.add(client);
    for (const oldest of this.#blocked) {
      if (this.heldBytes <= OUTPUT_BYTES_ALL_MAX) return;
      oldest.drop();
    }
  }

  unblocked(client: Client): void {
    this.#blocked.delete(client);
  }

  #sweep(): void {
    const nowMs = this.clock.monotonic();
    for (const connection of this.#connections) connection.sweep(nowMs);
    this.#sweepTimer = this.clock.setTimer(SWEEP_MS, () => this.#sweep());
  }

  // ---- sessions

  get isServing(): boolean {
    return this.#replica !== undefined;
  }

  get replica(): Replica | undefined {
    return this.#replica;
  }

  get isOverloaded(): boolean {
    return this.outstanding > this.limits.outstandingMax;
  }

  serverFacts(): ServerFacts {
    return {
      isReadOnly: this.#replica?.role === "read-only",
      lastProcessedZxid: this.#database.lastProcessedZxid,
    };
  }

  /** False: the session has expired, and the connection is closed now. */
  touch(connection: Client): boolean {
    if (this.#replica?.touch(connection.sessionId, connection.timeoutMs) === true) return true;
    this.log.warn("session-unknown", {
      message: `Dropping request: No session with sessionid 0x${sessionHex(connection.sessionId)} exists, probably expired and removed`,
      client: connection.remoteText,
    });
    connection.close("connection_expired");
    return false;
  }

  createSession(connection: Client): void {
    const replica = this.#replica;
    if (replica === undefined) return connection.close("server_shutdown");
    connection.sessionId = replica.nextSessionId();
    this.#bySession.set(connection.sessionId, connection);
    const record = new Uint8Array(4);
    new DataView(record.buffer).setInt32(0, connection.timeoutMs);
    replica.submit(connection.createSessionRequest(record, this.#localSessionsEnabled));
  }

  sessionCreated(connection: Client): void {
    connection.established(true, this.serverFacts().isReadOnly);
  }

  reattach(connection: Client, sessionId: SessionId, password: Uint8Array): void {
    const replica = this.#replica;
    if (replica === undefined) return connection.close("server_shutdown");
    connection.sessionId = sessionId;
    const isReadOnly = replica.role === "read-only";
    if (isReadOnly && this.#database.sessions.has(sessionId)) {
      // Whether it still lives only a quorum can tell: its client is to look further.
      this.log.info("global-session-in-read-only-mode", {
        message: `Refusing global session reconnection in RO mode ${connection.remoteText}`,
      });
      return connection.close("renew_global_session_in_ro_mode");
    }
    if (!isSessionPassword(sessionId, password)) {
      this.log.warn("wrong-session-password", {
        message: `Incorrect password from ${connection.remoteText} for session 0x${sessionHex(sessionId)}`,
      });
      connection.established(false, isReadOnly);
      return;
    }
    this.#bySession.get(sessionId)?.close("client_reconnect");
    this.#bySession.set(sessionId, connection);
    replica.revalidate(sessionId, connection.timeoutMs, (isValid) => {
      if (isValid && this.#withWrites.has(sessionId)) this.#establishBehindWrites(replica, connection);
      else connection.established(isValid, isReadOnly);
    });
  }

  /** Who comes back to see what became of a write must not read before it is decided. */
  #establishBehindWrites(replica: Replica, connection: Client): void {
    replica.submit(
      new PendingRequest({
        origin: {
          synced: () => {
            this.#withWrites.delete(connection.sessionId);
            connection.established(true, false);
          },
          refused: () => connection.close("io_exception_in_session_init"),
        },
        sessionId: connection.sessionId,
        cxid: 0,
        type: OpCode.sync,
        record: ROOT_PATH,
        authInfo: [],
        receivedMs: connection.lastHeardMs,
        isOrdered: true,
      }),
    );
  }

  isLocalSession(sessionId: SessionId): boolean {
    return this.#replica?.isLocalSession(sessionId) ?? false;
  }

  submit(request: PendingRequest): void {
    this.#replica?.submit(request);
  }

  // ---- what the server's place in the ensemble says

  get database(): Database {
    return this.#database;
  }

  replaceDatabase(database: Database): void {
    this.#database = database;
  }

  serve(replica: Replica): void {
    this.#replica = replica;
  }

  retire(reason: string): void {
    if (this.#replica === undefined) return;
    this.log.info("retired", { message: `Stops serving clients: ${reason}` });
    this.#replica = undefined;
    this.closeAll("server_shutdown");
    this.#withWrites.clear();
  }

  commit(txn: Txn): TxnResult {
    const result = this.#database.apply(txn);
    const { sessionId, timeMs } = txn.header;
    const latencyMs = this.clock.now() - timeMs;
    if (latencyMs >= 0) this.metrics.propagationLatency.add(latencyMs);
    this.#bySession.get(sessionId)?.committed(txn, result);
    if (txn.record.type === OpCode.closeSession) this.#withWrites.delete(sessionId);
    return result;
  }

  refuse(request: Request, error: number): void {
    if (request instanceof PendingRequest) request.origin.refused(request, error);
  }

  localSession(request: Request): void {
    if (request instanceof PendingRequest) request.origin.synced(request);
  }

  synced(request: Request): void {
    if (request instanceof PendingRequest) request.origin.synced(request);
  }
}
