import type { Connection, Receiver } from "@ordinal/io";
import { ProtocolError } from "@ordinal/kit";

import type { Id } from "../jute/data-records.ts";
import { JuteReader } from "../jute/jute-reader.ts";
import { OpCode } from "../jute/op-code.ts";
import { readConnectRequest, writeConnectResponse } from "../jute/proto-records.ts";
import type { Txn } from "../jute/txn-records.ts";
import { sessionHex, type SessionId } from "../jute/zxid.ts";
import type { ConnectionFacts } from "../processing/auth-scheme.ts";
import { sessionPassword } from "../session/session-password.ts";
import type { TxnResult } from "../tree/database.ts";
import type { Watcher } from "../tree/watch-table.ts";
import type { ClientHome } from "./client-home.ts";
import { ClientOutput } from "./client-output.ts";
import { ClientRequests } from "./client-requests.ts";
import type { Client, ClientIdentity } from "./client.ts";
import { ConnectionStats } from "./connection-stats.ts";
import type { DisconnectReason } from "./disconnect-reason.ts";
import { fourLetterWord } from "./four-letter/four-letter-words.ts";
import { FrameInput } from "./frame-input.ts";
import { negotiate } from "./handshake.ts";
import { isLoopback, javaHostAddress, javaSocketAddress } from "./java-address.ts";
import {
  AUTH_BYTES_MAX,
  AUTH_IDS_MAX,
  CONNECT_FRAME_BYTES_MAX,
  LINGER_MS,
  PARTIAL_BYTES_MAX,
  TURN_BYTES,
  WAITING_BYTES_MAX,
} from "./limits.ts";
import { describeFrame } from "./oversize.ts";
import { PendingRequest } from "./pending-request.ts";

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

/** One client's connection from its first byte to its last: frames, the handshake, back-pressure, the end. */
export class ClientConnection implements Client, Receiver {
  sessionId: SessionId = 0n;
  timeoutMs: number;
  authInfo: readonly Id[];
  readonly identity: ClientIdentity;
  readonly stats: ConnectionStats;
  readonly remoteText: string;
  readonly isLocalPeer: boolean;
  lastHeardMs: number;
  isToSettle = false;

  readonly #home: ClientHome;
  readonly #connection: Connection;
  readonly #input = new FrameInput();
  readonly #output: ClientOutput;
  readonly #requests: ClientRequests;
  #state: State = "fresh";
  /** Whether the client sends and gets the readOnly byte. */
  #knowsReadOnly = false;
  #partialBytes = 0;
  /** Of what `addAuthInfo` has added. */
  #authBytes = 0;
  #paused = false;
  #consuming = false;
  /** It has had more than its share of this turn. */
  #isYielding = false;
  /** Monotonic: when the connection is cut if the client has not taken its last bytes by then. */
  #lingerUntilMs: number | undefined;

  constructor(home: ClientHome, connection: Connection, identity: ClientIdentity) {
    this.#home = home;
    this.#connection = connection;
    this.#output = new ClientOutput(connection, home);
    this.#requests = new ClientRequests(home, this, this.#output);
    this.identity = identity;
    this.timeoutMs = home.limits.sessionlessTimeoutMs;
    this.remoteText = javaSocketAddress(connection.remote);
    this.isLocalPeer = isLoopback(connection.remote.host);
    this.lastHeardMs = home.clock.monotonic();
    this.stats = new ConnectionStats(home.clock.now());
    this.authInfo = [{ scheme: "ip", id: javaHostAddress(connection.remote.host) }];
    if (identity.certificateSubject !== undefined) {
      this.addAuthInfo(home.access.authenticate("x509", null, this.facts) ?? []);
    }
  }

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

  /** By which the tree knows this client. */
  get watcher(): Watcher {
    return this.#requests;
  }

  get facts(): ConnectionFacts {
    const { certificateSubject } = this.identity;
    return {
      remoteAddress: javaHostAddress(this.#connection.remote.host),
      ...(certificateSubject !== undefined && { certificateSubject }),
    };
  }

  get outstanding(): number {
    return this.#requests.size;
  }

  get interestOps(): number {
    if (this.#state === "closed" || this.#state === "answering") return 0;
    return (this.#paused ? 0 : 1) | (this.#output.isBlocked ? 4 : 0);
  }

  addAuthInfo(ids: readonly Id[]): boolean {
    const known = this.authInfo;
    const more = ids.filter((id) => !known.some((other) => other.scheme === id.scheme && other.id === id.id));
    if (more.length === 0) return true;
    const bytes = more.reduce((sum, { scheme, id }) => sum + Buffer.byteLength(scheme) + Buffer.byteLength(id), 0);
    if (known.length + more.length > AUTH_IDS_MAX || this.#authBytes + bytes > AUTH_BYTES_MAX) return false;
    this.#authBytes += bytes;
    // A new array: requests under way keep the one they came with.
    this.authInfo = [...known, ...more];
    return true;
  }

  // ---- what the network says

  data(bytes: Uint8Array): void {
    if (this.#state === "closed") return;
    const nowMs = this.#home.clock.monotonic();
    this.lastHeardMs = nowMs;
    this.#input.push(bytes);
    if (this.#state === "open" && !this.#requests.isClosingSession && !this.#home.touch(this)) return;
    this.#settle(nowMs);
  }

  ended(): void {
    // Who asks with a pipe into netcat ends its side at once, and still wants the answer.
    if (this.#state === "closed" || this.#state === "answering") return;
    this.#home.metrics.connectionDropCount.add(1);
    this.#home.log.info("client-gone", {
      message:
        "Unable to read additional data from client, it probably closed the socket: " +
        `address = ${this.remoteText}, session = 0x${sessionHex(this.sessionId)}`,
    });
    this.close("unable_to_read_from_client");
  }

  drained(): void {
    this.#output.drained();
    this.#home.unblocked(this);
    this.settle();
  }

  closed(): void {
    this.#output.drained();
    this.close("unable_to_read_from_client");
    this.#lingerUntilMs = undefined;
    this.#home.forget(this);
  }

  // ---- input

  resume(): void {
    this.#isYielding = false;
    this.settle();
  }

  settle(): void {
    if (this.#state !== "closed") this.#settle(this.#home.clock.monotonic());
  }

  #settle(nowMs: number): void {
    if (this.#consuming) return;
    this.#consuming = true;
    try {
      this.#consume(nowMs);
    } catch (error) {
      this.fail(error);
    } finally {
      this.#consuming = false;
    }
    if (this.#state === "closed") return;
    this.#input.releaseIfEmpty();
    this.#accountPartial();
    this.#flush();
    if (!this.isClosed) this.#regulate();
  }

  #consume(nowMs: number): void {
    const input = this.#input;
    const { metrics, stats } = this.#home;
    const mostSent = this.#output.sentBytes + TURN_BYTES;
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
      if (!this.#output.isHigh) continue;
      this.#flush();
      if (this.#output.sentBytes < mostSent) continue;
      this.#isYielding = true;
      this.#home.settleLater(this);
    }
  }

  /** Whether the next request has to stay where it is. */
  get #mustWait(): boolean {
    if (this.#state !== "open" && this.#state !== "fresh") return true;
    if (this.#isYielding || this.#output.isBlocked) return true;
    return this.#requests.mustWait;
  }

  /**
   * Stops taking bytes from the network while they would only pile up here. Some may: who takes a long reply over a slow line sends
   * pings meanwhile, and its session lives by them.
   */
  #regulate(): void {
    const wants = this.#input.remaining > WAITING_BYTES_MAX && this.#mustWait;
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
    this.#home.stats.packetsReceived++;
    this.stats.packetsReceived++;
    this.#state = "answering";
    const answer = this.#home.answerWord(word, argument, this);
    if (typeof answer === "string") this.#say(answer);
    else answer.then((text) => this.#say(text)).catch((error: unknown) => this.fail(error));
    return true;
  }

  /** The answer to a four-letter word, which ends the connection. */
  #say(text: string): void {
    if (this.#state === "closed") return;
    this.#output.writer().utf8(text);
    this.#countSent();
    this.close("close_connection_command");
  }

  #mayTake(length: number): boolean {
    const isFirst = this.#state === "fresh";
    const { frameBytesMax } = this.#home.limits;
    const most = isFirst ? Math.min(CONNECT_FRAME_BYTES_MAX, frameBytesMax) : frameBytesMax;
    if (length >= 0 && length <= most) {
      if (this.#home.isServing) return true;
      this.#home.metrics.cnxnClosedWithoutZkServerRunning.add(1);
      this.#home.log.warn("not-serving", {
        message: `Close of session 0x${sessionHex(this.sessionId)}: ZooKeeperServer not running`,
        client: this.remoteText,
      });
      this.close("io_exception");
      return false;
    }
    if (!isFirst) this.#home.metrics.largeRequestsRejected.add(1);
    this.#home.log.warn("frame-too-large", {
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
    this.#home.partialBytes += bytes - this.#partialBytes;
    this.#partialBytes = bytes;
    if (!isMore || this.#home.partialBytes <= PARTIAL_BYTES_MAX) return;
    this.#home.metrics.largeRequestsRejected.add(1);
    this.#home.log.warn("too-many-unfinished-requests", {
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
    this.#home.metrics.connectionRequestCount.add(1);
    const outcome = negotiate(request, this.#home.serverFacts(), this.#home.limits);
    if (outcome.kind === "refused") {
      this.#home.log.info("session-refused", { message: outcome.message(this.remoteText), client: this.remoteText });
      this.close(outcome.reason);
      return;
    }
    this.timeoutMs = outcome.timeoutMs;
    if (request.sessionId === 0n) this.#home.createSession(this);
    else this.#home.reattach(this, request.sessionId, request.password);
  }

  createSessionRequest(record: Uint8Array, localSession: boolean): PendingRequest {
    return new PendingRequest({
      origin: this.#requests,
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
      this.#home.log.info("session-invalid", {
        message: `Invalid session 0x${sessionHex(this.sessionId)} for client ${this.remoteText}, probably expired`,
      });
      this.close("client_closed_session");
      return;
    }
    this.#state = "open";
    this.#home.log.debug("session-established", {
      message: `Established session 0x${sessionHex(this.sessionId)} with negotiated timeout ${this.timeoutMs} for client ${this.remoteText}`,
    });
    this.#home.settleSoon(this);
  }

  #countSent(): void {
    this.#home.stats.packetsSent++;
    this.stats.packetsSent++;
  }

  #request(start: number, end: number, nowMs: number): void {
    if (end - start < REQUEST_HEADER_BYTES) throw new ProtocolError("TRUNCATED", `a request of ${end - start} bytes`);
    const { bytes, view } = this.#input;
    const record = bytes.subarray(start + REQUEST_HEADER_BYTES, end);
    this.#requests.request(view.getInt32(start), view.getInt32(start + 4), record, nowMs);
  }

  committed(txn: Txn, result: TxnResult): void {
    this.#requests.committed(txn, result);
  }

  // ---- output and the end

  #flush(): void {
    if (!this.#output.flush()) this.drop();
    else if (this.#output.isBlocked) this.#home.blocked(this);
  }

  drop(): void {
    if (this.#state === "closed") return;
    this.#home.log.warn("client-does-not-read", {
      message: `Close of session 0x${sessionHex(this.sessionId)}: client ${this.remoteText} does not read its replies, ${this.#output.heldBytes} bytes wait for it`,
    });
    this.#end("io_exception");
    this.#output.drop();
    this.#connection.destroy();
  }

  close(reason: DisconnectReason): void {
    if (this.#state === "closed") return;
    this.#end(reason);
    this.#output.finish();
    this.#connection.close();
    this.#lingerUntilMs = this.#home.clock.monotonic() + LINGER_MS;
  }

  #end(reason: DisconnectReason): void {
    this.#state = "closed";
    this.#input.clear();
    this.#home.partialBytes -= this.#partialBytes;
    this.#partialBytes = 0;
    const isWaiting = this.#requests.size > 0;
    this.#requests.clear();
    this.#home.ended(this, isWaiting);
    this.#home.log.debug("connection-closed", {
      message:
        `Closed socket connection for client ${this.remoteText} ` +
        (this.hasSession
          ? `which had sessionid 0x${sessionHex(this.sessionId)}`
          : "(no session established for client)"),
      reason,
    });
  }

  fail(error: unknown): void {
    const isClients = error instanceof ProtocolError;
    this.#home.log[isClients ? "warn" : "error"](isClients ? "bad-request" : "request-failed", {
      message: `Close of session 0x${sessionHex(this.sessionId)}: ${error instanceof Error ? error.message : String(error)}`,
      client: this.remoteText,
      ...(!isClients && { error }),
    });
    this.close("io_exception");
  }

  sweep(nowMs: number): void {
    if (this.#state === "closed") {
      if (this.#lingerUntilMs === undefined || nowMs < this.#lingerUntilMs) return;
      this.#lingerUntilMs = undefined;
      this.#connection.destroy();
      return;
    }
    if (nowMs - this.lastHeardMs < this.timeoutMs) return;
    if (!this.hasSession) this.#home.metrics.sessionlessConnectionsExpired.add(1);
    this.close("connection_expired");
  }
}
