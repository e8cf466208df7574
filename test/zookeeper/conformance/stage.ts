/** One server and the clients of a scenario: sends what the scenario says and keeps a transcript of what comes. */
import { JuteReader } from "../../../packages/zookeeper/src/jute/jute-reader.ts";
import { OpCode, SpecialXid } from "../../../packages/zookeeper/src/jute/op-code.ts";
import { readConnectResponse } from "../../../packages/zookeeper/src/jute/proto-records.ts";
import { sessionPassword } from "../../../packages/zookeeper/src/session/session-password.ts";
import { RawConnection } from "./raw-connection.ts";
import { record, type RawRequest } from "./requests.ts";
import { opName, Transcript } from "./transcript.ts";

/** How long a server may take before it counts as silent; both answer within milliseconds. */
const PATIENCE_MS = 5000;

/** No scenario uses it. */
const SYNC_XID = -9009;

export interface ConnectOptions {
  /** Which server of an ensemble, the leader being 0. By default one after the other. */
  readonly server?: number;
  readonly timeoutMs?: number;
  readonly protocolVersion?: number;
  readonly lastZxidSeen?: number;
  readonly sessionId?: bigint;
  readonly password?: Uint8Array | null;
  /** Undefined: the byte is not sent, as clients before 3.4 did. Default false. */
  readonly readOnly?: boolean | undefined;
}

export class Stage {
  readonly transcript: Transcript;
  readonly #ports: readonly number[];
  readonly #clients: StageClient[] = [];
  #dialled = 0;

  /** @param ports the client ports of the servers  @param baseZxid their zxid now */
  constructor(ports: readonly number[], baseZxid: number) {
    this.#ports = ports;
    this.transcript = new Transcript(baseZxid);
  }

  port(server = 0): number {
    const port = this.#ports[server];
    if (port === undefined) throw new RangeError(`there is no server ${server}`);
    return port;
  }

  get servers(): number {
    return this.#ports.length;
  }

  /** A connection that has sent nothing yet. */
  async dial(name: string, server = 0): Promise<StageClient> {
    const client = new StageClient(this, name, await RawConnection.open(this.port(server)));
    this.#clients.push(client);
    return client;
  }

  /** A connection with a session, or with what became of the attempt in the transcript. */
  async connect(name: string, options: ConnectOptions = {}): Promise<StageClient> {
    const client = await this.dial(name, options.server ?? this.#dialled++ % this.servers);
    client.connection.frame(connectFrame(options));
    await client.handshake();
    await this.settle(client);
    return client;
  }

  /**
   * Waits until everything that was asked is answered and every event has arrived.
   *
   * @param first who asked: the others hear of its changes before it has its answer, but not before it asked
   */
  async settle(first?: StageClient): Promise<void> {
    await first?.barrier();
    for (const client of this.#clients) if (client !== first) await client.barrier();
  }

  /** Ends the sessions too, so that none expires in the middle of what is played next. */
  async end(): Promise<void> {
    const left: StageClient[] = [];
    for (const client of this.#clients) {
      await client.connection.end();
      if (client.sessionId !== 0n && !client.isClosing) left.push(client);
    }
    const ended = new Set<bigint>();
    for (const { sessionId, password } of left) {
      if (!ended.has(sessionId)) await endSession(this.port(), sessionId, password);
      ended.add(sessionId);
    }
  }
}

/** Does nothing where the session is gone, or the server. */
async function endSession(port: number, sessionId: bigint, password: Uint8Array): Promise<void> {
  const connection = await RawConnection.open(port).catch(() => undefined);
  if (connection === undefined) return;
  connection.frame(connectFrame({ sessionId, password }));
  await connection.next(PATIENCE_MS);
  connection.frame(
    record((to) => {
      to.int32(1);
      to.int32(OpCode.closeSession);
    }),
  );
  while ((await connection.next(PATIENCE_MS)).kind === "frame");
  await connection.end();
}

export function connectFrame(options: ConnectOptions): Uint8Array {
  const readOnly = "readOnly" in options ? options.readOnly : false;
  return record((to) => {
    to.int32(options.protocolVersion ?? 0);
    to.long(options.lastZxidSeen ?? 0);
    to.int32(options.timeoutMs ?? 30_000);
    to.int64(options.sessionId ?? 0n);
    to.buffer(options.password === undefined ? new Uint8Array(16) : options.password);
    if (readOnly !== undefined) to.boolean(readOnly);
  });
}

export class StageClient {
  readonly name: string;
  readonly connection: RawConnection;
  sessionId = 0n;
  password: Uint8Array = new Uint8Array(16);
  /** The zxid of the newest reply. */
  lastZxid = 0;
  readonly #stage: Stage;
  /** xid → the types of the requests that bear it and wait, oldest first. */
  readonly #waiting = new Map<number, number[]>();
  #xid = 0;
  #isReported = false;
  /** It has a session, so that pings are answered. */
  #isOpen = false;
  #isClosing = false;

  constructor(stage: Stage, name: string, connection: RawConnection) {
    this.#stage = stage;
    this.name = name;
    this.connection = connection;
  }

  get isClosed(): boolean {
    return this.connection.isClosed;
  }

  /** It has asked for the end of its session, or had none. */
  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** Sends requests at once and waits until they are answered, or the connection is closed. */
  async ask(...requests: readonly RawRequest[]): Promise<void> {
    this.send(...requests);
    await this.#stage.settle(this);
  }

  /** Sends requests and waits for nothing. */
  send(...requests: readonly RawRequest[]): void {
    this.#say("asks", requests.map(({ type }) => opName(type)).join(", "));
    const frames = requests.map(({ type, record: body }) => {
      const xid = xidOf(type) ?? ++this.#xid;
      return this.#request(xid, type, body);
    });
    this.connection.write(Buffer.concat(frames));
  }

  /** As `ask`, with an xid of the scenario's choice. */
  async askAs(xid: number, { type, record: body }: RawRequest): Promise<void> {
    this.#say("asks", `${opName(type)} as ${xid}`);
    this.connection.write(this.#request(xid, type, body));
    await this.#stage.settle(this);
  }

  /** Sends bytes that need not be a frame, and waits. */
  async raw(what: string, bytes: Uint8Array): Promise<void> {
    this.#say("sends", what);
    this.connection.write(bytes);
    await this.#stage.settle(this);
  }

  /** Waits until the server closes the connection, and says so, or says that it did not. */
  async closed(withinMs = PATIENCE_MS): Promise<void> {
    while (!this.#isReported) {
      const arrival = await this.connection.next(withinMs);
      if (arrival.kind === "frame") this.#tell(arrival.bytes);
      else return this.#end(arrival.kind === "closed" ? "is closed" : "stays open");
    }
  }

  /** What else comes within so many milliseconds. */
  async listen(forMs: number): Promise<void> {
    const deadline = Date.now() + forMs;
    for (;;) {
      const arrival = await this.connection.next(Math.max(0, deadline - Date.now()));
      if (arrival.kind === "silent") return;
      if (arrival.kind === "closed") return this.#end("is closed");
      this.#tell(arrival.bytes);
    }
  }

  /** Waits for the next frame that is none of the barriers', and writes it down. */
  async next(withinMs = PATIENCE_MS): Promise<void> {
    const arrival = await this.connection.next(withinMs);
    if (arrival.kind === "frame") this.#tell(arrival.bytes);
    else this.#end(arrival.kind === "closed" ? "is closed" : "hears nothing");
  }

  async handshake(withinMs = PATIENCE_MS): Promise<void> {
    const arrival = await this.connection.next(withinMs);
    if (arrival.kind !== "frame") return this.#end(arrival.kind === "closed" ? "is closed" : "hears nothing");
    const reader = new JuteReader(arrival.bytes);
    const response = readConnectResponse(reader);
    const isExpired = response.timeoutMs === 0;
    // What is told of an expired session is the last there is.
    if (isExpired) this.#isClosing = true;
    else {
      this.sessionId = response.sessionId;
      this.password = response.password.slice();
      this.#isOpen = true;
      if (this.#stage.transcript.session(this.sessionId).startsWith("0x")) {
        this.#stage.transcript.nameSession(this.sessionId, `session of ${this.name}`);
      }
    }
    const expected = isExpired ? new Uint8Array(16) : sessionPassword(response.sessionId);
    this.#say(
      "is connected",
      `version ${response.protocolVersion} timeout ${response.timeoutMs} session ${this.#stage.transcript.session(response.sessionId)} ` +
        `password ${Buffer.from(response.password).equals(expected) ? "right" : Buffer.from(response.password).toString("hex")} ` +
        `readOnly ${response.readOnly} rest ${reader.remaining}`,
    );
  }

  /**
   * Has the server answer what comes after all that was there before: a ping, or in an ensemble a sync, which waits for what
   * went through other servers too.
   */
  async barrier(): Promise<void> {
    if (this.#isReported) return;
    // The end of the connection may lag behind the last reply.
    if (this.#isClosing || this.connection.isClosed) return this.closed();
    if (!this.#isOpen) return;
    const isAlone = this.#stage.servers === 1;
    const xid = isAlone ? SpecialXid.ping : SYNC_XID;
    this.connection.frame(
      record((to) => {
        to.int32(xid);
        to.int32(isAlone ? OpCode.ping : OpCode.sync);
        if (!isAlone) to.ustring("/");
      }),
    );
    for (;;) {
      const arrival = await this.connection.next(PATIENCE_MS);
      if (arrival.kind !== "frame") {
        return this.#end(arrival.kind === "closed" ? "is closed" : "is not answered");
      }
      const isBarrier = new JuteReader(arrival.bytes).int32() === xid;
      if (isBarrier && !this.#waiting.get(xid)?.length) return;
      this.#tell(arrival.bytes);
    }
  }

  /** Cuts the connection; the session stays. */
  async cut(): Promise<void> {
    this.#say("cuts", "its connection");
    this.#isReported = true;
    await this.connection.end();
  }

  #end(how: string): void {
    if (how !== "stays open") this.#isReported = true;
    this.#say(how, [...this.#waiting.values()].flat().map(opName).sort().join(", "));
  }

  #request(xid: number, type: number, body: Uint8Array): Uint8Array {
    if (type === OpCode.closeSession) this.#isClosing = true;
    const waiting = this.#waiting.get(xid);
    if (waiting === undefined) this.#waiting.set(xid, [type]);
    else waiting.push(type);
    return record((to) => {
      to.int32(8 + body.length);
      to.int32(xid);
      to.int32(type);
      to.bytes(body);
    });
  }

  #tell(frame: Uint8Array): void {
    // Events bear a zxid from 3.9 on.
    if (frame.length >= 16 && new JuteReader(frame).int32() !== SpecialXid.notification) {
      this.lastZxid = Math.max(this.lastZxid, new JuteReader(frame, 4).zxid());
    }
    this.#say("gets", this.#stage.transcript.describe(frame, this.#waiting));
  }

  #say(verb: string, what: string): void {
    this.#stage.transcript.add(`${this.name} ${verb} ${what}`.trimEnd());
  }
}

function xidOf(type: number): number | undefined {
  if (type === OpCode.auth) return SpecialXid.auth;
  if (type === OpCode.setWatches || type === OpCode.setWatches2) return SpecialXid.setWatches;
  if (type === OpCode.ping) return SpecialXid.ping;
  return undefined;
}
