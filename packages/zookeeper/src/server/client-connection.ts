import type { Connection, Receiver } from "@ordinal/io";
import { ProtocolError } from "@ordinal/kit";

import type { Id } from "../jute/data-records.ts";
import { ErrorCode } from "../jute/error-code.ts";
import { JuteReader } from "../jute/jute-reader.ts";
import { OpCode, Permission, SpecialXid } from "../jute/op-code.ts";
import { KeeperState, readConnectRequest, writeConnectResponse } from "../jute/proto-records.ts";
import type { Txn } from "../jute/txn-records.ts";
import { sessionHex, ZERO_ZXID, type SessionId } from "../jute/zxid.ts";
import type { AccessControl } from "../processing/access-control.ts";
import { answerRead, answerSync, answerWrite, type ReadContext } from "../processing/answer.ts";
import type { ConnectionFacts } from "../processing/auth-scheme.ts";
import { isClientRequest, isOrdered } from "../processing/op-kind.ts";
import { beginReply, endReply, writeEmptyReply } from "../processing/reply.ts";
import { sessionPassword } from "../session/session-password.ts";
import type { Database, TxnResult } from "../tree/database.ts";
import type { WatchEvent, Watcher } from "../tree/watch-table.ts";
import { answerAuth, answerSasl } from "./client-auth.ts";
import { ClientOutput } from "./client-output.ts";
import type { ClientService } from "./client-service.ts";
import { ConnectionStats } from "./connection-stats.ts";
import type { DisconnectReason } from "./disconnect-reason.ts";
import { fourLetterWord } from "./four-letter/four-letter-words.ts";
import { FrameInput } from "./frame-input.ts";
import { negotiate } from "./handshake.ts";
import { isLoopback, javaHostAddress, javaSocketAddress } from "./java-address.ts";
import { CONNECT_FRAME_BYTES_MAX, LINGER_MS, PARTIAL_BYTES_MAX, SESSIONLESS_MS } from "./limits.ts";
import { describeFrame } from "./oversize.ts";
import { PendingRequest, type RequestOrigin } from "./pending-request.ts";
import { type Answerer, RequestQueue } from "./request-queue.ts";
import type { SaslExchange } from "./sasl-exchange.ts";

// Source: org.apache.zookeeper.server.NIOServerCnxn, ServerCnxn.

const NO_PASSWORD = new Uint8Array(16);
const REQUEST_HEADER_BYTES = 8;
const FRAME_LENGTH_BYTES = 4;
/** `stmk` comes with the mask behind it. */
const TRACE_MASK_BYTES = 8;

/**
 * - `fresh`: nothing has come yet; the first bytes are a four-letter word or a ConnectRequest.
 * - `answering`: a four-letter word whose answer takes a look at the disk.
 * - `connecting`: the session is being made or looked up; nothing is read meanwhile.
 * - `open`: requests.
 * - `closed`: nothing more is read or written, though the last bytes may be on their way.
 */
type State = "fresh" | "answering" | "connecting" | "open" | "closed";

/** What the transport knows of a client beside its address. */
export interface ClientIdentity {
  readonly isSecure: boolean;
  /** RFC 2253 name of the subject of a certificate that is trusted. */
  readonly certificateSubject?: string | undefined;
}

/**
 * One client: bytes in, requests in the order of arrival, replies in the same order, watch events before the replies that
 * show what they are about.
 */
export class ClientConnection implements Receiver, Watcher, ReadContext, RequestOrigin, Answerer {
  sessionId: SessionId = 0n;
  /** Negotiated. */
  timeoutMs = SESSIONLESS_MS;
  authInfo: readonly Id[];
  readonly identity: ClientIdentity;
  readonly stats: ConnectionStats;
  /** As Java prints it. */
  readonly remoteText: string;
  /** On this machine. */
  readonly isLocalPeer: boolean;
  /** Monotonic: when something came from the client. */
  lastHeardMs: number;
  /** Whether it is on the service's list. */
  isToSettle = false;

  readonly #service: ClientService;
  readonly #connection: Connection;
  readonly #input = new FrameInput();
  readonly #output: ClientOutput;
  readonly #queue: RequestQueue;
  #state: State = "fresh";
  /** Whether the client sends and gets the readOnly byte. */
  #knowsReadOnly = false;
  /** The end of the session is asked for and not answered: whatever else comes does not keep it alive. */
  #isClosingSession = false;
  #sasl: SaslExchange | undefined;
  #partialBytes = 0;
  #paused = false;
  #consuming = false;
  /** Monotonic: when the connection is cut if the client has not taken its last bytes by then. */
  #lingerUntilMs: number | undefined;

  constructor(service: ClientService, connection: Connection, identity: ClientIdentity) {
    this.#service = service;
    this.#connection = connection;
    this.#output = new ClientOutput(connection, service);
    this.#queue = new RequestQueue(this, service);
    this.identity = identity;
    this.remoteText = javaSocketAddress(connection.remote);
    this.isLocalPeer = isLoopback(connection.remote.host);
    this.lastHeardMs = service.clock.monotonic();
    this.stats = new ConnectionStats(service.clock.now());
    this.authInfo = [{ scheme: "ip", id: javaHostAddress(connection.remote.host) }];
  }

  /** Begins to read. */
  start(): void {
    this.#connection.receive(this);
  }

  get remoteHost(): string {
    return this.#connection.remote.host;
  }

  get isClosed(): boolean {
    return this.#state === "closed";
  }

  get hasSession(): boolean {
    return this.sessionId !== 0n;
  }

  get database(): Database {
    return this.#service.database;
  }

  get access(): AccessControl {
    return this.#service.access;
  }

  get watcher(): Watcher {
    return this;
  }

  get facts(): ConnectionFacts {
    const { certificateSubject } = this.identity;
    return {
      remoteAddress: javaHostAddress(this.#connection.remote.host),
      ...(certificateSubject !== undefined && { certificateSubject }),
    };
  }

  /** Requests that are not answered. */
  get outstanding(): number {
    return this.#queue.size;
  }

  /** The original shows which events it selects for: 1 to read, 4 to write. */
  get interestOps(): number {
    if (this.#state === "closed") return 0;
    return (this.#paused ? 0 : 1) | (this.#output.isBlocked ? 4 : 0);
  }

  addAuthInfo(ids: readonly Id[]): void {
    const known = this.authInfo;
    const more = ids.filter((id) => !known.some((other) => other.scheme === id.scheme && other.id === id.id));
    // A new array: requests under way keep the one they came with.
    if (more.length > 0) this.authInfo = [...known, ...more];
  }

  // ---- what the network says

  data(bytes: Uint8Array): void {
    if (this.#state === "closed") return;
    const nowMs = this.#service.clock.monotonic();
    this.lastHeardMs = nowMs;
    this.#input.push(bytes);
    if (this.#state === "open" && !this.#isClosingSession && !this.#service.touch(this)) return;
    this.#settle(nowMs);
  }

  ended(): void {
    if (this.#state === "closed") return;
    this.#service.metrics.connectionDropCount.add(1);
    this.#service.log.info("client-gone", {
      message:
        "Unable to read additional data from client, it probably closed the socket: " +
        `address = ${this.remoteText}, session = 0x${sessionHex(this.sessionId)}`,
    });
    this.close("unable_to_read_from_client");
  }

  drained(): void {
    this.#output.drained();
    this.settle();
  }

  closed(): void {
    this.#output.drained();
    this.close("unable_to_read_from_client");
    this.#lingerUntilMs = undefined;
    this.#service.forget(this);
  }

  // ---- input

  /** Answers what can be answered now and sends what has been put together. */
  settle(): void {
    if (this.#state !== "closed") this.#settle(this.#service.clock.monotonic());
  }

  #settle(nowMs: number): void {
    if (this.#consuming) return;
    this.#consuming = true;
    try {
      this.#consume(nowMs);
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#consuming = false;
    }
    if (this.#state === "closed") return;
    this.#input.releaseIfEmpty();
    this.#accountPartial();
    this.#flush();
    this.#regulate();
  }

  #consume(nowMs: number): void {
    const input = this.#input;
    const { metrics, stats } = this.#service;
    while (input.hasLength && !this.#mustWait) {
      const length = input.frameLength;
      if (this.#state === "fresh" && this.#fourLetterWord()) return;
      if (!this.#mayTake(length) || !input.hasFrame) return;
      const start = input.at + FRAME_LENGTH_BYTES;
      const end = start + length;
      input.take(FRAME_LENGTH_BYTES + length);
      stats.packetsReceived++;
      this.stats.packetsReceived++;
      metrics.bytesReceivedCount.add(FRAME_LENGTH_BYTES + length);
      if (this.#state === "fresh") this.#connect(input.bytes.subarray(start, end));
      else this.#request(start, end, nowMs);
      if (this.#output.isHigh) this.#flush();
    }
  }

  /** Whether the next request has to stay where it is. */
  get #mustWait(): boolean {
    if (this.#state !== "open" && this.#state !== "fresh") return true;
    if (this.#output.isBlocked) return true;
    return this.#queue.size > 0 && (this.#service.isOverloaded || this.#queue.isFull);
  }

  /** Stops taking bytes from the network while they would only pile up here. */
  #regulate(): void {
    const wants = this.#mustWait && this.#input.remaining > 0;
    if (wants === this.#paused) return;
    this.#paused = wants;
    if (wants) this.#connection.pause();
    else this.#connection.resume();
  }

  #fourLetterWord(): boolean {
    const input = this.#input;
    const word = fourLetterWord(input.frameLength);
    if (word === undefined) return false;
    const argumentBytes = word === "stmk" ? TRACE_MASK_BYTES : 0;
    if (input.remaining < FRAME_LENGTH_BYTES + argumentBytes) return true;
    const at = input.at + FRAME_LENGTH_BYTES;
    const argument = input.bytes.slice(at, at + argumentBytes);
    input.take(FRAME_LENGTH_BYTES + argumentBytes);
    this.#service.stats.packetsReceived++;
    this.stats.packetsReceived++;
    this.#state = "answering";
    const answer = this.#service.answerWord(word, argument, this);
    if (typeof answer === "string") this.#say(answer);
    else answer.then((text) => this.#say(text)).catch((error: unknown) => this.#fail(error));
    return true;
  }

  /** The answer to a four-letter word, which ends the connection. */
  #say(text: string): void {
    if (this.#state === "closed") return;
    this.#output.writer().utf8(text);
    this.close("close_connection_command");
  }

  #mayTake(length: number): boolean {
    const isFirst = this.#state === "fresh";
    const { frameBytesMax } = this.#service.limits;
    const most = isFirst ? Math.min(CONNECT_FRAME_BYTES_MAX, frameBytesMax) : frameBytesMax;
    if (length >= 0 && length <= most) {
      if (this.#service.isServing) return true;
      this.#service.metrics.cnxnClosedWithoutZkServerRunning.add(1);
      this.#service.log.warn("not-serving", {
        message: `Close of session 0x${sessionHex(this.sessionId)}: ZooKeeperServer not running`,
        client: this.remoteText,
      });
      this.close("io_exception");
      return false;
    }
    if (!isFirst) this.#service.metrics.largeRequestsRejected.add(1);
    this.#service.log.warn("frame-too-large", {
      message:
        `Close of session 0x${sessionHex(this.sessionId)}: Len error. A message from ${this.remoteText} with advertised length of ${length} ` +
        `is either a malformed message or too large to process (length is greater than jute.maxbuffer=${most})`,
      length,
      ...describeFrame(this.#input, isFirst),
    });
    this.close("io_exception");
    return false;
  }

  #accountPartial(): void {
    const bytes = this.#input.remaining;
    if (bytes === this.#partialBytes) return;
    const isMore = bytes > this.#partialBytes;
    this.#service.partialBytes += bytes - this.#partialBytes;
    this.#partialBytes = bytes;
    if (!isMore || this.#service.partialBytes <= PARTIAL_BYTES_MAX) return;
    this.#service.metrics.largeRequestsRejected.add(1);
    this.#service.log.warn("too-many-unfinished-requests", {
      message: `Rejecting large request: unfinished requests of all clients hold more than ${PARTIAL_BYTES_MAX} bytes`,
      client: this.remoteText,
      session: `0x${sessionHex(this.sessionId)}`,
    });
    this.close("io_exception");
  }

  // ---- the first frame

  #connect(frame: Uint8Array): void {
    const request = readConnectRequest(new JuteReader(frame));
    this.#knowsReadOnly = request.readOnly !== undefined;
    this.#state = "connecting";
    this.#service.metrics.connectionRequestCount.add(1);
    const outcome = negotiate(request, this.#service.serverFacts(), this.#service.limits);
    if (outcome.kind === "refused") {
      this.#service.log.info("session-refused", { message: outcome.message(this.remoteText), client: this.remoteText });
      this.close(outcome.reason);
      return;
    }
    this.timeoutMs = outcome.timeoutMs;
    if (request.sessionId === 0n) this.#service.createSession(this);
    else this.#service.reattach(this, request.sessionId, request.password);
  }

  /** A session that is made now takes a transaction; its request is no part of the order of the connection. */
  createSessionRequest(record: Uint8Array, localSession: boolean): PendingRequest {
    return new PendingRequest({
      origin: this,
      sessionId: this.sessionId,
      cxid: 0,
      type: OpCode.createSession,
      record,
      authInfo: [],
      receivedMs: this.lastHeardMs,
      isOrdered: true,
      localSession,
    });
  }

  /** Tells the client what became of its session. */
  established(isValid: boolean, isReadOnly: boolean): void {
    if (this.#state !== "connecting") return;
    const writer = this.#output.writer();
    const at = writer.length;
    writer.int32(0);
    writeConnectResponse(writer, {
      protocolVersion: 0,
      timeoutMs: isValid ? this.timeoutMs : 0,
      sessionId: isValid ? this.sessionId : 0n,
      password: isValid ? sessionPassword(this.sessionId) : NO_PASSWORD,
      readOnly: this.#knowsReadOnly ? isReadOnly : undefined,
    });
    writer.setUint32(at, writer.length - at - FRAME_LENGTH_BYTES);
    this.#countSent();
    if (!isValid) {
      this.#service.log.info("session-invalid", {
        message: `Invalid session 0x${sessionHex(this.sessionId)} for client ${this.remoteText}, probably expired`,
      });
      this.close("client_closed_session");
      return;
    }
    this.#state = "open";
    this.#service.log.debug("session-established", {
      message: `Established session 0x${sessionHex(this.sessionId)} with negotiated timeout ${this.timeoutMs} for client ${this.remoteText}`,
    });
    this.#service.settleSoon(this);
  }

  // ---- requests

  #request(start: number, end: number, nowMs: number): void {
    if (end - start < REQUEST_HEADER_BYTES) throw new ProtocolError("TRUNCATED", `a request of ${end - start} bytes`);
    const { bytes, view } = this.#input;
    const xid = view.getInt32(start);
    const type = view.getInt32(start + 4);
    const record = bytes.subarray(start + REQUEST_HEADER_BYTES, end);
    if (type === OpCode.auth || type === OpCode.sasl) {
      this.#authenticate(xid, type, record);
      return;
    }
    if (!this.#service.mayAsk(this)) {
      this.#lastReply(xid, ErrorCode.sessionClosedRequireSaslAuth, "sasl_auth_failure");
      return;
    }
    if (type !== OpCode.ping && !isClientRequest(type)) {
      this.#service.log.warn("unknown-request", { message: `Received packet at server of unknown type ${type}` });
      this.#lastReply(xid, ErrorCode.unimplemented, "io_exception");
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
      ...(type === OpCode.closeSession && { localSession: this.#service.isLocalSession(this.sessionId) }),
    });
    if (type === OpCode.closeSession) this.#isClosingSession = true;
    this.#queue.push(request);
    if (ordered) this.#service.submit(request);
  }

  /** As the original these are answered at once, whatever waits. */
  #authenticate(xid: number, type: number, record: Uint8Array): void {
    const writer = this.#output.writer();
    const mayStay =
      type === OpCode.auth
        ? answerAuth(this.#service, this, xid, record, writer)
        : answerSasl((this.#sasl ??= this.#service.beginSasl(this)), this, xid, record, writer);
    this.#countSent();
    if (!mayStay) this.close("sasl_auth_failure");
  }

  /** An error behind which the connection ends. */
  #lastReply(xid: number, error: number, reason: DisconnectReason): void {
    writeEmptyReply(this.#output.writer(), xid, ZERO_ZXID, error);
    this.#countSent();
    this.close(reason);
  }

  // ---- answers

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

  /** A transaction was applied that bears this session's id. */
  committed(txn: Txn, result: TxnResult): void {
    const { type, cxid } = txn.header;
    if (type === OpCode.createSession) {
      this.#service.sessionCreated(this);
      return;
    }
    try {
      const isOwn = this.#queue.committed(cxid, type, result, this.#service.clock.monotonic());
      if (isOwn) this.#service.settleSoon(this);
      else if (type === OpCode.closeSession) this.close("client_closed_session");
    } catch (error) {
      this.#fail(error);
    }
  }

  refused(request: PendingRequest, error: number): void {
    if (request.type === OpCode.createSession || error === ErrorCode.sessionMoved) {
      this.close("io_exception_in_session_init");
      return;
    }
    request.error = error;
    request.outcome = "refused";
    this.#advance();
  }

  synced(request: PendingRequest): void {
    if (request.type === OpCode.createSession) {
      this.#service.sessionCreated(this);
      return;
    }
    request.outcome = "synced";
    this.#advance();
  }

  #advance(): void {
    if (this.#state === "closed") return;
    try {
      this.#queue.advance(this.#service.clock.monotonic());
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#service.settleSoon(this);
  }

  answer(request: PendingRequest, nowMs: number): boolean {
    if (this.#state === "closed") return false;
    if (request.isOrdered) this.#answerOrdered(request, nowMs);
    else this.#read(request.cxid, request.type, request.record, request.receivedMs, nowMs);
    return !this.isClosed;
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
      this.close("connection_mode_changed");
      return;
    }
    this.#answered(request.cxid, request.type, writer.length - before, request.receivedMs, nowMs, true);
    if (request.type === OpCode.closeSession && request.outcome !== "refused") this.close("client_closed_session");
  }

  #answered(cxid: number, type: number, bytes: number, receivedMs: number, nowMs: number, isWrite: boolean): void {
    const latencyMs = Math.floor(nowMs - receivedMs);
    this.#service.stats.answered(bytes - FRAME_LENGTH_BYTES, latencyMs, type, isWrite);
    this.stats.answered(cxid, this.database.lastProcessedZxid, type, latencyMs, nowMs);
  }

  /** An event or a reply that is no request's. */
  #countSent(): void {
    this.#service.stats.packetsSent++;
    this.stats.packetsSent++;
  }

  // ---- watches

  process(event: WatchEvent): void {
    if (this.#state !== "open") return;
    if (!this.access.allows(event.acl, Permission.read, this.authInfo)) return;
    const writer = this.#output.writer();
    // The zxid of the change, as from 3.9 on; clients of 3.8 look at it in replies only.
    const start = beginReply(writer, SpecialXid.notification, event.zxid);
    writer.int32(event.type);
    writer.int32(KeeperState.syncConnected);
    writer.ustring(event.path);
    endReply(writer, start, ErrorCode.ok);
    this.#service.metrics.watchBytes.add(writer.length - start - FRAME_LENGTH_BYTES);
    this.#countSent();
    this.#service.settleSoon(this);
  }

  // ---- output and the end

  #flush(): void {
    if (this.#output.flush()) return;
    this.#service.log.warn("client-does-not-read", {
      message: `Close of session 0x${sessionHex(this.sessionId)}: client ${this.remoteText} does not read its replies, ${this.#output.heldBytes} bytes wait for it`,
    });
    this.#end("io_exception");
    this.#output.drop();
    this.#connection.destroy();
  }

  /** Ends the connection after what was put together; the session goes on. */
  close(reason: DisconnectReason): void {
    if (this.#state === "closed") return;
    this.#end(reason);
    this.#output.finish();
    this.#connection.close();
    this.#lingerUntilMs = this.#service.clock.monotonic() + LINGER_MS;
  }

  #end(reason: DisconnectReason): void {
    this.#state = "closed";
    this.#input.clear();
    this.#service.partialBytes -= this.#partialBytes;
    this.#partialBytes = 0;
    this.#queue.clear();
    this.#service.ended(this);
    this.#service.log.debug("connection-closed", {
      message:
        `Closed socket connection for client ${this.remoteText} ` +
        (this.hasSession
          ? `which had sessionid 0x${sessionHex(this.sessionId)}`
          : "(no session established for client)"),
      reason,
    });
  }

  /** What a client sent cannot be understood, or answering it failed here: that ends this client and nobody else. */
  #fail(error: unknown): void {
    const isClients = error instanceof ProtocolError;
    this.#service.log[isClients ? "warn" : "error"](isClients ? "bad-request" : "request-failed", {
      message: `Close of session 0x${sessionHex(this.sessionId)}: ${error instanceof Error ? error.message : String(error)}`,
      client: this.remoteText,
      ...(!isClients && { error }),
    });
    this.close("io_exception");
  }

  /** Called now and then: ends connections that are silent for too long. */
  sweep(nowMs: number): void {
    if (this.#state === "closed") {
      if (this.#lingerUntilMs === undefined || nowMs < this.#lingerUntilMs) return;
      this.#lingerUntilMs = undefined;
      this.#connection.destroy();
      return;
    }
    if (nowMs - this.lastHeardMs < this.timeoutMs) return;
    if (!this.hasSession) this.#service.metrics.sessionlessConnectionsExpired.add(1);
    this.close("connection_expired");
  }
}
