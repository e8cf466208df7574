import { defined } from "@ordinal/kit";

import type { Acl, Stat } from "../jute/data-records.ts";
import { ErrorCode } from "../jute/error-code.ts";
import { Permission } from "../jute/op-code.ts";
import { EventType, type SetWatchesRequest } from "../jute/proto-records.ts";
import { mustBeZxid, type SessionId, sessionHex, type Zxid } from "../jute/zxid.ts";
import { AclTable, OPEN_ACL_KEY } from "./acl-table.ts";
import { contentDigest, isOutsideDigest, statDigest, TreeDigest } from "./digest.ts";
import { type EphemeralOptions, ephemeralType } from "./ephemeral-type.ts";
import { nameOf, parentOf } from "./path.ts";
import { QuotaBook } from "./quota-book.ts";
import { CONFIG_PATH, PROC_PATH, QUOTA_PATH } from "./quota.ts";
import type { Watcher } from "./watch-manager.ts";
import { AddWatchMode, WatchTable } from "./watch-table.ts";
import { Znode } from "./znode.ts";

export interface TreeOptions extends EphemeralOptions {
  /** `zookeeper.digest.enabled`. Default true. Without it every digest is 0 and none is compared. */
  readonly digestEnabled: boolean;
}

export const TREE_DEFAULTS: TreeOptions = {
  digestEnabled: true,
  extendedTypesEnabled: false,
  emulate353TtlNodes: false,
};

/** What creates a node: the fields of the transaction and its header. */
export interface NewNode {
  readonly path: string;
  readonly data: Uint8Array | null;
  readonly acl: readonly Acl[] | null;
  readonly ephemeralOwner: bigint;
  /** The parent's stored cversion after it; -1: one more than it has. */
  readonly parentCVersion: number;
  readonly zxid: Zxid;
  readonly timeMs: number;
}

const READ_ACL: readonly Acl[] = [{ perms: Permission.read, id: { scheme: "world", id: "anyone" } }];
const EMPTY = new Uint8Array(0);
const NO_SESSION: ReadonlySet<string> = new Set();
const NO_ZXID = mustBeZxid(-1);

/**
 * The znodes by path, and everything that follows from them: digest, ephemerals, containers, quotas, watches. What changes it
 * answers with an `ErrorCode` and fires watches at once. The root is known as "" and as "/".
 *
 * Source: org.apache.zookeeper.server.DataTree.
 */
export class DataTree {
  readonly options: TreeOptions;
  readonly watches = new WatchTable();
  readonly acls = new AclTable();

  readonly #nodes = new Map<string, Znode>();
  readonly #digest = new TreeDigest();
  readonly #ephemerals = new Map<SessionId, Set<string>>();
  readonly #containers = new Set<string>();
  readonly #ttls = new Set<string>();
  readonly #quotas = new QuotaBook(this.#nodes);
  #dataSize = 0;

  /** A new tree: the root, /zookeeper, /zookeeper/quota and /zookeeper/config. */
  constructor(options: TreeOptions = TREE_DEFAULTS) {
    this.options = options;
    const root = new Znode(EMPTY, OPEN_ACL_KEY);
    this.#put("", root, null);
    this.#nodes.set("/", root);
    for (const path of [PROC_PATH, QUOTA_PATH]) {
      defined(this.#nodes.get(parentOf(path)), path).addChild(nameOf(path));
      this.#put(path, new Znode(EMPTY, OPEN_ACL_KEY), EMPTY);
    }
    this.#addConfigNode();
    this.#recompute();
  }

  node(path: string): Znode | undefined {
    return this.#nodes.get(path);
  }

  /** As the original counts: the root twice. */
  get nodeCount(): number {
    return this.#nodes.size;
  }

  /** Of all nodes outside of /zookeeper/: unsigned 64 bits. */
  get digest(): bigint {
    return this.#digest.value;
  }

  /** The sum itself, to predict with: copy it. */
  get treeDigest(): TreeDigest {
    return this.#digest;
  }

  /** Characters of paths and bytes of data. */
  get approximateDataSize(): number {
    return this.#dataSize;
  }

  /** Sessions that have or had ephemerals, and those; a session stays, perhaps with none, until it is closed. */
  get ephemerals(): ReadonlyMap<SessionId, ReadonlySet<string>> {
    return this.#ephemerals;
  }

  ephemeralsOf(session: SessionId): ReadonlySet<string> {
    return this.#ephemerals.get(session) ?? NO_SESSION;
  }

  get ephemeralCount(): number {
    let count = 0;
    for (const paths of this.#ephemerals.values()) count += paths.size;
    return count;
  }

  get containers(): ReadonlySet<string> {
    return this.#containers;
  }

  get ttls(): ReadonlySet<string> {
    return this.#ttls;
  }

  /** What clients see: cversion counts deletions of children too, and only sessions own. */
  statOf(node: Znode): Stat {
    const { numChildren, ephemeralOwner } = node;
    const isSession = ephemeralType(ephemeralOwner, this.options) === "normal";
    return {
      czxid: node.czxid as Zxid,
      mzxid: node.mzxid as Zxid,
      ctime: node.ctime,
      mtime: node.mtime,
      version: node.version,
      cversion: (node.cversion * 2 - numChildren) | 0,
      aversion: node.aversion,
      ephemeralOwner: isSession ? ephemeralOwner : 0n,
      dataLength: node.dataLength,
      numChildren,
      pzxid: node.pzxid as Zxid,
    };
  }

  aclOf(node: Znode): readonly Acl[] {
    return this.acls.get(node.acl);
  }

  /** Names, in no order that clients may rely on. */
  childrenOf(node: Znode): string[] {
    return [...node.children];
  }

  /** How many nodes lie below `path`, at any depth; 0 if there is no such node. */
  descendantCount(path: string): number {
    if (path === "/") return this.#nodes.size - 2;
    // The root's other name, below which the original finds "/" too.
    if (path === "") return this.#nodes.size - 1;
    let count = 0;
    const open = [path];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      for (const name of this.#nodes.get(at)?.children ?? []) {
        count++;
        open.push(`${at}/${name}`);
      }
    }
    return count;
  }

  /** The longest path at or above `path` that has a quota. */
  quotaPathOf(path: string): string | undefined {
    return this.#quotas.limitedPath(path);
  }

  /** The root and the nodes that are always there. */
  static isSpecialPath(path: string): boolean {
    return path === "/" || path === PROC_PATH || path === QUOTA_PATH || path === CONFIG_PATH;
  }

  /** NoNode without a parent; NodeExists, by replay over a fuzzy snapshot only. */
  createNode(node: NewNode): ErrorCode {
    const { path, data, ephemeralOwner, zxid } = node;
    if (!hasParent(path)) return ErrorCode.noNode;
    const parentPath = parentOf(path);
    const parent = this.#nodes.get(parentPath);
    if (parent === undefined) return ErrorCode.noNode;
    const parentAcl = this.acls.get(parent.acl);
    // Before the node is looked for: it may be there by a snapshot whose table was written before its list came.
    const acl = this.acls.use(node.acl);
    const existing = this.#nodes.get(path);
    if (existing !== undefined) {
      this.acls.release(existing.acl);
      existing.acl = acl;
      return ErrorCode.nodeExists;
    }
    this.#unsum(parent);
    // Replay may bring a node again that was deleted later, of which the parent tells already.
    const cversion = node.parentCVersion === -1 ? parent.cversion + 1 : node.parentCVersion;
    if (cversion > parent.cversion) {
      parent.cversion = cversion;
      parent.pzxid = zxid;
    }
    parent.addChild(nameOf(path));
    this.#resum(parentPath, parent);

    const child = new Znode(data, acl);
    child.czxid = child.mzxid = child.pzxid = zxid;
    child.ctime = child.mtime = node.timeMs;
    child.ephemeralOwner = ephemeralOwner;
    this.#put(path, child, data);
    this.#dataSize += sizeOf(path, child);
    this.#enlist(path, ephemeralOwner);
    this.#quotas.created(path, child);
    this.watches.data.trigger(path, EventType.nodeCreated, zxid, node.acl ?? this.acls.get(acl));
    this.watches.child.trigger(parentPath || "/", EventType.nodeChildrenChanged, zxid, parentAcl);
    return ErrorCode.ok;
  }

  /** NoNode, by replay over a fuzzy snapshot only; the parent learns of it even so. */
  deleteNode(path: string, zxid: Zxid): ErrorCode {
    if (!hasParent(path)) return ErrorCode.noNode;
    const parentPath = parentOf(path);
    const parent = this.#nodes.get(parentPath);
    if (parent === undefined) return ErrorCode.noNode;
    this.#unsum(parent);
    parent.removeChild(nameOf(path));
    // By replay the parent may know of a later change than this.
    if (zxid > parent.pzxid) parent.pzxid = zxid;
    this.#resum(parentPath, parent);

    const node = this.#nodes.get(path);
    if (node === undefined) return ErrorCode.noNode;
    const acl = this.acls.get(node.acl);
    const parentAcl = this.acls.get(parent.acl);
    this.#remove(path, node);

    const told = this.watches.data.trigger(path, EventType.nodeDeleted, zxid, acl);
    this.watches.child.trigger(path, EventType.nodeDeleted, zxid, acl, told);
    this.watches.child.trigger(parentPath || "/", EventType.nodeChildrenChanged, zxid, parentAcl);
    return ErrorCode.ok;
  }

  /** @param version the node's version after it */
  setData(path: string, data: Uint8Array | null, version: number, zxid: Zxid, timeMs: number): Stat | undefined {
    const node = this.#nodes.get(path);
    if (node === undefined) return undefined;
    this.#unsum(node);
    const growth = (data?.length ?? 0) - node.dataLength;
    node.data = data;
    node.mtime = timeMs;
    node.mzxid = zxid;
    node.version = version;
    if (!isOutsideDigest(path) && this.options.digestEnabled) node.contentDigest = contentDigest(path, data) | 0;
    this.#resum(path, node);
    const stat = this.statOf(node);
    this.#quotas.changed(path, growth, 0);
    this.#dataSize += growth;
    this.watches.data.trigger(path, EventType.nodeDataChanged, zxid, this.acls.get(node.acl));
    return stat;
  }

  /** @param version the node's aversion after it */
  setAcl(path: string, acl: readonly Acl[] | null, version: number): Stat | undefined {
    const node = this.#nodes.get(path);
    if (node === undefined) return undefined;
    this.acls.release(node.acl);
    this.#unsum(node);
    node.aversion = version;
    node.acl = this.acls.use(acl);
    this.#resum(path, node);
    return this.statOf(node);
  }

  /** A session is closed: what it owns goes. @param listed by the transaction; undefined by old leaders */
  killSession(session: SessionId, listed: readonly string[] | undefined, zxid: Zxid): void {
    const owned = this.#ephemerals.get(session);
    this.#ephemerals.delete(session);
    for (const path of listed ?? []) {
      this.deleteNode(path, zxid);
      owned?.delete(path);
    }
    for (const path of owned ?? []) this.deleteNode(path, zxid);
  }

  /**
   * Replay of a create whose node is there: when the session that had it was closed and another made it again after the parent
   * was written to the snapshot, the deletion finds nothing to delete and only this brings the parent up to date.
   */
  repairParent(path: string, parentCVersion: number, zxid: Zxid): ErrorCode {
    const parentPath = parentOf(path);
    const parent = this.#nodes.get(parentPath);
    if (parent === undefined) return ErrorCode.noNode;
    const cversion = parentCVersion === -1 ? parent.cversion + 1 : parentCVersion;
    if (cversion > parent.cversion) {
      this.#unsum(parent);
      parent.cversion = cversion;
      parent.pzxid = zxid;
      this.#resum(parentPath, parent);
    }
    return ErrorCode.ok;
  }

  /** The configuration that this server starts with, which is no transaction. @param version its zxid */
  setConfig(config: Uint8Array, version: Zxid, timeMs: number): void {
    if (!this.#nodes.has(CONFIG_PATH)) this.#addConfigNode();
    this.setData(CONFIG_PATH, config, -1, version, timeMs);
  }

  /** A client came back: watches again what it watched, and tells it what it missed after `relativeZxid`. */
  setWatches(request: SetWatchesRequest, watcher: Watcher): void {
    const tell = (type: EventType, path: string): void =>
      watcher.process({ type, path, zxid: NO_ZXID, acl: undefined });
    for (const path of request.dataWatches) {
      const node = this.#nodes.get(path);
      if (node === undefined) tell(EventType.nodeDeleted, path);
      else if (node.mzxid > request.relativeZxid) tell(EventType.nodeDataChanged, path);
      else this.watches.addData(path, watcher);
    }
    for (const path of request.existWatches) {
      if (this.#nodes.has(path)) tell(EventType.nodeCreated, path);
      else this.watches.addData(path, watcher);
    }
    for (const path of request.childWatches) {
      const node = this.#nodes.get(path);
      if (node === undefined) tell(EventType.nodeDeleted, path);
      else if (node.pzxid > request.relativeZxid) tell(EventType.nodeChildrenChanged, path);
      else this.watches.addChild(path, watcher);
    }
    for (const path of request.persistentWatches) this.watches.add(path, watcher, AddWatchMode.persistent);
    for (const path of request.persistentRecursiveWatches) {
      this.watches.add(path, watcher, AddWatchMode.persistentRecursive);
    }
  }

  /** For `dump`. */
  dumpEphemerals(): string {
    let text = `Sessions with Ephemerals (${this.#ephemerals.size}):\n`;
    for (const [session, paths] of this.#ephemerals) {
      text += `0x${sessionHex(session)}:\n`;
      for (const path of paths) text += `\t${path}\n`;
    }
    return text;
  }

  /** Empties the tree, to put a snapshot's nodes into it by `restore` and then `restored`. */
  clear(): void {
    this.acls.clear();
    this.#nodes.clear();
    this.#digest.clear();
    this.#ephemerals.clear();
    this.#containers.clear();
    this.#ttls.clear();
    this.#quotas.clear();
    this.#dataSize = 0;
  }

  /** A node of a snapshot, which has `data`; whether its parent came before it. The ACL table comes before them all. */
  restore(path: string, node: Znode, data: Uint8Array | null): boolean {
    if (path !== "") {
      const parent = path.startsWith("/") ? this.#nodes.get(parentOf(path)) : undefined;
      if (parent === undefined) return false;
      parent.addChild(nameOf(path));
    }
    const before = this.#nodes.get(path);
    if (before !== undefined) this.#unsum(before);
    this.#put(path, node, data);
    node.acl = this.acls.useKey(node.acl);
    if (path !== "") this.#enlist(path, node.ephemeralOwner);
    return true;
  }

  /** All nodes of the snapshot are there; false if the root is not. */
  restored(): boolean {
    const root = this.#nodes.get("");
    if (root === undefined) return false;
    this.#nodes.set("/", root);
    this.#recompute();
    this.#quotas.setUp();
    this.acls.purgeUnused();
    return true;
  }

  #addConfigNode(): void {
    const parent = this.#nodes.get(PROC_PATH);
    if (parent === undefined) return;
    parent.addChild(nameOf(CONFIG_PATH));
    const node = new Znode(EMPTY, this.acls.use(READ_ACL));
    node.aversion = -1;
    this.#put(CONFIG_PATH, node, EMPTY);
  }

  #put(path: string, node: Znode, data: Uint8Array | null): void {
    this.#nodes.set(path, node);
    if (isOutsideDigest(path) || !this.options.digestEnabled) return;
    node.contentDigest = contentDigest(path, data) | 0;
    this.#resum(path, node);
  }

  /** Before a change of what the digest covers. Nodes outside of it have 0. */
  #unsum(node: Znode): void {
    this.#digest.remove(node.digest >>> 0);
  }

  #resum(path: string, node: Znode): void {
    if (isOutsideDigest(path) || !this.options.digestEnabled) return;
    node.digest = statDigest(node.contentDigest >>> 0, node) | 0;
    this.#digest.add(node.digest >>> 0);
  }

  /**
   * Takes the node out of everything but its parent. What is below it, which only replay can meet, came later than this deletion
   * and comes again by its own transactions: left here it would be found, and its new parent never be told of it.
   */
  #remove(path: string, node: Znode): void {
    const doomed: Array<readonly [string, Znode]> = [[path, node]];
    for (let next = doomed.pop(); next !== undefined; next = doomed.pop()) {
      const [at, gone] = next;
      for (const name of gone.children) {
        const child = this.#nodes.get(`${at}/${name}`);
        if (child !== undefined) doomed.push([`${at}/${name}`, child]);
      }
      this.#nodes.delete(at);
      this.#unsum(gone);
      this.acls.release(gone.acl);
      this.#dataSize -= sizeOf(at, gone);
      this.#delist(at, gone.ephemeralOwner);
      this.#quotas.deleted(at, gone);
    }
  }

  #enlist(path: string, owner: bigint): void {
    switch (ephemeralType(owner, this.options)) {
      case "container":
        this.#containers.add(path);
        return;
      case "ttl":
        this.#ttls.add(path);
        return;
      case "normal": {
        const paths = this.#ephemerals.get(owner);
        if (paths === undefined) this.#ephemerals.set(owner, new Set([path]));
        else paths.add(path);
        return;
      }
      case "void":
    }
  }

  #delist(path: string, owner: bigint): void {
    switch (ephemeralType(owner, this.options)) {
      case "container":
        this.#containers.delete(path);
        return;
      case "ttl":
        this.#ttls.delete(path);
        return;
      case "normal":
        this.#ephemerals.get(owner)?.delete(path);
        return;
      case "void":
    }
  }

  #recompute(): void {
    this.#dataSize = 0;
    for (const [path, node] of this.#nodes) this.#dataSize += sizeOf(path, node);
  }
}

/** No leader creates or deletes the root, or what is no path: who wrote such a transaction must not take the tree apart. */
function hasParent(path: string): boolean {
  return path.length > 1 && path.startsWith("/");
}

function sizeOf(path: string, node: Znode): number {
  return path.length + node.dataLength;
}
