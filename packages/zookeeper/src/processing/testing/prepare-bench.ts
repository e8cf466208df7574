import type { Acl, Id } from "../../jute/data-records.ts";
import { JuteWriter } from "../../jute/jute-writer.ts";
import { CreateFlag, OpCode, Permission } from "../../jute/op-code.ts";
import {
  writeCreateRequest,
  writeMultiHeader,
  writePathVersionRequest,
  writeReconfigRequest,
  writeSetAclRequest,
  writeSetDataRequest,
} from "../../jute/proto-records.ts";
import type { TxnRecord } from "../../jute/txn-records.ts";
import { makeZxid, type SessionId, type Zxid } from "../../jute/zxid.ts";
import { LeaderSessions } from "../../session/leader-sessions.ts";
import { type TreeOptions, TREE_DEFAULTS } from "../../tree/data-tree.ts";
import { Database, type TxnResult } from "../../tree/database.ts";
import { AccessControl } from "../access-control.ts";
import { PREPARE_DEFAULTS } from "../prepare-options.ts";
import { Preparer, type PreparerParts } from "../prepare.ts";
import type { Prepared } from "../prepared.ts";
import { LOCAL_OWNER, type Request } from "../request.ts";

export const OPEN: readonly Acl[] = [{ perms: Permission.all, id: { scheme: "world", id: "anyone" } }];
export const WALL_MS = 1_700_000_000_000;
const TIMEOUT_MS = 6000;

/** A leader's database and preparer, with a clock that ticks once a request. */
export class PrepareBench {
  readonly database: Database;
  readonly sessions: LeaderSessions;
  readonly preparer: Preparer;
  readonly notes: string[] = [];
  #counter = 0;
  #queue: Array<Extract<Prepared, { kind: "txn" }>["txn"]> = [];

  constructor(parts: Partial<Omit<PreparerParts, "database" | "sessions">> = {}, tree: Partial<TreeOptions> = {}) {
    this.database = new Database({ ...TREE_DEFAULTS, ...tree });
    this.sessions = new LeaderSessions({
      sid: 0,
      tickTimeMs: 2000,
      nowMs: 0,
      sessions: [],
      localSessionsEnabled: false,
    });
    this.preparer = new Preparer({
      access: new AccessControl(),
      options: PREPARE_DEFAULTS,
      note: (event, fields) => this.notes.push(`${event} ${JSON.stringify(fields)}`),
      ...parts,
      database: this.database,
      sessions: this.sessions,
    });
  }

  /** Prepares, and leaves the transaction in the queue. */
  prepare(request: Request): Prepared {
    const prepared = this.preparer.prepare(request, this.nextZxid, WALL_MS + this.#counter, 1000);
    if (prepared.kind === "txn") {
      this.#counter++;
      this.#queue.push(prepared.txn);
    }
    return prepared;
  }

  /** Applies what was prepared first. */
  applyNext(): TxnResult | undefined {
    const txn = this.#queue.shift();
    if (txn === undefined) return undefined;
    const result = this.database.apply(txn);
    if (txn.record.type === OpCode.closeSession) this.sessions.remove(txn.header.sessionId);
    this.preparer.applied(txn.header.zxid);
    return result;
  }

  applyAll(): TxnResult[] {
    const results: TxnResult[] = [];
    for (let result = this.applyNext(); result !== undefined; result = this.applyNext()) results.push(result);
    return results;
  }

  /** Prepares and applies: the error of the result, of its first failed part for a multi. */
  run(request: Request): TxnResult {
    const prepared = this.prepare(request);
    if (prepared.kind === "refused") return { type: OpCode.error, error: prepared.error };
    if (prepared.kind === "ordered") return { type: request.type, error: 0 };
    return this.applyAll().at(-1) as TxnResult;
  }

  /** A session that exists, in the tree and in the tracker. */
  open(session: SessionId): void {
    this.run(createSession(session));
  }

  get nextZxid(): Zxid {
    return makeZxid(1, this.#counter + 1);
  }

  get queued(): number {
    return this.#queue.length;
  }
}

export function recordOf(prepared: Prepared): TxnRecord {
  if (prepared.kind !== "txn") throw new Error(`no transaction: ${JSON.stringify(prepared)}`);
  return prepared.txn.record;
}

interface Who {
  readonly session?: SessionId;
  readonly authInfo?: readonly Id[];
  readonly owner?: unknown;
  readonly cxid?: number;
}

export const SESSION = 0x100n;

export function request(type: number, write: (writer: JuteWriter) => void, who: Who = {}): Request {
  const writer = new JuteWriter();
  write(writer);
  return {
    sessionId: who.session ?? SESSION,
    cxid: who.cxid ?? 1,
    type,
    record: writer.written(),
    authInfo: who.authInfo ?? [{ scheme: "ip", id: "127.0.0.1" }],
    owner: "owner" in who ? who.owner : LOCAL_OWNER,
  };
}

export function createSession(session: SessionId, timeoutMs = TIMEOUT_MS, owner: unknown = LOCAL_OWNER): Request {
  return request(OpCode.createSession, (writer) => writer.int32(timeoutMs), { session, owner });
}

export function closeSession(session: SessionId): Request {
  return request(OpCode.closeSession, () => {}, { session, owner: undefined });
}

export interface CreateFields {
  readonly path: string;
  readonly data?: Uint8Array | null;
  readonly acl?: readonly Acl[] | null;
  readonly flags?: number;
  readonly ttl?: number;
}

function writeCreate(writer: JuteWriter, { path, data, acl, flags, ttl }: CreateFields): void {
  writeCreateRequest(writer, {
    path,
    data: data === undefined ? new Uint8Array([1, 2, 3]) : data,
    acl: acl === undefined ? OPEN : acl,
    flags: flags ?? CreateFlag.persistent,
    ttl,
  });
}

export function create(fields: CreateFields, who: Who & { readonly type?: number } = {}): Request {
  return request(who.type ?? OpCode.create, (writer) => writeCreate(writer, fields), who);
}

export function remove(path: string, version = -1, who: Who = {}): Request {
  return request(OpCode.delete, (writer) => writePathVersionRequest(writer, { path, version }), who);
}

export function check(path: string, version = -1, who: Who = {}): Request {
  return request(OpCode.check, (writer) => writePathVersionRequest(writer, { path, version }), who);
}

export function setData(path: string, data: Uint8Array | null, version = -1, who: Who = {}): Request {
  return request(OpCode.setData, (writer) => writeSetDataRequest(writer, { path, data, version }), who);
}

export function setAcl(path: string, acl: readonly Acl[] | null, version = -1, who: Who = {}): Request {
  return request(OpCode.setACL, (writer) => writeSetAclRequest(writer, { path, acl, version }), who);
}

export function reconfig(
  fields: { joining?: string; leaving?: string; members?: string; from?: number },
  who: Who = {},
): Request {
  return request(
    OpCode.reconfig,
    (writer) =>
      writeReconfigRequest(writer, {
        joiningServers: fields.joining ?? null,
        leavingServers: fields.leaving ?? null,
        newMembers: fields.members ?? null,
        curConfigId: fields.from ?? -1,
      }),
    who,
  );
}

/** A multi of requests that stand alone otherwise. */
export function multi(parts: readonly Request[], who: Who = {}): Request {
  return request(
    OpCode.multi,
    (writer) => {
      for (const part of parts) {
        writeMultiHeader(writer, { type: part.type, done: false, error: -1 });
        writer.bytes(part.record);
      }
      writeMultiHeader(writer, { type: -1, done: true, error: -1 });
    },
    who,
  );
}
