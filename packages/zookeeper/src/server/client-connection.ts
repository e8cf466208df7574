import type { Connection, Receiver } from "@ordinal/io";
import { BoundedQueue, ProtocolError } from "@ordinal/kit";

import type { Id } from "../jute/data-records.ts";
import { ErrorCode } from "../jute/error-code.ts";
import { JuteReader } from "../jute/jute-reader.ts";
import type { JuteWriter } from "../jute/jute-writer.ts";
import { OpCode, Permission, SpecialXid } from "../jute/op-code.ts";
import {
  type ConnectRequest,
  KeeperState,
  readAuthPacket,
  readConnectRequest,
  writeConnectResponse,
} from "../jute/proto-records.ts";
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
import type { ClientService } from "./client-service.ts";
import { ConnectionStats } from "./connection-stats.ts";
import type { DisconnectReason } from "./disconnect-reason.ts";
import { fourLetterWord } from "./four-letter/four-letter-words.ts";
import { FrameInput } from "./frame-input.ts";
import { negotiate } from "./handshake.ts";
import { isLoopback, javaHostAddress, javaSocketAddress } from "./java-address.ts";
import {
  CONNECT_FRAME_BYTES_MAX,
  LINGER_MS,
  OUTPUT_BYTES_ALL_MAX,
  OUTPUT_BYTES_MAX,
  OUTPUT_HIGH_BYTES,
  OUTPUT_SHARE_BYTES,
  PARTIAL_BYTES_MAX,
  PENDING_MAX,
  QUEUED_READS_MAX,
  SESSIONLESS_MS,
} from "./limits.ts";
import { describeFrame } from "./oversize.ts";
import { PendingRequest, type RequestOrigin } from "./pending-request.ts";
import type { SaslExchange } from "./sasl-exchange.ts";

// Source: org.apache.zookeeper.server.NIOServerCnxn, ServerCnxn, CommitProcessor (the order of one session).

const NO_BYTES = new Uint8Array(0);
const NO_PASSWORD = new Uint8Array(16);

/** From the first byte to the end; see the package's README for the transitions. */
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
export class ClientConnection implements Receiver, Watcher, ReadContext, RequestOrigin {
  sessionId: SessionId = 0n;
  /** Negotiated. */
  timeoutMs = SESSIONLESS_MS;
  authInfo: readonly Id[];
  readonly identity: ClientIdentity;
  readonly stats: ConnectionStats;
  /** As Java prints it. */
  readonly remoteText: string;
  readonly isLocalPeer: boolean;
  /** Monotonic: when something came from the client. */
  lastHeardMs: number;
  /** Whether it is on the service's list. */
  isToSettle = false;

  readonly #service: ClientService;
  readonly #connection: Connection;
  readonly #input = new FrameInput();
  /** What is not answered yet, oldest first: begins with a request that waits for its transaction. */
  readonly #pending = new BoundedQueue<PendingRequest>(PENDING_MAX);
  #queuedReads = 0;
  /** The end of the session is asked for and not answered: whatever else comes does not keep it alive. */
  #isClosingSession = false;
  #state: State = "fresh";
  /** Whether the client sends and gets the readOnly byte. */
  #knowsReadOnly = false;
  #sasl: SaslExchange | undefined;
  #writer: JuteWriter | undefined;
  /** Bytes that the system has not taken yet. */
  #inFlightBytes = 0;
  #blocked = false;
  #heldBytes = 0;
  #partialBytes = 0;
  #paused = false;
  #consuming = false;
  /** Monotonic: when the connection is cut if the client has not taken its last bytes by then. */
  #lingerUntilMs: number | undefined;

  constructor(service: ClientService, connection: Connection, identity: ClientIdentity) {
    this.#service = service;
    this.#connection = connection;
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

  get isOpen(): boolean {
    return this.#state === "open";
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

  get watcher(): Watcher {
    return this;
  }

  get access(): AccessControl {
    return this.#service.access;
  }

  get outstanding(): number {
    return this.#pending.size;
  }

  /** The original shows which events it selects for: 1 to read, 4 to write. */
  get interestOps(): number {
    if (this.#state === "closed") return 0;
    return (this.#paused ? 0 : 1) | (this.#blocked ? 4 : 0);
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
    this.#blocked = false;
    this.#inFlightBytes = 0;
    if (this.#state === "closed") return;
    this.settle();
  }

  closed(): void {
    this.#blocked = false;
    this.#inFlightBytes = 0;
    this.close("unable_to_read_from_client");
    this.#lingerUntilMs = undefined;
    this.#service.forget(this);
  }

  // ---- input

  /** Answers what can be answered now and sends what has been put together. */
  settle(): void {
    if (this.#state === "closed") return;
    this.#settle(this.#service.clock.monotonic());
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
    this.flush();
    this.#regulate();
  }

  #consume(nowMs: number): void {
    const input = this.#input;
    while (input.hasLength && !this.#mustWait) {
      const length = input.frameLength;
      if (this.#state === "fresh" && this.#fourLetterWord()) return;
      if (!this.#mayTake(length)) return;
      if (!input.hasFrame) return;
      const start = input.at + 4;
      input.take(4 + length);
      this.#service.stats.packetsReceived++;
      this.#service.metrics.bytesReceivedCount.add(4 + length);
      this.stats.packetsReceived++;
      if (this.#state === "fresh") this.#connect(input.bytes.subarray(start, start + length));
      else this.#request(start, start + length, nowMs);
      if (this.#writer !== undefined && this.#writer.length >= OUTPUT_HIGH_BYTES) this.flush();
    }
  }

  /** Whether the next request has to stay where it is. */
  get #mustWait(): boolean {
    if (this.#state !== "open" && this.#state !== "fresh") return true;
    if (this.#blocked) return true;
    if (this.#pending.size === 0) return false;
    return this.#service.isOverloaded || this.#queuedReads >= QUEUED_READS_MAX || this.#pending.isFull;
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
    const word = fourLetterWord(this.#input.frameLength);
    if (word === undefined) return false;
    const argument = word === "stmk" ? 8 : 0;
    if (this.#input.remaining < 4 + argument) return true;
    const at = this.#input.at + 4;
    const bytes = this.#input.bytes.slice(at, at + argument);
    this.#input.take(4 + argument);
    this.#service.stats.packetsReceived++;
    this.stats.packetsReceived++;
    const answer = this.#service.answerWord(word, bytes, this);
    this.#state = "answering";
    if (typeof answer === "string") this.#say(answer);
    else void answer.then((text) => this.#say(text));
    return true;
  }

  /** The answer to a four-letter word, which ends the connection. */
  #say(text: string): void {
    if (this.#state === "closed") return;
    this.#output().utf8(text);
    this.close("close_connection_command");
  }

  #mayTake(length: number): boolean {
    const isFirst = this.#state === "fresh";
    const most = isFirst
      ? Math.min(CONNECT_FRAME_BYTES_MAX, this.#service.limits.frameBytesMax)
      : this.#service.limits.frameBytesMax;
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
    const outcome = negotiate(request, this.#service.serverFacts(), this.#service.limits);
    this.#service.metrics.connectionRequestCount.add(1);
    if (outcome.kind === "refused") {
      this.#service.log.info("session-refused", { message: outcome.message(this.remoteText), client: this.remoteText });
      this.close(outcome.reason);
      return;
    }
    this.timeoutMs = outcome.timeoutMs;
    if (request.sessionId === 0n) this.#service.createSession(this);
    else this.#reattach(request);
  }

  #reattach({ sessionId, password }: ConnectRequest): void {
    this.#service.metrics.connectionRevalidateCount.add(1);
    this.#service.reattach(this, sessionId, password);
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
    const writer = this.#output();
    const at = writer.length;
    writer.int32(0);
    writeConnectResponse(writer, {
      protocolVersion: 0,
      timeoutMs: isValid ? this.timeoutMs : 0,
      sessionId: isValid ? this.sessionId : 0n,
      password: isValid ? sessionPassword(this.sessionId) : NO_PASSWORD,
      readOnly: this.#knowsReadOnly ? isReadOnly : undefined,
    });
    writer.setUint32(at, writer.length - at - 4);
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
    if (end - start < 8) throw new ProtocolError("TRUNCATED", `a request of ${end - start} bytes`);
    const { bytes, view } = this.#input;
    const xid = view.getInt32(start);
    const type = view.getInt32(start + 4);
    const record = bytes.subarray(start + 8, end);
    switch (type) {
      case OpCode.auth:
        this.#auth(xid, record);
        return;
      case OpCode.sasl:
        this.#saslToken(xid, record);
        return;
      default:
    }
    if (!this.#service.mayAsk(this)) {
      this.#replyEmpty(xid, ErrorCode.sessionClosedRequireSaslAuth);
      this.close("sasl_auth_failure");
      return;
    }
    const ordered = isOrdered(type);
    if (!ordered && this.#pending.size === 0 && (type === OpCode.ping || isClientRequest(type))) {
      this.#read(xid, type, record, nowMs, nowMs);
      return;
    }
    if (type !== OpCode.ping && !isClientRequest(type)) {
      this.#unimplemented(xid, type);
      return;
    }
    this.#enqueue(xid, type, record, ordered, nowMs);
  }

  #enqueue(cxid: number, type: number, record: Uint8Array, ordered: boolean, nowMs: number): void {
    const request = new PendingRequest({
      origin: this,
      sessionId: this.sessionId,
      cxid,
      type,
      record,
      authInfo: this.authInfo,
      receivedMs: nowMs,
      isOrdered: ordered,
      ...(type === OpCode.closeSession && { localSession: this.#service.isLocalSession(this.sessionId) }),
    });
    if (type === OpCode.closeSession) this.#isClosingSession = true;
    this.#pending.push(request);
    this.#service.outstanding++;
    if (ordered) this.#service.submit(request);
    else this.#queuedReads++;
  }

  #read(xid: number, type: number, record: Uint8Array, receivedMs: number, nowMs: number): void {
    const writer = this.#output();
    const before = writer.length;
    if (type === OpCode.ping) {
      writeEmptyReply(writer, SpecialXid.ping, this.database.lastProcessedZxid, ErrorCode.ok);
    } else {
      answerRead({ xid, type, record }, this, writer);
    }
    this.#answered(xid, type, writer.length - before, receivedMs, nowMs, false);
  }

  #unimplemented(xid: number, type: number): void {
    this.#service.log.warn("unknown-request", { message: `Received packet at server of unknown type ${type}` });
    this.#replyEmpty(xid, ErrorCode.unimplemented);
    this.close("io_exception");
  }

  #replyEmpty(xid: number, error: number): void {
    writeEmptyReply(this.#output(), xid, ZERO_ZXID, error);
    this.#countSent();
  }

  // ---- auth

  #auth(xid: number, record: Uint8Array): void {
    const packet = readAuthPacket(new JuteReader(record));
    const { log } = this.#service;
    log.info("auth-packet", { message: `got auth packet ${this.remoteText}` });
    const ids = this.access.authenticate(packet.scheme, packet.auth, this.facts);
    if (ids !== undefined) {
      this.addAuthInfo(ids);
      log.info("auth-success", {
        message: `Session 0x${sessionHex(this.sessionId)}: auth success for scheme ${packet.scheme} and address ${this.remoteText}`,
      });
      this.#replyEmpty(xid, ErrorCode.ok);
      return;
    }
    this.#service.stats.authFailedCount++;
    const known = this.access.schemeNames;
    log.warn("auth-failed", {
      message: known.includes(packet.scheme)
        ? `Authentication failed for scheme: ${packet.scheme}`
        : `No authentication provider for scheme: ${packet.scheme} has ${known.join(" ")} `,
    });
    this.#replyEmpty(xid, ErrorCode.authFailed);
    this.close("sasl_auth_failure");
  }

  get facts(): ConnectionFacts {
    const { certificateSubject } = this.identity;
    return {
      remoteAddress: javaHostAddress(this.#connection.remote.host),
      ...(certificateSubject !== undefined && { certificateSubject }),
    };
  }

  addAuthInfo(ids: readonly Id[]): void {
    const known = this.authInfo;
    const more = ids.filter((id) => !known.some((other) => other.scheme === id.scheme && other.id === id.id));
    // A new array: requests under way keep the one they came with.
    if (more.length > 0) this.authInfo = [...known, ...more];
  }

  #saslToken(xid: number, record: Uint8Array): void {
    const token = new JuteReader(record).buffer() ?? NO_BYTES;
    this.#sasl ??= this.#service.beginSasl(this);
    const step = this.#sasl.evaluate(token);
    if (step.ids !== undefined) this.addAuthInfo(step.ids);
    const writer = this.#output();
    const start = beginReply(writer, xid, ZERO_ZXID);
    // The original sends the token's record, a null, along with the error.
    writer.buffer(step.token ?? null);
    if (step.error === undefined) endReply(writer, start, ErrorCode.ok);
    else {
      writer.setUint32(start + 16, step.error >>> 0);
      writer.setUint32(start, writer.length - start - 4);
    }
    this.#countSent();
    if (step.error !== undefined) this.close("sasl_auth_failure");
  }

  // ---- answers

  /** A transaction was applied that bears this session's id; it may be another's: of a server that the session has left. */
  committed(txn: Txn, result: TxnResult): void {
    const { type, cxid } = txn.header;
    const request = this.#pending.peek();
    const isOwn =
      request?.isOrdered === true &&
      request.outcome === "none" &&
      request.cxid === cxid &&
      (type !== OpCode.closeSession || request.type === OpCode.closeSession);
    if (isOwn) {
      request.result = result;
      request.outcome = "committed";
      this.#advance();
    } else if (type === OpCode.createSession) {
      this.#service.sessionCreated(this);
    } else if (!this.#holdForLater(cxid, type, result) && type === OpCode.closeSession) {
      this.close("client_closed_session");
    }
  }

  /** The request behind one that waits for something else than a transaction (a sync). Whether it is there. */
  #holdForLater(cxid: number, type: number, result: TxnResult): boolean {
    for (const request of this.#pending) {
      if (!request.isOrdered || request.outcome !== "none") continue;
      if (request.cxid !== cxid || request.type === OpCode.sync) continue;
      if (type === OpCode.closeSession && request.type !== OpCode.closeSession) continue;
      request.result = result;
      request.outcome = "committed";
      return true;
    }
    return false;
  }

  refused(request: PendingRequest, error: number): void {
    if (this.#state === "closed") return;
    if (request.type === OpCode.createSession || error === ErrorCode.sessionMoved) {
      this.close("io_exception_in_session_init");
      return;
    }
    request.error = error;
    request.outcome = "refused";
    this.#advance();
  }

  synced(request: PendingRequest): void {
    if (this.#state === "closed") return;
    if (request.type === OpCode.createSession) {
      this.#service.sessionCreated(this);
      return;
    }
    request.outcome = "synced";
    this.#advance();
  }

  /** Answers from the front what has its outcome, and the reads behind it, which see exactly what came before them. */
  #advance(): void {
    const nowMs = this.#service.clock.monotonic();
    try {
      for (let first = this.#pending.peek(); first !== undefined; first = this.#pending.peek()) {
        if (first.isOrdered && first.outcome === "none") break;
        this.#pending.shift();
        this.#service.outstanding--;
        if (first.isOrdered) this.#answerOrdered(first, nowMs);
        else {
          this.#queuedReads--;
          this.#read(first.cxid, first.type, first.record, first.receivedMs, nowMs);
        }
        if (this.#state === "closed") return;
      }
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#service.settleSoon(this);
  }

  #answerOrdered(request: PendingRequest, nowMs: number): void {
    const writer = this.#output();
    const before = writer.length;
    const zxid = this.database.lastProcessedZxid;
    let error: number = ErrorCode.ok;
    if (request.outcome === "refused") {
      writeEmptyReply(writer, request.cxid, zxid, request.error);
    } else if (request.type === OpCode.sync) {
      answerSync(request, zxid, writer);
    } else if (request.result === undefined) {
      writeEmptyReply(writer, request.cxid, zxid, ErrorCode.ok);
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
    this.#service.stats.answered(bytes - 4, latencyMs, type, isWrite);
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
    const writer = this.#output();
    const start = beginReply(writer, SpecialXid.notification, event.zxid);
    writer.int32(event.type);
    writer.int32(KeeperState.syncConnected);
    writer.ustring(event.path);
    endReply(writer, start, ErrorCode.ok);
    this.#service.metrics.watchBytes.add(writer.length - start - 4);
    this.#countSent();
    this.#service.settleSoon(this);
  }

  // ---- output

  #output(): JuteWriter {
    return (this.#writer ??= this.#service.pool.take());
  }

  /** One write for all that was put together, unless the system still has to take what came before. */
  flush(): void {
    const writer = this.#writer;
    if (writer === undefined) return;
    if (!this.#blocked && writer.length > 0) {
      this.#writer = undefined;
      if (this.#connection.send(writer.written())) {
        this.#service.pool.give(writer);
      } else {
        this.#blocked = true;
        this.#inFlightBytes = writer.length;
      }
    }
    this.#accountHeld();
  }

  #accountHeld(): void {
    const held = this.#inFlightBytes + (this.#writer?.length ?? 0);
    if (held === this.#heldBytes) return;
    this.#service.heldBytes += held - this.#heldBytes;
    this.#heldBytes = held;
    const isTooMuch =
      held > OUTPUT_BYTES_MAX || (this.#service.heldBytes > OUTPUT_BYTES_ALL_MAX && held > OUTPUT_SHARE_BYTES);
    // What one request asked for may be as much as it likes; what piles up behind it may not.
    if (!isTooMuch || this.#writer === undefined) return;
    this.#service.log.warn("client-does-not-read", {
      message: `Close of session 0x${sessionHex(this.sessionId)}: client ${this.remoteText} does not read its replies, ${held} bytes wait for it`,
    });
    this.#end("io_exception");
    this.#connection.destroy();
  }

  // ---- the end

  /** Ends the connection after what was put together; the session goes on. */
  close(reason: DisconnectReason): void {
    if (this.#state === "closed") return;
    const writer = this.#writer;
    this.#end(reason);
    if (writer !== undefined && writer.length > 0) this.#connection.send(writer.written());
    this.#connection.close();
    this.#lingerUntilMs = this.#service.clock.monotonic() + LINGER_MS;
  }

  #end(reason: DisconnectReason): void {
    this.#state = "closed";
    this.#writer = undefined;
    this.#input.clear();
    this.#service.partialBytes -= this.#partialBytes;
    this.#partialBytes = 0;
    this.#service.heldBytes -= this.#heldBytes;
    this.#heldBytes = 0;
    this.#service.outstanding -= this.#pending.size;
    this.#pending.clear();
    this.#queuedReads = 0;
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
      if (this.#lingerUntilMs !== undefined && nowMs >= this.#lingerUntilMs) {
        this.#lingerUntilMs = undefined;
        this.#connection.destroy();
      }
      return;
    }
    if (nowMs - this.lastHeardMs < this.timeoutMs) return;
    if (!this.hasSession) this.#service.metrics.sessionlessConnectionsExpired.add(1);
    this.close("connection_expired");
  }
}
