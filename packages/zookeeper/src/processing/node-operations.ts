import { ErrorCode } from "../jute/error-code.ts";
import { OpCode, Permission } from "../jute/op-code.ts";
import type { PathVersionRequest, SetAclRequest, SetDataRequest } from "../jute/proto-records.ts";
import type { TxnRecord } from "../jute/txn-records.ts";
import type { Zxid } from "../jute/zxid.ts";
import { DataTree } from "../tree/data-tree.ts";
import { CONTAINER_OWNER, ephemeralType, isTtl, ttlToOwner } from "../tree/ephemeral-type.ts";
import { parentOf, validatePath } from "../tree/path.ts";
import type { AccessControl, FixupRoom } from "./access-control.ts";
import { ChangeRecord } from "./change-record.ts";
import { createMode, sequenceSuffix } from "./create-mode.ts";
import type { OutstandingChanges } from "./outstanding-changes.ts";
import { checkQuota, type QuotaNote } from "./quota-check.ts";
import type { Request } from "./request.ts";
import type { SessionGate } from "./session-gate.ts";
import type { CreateType, CreateWish } from "./write-requests.ts";

// Source: org.apache.zookeeper.server.PrepRequestProcessor (pRequest2Txn).

/** What a request becomes: the record of its transaction, or the error that it fails with. */
export type Outcome = TxnRecord | ErrorCode;

/** Of the transaction that is being prepared. */
export interface Turn {
  readonly request: Request;
  readonly zxid: Zxid;
  readonly wallMs: number;
  readonly nowMs: number;
  readonly room: FixupRoom;
}

export interface NodeOperationsParts {
  readonly tree: DataTree;
  readonly changes: OutstandingChanges;
  readonly sessions: SessionGate;
  readonly access: AccessControl;
  /** Whether hard limits refuse. */
  readonly enforceQuota: boolean;
  readonly note: QuotaNote;
}

/** The requests that change nodes, as requests of their own and as parts of a multi. Each changes `changes` or gives an error. */
export class NodeOperations {
  readonly #tree: DataTree;
  readonly #changes: OutstandingChanges;
  readonly #sessions: SessionGate;
  readonly #access: AccessControl;
  readonly #enforceQuota: boolean;
  readonly #note: QuotaNote;

  constructor(parts: NodeOperationsParts) {
    this.#tree = parts.tree;
    this.#changes = parts.changes;
    this.#sessions = parts.sessions;
    this.#access = parts.access;
    this.#enforceQuota = parts.enforceQuota;
    this.#note = parts.note;
  }

  create(type: CreateType, { path: wanted, data, acl, flags, ttl }: CreateWish, turn: Turn): Outcome {
    const { request, zxid, wallMs, room } = turn;
    const mode = createMode(flags);
    if (mode === undefined) return ErrorCode.badArguments;
    if (mode.isTtl && !this.#tree.options.extendedTypesEnabled) return ErrorCode.unimplemented;
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

  delete({ path, version }: PathVersionRequest, { request, zxid }: Turn): Outcome {
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
    this.remove(node, parent, zxid);
    return { type: OpCode.delete, path };
  }

  /** The servers' own request: a container without children goes. Clients that forge it are refused. */
  deleteContainer(path: string, { request, zxid }: Turn): Outcome {
    if (request.sessionId !== NO_OWNER || request.owner !== undefined) return ErrorCode.unimplemented;
    if (!isDeletablePath(path)) return ErrorCode.badArguments;
    const node = this.#changes.record(path);
    if (node === undefined) return ErrorCode.noNode;
    if (node.childCount > 0) return ErrorCode.notEmpty;
    if (this.#typeOf(node) === "normal") return ErrorCode.badVersion;
    const parent = this.#changes.record(parentOf(path));
    if (parent === undefined) return ErrorCode.noNode;
    this.remove(node, parent, zxid);
    return { type: OpCode.deleteContainer, path };
  }

  setData({ path, data, version }: SetDataRequest, { request, zxid, wallMs }: Turn): Outcome {
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

  setAcl({ path, acl, version }: SetAclRequest, { request, zxid, room }: Turn): Outcome {
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

  check({ path, version }: PathVersionRequest, { request }: Turn): Outcome {
    const found = this.#sessions.checkSession(request.sessionId, request.owner);
    if (found !== ErrorCode.ok) return found;
    if (validatePath(path) !== undefined) return ErrorCode.badArguments;
    const node = this.#changes.record(path);
    if (node === undefined) return ErrorCode.noNode;
    if (!this.#access.allows(node.acl, Permission.read, request.authInfo)) return ErrorCode.noAuth;
    const next = nextVersion(node.version, version);
    return next === undefined ? ErrorCode.badVersion : { type: OpCode.check, path, version: next };
  }

  /** Takes a node away that `OutstandingChanges.record` gave, and tells its parent, which it gave too. */
  remove(node: ChangeRecord, parent: ChangeRecord, zxid: Zxid): void {
    this.#changes.update(parent, zxid, (record) => {
      record.childCount--;
      record.pzxid = zxid;
    });
    this.#changes.delete(node, zxid);
  }

  #typeOf(record: ChangeRecord): ReturnType<typeof ephemeralType> {
    return ephemeralType(record.ephemeralOwner, this.#tree.options);
  }

  #isWithinQuota(path: string, bytes: number, count: number): boolean {
    return !this.#enforceQuota || checkQuota(this.#tree, path, bytes, count, this.#note);
  }
}

const NO_OWNER = 0n;

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
