/**
 * A client that speaks the protocol itself, so that it sees every byte of the servers: one session at a time, requests in a
 * pipeline, watches that it asks for again when it changes the server, pings, and a record of all that it was told.
 */
import type { Clock, Connection, Net, NetAddress, Receiver, Timer } from "@ordinal/io";
import type { SeededRandom } from "@ordinal/kit";

import { ErrorCode } from "../jute/error-code.ts";
import { JuteReader } from "../jute/jute-reader.ts";
import { JuteWriter } from "../jute/jute-writer.ts";
import { OpCode, SpecialXid } from "../jute/op-code.ts";
import {
  EventType,
  readConnectResponse,
  readReplyHeader,
  readWatcherEvent,
  writeConnectRequest,
  writeSetWatchesRequest,
} from "../jute/proto-records.ts";
import type { Zxid } from "../jute/zxid.ts";
import type { WatchKind } from "./model.ts";
import { decodeAnswer, encodeOperation, isWrite, type Operation, type OperationRecord } from "./operation.ts";
import { SessionRecord, type RestoredWatch } from "./session-record.ts";

/** What all clients of a run know together. */
export interface ClientWorld {
  readonly clock: Clock;
  readonly random: SeededRandom;
  readonly sessions: SessionRecord[];
  /** The largest zxid of a write that a client was told of. */
  ackedZxid: Zxid;
  acknowledgedWrites: number;
  replies: number;
  /** A server broke the protocol. */
  fail(error: unknown): void;
}

interface Watch {
  readonly kind: WatchKind;
  /** The list of setWatches it goes into: an exists of a missing node waits for its creation. */
  readonly list: "data" | "exist" | "child";
  readonly path: string;
}

type Outcome = "done" | "lost";

const CONNECT_TIMEOUT_MS = 300;
const RETRY_MS: readonly [number, number] = [10, 100];

export class SimulatedClient {
  readonly name: string;
  readonly #net: Net;
  readonly #world: ClientWorld;
  readonly #servers: readonly NetAddress[];
  readonly #timeoutMs: number;
  #session: SessionRecord | undefined;
  #password: Uint8Array = new Uint8Array(16);
  #negotiatedMs = 0;
  #lastZxid = 0 as Zxid;
  #xid = 0;
  #server = 0;
  #connection: ClientStream | undefined;
  #isConnected = false;
  #waiting: { record: OperationRecord; done: (outcome: Outcome) => void }[] = [];
  readonly #watches = new Map<string, Watch>();
  #restoring: readonly RestoredWatch[] | undefined;
  #pingTimer: Timer | undefined;
  #heardAtMs = 0;
  #stopped = false;
  #wakeConnected: (() => void)[] = [];

  constructor(name: string, net: Net, servers: readonly NetAddress[], timeoutMs: number, world: ClientWorld) {
    this.name = name;
    this.#net = net;
    this.#servers = servers;
    this.#timeoutMs = timeoutMs;
    this.#world = world;
    this.#server = world.random.between(0, servers.length - 1);
    this.#connect();
  }

  get session(): SessionRecord | undefined {
    return this.#session;
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** Resolves when it is connected, at once if it is. */
  connected(): Promise<void> {
    if (this.#isConnected) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wakeConnected.push(resolve);
    });
  }

  /**
   * Sends a request on the present connection and resolves with its record when it is answered or the connection is lost: then
   * the outcome is undefined for ever. Undefined: there is no connection.
   */
  ask(operation: Operation): Promise<OperationRecord> | undefined {
    const session = this.#session;
    if (!this.#isConnected || session === undefined || this.#connection === undefined) return undefined;
    const record: OperationRecord = {
      operation,
      xid: ++this.#xid,
      ackedBefore: this.#world.ackedZxid,
      outcome: undefined,
    };
    session.operations.push(record);
    this.#connection.send(encodeOperation(record.xid, operation));
    return new Promise((resolve) => {
      this.#waiting.push({ record, done: () => resolve(record) });
    });
  }

  /** Hangs up, and goes on with the session at another server. */
  hangUp(): void {
    this.#connection?.destroy();
  }

  /** Goes away without closing its session, and comes back with a new one. */
  forsake(): void {
    this.#endSession("left");
    this.#connection?.destroy();
  }

  /** Goes away for good. */
  stop(): void {
    this.#stopped = true;
    this.#endSession("left");
    this.#connection?.destroy();
    this.#pingTimer?.cancel();
  }

  /** From now on only this server is asked, by its index. */
  stayAt(server: number): void {
    this.#server = server - 1;
    this.#connection?.destroy();
  }

  #endSession(end: "closed" | "expired" | "left"): void {
    const session = this.#session;
    if (session === undefined) return;
    session.end = end;
    session.endedAtMs = this.#world.clock.monotonic();
    this.#session = undefined;
    this.#password = new Uint8Array(16);
    this.#watches.clear();
    // As a new client of the same process would: it has seen nothing.
    this.#lastZxid = 0 as Zxid;
    this.#xid = 0;
  }

  #connect(): void {
    if (this.#stopped) return;
    this.#server = (this.#server + 1) % this.#servers.length;
    const address = this.#servers[this.#server] as NetAddress;
    this.#net.connect(address, { timeoutMs: CONNECT_TIMEOUT_MS }).then(
      (connection) => this.#open(connection),
      () => this.#retry(),
    );
  }

  #retry(): void {
    const delayMs = this.#world.random.between(...RETRY_MS);
    this.#world.clock.setTimer(delayMs, () => this.#connect());
  }

  #open(connection: Connection): void {
    if (this.#stopped) {
      connection.destroy();
      return;
    }
    const world = this.#world;
    const stream: ClientStream = new ClientStream(connection, {
      frame: (frame) => {
        if (stream !== this.#connection) return;
        try {
          this.#take(frame);
        } catch (error) {
          world.fail(error);
        }
      },
      over: () => {
        if (stream === this.#connection) this.#lost();
      },
    });
    this.#connection = stream;
    this.#heardAtMs = this.#world.clock.monotonic();
    const writer = new JuteWriter();
    writeConnectRequest(writer, {
      protocolVersion: 0,
      lastZxidSeen: this.#lastZxid,
      timeoutMs: this.#timeoutMs,
      sessionId: this.#session?.id ?? 0n,
      password: this.#password,
      readOnly: false,
    });
    stream.send(writer.written());
    this.#negotiatedMs = this.#timeoutMs;
    this.#ping();
  }

  #lost(): void {
    this.#connection = undefined;
    this.#isConnected = false;
    this.#restoring = undefined;
    this.#pingTimer?.cancel();
    this.#session?.events.push({ kind: "disconnected" });
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { done } of waiting) done("lost");
    this.#retry();
  }

  /** Pings in silence, and gives up a server that does not answer. */
  #ping(): void {
    this.#pingTimer?.cancel();
    const stream = this.#connection;
    this.#pingTimer = this.#world.clock.setTimer(this.#negotiatedMs / 3, () => {
      if (stream === undefined || stream !== this.#connection) return;
      if (this.#world.clock.monotonic() - this.#heardAtMs > (this.#negotiatedMs * 2) / 3) {
        stream.destroy();
        return;
      }
      if (this.#isConnected) {
        const writer = new JuteWriter();
        writer.int32(SpecialXid.ping);
        writer.int32(OpCode.ping);
        stream.send(writer.written());
      }
      this.#ping();
    });
  }

  #take(frame: Uint8Array): void {
    this.#heardAtMs = this.#world.clock.monotonic();
    const reader = new JuteReader(frame);
    if (!this.#isConnected) {
      this.#takeConnectResponse(reader);
      return;
    }
    const { xid, zxid, error } = readReplyHeader(reader);
    if (xid === SpecialXid.notification) {
      this.#takeEvent(reader, zxid);
      return;
    }
    if (zxid > this.#lastZxid) this.#lastZxid = zxid;
    if (xid === SpecialXid.ping || xid === SpecialXid.setWatches) {
      const restored = xid === SpecialXid.setWatches ? this.#restoring : undefined;
      this.#session?.events.push({ kind: "seen", zxid, restored });
      return;
    }
    this.#takeReply(xid, zxid, error, reader);
  }

  #takeConnectResponse(reader: JuteReader): void {
    const response = readConnectResponse(reader);
    if (response.timeoutMs === 0) {
      this.#endSession("expired");
      this.#connection?.destroy();
      return;
    }
    this.#isConnected = true;
    this.#negotiatedMs = response.timeoutMs;
    if (this.#session === undefined) {
      this.#session = new SessionRecord(this.name, response.sessionId, response.timeoutMs);
      this.#world.sessions.push(this.#session);
      this.#password = response.password.slice();
    } else if (this.#session.id !== response.sessionId) {
      throw new Error(`session ${this.#session.id} came back as ${response.sessionId}`);
    }
    this.#session.events.push({ kind: "connected", lastZxid: this.#lastZxid });
    this.#restoreWatches();
    for (const wake of this.#wakeConnected.splice(0)) wake();
  }

  #restoreWatches(): void {
    const watches = [...this.#watches.values()];
    if (watches.length === 0) return;
    const of = (list: Watch["list"]): string[] =>
      watches.filter((watch) => watch.list === list).map(({ path }) => path);
    const writer = new JuteWriter();
    writer.int32(SpecialXid.setWatches);
    writer.int32(OpCode.setWatches);
    const paths = { dataWatches: of("data"), existWatches: of("exist"), childWatches: of("child") };
    const none = { persistentWatches: [], persistentRecursiveWatches: [] };
    writeSetWatchesRequest(writer, { relativeZxid: this.#lastZxid, ...paths, ...none }, false);
    this.#connection?.send(writer.written());
    this.#restoring = watches.map(({ kind, path }) => ({ kind, path }));
  }

  #takeEvent(reader: JuteReader, zxid: Zxid): void {
    const { type, path } = readWatcherEvent(reader);
    this.#session?.events.push({ kind: "event", type, path, zxid });
    const isChild = type === EventType.nodeChildrenChanged;
    if (!isChild) for (const list of ["data", "exist"]) this.#watches.delete(`${list} ${path}`);
    if (isChild || type === EventType.nodeDeleted) this.#watches.delete(`child ${path}`);
  }

  #takeReply(xid: number, zxid: Zxid, error: number, reader: JuteReader): void {
    const next = this.#waiting.shift();
    if (next === undefined) throw new Error(`${this.name}: a reply to ${xid}, which was not asked`);
    const { record, done } = next;
    if (record.xid !== xid) throw new Error(`${this.name}: the reply to ${xid} came before that to ${record.xid}`);
    const answer = error === ErrorCode.ok ? decodeAnswer(reader, record.operation) : undefined;
    if (reader.remaining > 0) throw new Error(`${this.name}: ${reader.remaining} bytes after the reply to ${xid}`);
    record.outcome = { zxid, error, answer };
    this.#session?.events.push({ kind: "reply", record });
    this.#world.replies++;
    const { operation } = record;
    if (isWrite(operation) && error === ErrorCode.ok) {
      this.#world.acknowledgedWrites++;
      if (zxid > this.#world.ackedZxid) this.#world.ackedZxid = zxid;
    }
    if ("watch" in operation && operation.watch) this.#watch(operation, error);
    if (operation.kind === "close") this.#endSession("closed");
    done("done");
  }

  #watch(operation: Extract<Operation, { watch: boolean }>, error: number): void {
    const { path } = operation;
    if (error !== ErrorCode.ok && operation.kind !== "exists") return;
    const list = operation.kind === "children" ? "child" : error === ErrorCode.ok ? "data" : "exist";
    if (list === "data") this.#watches.delete(`exist ${path}`);
    if (list === "exist") this.#watches.delete(`data ${path}`);
    this.#watches.set(`${list} ${path}`, { kind: list === "child" ? "child" : "data", list, path });
  }
}

/** Frames of the client protocol. */
class ClientStream implements Receiver {
  readonly #connection: Connection;
  readonly #take: { frame(frame: Uint8Array): void; over(): void };
  #held = Buffer.alloc(0);
  #isOver = false;

  constructor(connection: Connection, take: { frame(frame: Uint8Array): void; over(): void }) {
    this.#connection = connection;
    this.#take = take;
    connection.receive(this);
  }

  send(bytes: Uint8Array): void {
    const frame = Buffer.allocUnsafe(4 + bytes.length);
    frame.writeInt32BE(bytes.length);
    frame.set(bytes, 4);
    this.#connection.send(frame);
  }

  destroy(): void {
    this.#connection.destroy();
  }

  data(bytes: Uint8Array): void {
    this.#held = this.#held.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#held, bytes]);
    while (!this.#isOver && this.#held.length >= 4) {
      const length = this.#held.readInt32BE(0);
      if (this.#held.length < 4 + length) return;
      const frame = this.#held.subarray(4, 4 + length);
      this.#held = this.#held.subarray(4 + length);
      this.#take.frame(frame);
    }
  }

  ended(): void {
    this.#connection.destroy();
    this.#end();
  }

  drained(): void {}

  closed(): void {
    this.#end();
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#take.over();
  }
}
