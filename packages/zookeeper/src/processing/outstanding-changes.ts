import type { SessionId, Zxid } from "../jute/zxid.ts";
import type { Database } from "../tree/database.ts";
import { contentDigest, isOutsideDigest, statDigest, TreeDigest } from "../tree/digest.ts";
import { ChangeRecord } from "./change-record.ts";

// Source: org.apache.zookeeper.server.PrepRequestProcessor (outstandingChanges and what handles them).

interface Change {
  readonly zxid: number;
  readonly path: string;
}

/** What a multi must be able to take back: the record that a path had before a change. */
interface Undo {
  readonly path: string;
  readonly previous: ChangeRecord | undefined;
}

/** Applied changes at the head of the queue that are given back to the memory together. */
const DEAD_CHANGES_MAX = 4096;
const NO_OWNER = 0n;

/** The tree as it will be: the database and, on top of it, what is prepared and not applied yet. */
export class OutstandingChanges {
  readonly #database: Database;
  readonly #digestEnabled: boolean;
  readonly #records = new Map<string, ChangeRecord>();
  /** In order of zxids; what lies before `#head` is applied. */
  #changes: Change[] = [];
  #head = 0;
  /** Ephemerals that are being created, by session; what the tree has already is looked up there. */
  readonly #ephemerals = new Map<SessionId, Set<string>>();
  /** Of the tree as it will be. */
  readonly #digest = new TreeDigest();
  #undo: Undo[] | undefined;
  #undoDigest = new TreeDigest();
  #undoLength = 0;

  constructor(database: Database) {
    this.#database = database;
    this.#digestEnabled = database.tree.options.digestEnabled;
  }

  get size(): number {
    return this.#changes.length - this.#head;
  }

  /** Of the whole tree as it will be after what is prepared: unsigned 64 bits; undefined where digests are off. */
  treeDigest(): bigint | undefined {
    if (!this.#digestEnabled) return undefined;
    this.#syncDigest();
    return this.#digest.value;
  }

  /** The node as it will be, or undefined where there will be none. `path` may be "/" or "" for the root. */
  record(path: string): ChangeRecord | undefined {
    if (path === "/") path = "";
    const known = this.#records.get(path);
    if (known !== undefined) return known.isDeleted ? undefined : known;
    const node = this.#database.tree.node(path);
    if (node === undefined) return undefined;
    const record = new ChangeRecord(path, -1, node.data, this.#database.tree.aclOf(node), node.ephemeralOwner);
    record.childCount = node.numChildren;
    record.czxid = node.czxid;
    record.mzxid = node.mzxid;
    record.pzxid = node.pzxid;
    record.ctime = node.ctime;
    record.mtime = node.mtime;
    record.version = node.version;
    record.cversion = node.cversion;
    record.aversion = node.aversion;
    record.contentDigest = node.contentDigest >>> 0;
    record.digest = node.digest >>> 0;
    return record;
  }

  /** Adds a node. Its czxid is the zxid of the transaction. */
  add(record: ChangeRecord): void {
    this.#syncDigest();
    const previous = this.#records.get(record.path);
    this.#undo?.push({ path: record.path, previous });
    if (previous !== undefined) this.#forgetEphemeral(previous);
    if (this.#digestEnabled && !isOutsideDigest(record.path)) {
      record.contentDigest = contentDigest(record.path, record.data);
      record.digest = statDigest(record.contentDigest, record) >>> 0;
      this.#digest.add(record.digest);
    }
    this.#put(record, record.zxid);
    this.#noteEphemeral(record);
  }

  /** Changes a node that `record` gave: `change` sets its fields. */
  update(record: ChangeRecord, zxid: Zxid, change: (record: ChangeRecord) => void, hasNewData = false): void {
    this.#syncDigest();
    this.#remember(record);
    change(record);
    if (this.#digestEnabled && !isOutsideDigest(record.path)) {
      this.#digest.remove(record.digest);
      if (hasNewData) record.contentDigest = contentDigest(record.path, record.data);
      record.digest = statDigest(record.contentDigest, record) >>> 0;
      this.#digest.add(record.digest);
    }
    this.#put(record, zxid);
  }

  /** Removes a node that `record` gave. */
  delete(record: ChangeRecord, zxid: Zxid): void {
    this.#syncDigest();
    this.#remember(record);
    if (this.#digestEnabled && !isOutsideDigest(record.path)) this.#digest.remove(record.digest);
    record.isDeleted = true;
    this.#put(record, zxid);
  }

  /** The ephemerals that the session will have, those of transactions under way included. */
  ephemeralsOf(session: SessionId): string[] {
    const paths: string[] = [];
    const isStillTheirs = (path: string): boolean => {
      const record = this.#records.get(path);
      return record === undefined || (!record.isDeleted && record.ephemeralOwner === session);
    };
    const inTree = this.#database.tree.ephemeralsOf(session);
    for (const path of inTree) if (isStillTheirs(path)) paths.push(path);
    for (const path of this.#ephemerals.get(session) ?? []) {
      if (!inTree.has(path) && this.#records.has(path) && isStillTheirs(path)) paths.push(path);
    }
    return paths;
  }

  /** From here on until `keep` or `rollBack` changes can be taken back. */
  begin(): void {
    this.#syncDigest();
    this.#undo = [];
    this.#undoLength = this.#changes.length;
    this.#undoDigest.copyFrom(this.#digest);
  }

  keep(): void {
    this.#undo = undefined;
  }

  /** Everything is as it was at `begin`. */
  rollBack(): void {
    const undo = this.#undo ?? [];
    this.#undo = undefined;
    for (let at = undo.length - 1; at >= 0; at--) {
      const { path, previous } = undo[at] as Undo;
      const record = this.#records.get(path);
      if (record !== undefined) this.#forgetEphemeral(record);
      if (previous === undefined) {
        this.#records.delete(path);
        continue;
      }
      this.#records.set(path, previous);
      if (!previous.isDeleted) this.#noteEphemeral(previous);
    }
    this.#changes.length = this.#undoLength;
    this.#digest.copyFrom(this.#undoDigest);
  }

  /** Everything up to this zxid is in the tree. */
  applied(zxid: Zxid): void {
    for (; this.#head < this.#changes.length; this.#head++) {
      const change = this.#changes[this.#head] as Change;
      if (change.zxid > zxid) break;
      const record = this.#records.get(change.path);
      if (record === undefined || record.zxid > zxid) continue;
      this.#records.delete(change.path);
      this.#forgetEphemeral(record);
    }
    if (this.#head === this.#changes.length) {
      this.#changes.length = 0;
      this.#head = 0;
    } else if (this.#head >= DEAD_CHANGES_MAX) {
      this.#changes = this.#changes.slice(this.#head);
      this.#head = 0;
    }
  }

  /** With nothing under way the tree's own digest is the one to begin with: a tree that came anew has another. */
  #syncDigest(): void {
    if (this.#changes.length === 0 && this.#digestEnabled) this.#digest.copyFrom(this.#database.tree.treeDigest);
  }

  #put(record: ChangeRecord, zxid: number): void {
    record.zxid = zxid;
    this.#records.set(record.path, record);
    this.#changes.push({ zxid, path: record.path });
  }

  #remember(record: ChangeRecord): void {
    if (this.#undo === undefined) return;
    const isKnown = this.#records.get(record.path) === record;
    this.#undo.push({ path: record.path, previous: isKnown ? record.clone() : undefined });
  }

  #noteEphemeral(record: ChangeRecord): void {
    if (record.ephemeralOwner === NO_OWNER) return;
    const paths = this.#ephemerals.get(record.ephemeralOwner);
    if (paths === undefined) this.#ephemerals.set(record.ephemeralOwner, new Set([record.path]));
    else paths.add(record.path);
  }

  #forgetEphemeral(record: ChangeRecord): void {
    if (record.ephemeralOwner === NO_OWNER) return;
    const paths = this.#ephemerals.get(record.ephemeralOwner);
    paths?.delete(record.path);
    if (paths?.size === 0) this.#ephemerals.delete(record.ephemeralOwner);
  }
}
