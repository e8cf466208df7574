/**
 * A tree as simple as it can be, to which the committed transactions are applied one after the other: what every server must hold
 * and every client must see. It remembers each node at every zxid and refuses transactions that cannot be.
 */
import { ErrorCode } from "../jute/error-code.ts";
import { OpCode } from "../jute/op-code.ts";
import { EventType } from "../jute/proto-records.ts";
import type { Txn, TxnRecord } from "../jute/txn-records.ts";
import type { SessionId, Zxid } from "../jute/zxid.ts";

export interface ModelNode {
  readonly data: Uint8Array | null;
  readonly czxid: Zxid;
  readonly mzxid: Zxid;
  readonly pzxid: Zxid;
  readonly version: number;
  /** As stored: children that were ever created. */
  readonly cversion: number;
  readonly owner: SessionId;
  readonly children: readonly string[];
}

/** A change that watches of a path fire at. */
export interface Trigger {
  readonly zxid: Zxid;
  readonly type: EventType;
}

export type WatchKind = "data" | "child";

interface Version {
  readonly zxid: Zxid;
  readonly node: ModelNode | undefined;
}

const ROOT: ModelNode = {
  data: null,
  czxid: 0 as Zxid,
  mzxid: 0 as Zxid,
  pzxid: 0 as Zxid,
  version: 0,
  cversion: 0,
  owner: 0n,
  children: ["zookeeper"],
};

export class Model {
  readonly #versions = new Map<string, Version[]>([["/", [{ zxid: 0 as Zxid, node: ROOT }]]]);
  readonly #triggers: Record<WatchKind, Map<string, Trigger[]>> = { data: new Map(), child: new Map() };
  readonly #ephemerals = new Map<SessionId, Set<string>>();
  readonly sessions = new Map<SessionId, { readonly createdAt: Zxid; closedAt: Zxid | undefined }>();
  /** By session, the cxid of its last transaction: later ones have larger cxids. */
  readonly #lastCxids = new Map<SessionId, number>();
  lastZxid = 0 as Zxid;

  /** Throws where the transaction cannot follow those before it. */
  apply(txn: Txn): void {
    const { header, record } = txn;
    const { zxid, sessionId, cxid } = header;
    must(zxid > this.lastZxid, `transaction ${zxid} after ${this.lastZxid}`);
    this.lastZxid = zxid;
    if (record.type === OpCode.createSession) {
      must(!this.sessions.has(sessionId), `session ${sessionId} is created a second time`);
      this.sessions.set(sessionId, { createdAt: zxid, closedAt: undefined });
      return;
    }
    const session = this.sessions.get(sessionId);
    must(session !== undefined, `a transaction of session ${sessionId}, which was not created`);
    // What came by a connection that the session had left, or after its end, is refused, whenever it comes.
    if (REFUSED.has(refusalOf(record))) return;
    // Its client may close it and its time be over, one after the other: the second finds nothing left to do.
    const isClosedAgain = record.type === OpCode.closeSession && (record.paths ?? []).length === 0;
    must(session.closedAt === undefined || isClosedAgain, `a transaction of session ${sessionId}, which is closed`);
    if (record.type === OpCode.closeSession) {
      session.closedAt ??= zxid;
      const paths = record.paths ?? [];
      for (const path of paths) this.#delete(path, zxid);
      must((this.#ephemerals.get(sessionId)?.size ?? 0) === 0, `ephemerals of session ${sessionId} outlive it`);
      return;
    }
    const before = this.#lastCxids.get(sessionId) ?? 0;
    must(cxid > before, `request ${cxid} of session ${sessionId} is ordered after its request ${before}`);
    this.#lastCxids.set(sessionId, cxid);
    this.#applyRecord(record, zxid, sessionId);
  }

  /** The node as it was when the transaction `zxid` was the last. */
  at(path: string, zxid: Zxid): ModelNode | undefined {
    const versions = this.#versions.get(path);
    if (versions === undefined) return undefined;
    let low = 0;
    let high = versions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((versions[middle]?.zxid ?? Infinity) <= zxid) low = middle + 1;
      else high = middle;
    }
    return versions[low - 1]?.node;
  }

  now(path: string): ModelNode | undefined {
    return this.#versions.get(path)?.at(-1)?.node;
  }

  /** What there is now. */
  *nodes(): Generator<readonly [path: string, node: ModelNode]> {
    for (const [path, versions] of this.#versions) {
      const node = versions.at(-1)?.node;
      if (node !== undefined) yield [path, node];
    }
  }

  /** The first change after `zxid` that a watch of this kind fires at. */
  firstTrigger(kind: WatchKind, path: string, zxid: Zxid): Trigger | undefined {
    return this.#triggers[kind].get(path)?.find((trigger) => trigger.zxid > zxid);
  }

  #applyRecord(record: TxnRecord, zxid: Zxid, sessionId: SessionId): void {
    switch (record.type) {
      case OpCode.create:
      case OpCode.create2:
        this.#create(record.path, record.data, record.ephemeral ? sessionId : 0n, record.parentCVersion, zxid);
        return;
      case OpCode.delete:
        this.#delete(record.path, zxid);
        return;
      case OpCode.setData: {
        const node = this.#node(record.path);
        must(record.version === node.version + 1, `${record.path}: version ${record.version} after ${node.version}`);
        this.#put(record.path, zxid, { ...node, data: record.data, version: record.version, mzxid: zxid });
        this.#trigger("data", record.path, zxid, EventType.nodeDataChanged);
        return;
      }
      case OpCode.check: {
        const node = this.#node(record.path);
        must(record.version === node.version + 1 || record.version === -1, `${record.path}: a check that fails`);
        return;
      }
      case OpCode.multi:
        if (record.parts.some((part) => part.type === OpCode.error)) return;
        for (const part of record.parts) this.#applyRecord(part, zxid, sessionId);
        return;
      case OpCode.error:
        must(record.error !== ErrorCode.ok, "an error that is none");
        return;
      default:
        throw new Error(`a transaction of type ${record.type} that nobody asked for`);
    }
  }

  #create(path: string, data: Uint8Array | null, owner: SessionId, parentCVersion: number, zxid: Zxid): void {
    must(this.now(path) === undefined, `${path} is created a second time`);
    const parentPath = parentOf(path);
    const parent = this.#node(parentPath);
    must(parent.owner === 0n, `${path} is a child of an ephemeral node`);
    const cversion = parentCVersion === -1 ? parent.cversion + 1 : parentCVersion;
    must(cversion === parent.cversion + 1, `${parentPath}: cversion ${cversion} after ${parent.cversion}`);
    this.#put(parentPath, zxid, { ...parent, cversion, pzxid: zxid, children: [...parent.children, nameOf(path)] });
    this.#put(path, zxid, {
      data,
      czxid: zxid,
      mzxid: zxid,
      pzxid: zxid,
      version: 0,
      cversion: 0,
      owner,
      children: [],
    });
    if (owner !== 0n) this.#ephemeralsOf(owner).add(path);
    this.#trigger("data", path, zxid, EventType.nodeCreated);
    this.#trigger("child", parentPath, zxid, EventType.nodeChildrenChanged);
  }

  #delete(path: string, zxid: Zxid): void {
    const node = this.#node(path);
    must(node.children.length === 0, `${path} is deleted with its children`);
    const parentPath = parentOf(path);
    const parent = this.#node(parentPath);
    const name = nameOf(path);
    const children = parent.children.filter((child) => child !== name);
    this.#put(parentPath, zxid, { ...parent, pzxid: zxid, children });
    this.#put(path, zxid, undefined);
    if (node.owner !== 0n) this.#ephemeralsOf(node.owner).delete(path);
    this.#trigger("data", path, zxid, EventType.nodeDeleted);
    this.#trigger("child", path, zxid, EventType.nodeDeleted);
    this.#trigger("child", parentPath, zxid, EventType.nodeChildrenChanged);
  }

  #node(path: string): ModelNode {
    const node = this.now(path);
    must(node !== undefined, `${path} is not there`);
    return node;
  }

  #ephemeralsOf(session: SessionId): Set<string> {
    let paths = this.#ephemerals.get(session);
    if (paths === undefined) this.#ephemerals.set(session, (paths = new Set()));
    return paths;
  }

  #put(path: string, zxid: Zxid, node: ModelNode | undefined): void {
    const versions = this.#versions.get(path);
    if (versions === undefined) this.#versions.set(path, [{ zxid, node }]);
    else if (versions.at(-1)?.zxid === zxid) versions[versions.length - 1] = { zxid, node };
    else versions.push({ zxid, node });
  }

  #trigger(kind: WatchKind, path: string, zxid: Zxid, type: EventType): void {
    const triggers = this.#triggers[kind].get(path);
    if (triggers === undefined) this.#triggers[kind].set(path, [{ zxid, type }]);
    else triggers.push({ zxid, type });
  }
}

const REFUSED: ReadonlySet<number> = new Set([ErrorCode.sessionMoved, ErrorCode.sessionExpired]);

/** The error of a transaction that changes nothing, 0 of the others. */
function refusalOf(record: TxnRecord): number {
  if (record.type === OpCode.error) return record.error;
  const failed = record.type === OpCode.multi ? record.parts.find((part) => part.type === OpCode.error) : undefined;
  return failed?.type === OpCode.error ? failed.error : ErrorCode.ok;
}

export function parentOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash <= 0 ? "/" : path.slice(0, slash);
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function must(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}
