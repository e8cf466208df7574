import type { Log } from "@ordinal/io";

import { readAcl, readStat, type Acl, type Stat } from "../jute/data-records.ts";
import { ErrorCode } from "../jute/error-code.ts";
import type { JuteReader } from "../jute/jute-reader.ts";
import { JuteWriter } from "../jute/jute-writer.ts";
import { OpCode } from "../jute/op-code.ts";
import {
  KeeperState,
  readClientInfo,
  writePathVersionRequest,
  writeReconfigRequest,
  writeSetAclRequest,
  writeSetDataRequest,
  writeWatchableRequest,
  type ClientInfo,
  type ReconfigRequest,
} from "../jute/proto-records.ts";
import type { SessionId, Zxid } from "../jute/zxid.ts";
import { CONFIG_PATH } from "../tree/quota.ts";
import type { ClientPorts, SaslMechanism } from "./client-ports.ts";
import { ClientSession } from "./client-session.ts";
import { ClientWatches, WatcherType, type WatchTable } from "./client-watches.ts";
import { formatServer, parseConnectString, type ServerAddress } from "./connect-string.ts";
import { KeeperError } from "./keeper-error.ts";
import {
  ANY_VERSION,
  answersWithStat,
  createType,
  decodeResults,
  encodeCreate,
  encodeOperations,
  mustBeCreatable,
  mustBeOperation,
  mustBePath,
  type CreateOptions,
  type OperationResult,
  type ReadOperation,
  type WriteOperation,
} from "./operation.ts";
import type { ClientState } from "./session-options.ts";
import type { WatchedEvent, Watcher } from "./watched-event.ts";

// Source: org.apache.zookeeper.ZooKeeper and admin.ZooKeeperAdmin.

export interface ClientOptions {
  readonly ports: ClientPorts;
  /** Asked for, in milliseconds; the server keeps it between 2 and 20 of its ticks. Default 30,000. */
  readonly sessionTimeoutMs?: number;
  /** Hears of the session, and is who watches where `watch` is `true`. */
  readonly watcher?: Watcher;
  /** Be content with a server that is cut off from its ensemble and only answers reads. Default false. */
  readonly canBeReadOnly?: boolean;
  /** Go on with a session of before. */
  readonly session?: { readonly id: SessionId; readonly password: Uint8Array };
  /** Answers of this size and larger break the connection (`jute.maxbuffer`). Default 1,048,575 bytes. */
  readonly frameBytesMax?: number;
  /** A request without an answer after so long fails with `requestTimeout` and the connection is given up. Default 0: never. */
  readonly requestTimeoutMs?: number;
  /** Do not set watches again on a new connection (`zookeeper.disableAutoWatchReset`). Default false. */
  readonly isWatchResetDisabled?: boolean;
  /** Authenticates every connection by SASL before anything else is sent. */
  readonly makeSasl?: (server: ServerAddress) => Promise<SaslMechanism>;
  readonly log?: Log;
}

/** `true`: the client's own watcher. */
export type Watch = boolean | Watcher;

export const SESSION_TIMEOUT_MS = 30_000;
/** Source: ZKClientConfig.CLIENT_MAX_PACKET_LENGTH_DEFAULT. */
export const CLIENT_FRAME_BYTES_MAX = 0xfffff;

/** Source: AddWatchMode. */
export const AddWatchMode = { persistent: 0, persistentRecursive: 1 } as const;

const NOTHING = new Uint8Array(0);
const QUIET: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/**
 * A client of a ZooKeeper ensemble, ours or the original. It connects at once and again whenever it must; every method is one
 * request, carried out in the order of the calls. A refused request rejects with `KeeperError`, a path that cannot be with
 * `BadPathError`. Paths are below the connect string's chroot.
 */
export class ZooKeeperClient {
  readonly connectString: string;
  readonly #session: ClientSession;
  readonly #watches = new ClientWatches();
  readonly #chroot: string;
  readonly #options: ClientOptions;
  readonly #watcher: Watcher;
  #connectWaiting: { resolve: () => void; reject: (error: KeeperError) => void }[] = [];

  /** @param connectString `host:port,host:port/chroot`; a `RefusedError` with code `BAD_CONNECT_STRING` if it is none */
  constructor(connectString: string, options: ClientOptions) {
    const { servers, chroot } = parseConnectString(connectString);
    if (chroot !== "") mustBePath(chroot);
    this.connectString = connectString;
    this.#chroot = chroot;
    this.#options = options;
    this.#watcher = (event) => {
      this.#sessionChanged(event);
      options.watcher?.(event);
    };
    this.#session = new ClientSession({
      servers,
      chroot,
      ports: options.ports,
      timeoutMs: options.sessionTimeoutMs ?? SESSION_TIMEOUT_MS,
      canBeReadOnly: options.canBeReadOnly ?? false,
      session: options.session,
      frameBytesMax: options.frameBytesMax ?? CLIENT_FRAME_BYTES_MAX,
      isWatchResetDisabled: options.isWatchResetDisabled ?? false,
      makeSasl: options.makeSasl,
      watches: this.#watches,
      defaultWatcher: this.#watcher,
      log: options.log ?? QUIET,
    });
  }

  get state(): ClientState {
    return this.#session.state;
  }

  get isAlive(): boolean {
    return this.#session.isAlive;
  }

  get sessionId(): SessionId {
    return this.#session.sessionId;
  }

  get sessionPassword(): Uint8Array {
    return this.#session.password;
  }

  /** Negotiated, in milliseconds; 0 before the first connection. */
  get sessionTimeoutMs(): number {
    return this.#session.timeoutMs;
  }

  get lastZxid(): Zxid {
    return this.#session.lastZxid;
  }

  /** `host:port` of the server it is connected to. */
  get server(): string | undefined {
    const { server } = this.#session;
    return server === undefined ? undefined : formatServer(server);
  }

  /** Resolves once there is a session; rejects with `sessionExpired` or `authFailed` where there will be none. */
  connected(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    if (this.#session.server !== undefined) resolve();
    else if (!this.isAlive) reject(new KeeperError(ErrorCode.sessionExpired));
    else this.#connectWaiting.push({ resolve, reject });
    return promise;
  }

  /** The path of the new node, which for sequential modes ends in its number. */
  async create(path: string, data: Uint8Array | null = null, options: CreateOptions = {}): Promise<string> {
    return (await this.#create(path, data, options, false)).path;
  }

  /** As `create`, with the new node's stat. */
  async create2(
    path: string,
    data: Uint8Array | null = null,
    options: CreateOptions = {},
  ): Promise<{ path: string; stat: Stat }> {
    const { path: created, stat } = await this.#create(path, data, options, true);
    if (stat === undefined) throw new KeeperError(ErrorCode.marshallingError, path);
    return { path: created, stat };
  }

  async #create(
    path: string,
    data: Uint8Array | null,
    options: CreateOptions,
    withStat: boolean,
  ): Promise<{ path: string; stat: Stat | undefined }> {
    mustBeCreatable(path, options);
    const type = createType(options, withStat);
    const writer = new JuteWriter();
    encodeCreate(writer, this.#serverPath(path), data, options);
    return await this.#request(type, writer, path, (reader) => ({
      path: this.#clientPath(reader.ustring()),
      stat: answersWithStat(type) ? readStat(reader) : undefined,
    }));
  }

  async delete(path: string, version = ANY_VERSION): Promise<void> {
    mustBePath(path);
    const writer = new JuteWriter();
    // The root of a chroot is as undeletable as the root.
    writePathVersionRequest(writer, { path: path === "/" ? path : this.#serverPath(path), version });
    await this.#request(OpCode.delete, writer, path, ignore);
  }

  /** The node's stat, or undefined where there is no node; either way the watch is set. */
  async exists(path: string, watch: Watch = false): Promise<Stat | undefined> {
    mustBePath(path);
    const writer = this.#watchable(path, watch);
    const found = (error: number, reader: JuteReader | undefined): Stat | undefined => {
      if (error === ErrorCode.ok || error === ErrorCode.noNode)
        this.#watch(error === 0 ? "data" : "exist", path, watch);
      if (error === ErrorCode.noNode) return undefined;
      if (reader === undefined) throw new KeeperError(error, path);
      return readStat(reader);
    };
    return await this.#submit(OpCode.exists, writer, found);
  }

  async getData(path: string, watch: Watch = false): Promise<{ data: Uint8Array | null; stat: Stat }> {
    mustBePath(path);
    return await this.#request(OpCode.getData, this.#watchable(path, watch), path, (reader) => {
      this.#watch("data", path, watch);
      return { data: reader.buffer()?.slice() ?? null, stat: readStat(reader) };
    });
  }

  async setData(path: string, data: Uint8Array | null, version = ANY_VERSION): Promise<Stat> {
    mustBePath(path);
    const writer = new JuteWriter();
    writeSetDataRequest(writer, { path: this.#serverPath(path), data, version });
    return await this.#request(OpCode.setData, writer, path, readStat);
  }

  async getAcl(path: string): Promise<{ acl: Acl[]; stat: Stat }> {
    mustBePath(path);
    return await this.#request(OpCode.getACL, this.#pathOnly(path), path, (reader) => ({
      acl: reader.vector(readAcl),
      stat: readStat(reader),
    }));
  }

  /** @param version of the node's ACL */
  async setAcl(path: string, acl: readonly Acl[], version = ANY_VERSION): Promise<Stat> {
    mustBePath(path);
    if (acl.length === 0) throw new KeeperError(ErrorCode.invalidACL);
    const writer = new JuteWriter();
    writeSetAclRequest(writer, { path: this.#serverPath(path), acl, version });
    return await this.#request(OpCode.setACL, writer, path, readStat);
  }

  /** The names of the children, in no order. */
  async getChildren(path: string, watch: Watch = false): Promise<string[]> {
    mustBePath(path);
    return await this.#request(OpCode.getChildren, this.#watchable(path, watch), path, (reader) => {
      this.#watch("child", path, watch);
      return reader.vector((from) => from.ustring());
    });
  }

  /** As `getChildren`, with the stat of the node itself. */
  async getChildren2(path: string, watch: Watch = false): Promise<{ children: string[]; stat: Stat }> {
    mustBePath(path);
    return await this.#request(OpCode.getChildren2, this.#watchable(path, watch), path, (reader) => {
      this.#watch("child", path, watch);
      return { children: reader.vector((from) => from.ustring()), stat: readStat(reader) };
    });
  }

  /** Resolves once this client's server has applied everything that was committed when the leader heard of the request. */
  async sync(path = "/"): Promise<void> {
    mustBePath(path);
    await this.#request(OpCode.sync, this.#pathOnly(path), path, ignore);
  }

  /** All or nothing. Rejects with the error of the first operation that failed. */
  async multi(operations: readonly WriteOperation[]): Promise<OperationResult[]> {
    for (const operation of operations) mustBeOperation(operation);
    const results = await this.tryMulti(operations);
    const failed = results.findIndex((result) => result.kind === "error" && result.error !== 0);
    const result = results[failed];
    if (result?.kind === "error") throw new KeeperError(result.error, operations[failed]?.path);
    return results;
  }

  /** As `multi`, but a failure is among the results: every operation has an error, and 0 where it would have gone well. */
  async tryMulti(operations: readonly WriteOperation[]): Promise<OperationResult[]> {
    return await this.#operations(OpCode.multi, operations);
  }

  /** Several reads at one point in time; an operation that fails does not fail the others. */
  async multiRead(operations: readonly ReadOperation[]): Promise<OperationResult[]> {
    for (const operation of operations) mustBeOperation(operation);
    return await this.#operations(OpCode.multiRead, operations);
  }

  async #operations(type: number, operations: readonly (WriteOperation | ReadOperation)[]): Promise<OperationResult[]> {
    if (operations.length === 0) return [];
    const writer = new JuteWriter();
    writer.bytes(encodeOperations(operations, (path) => this.#serverPath(path)));
    return await this.#request(type, writer, undefined, (reader) =>
      decodeResults(reader, (path) => this.#clientPath(path)),
    );
  }

  /** A watch that stays. @param mode of `AddWatchMode` */
  async addWatch(path: string, mode: number, watch: true | Watcher = true): Promise<void> {
    mustBePath(path);
    const writer = this.#pathOnly(path);
    writer.int32(mode);
    await this.#request(OpCode.addWatch, writer, path, () => {
      this.#watch(mode === AddWatchMode.persistent ? "persistent" : "persistentRecursive", path, watch);
    });
  }

  /** Takes one watcher off a path. @param isLocal do so even where the server cannot be told */
  async removeWatches(
    path: string,
    watcher: Watcher,
    type: WatcherType = WatcherType.any,
    isLocal = false,
  ): Promise<void> {
    await this.#removeWatches(OpCode.checkWatches, path, type, watcher, isLocal);
  }

  /** Takes every watcher off a path. */
  async removeAllWatches(path: string, type: WatcherType = WatcherType.any, isLocal = false): Promise<void> {
    await this.#removeWatches(OpCode.removeWatches, path, type, undefined, isLocal);
  }

  async #removeWatches(
    op: number,
    path: string,
    type: WatcherType,
    watcher: Watcher | undefined,
    isLocal: boolean,
  ): Promise<void> {
    mustBePath(path);
    const writer = this.#pathOnly(path);
    writer.int32(type);
    await this.#submit(op, writer, (error) => {
      if (!this.#watches.has(path, type, watcher)) throw new KeeperError(ErrorCode.noWatcher, path);
      if (error !== 0 && !isLocal) throw new KeeperError(error, path);
      const isCutOff = error === ErrorCode.sessionExpired || error === ErrorCode.connectionLoss;
      const state = isCutOff ? KeeperState.disconnected : KeeperState.syncConnected;
      for (const removed of this.#watches.remove(path, type, watcher)) {
        this.#session.notify([removed.watcher], { type: removed.event, state, path });
      }
    });
  }

  /** This session's ephemeral nodes whose path begins with `prefix`. */
  async getEphemerals(prefix = "/"): Promise<string[]> {
    mustBePath(prefix);
    return await this.#request(OpCode.getEphemerals, this.#pathOnly(prefix), prefix, (reader) =>
      reader.vector((from) => this.#clientPath(from.ustring())),
    );
  }

  /** How many nodes lie below. */
  async getAllChildrenNumber(path: string): Promise<number> {
    mustBePath(path);
    return await this.#request(OpCode.getAllChildrenNumber, this.#pathOnly(path), path, (reader) => reader.int32());
  }

  /** Who the server takes this connection for. */
  async whoAmI(): Promise<ClientInfo[]> {
    return await this.#request(OpCode.whoAmI, new JuteWriter(), undefined, (reader) => reader.vector(readClientInfo));
  }

  /** Adds an identity to the session, on this connection and all later ones. Rejects with `authFailed`; the session is then over. */
  addAuth(scheme: string, auth: Uint8Array | null): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#session.addAuth(scheme, auth, (error) => {
      if (error === 0) resolve();
      else reject(new KeeperError(error));
    });
    return promise;
  }

  /** The ensemble's members as the original writes them, whatever the chroot. */
  async getConfig(watch: Watch = false): Promise<{ data: Uint8Array | null; stat: Stat }> {
    const writer = new JuteWriter();
    writeWatchableRequest(writer, { path: CONFIG_PATH, watch: watch !== false });
    return await this.#request(OpCode.getData, writer, CONFIG_PATH, (reader) => {
      this.#watch("data", CONFIG_PATH, watch);
      return { data: reader.buffer()?.slice() ?? null, stat: readStat(reader) };
    });
  }

  /** Changes the ensemble's members; the new configuration. */
  async reconfigure(request: ReconfigRequest): Promise<{ data: Uint8Array | null; stat: Stat }> {
    const writer = new JuteWriter();
    writeReconfigRequest(writer, request);
    return await this.#request(OpCode.reconfig, writer, undefined, (reader) => ({
      data: reader.buffer()?.slice() ?? null,
      stat: readStat(reader),
    }));
  }

  /** Ends the session: its ephemeral nodes go. Resolves once the server has said so, or once it cannot be reached. */
  async close(): Promise<void> {
    if (this.isAlive) {
      await this.#submit(OpCode.closeSession, new JuteWriter(), () => undefined);
    }
    await this.#session.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Lets go of the connection without ending the session: the server keeps it until its timeout. */
  abandon(): void {
    this.#session.abandon();
  }

  /** Breaks the connection as a lost network would; the session goes on with another. For tests. */
  disconnect(): void {
    this.#session.disconnect();
  }

  #watchable(path: string, watch: Watch): JuteWriter {
    const writer = new JuteWriter();
    writeWatchableRequest(writer, { path: this.#serverPath(path), watch: watch !== false });
    return writer;
  }

  #pathOnly(path: string): JuteWriter {
    const writer = new JuteWriter();
    writer.ustring(this.#serverPath(path));
    return writer;
  }

  #watch(table: WatchTable, path: string, watch: Watch): void {
    if (watch !== false) this.#watches.add(table, path, watch === true ? this.#watcher : watch);
  }

  #serverPath(path: string): string {
    if (this.#chroot === "") return path;
    return path === "/" ? this.#chroot : this.#chroot + path;
  }

  #clientPath(path: string): string {
    return this.#chroot === "" ? path : path.slice(this.#chroot.length) || "/";
  }

  #request<T>(type: number, body: JuteWriter, path: string | undefined, decode: (reader: JuteReader) => T): Promise<T> {
    return this.#submit(type, body, (error, reader) => {
      if (reader === undefined) throw new KeeperError(error, path);
      return decode(reader);
    });
  }

  /** `finish` runs as the answer is read, so that a watch is registered before the next event is. */
  #submit<T>(type: number, body: JuteWriter, finish: (error: number, reader: JuteReader | undefined) => T): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    let isSettled = false;
    const settle = (error: number, reader: JuteReader | undefined): void => {
      if (isSettled) return;
      isSettled = true;
      timer?.cancel();
      try {
        resolve(finish(error, reader));
      } catch (caught) {
        reject(caught as Error);
      }
    };
    const { requestTimeoutMs = 0, ports } = this.#options;
    const timer =
      requestTimeoutMs <= 0
        ? undefined
        : ports.clock.setTimer(requestTimeoutMs, () => {
            settle(ErrorCode.requestTimeout, undefined);
            this.#session.disconnect();
          });
    const record = body.length === 0 ? NOTHING : body.written();
    this.#session.submit({ type, body: record, settle });
    return promise;
  }

  #sessionChanged(event: WatchedEvent): void {
    if (event.path !== null || this.#connectWaiting.length === 0) return;
    const waiting = this.#connectWaiting;
    switch (event.state) {
      case KeeperState.syncConnected:
      case KeeperState.connectedReadOnly:
        this.#connectWaiting = [];
        for (const { resolve } of waiting) resolve();
        break;
      case KeeperState.expired:
      case KeeperState.closed:
      case KeeperState.authFailed:
        this.#connectWaiting = [];
        for (const { reject } of waiting) {
          reject(
            new KeeperError(event.state === KeeperState.authFailed ? ErrorCode.authFailed : ErrorCode.sessionExpired),
          );
        }
        break;
    }
  }
}

function ignore(): void {}
