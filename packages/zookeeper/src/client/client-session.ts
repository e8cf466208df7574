import type { Timer } from "@ordinal/io";
import { hasCode, ProtocolError } from "@ordinal/kit";

import { ErrorCode } from "../jute/error-code.ts";
import { JuteReader } from "../jute/jute-reader.ts";
import { JuteWriter } from "../jute/jute-writer.ts";
import { OpCode, SpecialXid } from "../jute/op-code.ts";
import {
  EventType,
  KeeperState,
  readConnectResponse,
  readReplyHeader,
  readWatcherEvent,
} from "../jute/proto-records.ts";
import { sessionHex, ZERO_ZXID, type SessionId, type Zxid } from "../jute/zxid.ts";
import type { ClientConnection, SaslMechanism } from "./client-ports.ts";
import { tell, type ClientWatches } from "./client-watches.ts";
import { formatServer, type ServerAddress } from "./connect-string.ts";
import { Frames } from "./frames.ts";
import { authFrame, connectFrame, pingFrame, requestFrame, setWatchesFrame } from "./packets.ts";
import { searchReadWrite } from "./read-write-search.ts";
import { ServerList } from "./server-list.ts";
import type { ClientState, SessionOptions, SessionRequest } from "./session-options.ts";
import type { WatchedEvent, Watcher } from "./watched-event.ts";

// Source: org.apache.zookeeper.ClientCnxn.

interface InFlight {
  readonly xid: number;
  readonly request: SessionRequest;
}

interface AuthInfo {
  readonly scheme: string;
  readonly auth: Uint8Array | null;
}

/** How long to wait after a round through all servers without success: doubling between these. */
const RETRY_MIN_MS = 50;
const RETRY_MAX_MS = 1000;
/** A ping goes out at the latest after this, whatever the session's timeout. Source: MAX_SEND_PING_INTERVAL. */
const PING_INTERVAL_MAX_MS = 10_000;
const XID_MAX = 0x7fff_ffff;
const PASSWORD_BYTES = 16;

class SessionEnd extends Error {
  readonly state: "CLOSED" | "AUTH_FAILED";
  constructor(state: "CLOSED" | "AUTH_FAILED", message: string) {
    super(message);
    this.state = state;
  }
}

/**
 * A session with an ensemble: connects, keeps alive, moves to another server when one is lost, sets watches again, and gives
 * every request its answer or an error. Requests on the way when a connection breaks fail with `connectionLoss`; those that
 * were not sent yet wait for another server, until a whole round through the servers has failed.
 */
export class ClientSession {
  readonly #options: SessionOptions;
  readonly #servers: ServerList;
  readonly #watches: ClientWatches;
  #state: ClientState = "CONNECTING";
  #sessionId: SessionId;
  #password: Uint8Array;
  #negotiatedMs = 0;
  #lastZxid: Zxid = ZERO_ZXID;
  #hasSeenReadWrite: boolean;
  #xid = 1;
  #isClosing = false;
  #isAbandoned = false;
  #server: ServerAddress | undefined;
  #preferred: ServerAddress | undefined;
  #connection: ClientConnection | undefined;
  /** Set while requests may be sent. */
  #frames: Frames | undefined;
  #waiting: SessionRequest[] = [];
  #inFlight: InFlight[] = [];
  readonly #auth: AuthInfo[] = [];
  #authWaiting: ((error: number) => void)[] = [];
  #sasl: SaslMechanism | undefined;
  #lastHeardMs = 0;
  #lastSentMs = 0;
  #timer: Timer | undefined;
  #wake: (() => void) | undefined;
  readonly #ended = Promise.withResolvers<void>();

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#servers = new ServerList(options.servers, options.ports.resolver, options.ports.random);
    this.#watches = options.watches;
    this.#sessionId = options.session?.id ?? 0n;
    this.#password = options.session?.password ?? new Uint8Array(PASSWORD_BYTES);
    this.#hasSeenReadWrite = options.session !== undefined;
    void this.#run();
  }

  get state(): ClientState {
    return this.#state;
  }

  get sessionId(): SessionId {
    return this.#sessionId;
  }

  get password(): Uint8Array {
    return this.#password;
  }

  /** Negotiated; 0 before the first connection. */
  get timeoutMs(): number {
    return this.#negotiatedMs;
  }

  /** The newest transaction that an answer or event of this session has shown. */
  get lastZxid(): Zxid {
    return this.#lastZxid;
  }

  /** The server it is connected to, as the connect string names it. */
  get server(): ServerAddress | undefined {
    return this.#frames === undefined ? undefined : this.#server;
  }

  get isAlive(): boolean {
    return this.#state !== "CLOSED" && this.#state !== "AUTH_FAILED";
  }

  /** Resolves once the session is over and its connection gone. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  submit(request: SessionRequest): void {
    if (!this.isAlive || this.#isClosing) {
      request.settle(this.#lostError(), undefined);
      return;
    }
    if (request.type === OpCode.closeSession) this.#isClosing = true;
    if (this.#frames === undefined || this.#isSaslUnderWay()) {
      this.#waiting.push(request);
      if (this.#isClosing && this.#connection === undefined) this.#wake?.();
      return;
    }
    this.#send(this.#frames, request);
  }

  /** Adds an identity to this and every later connection. `settle` gets 0 or `authFailed`, or `connectionLoss`. */
  addAuth(scheme: string, auth: Uint8Array | null, settle: (error: number) => void): void {
    if (!this.isAlive) {
      settle(this.#lostError());
      return;
    }
    this.#auth.push({ scheme, auth });
    this.#authWaiting.push(settle);
    if (this.#frames !== undefined) this.#frames.send(authFrame(scheme, auth));
  }

  /** Breaks the connection as a lost network would; the session goes on with another. */
  disconnect(): void {
    this.#connection?.destroy();
  }

  /** Leaves without a word to the server: the session lives there until its timeout. */
  abandon(): void {
    this.#isAbandoned = true;
    this.#isClosing = true;
    this.#state = "CLOSED";
    this.#connection?.destroy();
    this.#wake?.();
  }

  /** Tells the default watcher and, of what concerns the session, everybody. */
  notify(watchers: Iterable<Watcher>, event: WatchedEvent): void {
    tell(watchers, event, (error) => this.#options.log.error("watcher.failed", { error }));
  }

  async #run(): Promise<void> {
    while (this.isAlive) {
      if (this.#isClosing && this.#inFlight.length === 0) break;
      try {
        await this.#converse(await this.#connect());
      } catch (error) {
        if (error instanceof SessionEnd) this.#finish(error.state);
        this.#lost(error);
      }
      if (this.isAlive && !this.#isClosing) await this.#pauseBeforeRetry();
    }
    this.#finish("CLOSED");
    this.#lost(undefined);
    // A session that expired or was refused has told so, and says no more.
    if (this.#isClosing && !this.#isAbandoned) this.#notifySession(KeeperState.closed);
    this.#ended.resolve();
  }

  #finish(state: "CLOSED" | "AUTH_FAILED"): void {
    if (this.isAlive) this.#state = state;
  }

  async #connect(): Promise<ClientConnection> {
    const { net, clock } = this.#options.ports;
    this.#server = this.#preferred ?? this.#servers.next();
    this.#preferred = undefined;
    this.#options.log.debug("session.connecting", { server: formatServer(this.#server) });
    const address = await this.#servers.resolve(this.#server);
    const timeoutMs = (this.#negotiatedMs || this.#options.timeoutMs) / this.#servers.size;
    this.#connection = await net.connect(address, {
      timeoutMs: Math.max(1, Math.floor(timeoutMs)),
      serverName: this.#server.host,
    });
    this.#lastHeardMs = this.#lastSentMs = clock.monotonic();
    return this.#connection;
  }

  /** From the handshake to the end of the connection; throws what ended it. */
  async #converse(connection: ClientConnection): Promise<void> {
    if (!this.isAlive) throw new SessionEnd("CLOSED", "closed while connecting");
    const frames = new Frames(connection, this.#options.frameBytesMax, () => connection.destroy());
    this.#watchClock(connection);
    this.#handshake(frames);
    const answer = await frames.read();
    if (answer === undefined) throw new ProtocolError("CLOSED", "the server closed before it answered the handshake");
    this.#lastHeardMs = this.#options.ports.clock.monotonic();
    this.#established(answer);
    this.#frames = frames;
    if (this.#options.makeSasl !== undefined) await this.#startSasl(frames);
    if (!this.#isSaslUnderWay()) this.#sendWaiting(frames);
    for (;;) {
      const frame = await frames.read();
      this.#lastHeardMs = this.#options.ports.clock.monotonic();
      if (frame === undefined) {
        if (this.#isClosing && this.#inFlight.length === 0) throw new SessionEnd("CLOSED", "closed");
        throw new ProtocolError("CLOSED", "the server closed the connection");
      }
      this.#receive(frames, frame);
      if (this.#isClosing && this.#inFlight.length === 0 && this.#waiting.length === 0) {
        throw new SessionEnd("CLOSED", "closed");
      }
    }
  }

  /** The connect request and, right behind it, identities and watches: the server takes them in this order. */
  #handshake(frames: Frames): void {
    frames.send(
      connectFrame({
        protocolVersion: 0,
        lastZxidSeen: this.#lastZxid,
        timeoutMs: this.#options.timeoutMs,
        sessionId: this.#hasSeenReadWrite ? this.#sessionId : 0n,
        password: this.#password,
        readOnly: this.#options.canBeReadOnly,
      }),
    );
    for (const { scheme, auth } of this.#auth) frames.send(authFrame(scheme, auth));
    if (this.#options.isWatchResetDisabled) return;
    const { chroot } = this.#options;
    for (const part of this.#watches.again(this.#lastZxid, (path) =>
      path === "/" && chroot !== "" ? chroot : chroot + path,
    )) {
      frames.send(setWatchesFrame(part));
    }
  }

  #established(answer: Uint8Array): void {
    const response = readConnectResponse(new JuteReader(answer));
    if (response.timeoutMs <= 0) {
      this.#state = "CLOSED";
      this.#notifySession(KeeperState.expired);
      throw new SessionEnd("CLOSED", `session 0x${sessionHex(this.#sessionId)} has expired`);
    }
    this.#negotiatedMs = response.timeoutMs;
    this.#sessionId = response.sessionId;
    this.#password = response.password.slice();
    const isReadOnly = response.readOnly === true;
    this.#hasSeenReadWrite ||= !isReadOnly;
    this.#servers.onConnected();
    this.#state = isReadOnly ? "CONNECTEDREADONLY" : "CONNECTED";
    this.#options.log.debug("session.established", {
      session: sessionHex(this.#sessionId),
      timeoutMs: this.#negotiatedMs,
    });
    if (isReadOnly) this.#searchReadWrite();
    this.#notifySession(isReadOnly ? KeeperState.connectedReadOnly : KeeperState.syncConnected);
  }

  #receive(frames: Frames, frame: Uint8Array): void {
    const reader = new JuteReader(frame);
    const header = readReplyHeader(reader);
    switch (header.xid) {
      case SpecialXid.ping:
      case SpecialXid.setWatches:
        return;
      case SpecialXid.auth:
        this.#authAnswered(header.error);
        return;
      case SpecialXid.notification:
        this.#notified(reader);
        return;
    }
    const first = this.#inFlight.shift();
    if (first === undefined || first.xid !== header.xid) {
      if (first !== undefined) first.request.settle(ErrorCode.connectionLoss, undefined);
      throw new ProtocolError(
        "BAD_XID",
        `Xid out of order. Got Xid ${header.xid}, expected ${first?.xid ?? "nothing"}`,
      );
    }
    if (header.zxid > 0) this.#lastZxid = header.zxid;
    if (first.request.type === OpCode.sasl) this.#saslAnswered(frames, header.error, reader);
    else first.request.settle(header.error, header.error === 0 ? reader : undefined);
  }

  #notified(reader: JuteReader): void {
    const event = readWatcherEvent(reader);
    const { chroot } = this.#options;
    // A server tells only of what this client asked for, which lies below its chroot.
    const path =
      event.path === chroot ? "/" : event.path.startsWith(`${chroot}/`) ? event.path.slice(chroot.length) : event.path;
    this.notify(this.#watches.take(event.type, path), { type: event.type, state: event.state, path });
  }

  #authAnswered(error: number): void {
    this.#authWaiting.shift()?.(error);
    if (error === 0) return;
    this.#state = "AUTH_FAILED";
    this.#notifySession(KeeperState.authFailed);
    throw new SessionEnd("AUTH_FAILED", "the server refused the authentication");
  }

  // SASL: while tokens go back and forth nothing else is sent. Source: ZooKeeperSaslClient.

  #isSaslUnderWay(): boolean {
    return this.#sasl !== undefined && !this.#sasl.isComplete;
  }

  async #startSasl(frames: Frames): Promise<void> {
    if (this.#server === undefined || this.#options.makeSasl === undefined) return;
    this.#sasl = await this.#options.makeSasl(this.#server);
    this.#sendSasl(frames, this.#sasl.start());
  }

  #sendSasl(frames: Frames, token: Uint8Array): void {
    const writer = new JuteWriter();
    writer.buffer(token);
    this.#send(frames, { type: OpCode.sasl, body: writer.written(), settle: () => undefined });
  }

  #saslAnswered(frames: Frames, error: number, reader: JuteReader): void {
    const sasl = this.#sasl;
    if (sasl === undefined) return;
    let failed = error !== 0;
    let answer: Uint8Array | undefined;
    try {
      if (!failed) answer = sasl.next(reader.buffer() ?? new Uint8Array(0));
    } catch {
      failed = true;
    }
    if (failed) {
      this.#state = "AUTH_FAILED";
      this.#notifySession(KeeperState.authFailed);
      throw new SessionEnd("AUTH_FAILED", "SASL authentication failed");
    }
    if (answer !== undefined) this.#sendSasl(frames, answer);
    if (!sasl.isComplete) return;
    this.#notifySession(KeeperState.saslAuthenticated);
    this.#sendWaiting(frames);
  }

  #sendWaiting(frames: Frames): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const request of waiting) this.#send(frames, request);
  }

  #send(frames: Frames, request: SessionRequest): void {
    const xid = this.#xid;
    this.#xid = xid === XID_MAX ? 1 : xid + 1;
    this.#inFlight.push({ xid, request });
    this.#lastSentMs = this.#options.ports.clock.monotonic();
    frames.send(requestFrame(xid, request.type, request.body));
  }

  /** Pings when little is said, and breaks a connection on which nothing is heard. */
  #watchClock(connection: ClientConnection): void {
    const { clock } = this.#options.ports;
    const check = (): void => {
      if (this.#connection !== connection) return;
      const now = clock.monotonic();
      const isConnected = this.#frames !== undefined;
      const readMs = isConnected
        ? (this.#negotiatedMs * 2) / 3
        : (this.#negotiatedMs || this.#options.timeoutMs) / this.#servers.size;
      const silentMs = now - this.#lastHeardMs;
      if (silentMs >= readMs) {
        this.#options.log.warn("session.silent", { server: this.#server && formatServer(this.#server), silentMs });
        connection.destroy();
        return;
      }
      let nextMs = readMs - silentMs;
      if (isConnected && this.#frames !== undefined) {
        const pingMs = Math.min(readMs / 2, PING_INTERVAL_MAX_MS);
        if (now - this.#lastSentMs >= pingMs) {
          this.#frames.send(pingFrame());
          this.#lastSentMs = now;
        }
        nextMs = Math.min(nextMs, pingMs - (now - this.#lastSentMs));
      }
      this.#timer = clock.setTimer(Math.max(1, Math.ceil(nextMs)), check);
    };
    check();
  }

  /** A read-only server is for as long as there is none better. */
  #searchReadWrite(): void {
    const connection = this.#connection;
    searchReadWrite({
      ports: this.#options.ports,
      servers: this.#servers,
      isWanted: () => this.#state === "CONNECTEDREADONLY" && this.#connection === connection,
      found: (server) => {
        this.#preferred = server;
        this.disconnect();
      },
    });
  }

  /** The connection is gone or did not come to be. */
  #lost(error: unknown): void {
    const wasConnected = this.#frames !== undefined;
    this.#timer?.cancel();
    if (error instanceof SessionEnd) this.#connection?.end();
    else this.#connection?.destroy();
    this.#connection = undefined;
    this.#frames = undefined;
    this.#sasl = undefined;
    if (this.isAlive) this.#state = "CONNECTING";
    if (error !== undefined && !(error instanceof SessionEnd)) {
      this.#options.log.debug("session.disconnected", {
        error: hasCode(error, "ECONNREFUSED") ? "refused" : String(error),
      });
    }
    const failed = this.#inFlight.map(({ request }) => request);
    this.#inFlight = [];
    if (!this.isAlive || this.#isClosing || this.#servers.roundsFailed > 0) {
      failed.push(...this.#waiting);
      this.#waiting = [];
      const auth = this.#authWaiting;
      this.#authWaiting = [];
      for (const settle of auth) settle(this.#lostError());
    }
    if (wasConnected && this.isAlive && !this.#isClosing) this.#notifySession(KeeperState.disconnected);
    for (const request of failed) request.settle(this.#lostError(), undefined);
  }

  /** What a request without an answer fails with. Source: ClientCnxn.conLossPacket. */
  #lostError(): number {
    if (this.#state === "AUTH_FAILED") return ErrorCode.authFailed;
    return this.#state === "CLOSED" ? ErrorCode.sessionExpired : ErrorCode.connectionLoss;
  }

  #notifySession(state: number): void {
    const watchers = this.#watches.all();
    if (this.#options.defaultWatcher !== undefined) watchers.add(this.#options.defaultWatcher);
    this.notify(watchers, { type: EventType.none, state, path: null });
  }

  async #pauseBeforeRetry(): Promise<void> {
    const rounds = this.#servers.roundsFailed;
    if (rounds === 0) return;
    const { clock, random } = this.#options.ports;
    const mostMs = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** Math.min(rounds, 10));
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      this.#timer = clock.setTimer(random.between(mostMs / 2, mostMs), resolve);
    });
    this.#timer?.cancel();
    this.#wake = undefined;
  }
}
