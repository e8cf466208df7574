import { ProtocolError } from "@ordinal/kit";

import type { Acl } from "../jute/data-records.ts";
import type { JuteReader } from "../jute/jute-reader.ts";
import { JuteWriter } from "../jute/jute-writer.ts";
import type { SessionId } from "../jute/zxid.ts";
import { readAclEntry, writeAclEntry } from "./acl-table.ts";
import type { DataTree } from "./data-tree.ts";
import { Znode } from "./znode.ts";

// Source: org.apache.zookeeper.server.util.SerializeUtils, org.apache.zookeeper.server.DataTree.

const CHUNK_BYTES = 64 * 1024;
const LIST_END = "/";

/**
 * Writes sessions, ACL table and nodes, parents first. Changes between chunks show in what is written later, or not at all.
 *
 * @param chunkBytes a chunk ends with the node that makes it so long
 */
export function* writeSnapshotBody(
  tree: DataTree,
  sessions: ReadonlyMap<SessionId, number>,
  chunkBytes = CHUNK_BYTES,
): Generator<Uint8Array, void> {
  let writer = newChunk();
  writer.int32(sessions.size);
  for (const [id, timeoutMs] of sessions) {
    writer.int64(id);
    writer.int32(timeoutMs);
  }
  const acls = tree.acls.entries();
  writer.int32(acls.length);
  for (const [key, acl] of acls) writeAclEntry(writer, key, acl);
  const open: Array<{ readonly prefix: string; readonly names: readonly string[]; at: number }> = [];
  open.push({ prefix: "", names: [""], at: 0 });
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    const name = top.names[top.at++];
    if (name === undefined) {
      open.pop();
      continue;
    }
    const path = top.prefix + name;
    const node = tree.node(path);
    if (node === undefined) continue;
    writeNode(writer, path, node);
    // Its children of this moment: who comes later comes again by the log, and so goes who has gone meanwhile.
    if (node.numChildren > 0) open.push({ prefix: `${path}/`, names: [...node.children], at: 0 });
    if (writer.length < chunkBytes) continue;
    yield writer.written();
    writer = newChunk();
  }
  writer.ustring(LIST_END);
  yield writer.written();
}

function newChunk(): JuteWriter {
  return new JuteWriter(undefined, CHUNK_BYTES + CHUNK_BYTES / 4);
}

function writeNode(writer: JuteWriter, path: string, node: Znode): void {
  writer.ustring(path);
  writer.buffer(node.data);
  writer.long(node.acl);
  writer.long(node.czxid);
  writer.long(node.mzxid);
  writer.long(node.ctime);
  writer.long(node.mtime);
  writer.int32(node.version);
  writer.int32(node.cversion);
  writer.int32(node.aversion);
  writer.int64(node.ephemeralOwner);
  writer.long(node.pzxid);
}

const NO_OWNER = 0n;

function readNode(reader: JuteReader, data: Uint8Array | null): Znode {
  const node = new Znode(data, reader.long());
  node.czxid = reader.zxid();
  node.mzxid = reader.zxid();
  node.ctime = reader.long();
  node.mtime = reader.long();
  node.version = reader.int32();
  node.cversion = reader.int32();
  node.aversion = reader.int32();
  const owner = reader.int64();
  if (owner !== NO_OWNER) node.ephemeralOwner = owner;
  node.pzxid = reader.zxid();
  return node;
}

/** One step of reading a body: takes one record, and says what comes next. */
type Step = (reader: JuteReader) => Step | undefined;

/**
 * Reads a body record by record into an empty tree and session table. `read` takes one whole record or throws and leaves
 * everything as it was, so that a reader of a stream can wait for more bytes and try again.
 */
export class SnapshotBodyReader {
  readonly #tree: DataTree;
  readonly #sessions: Map<SessionId, number>;
  #left = 0;
  #next: Step | undefined = (reader) => this.#counted(reader, this.#session, this.#aclCount);

  constructor(tree: DataTree, sessions: Map<SessionId, number>) {
    tree.clear();
    this.#tree = tree;
    this.#sessions = sessions;
  }

  /** Whether the body ended; the tree is complete then. */
  get done(): boolean {
    return this.#next === undefined;
  }

  /** Reads one record. A `ProtocolError` with code `BAD_SNAPSHOT` for what no snapshot holds, others for what is cut short. */
  read(reader: JuteReader): void {
    if (this.#next !== undefined) this.#next = this.#next(reader);
  }

  #counted(reader: JuteReader, each: Step, after: Step): Step {
    const count = reader.int32();
    if (count < 0) throw new ProtocolError("BAD_SNAPSHOT", `a list of ${count} entries`);
    this.#left = count;
    return count === 0 ? after : each;
  }

  readonly #session: Step = (reader) => {
    const id = reader.int64();
    this.#sessions.set(id, reader.int32());
    return --this.#left > 0 ? this.#session : this.#aclCount;
  };

  readonly #aclCount: Step = (reader) => this.#counted(reader, this.#acl, this.#node);

  readonly #acl: Step = (reader) => {
    const [key, acl]: readonly [number, readonly Acl[]] = readAclEntry(reader);
    this.#tree.acls.restore(key, acl);
    return --this.#left > 0 ? this.#acl : this.#node;
  };

  readonly #node: Step = (reader) => {
    const path = reader.ustring();
    if (path === LIST_END) {
      if (!this.#tree.restored()) throw new ProtocolError("BAD_SNAPSHOT", "a snapshot without a root");
      return undefined;
    }
    const data = reader.buffer();
    if (!this.#tree.restore(path, readNode(reader, data), data)) {
      throw new ProtocolError("BAD_SNAPSHOT", `the node ${JSON.stringify(path)} comes before its parent`);
    }
    return this.#node;
  };
}
