import { ProtocolError, unreachable } from "@ordinal/kit";

import type { QuorumConfig } from "../config/quorum-config.ts";
import { ErrorCode } from "../jute/error-code.ts";
import { JuteReader } from "../jute/jute-reader.ts";
import { OpCode, Permission } from "../jute/op-code.ts";
import {
  type PathVersionRequest,
  readPathVersionRequest,
  readReconfigRequest,
  readSetDataRequest,
  type ReconfigRequest,
  type SetAclRequest,
  type SetDataRequest,
} from "../jute/proto-records.ts";
import { makeTxn, TXN_DIGEST_VERSION, type TxnDigest, type TxnRecord } from "../jute/txn-records.ts";
import type { SessionId, Zxid } from "../jute/zxid.ts";
import type { SessionCheck } from "../session/session-tracker.ts";
import { DataTree } from "../tree/data-tree.ts";
import type { Database } from "../tree/database.ts";
import { CONTAINER_OWNER, ephemeralType, isTtl, ttlToOwner } from "../tree/ephemeral-type.ts";
import { parentOf, validatePath } from "../tree/path.ts";
import { CONFIG_PATH } from "../tree/quota.ts";
import { type AccessControl, FIXUP_BYTES_MAX, type FixupRoom } from "./access-control.ts";
import { ChangeRecord } from "./change-record.ts";
import { createMode, sequenceSuffix } from "./create-mode.ts";
import { OutstandingChanges } from "./outstanding-changes.ts";
import type { Prepared } from "./prepared.ts";
import { checkQuota } from "./quota-check.ts";
import { nextConfig } from "./reconfig.ts";
import type { Request } from "./request.ts";
import { type CreateType, type CreateWish, readCreate, readMulti, readSetAcl, type WriteOp } from "./write-requests.ts";

// Source: org.apache.zookeeper.server.PrepRequestProcessor.

/** The sessions as the leader, or a server alone, checks and tracks them: a `SessionTracker` or `LeaderSessions`. */
export interface SessionGate {
  checkSession(id: SessionId, owner: unknown): SessionCheck;
  checkGlobalSession(id: SessionId, owner: unknown): SessionCheck;
  track(id: SessionId, timeoutMs: number, nowMs: number): boolean;
  /** False: the session is gone or ends. */
  setOwner(id: SessionId, owner: unknown): boolean;
  setClosing(id: SessionId): void;
}

/** Whether there are TTL nodes and digests is an option of the database's tree. */
export interface PrepareOptions {
  /** `zookeeper.enforceQuota`, default false: hard limits refuse. */
  readonly enforceQuota: boolean;
  /** `zookeeper.closeSessionTxn.enabled`, default true: closeSession lists the ephemerals that go. */
  readonly closeSessionTxnEnabled: boolean;
  /** `reconfigEnabled`, default false. */
  readonly reconfigEnabled: boolean;
  /** `standaloneEnabled`, default true: an ensemble may not shrink below two voters. */
  readonly standaloneEnabled: boolean;
}

/** What a reconfig needs to know of the ensemble; a server alone has none and answers Unimplemented. */
export interface Ensemble {
  /** The configuration seen last, committed or not. */
  lastSeenConfig(): QuorumConfig;
  /** The one in force. */
  currentConfig(): QuorumConfig;
  /** Whether a quorum of `config` is connected and synchronised. */
  isQuorumSynced(config: QuorumConfig): boolean;
}

/** The original's defaults. */
export const PREPARE_DEFAULTS: PrepareOptions = {
  enforceQuota: false,
  closeSessionTxnEnabled: true,
  reconfigEnabled: false,
  standaloneEnabled: true,
};

export interface PreparerParts {
  readonly database: Database;
  readonly sessions: SessionGate;
  readonly access: AccessControl;
  readonly options: PrepareOptions;
  readonly ensemble?: Ensemble;
  /** Gets what the original would log: soft quotas that are exceeded. */
  readonly note?: (event: string, fields: Readonly<Record<string, string | number>>) => void;
}

/** What a request becomes: the record of its transaction, or the error that it fails with. */
type Outcome = TxnRecord | ErrorCode;

/** Of the transaction that is being prepared. */
interface Turn {
  readonly request: Request;
  readonly zxid: Zxid;
  readonly wallMs: number;
  readonly nowMs: number;
  readonly room: FixupRoom;
}

/** As much as every server reads in one piece, with room for the rest of the transaction. */
const CLOSED_PATHS_BYTES_MAX = 1_000_000;

/**
 * Turns requests into transactions, in order, on the leader or on a server alone. It lives as long as one leadership. What
 * it checks and in which order is the original's, so that a request that fails in two ways fails with the same error.
 */
export class Preparer {
  readonly #database: Database;
  readonly #sessions: SessionGate;
  readonly #access: AccessControl;
  readonly #options: PrepareOptions;
  readonly #ensemble: Ensemble | undefined;
  readonly #note: NonNullable<PreparerParts["note"]>;
  readonly #changes: OutstandingChanges;
  /** What a reconfig that was just prepared leads to. */
  #nextConfig: QuorumConfig | undefined;

  constructor(parts: PreparerParts) {
    this.#database = parts.database;
    this.#sessions = parts.sessions;
    this.#access = parts.access;
    this.#options = parts.options;
    this.#ensemble = parts.ensemble;
    this.#note = parts.note ?? (() => {});
    this.#changes = new OutstandingChanges(parts.database);
  }

  /** Changes of nodes that are prepared and not applied yet. */
  get outstanding(): number {
    return this.#changes.size;
  }

  /**
   * Checks a request against the tree and all that is prepared and not applied yet. Never throws for what a client sent.
   *
   * @param zxid the next one; used up only where a transaction comes back
   * @param wallMs the time that the transaction carries  @param nowMs the clock that sessions expire by
   */
  prepare(request: Request, zxid: Zxid, wallMs: number, nowMs: number): Prepared {
    const turn: Turn = { request, zxid, wallMs, nowMs, room: { bytes: FIXUP_BYTES_MAX } };
    switch (request.type) {
      case OpCode.create:
      case OpCode.create2:
      case OpCode.createContainer:
      case OpCode.createTTL:
      case OpCode.delete:
      case OpCode.deleteContainer:
      case OpCode.setData:
      case OpCode.setACL:
      case OpCode.check:
      case OpCode.reconfig:
        return this.#prepareOne(turn);
      case OpCode.multi:
        return this.#prepareMulti(turn);
      case OpCode.createSession:
      case OpCode.closeSession:
        return request.localSession === true ? { kind: "ordered" } : this.#prepareOne(turn);
      case OpCode.sync: {
        const error = this.#sessions.checkSession(request.sessionId, request.owner);
        return error === ErrorCode.ok ? { kind: "ordered" } : { kind: "refused", error };
      }
      default:
        return { kind: "refused", error: ErrorCode.unimplemented };
    }
  }

  /** Everything up to this zxid is in the tree. Call it after each apply, or after the last of several. */
  applied(zxid: Zxid): void {
    this.#changes.applied(zxid);
  }

  #prepareOne(turn: Turn): Prepared {
    this.#nextConfig = undefined;
    const outcome = readable(() => this.#outcomeOf(turn));
    if (typeof outcome === "number") return this.#failed(turn, outcome);
    const { request, zxid, wallMs: timeMs } = turn;
    const header = { sessionId: request.sessionId, cxid: request.cxid, zxid, timeMs, type: request.type };
    // Readers tell a list of paths from a digest by nothing: only one of them may stand there.
    const hasPlace = outcome.type !== OpCode.closeSession || outcome.paths !== undefined;
    const txn = makeTxn(header, outcome, hasPlace ? this.#digest() : undefined);
    const config = this.#nextConfig;
    return config === undefined ? { kind: "txn", txn } : { kind: "txn", txn, config };
  }

  /** One zxid for all parts; with the first that fails everything is taken back, and the later ones are not looked at. */
  #prepareMulti(turn: Turn): Prepared {
    const ops = readable(() => readMulti(turn.request.record));
    if (typeof ops === "number") return this.#failed(turn, ops);
    const parts: TxnRecord[] = [];
    let hasFailed = false;
    this.#changes.begin();
    for (const op of ops) {
      if (!hasFailed && "lacksTtl" in op && op.lacksTtl) {
        this.#changes.rollBack();
        return this.#failed(turn, ErrorCode.marshallingError);
      }
      const outcome = hasFailed ? ErrorCode.runtimeInconsistency : this.#prepareOp(op, turn);
      parts.push(typeof outcome === "number" ? { type: OpCode.error, error: outcome } : outcome);
      if (typeof outcome === "number" && !hasFailed) {
        hasFailed = true;
        this.#changes.rollBack();
      }
    }
    if (!hasFailed) this.#changes.keep();
    const { request, zxid, wallMs: timeMs } = turn;
    const header = { sessionId: request.sessionId, cxid: request.cxid, zxid, timeMs, type: OpCode.multi };
    return { kind: "txn", txn: makeTxn(header, { type: OpCode.multi, parts }, this.#digest()) };
  }

  /**
   * A failed request takes a place in the order of transactions too, so that the server that has the client knows when to
   * answer. The original gives it no digest.
   */
  #failed({ request, zxid, wallMs: timeMs }: Turn, error: ErrorCode): Prepared {
    const header = { sessionId: request.sessionId, cxid: request.cxid, zxid, timeMs, type: OpCode.error };
    return { kind: "txn", txn: makeTxn(header, { type: OpCode.error, error }) };
  }

  #digest(): TxnDigest | undefined {
    const treeDigest = this.#changes.treeDigest();
    return treeDigest === undefined ? undefined : { version: TXN_DIGEST_VERSION, treeDigest };
  }

  #outcomeOf(turn: Turn): Outcome {
    const { request } = turn;
    const reader = new JuteReader(request.record);
    switch (request.type) {
      case OpCode.create:
      case OpCode.create2:
      case OpCode.createContainer:
        return this.#create(request.type, readCreate(reader, false), turn);
      case OpCode.createTTL:
        return this.#create(request.type, readCreate(reader, true), turn);
      case OpCode.delete:
        return this.#delete(readPathVersionRequest(reader), turn);
      case OpCode.deleteContainer:
        return this.#deleteContainer(reader.ustring(), turn);
      case OpCode.setData:
        return this.#setData(readSetDataRequest(reader), turn);
      case OpCode.setACL:
        return this.#setAcl(readSetAcl(reader), turn);
      case OpCode.check:
        return this.#check(readPathVersionRequest(reader), turn);
      case OpCode.reconfig:
        return this.#reconfig(readReconfigRequest(reader), turn);
      case OpCode.createSession:
        return this.#createSession(reader.int32(), turn);
      default:
        return this.#closeSession(turn);
    }
  }

  #prepareOp(op: WriteOp, turn: Turn): Outcome {
    switch (op.type) {
      case OpCode.delete:
        return this.#delete(op.request, turn);
      case OpCode.check:
        return this.#check(op.request, turn);
      case OpCode.setData:
        return this.#setData(op.request, turn);
      case OpCode.create:
      case OpCode.createContainer:
      case OpCode.createTTL:
        return this.#create(op.type, op.request, turn);
      default:
        return unreachable(op, "part of a multi");
    }
  }

  #create(type: CreateType, { path: wanted, data, acl, flags, ttl }: CreateWish, turn: Turn): Outcome {
    const { request, zxid, wallMs, room } = turn;
    const mode = createMode(flags);
    if (mode === undefined) return ErrorCode.badArguments;
    if (mode.isTtl && !this.#database.tree.options.extendedTypesEnabled) return ErrorCode.unimplemented;
    if (mode.isTtl ? !isTtl(ttl) : !(ttl < 0)) return ErrorCode.badArguments;
    // The original lets createTTL without such a mode and time pass, and ends when it applies that, at every start again.
    if (type === OpCode.createTTL && !mode.isTtl) return ErrorCode.badArguments;
    const found = mode.isEphemeral
      ? this.#sessions.checkGlobalSession(request.sessionId, request.owner)
      : this.#sessions.checkSession(request.sessionId, request.owner);
    if (found !== ErrorCode.ok) return found;
    if (!wanted.includes("/") || wanted.includes("\0")) return ErrorCode.badArguments;

    const fixed = this.#access.fixup(acl, request.authInfo, room);
    if (fixed === undefined) return ErrorCode.invalidACL;
    const parent = this.#changes.record(parentOf(wanted));
    if (parent === undefined) return ErrorCode.noNode;
    if (!this.#access.allows(parent.acl, Permission.create, request.authInfo)) return ErrorCode.noAuth;
    const path = mode.isSequential ? wanted + sequenceSuffix(parent.cversion) : wanted;
    if (validatePath(path) !== undefined) return ErrorCode.badArguments;
    if (this.#changes.record(path) !== undefined) return ErrorCode.nodeExists;
    if (this.#typeOf(parent) === "normal") return ErrorCode.noChildrenForEphemerals;
    const parentCVersion = (parent.cversion + 1) | 0;
    if (!this.#isWithinQuota(path, data?.length ?? 0, 1)) return ErrorCode.quotaExceeded;

    this.#changes.update(parent, zxid, (record) => {
      record.childCount++;
      record.cversion = parentCVersion;
      record.pzxid = zxid;
    });
    // What the transaction says, not the flags: by it the node is made, and a digest of another node would be a wrong one.
    let owner = mode.isEphemeral ? request.sessionId : NO_OWNER;
    if (type === OpCode.createContainer) owner = CONTAINER_OWNER;
    else if (type === OpCode.createTTL) owner = ttlToOwner(ttl);
    const node = new ChangeRecord(path, zxid, data, fixed, owner);
    node.czxid = node.mzxid = node.pzxid = zxid;
    node.ctime = node.mtime = wallMs;
    this.#changes.add(node);

    if (type === OpCode.createContainer) return { type, path, data, acl: fixed, parentCVersion };
    if (type === OpCode.createTTL) return { type, path, data, acl: fixed, parentCVersion, ttl };
    return { type, path, data, acl: fixed, ephemeral: mode.isEphemeral, parentCVersion };
  }

  #delete({ path, version }: PathVersionRequest, { request, zxid }: Turn): Outcome {
    const found = this.#sessions.checkSession(request.sessionId, request.owner);
    if (found !== ErrorCode.ok) return found;
    if (!isDeletablePath(path)) return ErrorCode.badArguments;
    const parent = this.#changes.record(parentOf(path));
    if (parent === undefined) return ErrorCode.noNode;
    if (!this.#access.allows(parent.acl, Permission.delete, request.authInfo)) return ErrorCode.noAuth;
    const node = this.#changes.record(path);
    if (node === undefined) return ErrorCode.noNode;
    if (version !== -1 && version !== node.version) return ErrorCode.badVersion;
    if (node.childCount > 0) return ErrorCode.notEmpty;
    this.#remove(node, parent, zxid);
    return { type: OpCode.delete, path };
  }

  /** The servers' own request: a container without children goes. Clients that forge it are refused. */
  #deleteContainer(path: string, { request, zxid }: Turn): Outcome {
    if (request.sessionId !== NO_OWNER || request.owner !== undefined) return ErrorCode.unimplemented;
    if (!isDeletablePath(path)) return ErrorCode.badArguments;
    const node = this.#changes.record(path);
    if (node === undefined) return ErrorCode.noNode;
    if (node.childCount > 0) return ErrorCode.notEmpty;
    if (this.#typeOf(node) === "normal") return ErrorCode.badVersion;
    const parent = this.#changes.record(parentOf(path));
    if (parent === undefined) return ErrorCode.noNode;
    this.#remove(node, parent, zxid);
    return { type: OpCode.deleteContainer, path };
  }

  #setData({ path, data, version }: SetDataRequest, { request, zxid, wallMs }: Turn): Outcome {
    const found = this.#sessions.checkSession(request.sessionId, request.owner);
    if (found !== ErrorCode.ok) return found;
    if (validatePath(path) !== undefined) return ErrorCode.badArguments;
    const node = this.#changes.record(path);
    if (node === undefined) return ErrorCode.noNode;
    if (!this.#access.allows(node.acl, Permission.write, request.authInfo)) return ErrorCode.noAuth;
    const growth = (data?.length ?? 0) - (node.data?.length ?? 0);
    if (!this.#isWithinQuota(path, growth, 0)) return ErrorCode.quotaExceeded;
    const next = nextVersion(node.version, version);
    if (next === undefined) return ErrorCode.badVersion;
    this.#changes.update(
      node,
      zxid,
      (record) => {
        record.version = next;
        record.mtime = wallMs;
        record.mzxid = zxid;
        record.data = data;
      },
      true,
    );
    return { type: OpCode.setData, path, data, version: next };
  }

  #setAcl({ path, acl, version }: SetAclRequest, { request, zxid, room }: Turn): Outcome {
    const found = this.#sessions.checkSession(request.sessionId, request.owner);
    if (found !== ErrorCode.ok) return found;
    if (validatePath(path) !== undefined) return ErrorCode.badArguments;
    const fixed = this.#access.fixup(acl, request.authInfo, room);
    if (fixed === undefined) return ErrorCode.invalidACL;
    const node = this.#changes.record(path);
    if (node === undefined) return ErrorCode.noNode;
    if (!this.#access.allows(node.acl, Permission.admin, request.authInfo)) return ErrorCode.noAuth;
    const next = nextVersion(node.aversion, version);
    if (next === undefined) return ErrorCode.badVersion;
    this.#changes.update(node, zxid, (record) => {
      record.aversion = next;
      // Not so in the original, which goes by the old list until the new one is applied.
      record.acl = fixed;
    });
    return { type: OpCode.setACL, path, acl: fixed, version: next };
  }

  #check({ path, version }: PathVersionRequest, { request }: Turn): Outcome {
    const found = this.#sessions.checkSession(request.sessionId, request.owner);
    if (found !== ErrorCode.ok) return found;
    if (validatePath(path) !== undefined) return ErrorCode.badArguments;
    const node = this.#changes.record(path);
    if (node === undefined) return ErrorCode.noNode;
    if (!this.#access.allows(node.acl, Permission.read, request.authInfo)) return ErrorCode.noAuth;
    const next = nextVersion(node.version, version);
    return next === undefined ? ErrorCode.badVersion : { type: OpCode.check, path, version: next };
  }

  #createSession(timeoutMs: number, { request, nowMs }: Turn): Outcome {
    this.#sessions.track(request.sessionId, timeoutMs, nowMs);
    if (!this.#sessions.setOwner(request.sessionId, request.owner)) return ErrorCode.sessionExpired;
    return { type: OpCode.createSession, timeoutMs };
  }

  /** Nobody has to own the session: its expiry is no request of its own server. */
  #closeSession({ request, zxid }: Turn): Outcome {
    const paths = this.#changes.ephemeralsOf(request.sessionId);
    for (const path of paths) {
      const node = this.#changes.record(path);
      const parent = this.#changes.record(parentOf(path));
      if (node !== undefined && parent !== undefined) this.#remove(node, parent, zxid);
    }
    this.#sessions.setClosing(request.sessionId);
    // Without the list every server goes by its own, which is the same: better than a transaction that some cannot read.
    const isListed = this.#options.closeSessionTxnEnabled && bytesOf(paths) <= CLOSED_PATHS_BYTES_MAX;
    return { type: OpCode.closeSession, paths: isListed ? paths : undefined };
  }

  #reconfig(wish: ReconfigRequest, { request, zxid, wallMs }: Turn): Outcome {
    if (!this.#options.reconfigEnabled) return ErrorCode.reconfigDisabled;
    const found = this.#sessions.checkSession(request.sessionId, request.owner);
    if (found !== ErrorCode.ok) return found;
    const ensemble = this.#ensemble;
    if (ensemble === undefined) return ErrorCode.unimplemented;
    const lastSeen = ensemble.lastSeenConfig();
    if (lastSeen.version !== ensemble.currentConfig().version) return ErrorCode.reconfigInProgress;
    const config = nextConfig(wish, lastSeen, zxid, this.#options.standaloneEnabled);
    if (typeof config === "number") return config;
    if (!ensemble.isQuorumSynced(config)) return ErrorCode.newConfigNoQuorum;
    const node = this.#changes.record(CONFIG_PATH);
    if (node === undefined) return ErrorCode.noNode;
    if (!this.#access.allows(node.acl, Permission.write, request.authInfo)) return ErrorCode.noAuth;
    const data = Buffer.from(config.toString());
    this.#changes.update(
      node,
      zxid,
      (record) => {
        record.version = -1;
        record.mtime = wallMs;
        record.mzxid = zxid;
        record.data = data;
      },
      true,
    );
    this.#nextConfig = config;
    return { type: OpCode.reconfig, path: CONFIG_PATH, data, version: -1 };
  }

  #remove(node: ChangeRecord, parent: ChangeRecord, zxid: Zxid): void {
    this.#changes.update(parent, zxid, (record) => {
      record.childCount--;
      record.pzxid = zxid;
    });
    this.#changes.delete(node, zxid);
  }

  #typeOf(record: ChangeRecord): ReturnType<typeof ephemeralType> {
    return ephemeralType(record.ephemeralOwner, this.#database.tree.options);
  }

  #isWithinQuota(path: string, bytes: number, count: number): boolean {
    return !this.#options.enforceQuota || checkQuota(this.#database.tree, path, bytes, count, this.#note);
  }
}

const NO_OWNER = 0n;

/** Of a list of strings, as it is written. */
function bytesOf(texts: readonly string[]): number {
  let bytes = 4;
  for (const text of texts) bytes += 4 + Buffer.byteLength(text);
  return bytes;
}

/** What `read` gives, or MarshallingError where the client's bytes are none of that request. */
function readable<T>(read: () => T): T | typeof ErrorCode.marshallingError {
  try {
    return read();
  } catch (error) {
    if (error instanceof ProtocolError) return ErrorCode.marshallingError;
    throw error;
  }
}

function isDeletablePath(path: string): boolean {
  return path.includes("/") && !path.includes("\0") && !DataTree.isSpecialPath(path);
}

/**
 * The version after a change, or undefined where another one was expected. -1 means any to a request, so no node has it: the
 * count goes from the greatest int on to the smallest, and past -1.
 */
function nextVersion(version: number, expected: number): number | undefined {
  if (expected !== -1 && expected !== version) return undefined;
  const next = (version + 1) | 0;
  return next === -1 ? 0 : next;
}
