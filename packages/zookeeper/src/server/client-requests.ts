import type { Id } from "../jute/data-records.ts";
import { ErrorCode } from "../jute/error-code.ts";
import { OpCode, Permission, SpecialXid } from "../jute/op-code.ts";
import { KeeperState } from "../jute/proto-records.ts";
import type { Txn } from "../jute/txn-records.ts";
import { mustBeZxid, type SessionId, ZERO_ZXID, type Zxid } from "../jute/zxid.ts";
import type { AccessControl } from "../processing/access-control.ts";
import { answerRead, answerSync, answerWrite, type ReadContext } from "../processing/answer.ts";
import { isClientRequest, isOrdered } from "../processing/op-kind.ts";
import { beginReply, endReply, writeEmptyReply } from "../processing/reply.ts";
import type { Database, TxnResult } from "../tree/database.ts";
import type { WatchEvent, Watcher } from "../tree/watch-table.ts";
import { answerAuth, answerSasl } from "./client-auth.ts";
import type { ClientHome } from "./client-home.ts";
import type { ClientOutput } from "./client-output.ts";
import type { Client } from "./client.ts";
import type { DisconnectReason } from "./disconnect-reason.ts";
import { PendingRequest, type RequestOrigin } from "./pending-request.ts";
import { type Answerer, RequestQueue } from "./request-queue.ts";
import type { SaslExchange } from "./sasl-exchange.ts";

// Source: ZooKeeperServer.processPacket, org.apache.zookeeper.server.FinalRequestProcessor, NIOServerCnxn.process.

const FRAME_LENGTH_BYTES = 4;
/** What a request bears that was never ordered. */
const NO_ZXID = mustBeZxid(-1);

/**
 * The requests of one client: read at once or in the turn of the writes before them, answered in the order they came. Watch events
 * go into the same output at the moment their change is applied, which is before any reply that shows it.
 */
export class ClientRequests implements Watcher, ReadContext, RequestOrigin, Answerer {
  /** The end of the session is asked for and not answered: whatever else comes does not keep it alive. */
  isClosingSession = false;
  readonly #home: ClientHome;
  readonly #client: Client;
  readonly #output: ClientOutput;
  readonly #queue: RequestQueue;
  #sasl: SaslExchange | undefined;

  constructor(home: ClientHome, client: Client, output: ClientOutput) {
    this.#home = home;
    this.#client = client;
    this.#output = output;
    this.#queue = new RequestQueue(this, home);
  }

  /** Requests that are not answered. */
  get size(): number {
    return this.#queue.size;
  }

  /** Whether the next request has to stay where it is. */
  get mustWait(): boolean {
    return this.#queue.size > 0 && (this.#home.isOverloaded || this.#queue.isFull);
  }

  /** Nobody waits for the answers any more. */
  clear(): void {
    this.#queue.clear();
  }

  // ---- what reads and watches ask

  get sessionId(): SessionId {
    return this.#client.sessionId;
  }

  get authInfo(): readonly Id[] {
    return this.#client.authInfo;
  }

  get database(): Database {
    return this.#home.database;
  }

  get access(): AccessControl {
    return this.#home.access;
  }

  get watcher(): Watcher {
    return this;
  }

  // ---- requests

  /** @param record what follows the header  @param nowMs monotonic */
  request(xid: number, type: number, record: Uint8Array, nowMs: number): void {
    if (type === OpCode.auth || type === OpCode.sasl) {
      this.#authenticate(xid, type, record);
      return;
    }
    if (!this.#home.mayAsk(this.#client)) {
      this.#lastReply(xid, ZERO_ZXID, ErrorCode.sessionClosedRequireSaslAuth, "sasl_auth_failure");
      return;
    }
    if (type !== OpCode.ping && !isClientRequest(type)) {
      this.#home.log.warn("unknown-request", { message: `Received packet at server of unknown type ${type}` });
      this.#lastReply(xid, NO_ZXID, ErrorCode.unimplemented, "io_exception");
      return;
    }
    const ordered = isOrdered(type);
    if (!ordered && this.#queue.size === 0) {
      this.#read(xid, type, record, nowMs, nowMs);
      return;
    }
    const request = new PendingRequest({
      origin: this,
      sessionId: this.sessionId,
      cxid: xid,
      type,
      record,
      authInfo: this.authInfo,
      receivedMs: nowMs,
      isOrdered: ordered,
      ...(type === OpCode.closeSession && { localSession: this.#home.isLocalSession(this.sessionId) }),
    });
    if (type === OpCode.closeSession) this.isClosingSession = true;
    this.#queue.push(request);
    if (ordered) this.#home.submit(request);
  }

  /** As in the original these are answered at once, whatever waits. */
  #authenticate(xid: number, type: number, record: Uint8Array): void {
    const writer = this.#output.writer();
    const mayStay =
      type === OpCode.auth
        ? answerAuth(this.#home, this.#client, xid, record, writer)
        : answerSasl((this.#sasl ??= this.#home.beginSasl(this.#client)), this.#client, xid, record, writer);
    this.#countSent();
    if (!mayStay) this.#client.close("sasl_auth_failure");
  }

  /** An error behind which the connection ends. */
  #lastReply(xid: number, zxid: Zxid, error: number, reason: DisconnectReason): void {
    writeEmptyReply(this.#output.writer(), xid, zxid, error);
    this.#countSent();
    this.#client.close(reason);
  }

  // ---- outcomes

  /** A transaction was applied that bears this session's id. */
  committed(txn: Txn, result: TxnResult): void {
    const { type, cxid } = txn.header;
    if (type === OpCode.createSession) {
      this.#home.sessionCreated(this.#client);
      return;
    }
    try {
      const isOwn = this.#queue.committed(cxid, type, result, this.#home.clock.monotonic());
      if (isOwn) this.#home.settleSoon(this.#client);
      else if (type === OpCode.closeSession) this.#client.close("client_closed_session");
    } catch (error) {
      this.#client.fail(error);
    }
  }

  refused(request: PendingRequest, error: number): void {
    if (request.type === OpCode.createSession || error === ErrorCode.sessionMoved) {
      this.#client.close("io_exception_in_session_init");
      return;
    }
    request.error = error;
    request.outcome = "refused";
    this.#advance();
  }

  synced(request: PendingRequest): void {
    if (request.type === OpCode.createSession) {
      this.#home.sessionCreated(this.#client);
      return;
    }
    request.outcome = "synced";
    this.#advance();
  }

  #advance(): void {
    if (this.#client.isClosed) return;
    try {
      this.#queue.advance(this.#home.clock.monotonic());
    } catch (error) {
      this.#client.fail(error);
      return;
    }
    this.#home.settleSoon(this.#client);
  }

  // ---- answers

  answer(request: PendingRequest, nowMs: number): boolean {
    if (this.#client.isClosed) return false;
    if (request.isOrdered) this.#answerOrdered(request, nowMs);
    else this.#read(request.cxid, request.type, request.record, request.receivedMs, nowMs);
    return !this.#client.isClosed;
  }

  #read(xid: number, type: number, record: Uint8Array, receivedMs: number, nowMs: number): void {
    const writer = this.#output.writer();
    const before = writer.length;
    if (type === OpCode.ping) {
      writeEmptyReply(writer, SpecialXid.ping, this.database.lastProcessedZxid, ErrorCode.ok);
    } else {
      answerRead({ xid, type, record }, this, writer);
    }
    this.#answered(xid, type, writer.length - before, receivedMs, nowMs, false);
  }

  #answerOrdered(request: PendingRequest, nowMs: number): void {
    const writer = this.#output.writer();
    const before = writer.length;
    const zxid = this.database.lastProcessedZxid;
    let error: number = ErrorCode.ok;
    if (request.outcome === "refused") {
      writeEmptyReply(writer, request.cxid, zxid, request.error);
    } else if (request.type === OpCode.sync) {
      answerSync(request, zxid, writer);
    } else if (request.result === undefined) {
      writeEmptyReply(writer, request.cxid, zxid, ErrorCode.ok); // the end of a session that only this server knew
    } else {
      error = answerWrite(request, request.result, zxid, this.database, writer);
    }
    if (error === ErrorCode.sessionMoved) {
      this.#client.close("connection_mode_changed");
      return;
    }
    this.#answered(request.cxid, request.type, writer.length - before, request.receivedMs, nowMs, true);
    if (request.type === OpCode.closeSession && request.outcome !== "refused") {
      this.#client.close("client_closed_session");
    }
  }

  #answered(cxid: number, type: number, bytes: number, receivedMs: number, nowMs: number, isWrite: boolean): void {
    const latencyMs = Math.floor(nowMs - receivedMs);
    this.#home.stats.answered(bytes - FRAME_LENGTH_BYTES, latencyMs, type, isWrite);
    this.#client.stats.answered(cxid, this.database.lastProcessedZxid, type, latencyMs, nowMs);
  }

  /** A reply that is no request's, or an event. */
  #countSent(): void {
    this.#home.stats.packetsSent++;
    this.#client.stats.packetsSent++;
  }

  // ---- watches

  process(event: WatchEvent): void {
    if (this.#client.isClosed) return;
    if (!this.access.allows(event.acl, Permission.read, this.authInfo)) return;
    const writer = this.#output.writer();
    // The zxid of the change, as from 3.9 on; clients of 3.8 look at it in replies only.
    const start = beginReply(writer, SpecialXid.notification, event.zxid);
    writer.int32(event.type);
    writer.int32(KeeperState.syncConnected);
    writer.ustring(event.path);
    endReply(writer, start, ErrorCode.ok);
    this.#home.metrics.watchBytes.add(writer.length - start - FRAME_LENGTH_BYTES);
    this.#countSent();
    this.#home.settleSoon(this.#client);
  }
}
