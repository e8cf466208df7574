import { ProtocolError, unreachable } from "@ordinal/kit";

import type { QuorumConfig } from "../config/quorum-config.ts";
import { ErrorCode } from "../jute/error-code.ts";
import { JuteReader } from "../jute/jute-reader.ts";
import { OpCode, Permission } from "../jute/op-code.ts";
import { readPathVersionRequest, readReconfigRequest, type ReconfigRequest } from "../jute/proto-records.ts";
import { makeTxn, TXN_DIGEST_VERSION, type TxnDigest, type TxnRecord } from "../jute/txn-records.ts";
import type { Zxid } from "../jute/zxid.ts";
import type { Database } from "../tree/database.ts";
import { parentOf } from "../tree/path.ts";
import { CONFIG_PATH } from "../tree/quota.ts";
import { type AccessControl, FIXUP_BYTES_MAX } from "./access-control.ts";
import { NodeOperations, type Outcome, type Turn } from "./node-operations.ts";
import { OutstandingChanges } from "./outstanding-changes.ts";
import type { PrepareOptions } from "./prepare-options.ts";
import type { Prepared } from "./prepared.ts";
import type { QuotaNote } from "./quota-check.ts";
import { nextConfig } from "./reconfig.ts";
import type { Request } from "./request.ts";
import type { SessionGate } from "./session-gate.ts";
import { readCreate, readMulti, readSetAcl, readSetData, type WriteOp } from "./write-requests.ts";

// Source: org.apache.zookeeper.server.PrepRequestProcessor.

/** What a reconfig needs to know of the ensemble; a server alone has none and answers Unimplemented. */
export interface Ensemble {
  /** The configuration seen last, committed or not. */
  lastSeenConfig(): QuorumConfig;
  /** The one in force. */
  currentConfig(): QuorumConfig;
  /** Whether a quorum of `config` is connected and synchronised. */
  isQuorumSynced(config: QuorumConfig): boolean;
}

export interface PreparerParts {
  readonly database: Database;
  readonly sessions: SessionGate;
  readonly access: AccessControl;
  readonly options: PrepareOptions;
  readonly ensemble?: Ensemble;
  /** Gets what the original would log: soft quotas that are exceeded. */
  readonly note?: QuotaNote;
}

/** As much as every server reads in one piece, with room for the rest of the transaction. */
const CLOSED_PATHS_BYTES_MAX = 1_000_000;

/**
 * Turns requests into transactions, in order, on the leader or on a server alone. It lives as long as one leadership. What
 * it checks and in which order is the original's, so that a request that fails in two ways fails with the same error.
 */
export class Preparer {
  readonly #sessions: SessionGate;
  readonly #access: AccessControl;
  readonly #options: PrepareOptions;
  readonly #ensemble: Ensemble | undefined;
  readonly #changes: OutstandingChanges;
  readonly #nodes: NodeOperations;
  /** What a reconfig that was just prepared leads to. */
  #nextConfig: QuorumConfig | undefined;

  constructor(parts: PreparerParts) {
    this.#sessions = parts.sessions;
    this.#access = parts.access;
    this.#options = parts.options;
    this.#ensemble = parts.ensemble;
    this.#changes = new OutstandingChanges(parts.database);
    this.#nodes = new NodeOperations({
      tree: parts.database.tree,
      changes: this.#changes,
      sessions: parts.sessions,
      access: parts.access,
      enforceQuota: parts.options.enforceQuota,
      note: parts.note ?? (() => {}),
    });
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
    if (typeof outcome === "number") {
      // Unlike other requests the original reads a reconfig before it takes a zxid.
      const isUnread = outcome === ErrorCode.marshallingError && turn.request.type === OpCode.reconfig;
      return isUnread ? { kind: "refused", error: outcome } : this.#failed(turn, outcome);
    }
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
        return this.#nodes.create(request.type, readCreate(reader, false), turn);
      case OpCode.createTTL:
        return this.#nodes.create(request.type, readCreate(reader, true), turn);
      case OpCode.delete:
        return this.#nodes.delete(readPathVersionRequest(reader), turn);
      case OpCode.deleteContainer:
        return this.#nodes.deleteContainer(reader.ustring(), turn);
      case OpCode.setData:
        return this.#nodes.setData(readSetData(reader), turn);
      case OpCode.setACL:
        return this.#nodes.setAcl(readSetAcl(reader), turn);
      case OpCode.check:
        return this.#nodes.check(readPathVersionRequest(reader), turn);
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
        return this.#nodes.delete(op.request, turn);
      case OpCode.check:
        return this.#nodes.check(op.request, turn);
      case OpCode.setData:
        return this.#nodes.setData(op.request, turn);
      case OpCode.create:
      case OpCode.createContainer:
      case OpCode.createTTL:
        return this.#nodes.create(op.type, op.request, turn);
      default:
        return unreachable(op, "part of a multi");
    }
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
      if (node !== undefined && parent !== undefined) this.#nodes.remove(node, parent, zxid);
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
}

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
