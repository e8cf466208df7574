/**
 * Sends requests to the original server, and has our request processing decide the same ones in the same order at the same
 * times: every transaction in the original's log and every packet to a client must come out the same.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";

import { realDisk } from "@ordinal/io";

import { type Id, readStat } from "../../packages/zookeeper/src/jute/data-records.ts";
import { JuteReader } from "../../packages/zookeeper/src/jute/jute-reader.ts";
import { JuteWriter } from "../../packages/zookeeper/src/jute/jute-writer.ts";
import { OpCode, SpecialXid } from "../../packages/zookeeper/src/jute/op-code.ts";
import { EventType, readMultiHeader, readWatcherEvent } from "../../packages/zookeeper/src/jute/proto-records.ts";
import { parseTxn, type Txn } from "../../packages/zookeeper/src/jute/txn-records.ts";
import type { SessionId } from "../../packages/zookeeper/src/jute/zxid.ts";
import { LogReader } from "../../packages/zookeeper/src/log/log-reader.ts";
import { AccessControl } from "../../packages/zookeeper/src/processing/access-control.ts";
import { answerRead, answerWrite, mayHear } from "../../packages/zookeeper/src/processing/answer.ts";
import { isClientRequest, isOrdered } from "../../packages/zookeeper/src/processing/op-kind.ts";
import { PREPARE_DEFAULTS } from "../../packages/zookeeper/src/processing/prepare-options.ts";
import { Preparer } from "../../packages/zookeeper/src/processing/prepare.ts";
import type { Prepared } from "../../packages/zookeeper/src/processing/prepared.ts";
import { writeEmptyReply } from "../../packages/zookeeper/src/processing/reply.ts";
import { LOCAL_OWNER, type Request } from "../../packages/zookeeper/src/processing/request.ts";
import { SessionTracker } from "../../packages/zookeeper/src/session/session-tracker.ts";
import { TREE_DEFAULTS } from "../../packages/zookeeper/src/tree/data-tree.ts";
import { Database } from "../../packages/zookeeper/src/tree/database.ts";
import type { Watcher } from "../../packages/zookeeper/src/tree/watch-manager.ts";
import { RawSession } from "./raw-session.ts";

export interface TwinRequest {
  readonly type: number;
  readonly record: Uint8Array;
}

/** What both servers are configured with. */
export interface TwinOptions {
  readonly superDigest: string;
  readonly extendedTypesEnabled: boolean;
  readonly enforceQuota: boolean;
}

interface Burst {
  readonly client: number;
  readonly requests: ReadonlyArray<TwinRequest & { readonly xid: number }>;
}

const EVERYBODY = new AccessControl({ skipAcl: true });

/** What one client was told, a line a packet. */
type Told = string[];

export class RequestTwin {
  readonly #port: number;
  readonly #dataDir: string;
  readonly #options: TwinOptions;
  readonly #clients: RawSession[] = [];
  readonly #ids: Id[][] = [];
  readonly #replies: number[] = [];
  readonly #bursts: Burst[] = [];
  #xid = 0;

  constructor(port: number, dataDir: string, options: TwinOptions) {
    this.#port = port;
    this.#dataDir = dataDir;
    this.#options = options;
  }

  /** Opens a session, with the ids of `userPasswords`. Before the first burst. */
  async open(userPasswords: readonly string[]): Promise<number> {
    const session = await RawSession.open(this.#port);
    const access = this.#access();
    const ids: Id[] = [{ scheme: "ip", id: "127.0.0.1" }];
    for (const userPassword of userPasswords) {
      session.addAuth("digest", userPassword);
      ids.push(...(access.authenticate("digest", Buffer.from(userPassword), { remoteAddress: "127.0.0.1" }) ?? []));
    }
    await session.replies(userPasswords.length);
    session.packets.length = 0;
    this.#ids.push(ids);
    this.#replies.push(0);
    return this.#clients.push(session) - 1;
  }

  sessionId(client: number): SessionId {
    return this.#client(client).sessionId;
  }

  /** Sends all requests at once and waits for their answers. */
  async send(client: number, requests: readonly TwinRequest[]): Promise<void> {
    const session = this.#client(client);
    const numbered = requests.map((request) => ({ ...request, xid: ++this.#xid }));
    for (const { xid, type, record } of numbered) session.send(xid, type, record);
    this.#bursts.push({ client, requests: numbered });
    this.#replies[client] = (this.#replies[client] ?? 0) + requests.length;
    await session.replies(this.#replies[client] ?? 0);
  }

  /** Ends the clients, whose closeSession is compared too, and says what differs. */
  async differences(): Promise<string[]> {
    for (const client of this.#clients.keys())
      await this.send(client, [{ type: OpCode.closeSession, record: new Uint8Array(0) }]);
    const theirs = await readLog(this.#dataDir);
    const types = new Map(
      this.#bursts.flatMap(({ requests }) => requests.map(({ xid, type }) => [xid, type] as const)),
    );
    const told = this.#clients.map((session) => session.packets.map((packet) => describe(packet, types)));
    for (const session of this.#clients) await session[Symbol.asyncDispose]();
    return this.#replay(theirs, told, types);
  }

  #replay(theirs: readonly Txn[], told: readonly Told[], types: ReadonlyMap<number, number>): string[] {
    const { extendedTypesEnabled, enforceQuota } = this.#options;
    const database = new Database({ ...TREE_DEFAULTS, extendedTypesEnabled });
    const sessions = new SessionTracker(2000, 0);
    const access = this.#access();
    const preparer = new Preparer({ database, sessions, access, options: { ...PREPARE_DEFAULTS, enforceQuota } });
    const differences: string[] = [];
    const ours = this.#clients.map((): Told => []);
    const watchers = this.#clients.map(({ sessionId }, client): Watcher => ({
      sessionId,
      process: (event) => {
        if (mayHear(event, access, this.#ids[client] ?? [])) ours[client]?.push(eventLine(event.type, event.path));
      },
    }));
    const context = (client: number): Parameters<typeof answerRead>[1] => ({
      database,
      access,
      watcher: watchers[client] as Watcher,
      authInfo: this.#ids[client] ?? [],
      sessionId: this.sessionId(client),
    });
    let at = 0;
    const prepareNext = (request: Request): Prepared => {
      const their = theirs[at];
      if (their === undefined) return { kind: "refused", error: -1 };
      const prepared = preparer.prepare(request, their.header.zxid, their.header.timeMs, 0);
      if (prepared.kind !== "txn") return prepared;
      at++;
      const expected = txnText(their);
      const actual = txnText(prepared.txn);
      if (actual !== expected)
        differences.push(
          `txn of ${request.type} ${Buffer.from(request.record).toString("latin1")}: original ${expected}\n  ours ${actual}`,
        );
      // Events come in the order of a closed session's paths, which is theirs.
      return their.record.type === OpCode.closeSession ? { kind: "txn", txn: their } : prepared;
    };
    for (const { sessionId, timeoutMs } of this.#clients) {
      const writer = new JuteWriter();
      writer.int32(timeoutMs);
      const type = OpCode.createSession;
      const prepared = prepareNext({
        sessionId,
        cxid: 0,
        type,
        record: writer.written(),
        authInfo: [],
        owner: LOCAL_OWNER,
      });
      if (prepared.kind === "txn") database.apply(prepared.txn);
    }
    for (const { client, requests } of this.#bursts) {
      const sessionId = this.sessionId(client);
      const authInfo = this.#ids[client] ?? [];
      const prepared = requests.map(({ xid, type, record }) =>
        isOrdered(type) ? prepareNext({ sessionId, cxid: xid, type, record, authInfo, owner: LOCAL_OWNER }) : undefined,
      );
      for (const [index, { xid, type, record }] of requests.entries()) {
        const writer = new JuteWriter();
        const order = prepared[index];
        if (!isClientRequest(type)) {
          writeEmptyReply(writer, xid, database.lastProcessedZxid, -6);
        } else if (order === undefined) {
          // Before 3.8.4 everybody could ask whether a node exists.
          const reader = type === OpCode.exists ? { ...context(client), access: EVERYBODY } : context(client);
          answerRead({ xid, type, record }, reader, writer);
        } else if (order.kind === "txn") {
          const result = database.apply(order.txn);
          preparer.applied(order.txn.header.zxid);
          answerWrite({ cxid: xid, type }, result, database.lastProcessedZxid, database, writer);
        } else if (order.kind === "refused") {
          writeEmptyReply(writer, xid, database.lastProcessedZxid, order.error);
        }
        ours[client]?.push(describe(writer.written().subarray(4), types));
        // The connection ends with its session, and its watches with the connection.
        if (type === OpCode.closeSession) database.tree.watches.removeWatcher(watchers[client] as Watcher);
      }
    }
    if (at !== theirs.length) differences.push(`${theirs.length} transactions of the original, ${at} of ours`);
    if (database.digestMismatches > 0) differences.push(`${database.digestMismatches} wrong digests`);
    for (const [client, lines] of told.entries()) {
      const mine = ours[client] ?? [];
      for (let line = 0; line < Math.max(lines.length, mine.length); line++) {
        if (lines[line] === mine[line]) continue;
        differences.push(`client ${client}: original ${lines[line]}\n  ours ${mine[line]}`);
        break;
      }
    }
    return differences;
  }

  #access(): AccessControl {
    return new AccessControl({ digest: { superDigest: this.#options.superDigest } });
  }

  #client(client: number): RawSession {
    const session = this.#clients[client];
    if (session === undefined) throw new RangeError(`there is no client ${client}`);
    return session;
  }
}

async function readLog(dataDir: string): Promise<Txn[]> {
  const directory = join(dataDir, "version-2");
  const names = readdirSync(directory).filter((name) => name.startsWith("log."));
  names.sort((one, other) => Number(`0x${one.slice(4)}`) - Number(`0x${other.slice(4)}`));
  const txns: Txn[] = [];
  for (const name of names) {
    const reader = await LogReader.open(realDisk, join(directory, name));
    for (let entries = await reader.next(); entries.length > 0; entries = await reader.next()) {
      for (const { bytes } of entries) txns.push(parseTxn(bytes));
    }
    await reader.close();
  }
  return txns;
}

/** All bytes of it, but the paths of a closed session, whose order is that of a Java set, by name. */
function txnText({ header, record, digest, bytes }: Txn): string {
  if (record.type !== OpCode.closeSession) return `${header.type} ${Buffer.from(bytes).toString("hex")}`;
  return `${JSON.stringify([...(record.paths ?? [])].sort())} ${digest?.treeDigest} ${header.zxid} ${header.cxid}`;
}

function eventLine(type: number, path: string): string {
  const name = Object.entries(EventType).find(([, value]) => value === type)?.[0];
  return `event ${name} ${path}`;
}

/** A packet to a client as a line: all of it, but the order of what is a set. */
function describe(packet: Uint8Array, types: ReadonlyMap<number, number>): string {
  const reader = new JuteReader(packet);
  const xid = reader.int32();
  const zxid = reader.zxid();
  const error = reader.int32();
  if (xid === SpecialXid.notification) {
    const event = readWatcherEvent(reader);
    return eventLine(event.type, event.path);
  }
  const type = types.get(xid) ?? 0;
  const names: string[] = [];
  if (error === 0 && LISTS.has(type)) names.push(...reader.vector((from) => from.ustring()).sort());
  if (error === 0 && type === OpCode.whoAmI)
    names.push(...reader.vector((from) => `${from.ustring()} ${from.ustring()}`).sort());
  if (error === 0 && type === OpCode.multiRead) names.push(...readParts(reader));
  const rest = Buffer.from(packet.subarray(reader.position)).toString("hex");
  return `reply to ${type} xid ${xid} zxid ${zxid} error ${error} ${names.join(" ")} ${rest}`;
}

/** What a multiRead found. */
function* readParts(reader: JuteReader): Generator<string> {
  for (let header = readMultiHeader(reader); !header.done; header = readMultiHeader(reader)) {
    if (header.type === OpCode.getChildren) {
      yield reader
        .vector((from) => from.ustring())
        .sort()
        .join(" ");
    } else if (header.type === OpCode.getData) {
      yield `${Buffer.from(reader.buffer() ?? []).toString("hex")} ${Object.values(readStat(reader)).join(" ")}`;
    } else {
      yield `error ${header.error} ${reader.int32()}`;
    }
  }
}

const LISTS: ReadonlySet<number> = new Set([OpCode.getChildren, OpCode.getChildren2, OpCode.getEphemerals]);
