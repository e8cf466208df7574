import { crc32 } from "node:zlib";

import type { Acl } from "../../jute/data-records.ts";
import { ErrorCode } from "../../jute/error-code.ts";
import { OpCode } from "../../jute/op-code.ts";
import { makeTxn, type Txn, TXN_DIGEST_VERSION, type TxnRecord } from "../../jute/txn-records.ts";
import { makeZxid, type SessionId, type Zxid } from "../../jute/zxid.ts";

/** What a history is made of: requests that may or may not be granted. Paths and lists are chosen by number. */
export type Command =
  | { readonly kind: "create"; readonly path: string; readonly mode: Mode; readonly data: Uint8Array | null; readonly acl: readonly Acl[] }
  | { readonly kind: "delete"; readonly path: string }
  | { readonly kind: "set"; readonly path: string; readonly data: Uint8Array | null }
  | { readonly kind: "acl"; readonly path: string; readonly acl: readonly Acl[] }
  | { readonly kind: "open" | "close"; readonly session: SessionId }
  | { readonly kind: "multi"; readonly parts: readonly Command[] };
export type Mode = "persistent" | "create2" | "container" | "ttl" | SessionId;

export interface NaiveNode {
  data: Uint8Array | null;
  acl: readonly Acl[];
  czxid: number;
  mzxid: number;
  pzxid: number;
  ctime: number;
  mtime: number;
  version: number;
  created: number;
  aversion: number;
  owner: bigint;
}

const EPOCH = 3;
const TTL = 5000;

/**
 * A tree that keeps nothing twice and looks everything up, with the leader that prepares transactions for it. What it has of a
 * digest it computes from all nodes each time.
 */
export class NaiveTree {
  /** Without what lies below /zookeeper, which counts in no digest. */
  nodes = new Map<string, NaiveNode>([["", emptyNode()], ["/zookeeper", emptyNode()]]);
  readonly sessions = new Map<SessionId, number>();
  #counter = 0;

  /** The transaction that a leader makes of the command, applied here; an error's if it is refused. */
  commit(command: Command): Txn {
    const zxid = makeZxid(EPOCH, ++this.#counter);
    const timeMs = 1_700_000_000_000 + this.#counter * 7;
    const sessionId = sessionOf(command);
    const before = new Map([...this.nodes].map(([path, node]) => [path, { ...node }]));
    const record = this.#run(command, zxid, timeMs);
    if (record.type === OpCode.error) this.nodes = before;
    const header = { sessionId, cxid: this.#counter, zxid, timeMs, type: record.type };
    return makeTxn(header, record, { version: TXN_DIGEST_VERSION, treeDigest: this.digest() });
  }

  digest(): bigint {
    let sum = 0n;
    for (const [path, node] of this.nodes) {
      const stat = Buffer.alloc(60);
      [node.czxid, node.mzxid, node.pzxid, node.ctime, node.mtime].forEach((value, at) => stat.writeBigInt64BE(BigInt(value), at * 8));
      [node.version, node.created, node.aversion].forEach((value, at) => stat.writeInt32BE(value, 40 + at * 4));
      stat.writeBigInt64BE(node.owner, 52);
      sum += BigInt(crc32(Buffer.concat([Buffer.from(path), node.data ?? new Uint8Array(0), stat])));
    }
    return BigInt.asUintN(64, sum);
  }

  childrenOf(path: string): string[] {
    const prefix = `${path}/`;
    return [...this.nodes.keys()]
      .filter((other) => other.startsWith(prefix) && !other.slice(prefix.length).includes("/"))
      .map((other) => other.slice(prefix.length))
      .sort();
  }

  #run(command: Command, zxid: Zxid, timeMs: number): TxnRecord {
    const refused = (error: number): TxnRecord => ({ type: OpCode.error, error });
    switch (command.kind) {
      case "create": {
        const { path, mode, data, acl } = command;
        const parent = this.nodes.get(path.slice(0, path.lastIndexOf("/")));
        if (parent === undefined) return refused(ErrorCode.noNode);
        if (this.nodes.has(path)) return refused(ErrorCode.nodeExists);
        if (parent.owner > 0n) return refused(ErrorCode.noChildrenForEphemerals);
        if (typeof mode === "bigint" && !this.sessions.has(mode)) return refused(ErrorCode.sessionExpired);
        parent.created++;
        parent.pzxid = zxid;
        const owner = ownerOf(mode);
        this.nodes.set(path, { ...emptyNode(), data, acl, czxid: zxid, mzxid: zxid, pzxid: zxid, ctime: timeMs, mtime: timeMs, owner });
        const common = { path, data, acl, parentCVersion: parent.created };
        if (mode === "container") return { type: OpCode.createContainer, ...common };
        if (mode === "ttl") return { type: OpCode.createTTL, ...common, ttl: TTL };
        return { type: mode === "create2" ? OpCode.create2 : OpCode.create, ...common, ephemeral: typeof mode === "bigint" };
      }
      case "delete": {
        const { path } = command;
        if (!this.nodes.has(path)) return refused(ErrorCode.noNode);
        if (this.childrenOf(path).length > 0) return refused(ErrorCode.notEmpty);
        this.#remove(path, zxid);
        return { type: OpCode.delete, path };
      }
      case "set": {
        const node = this.nodes.get(command.path);
        if (node === undefined) return refused(ErrorCode.noNode);
        Object.assign(node, { data: command.data, mzxid: zxid, mtime: timeMs, version: node.version + 1 });
        return { type: OpCode.setData, path: command.path, data: command.data, version: node.version };
      }
      case "acl": {
        const node = this.nodes.get(command.path);
        if (node === undefined) return refused(ErrorCode.noNode);
        Object.assign(node, { acl: command.acl, aversion: node.aversion + 1 });
        return { type: OpCode.setACL, path: command.path, acl: command.acl, version: node.aversion };
      }
      case "open":
        this.sessions.set(command.session, 4000);
        return { type: OpCode.createSession, timeoutMs: 4000 };
      case "close": {
        const paths = [...this.nodes].filter(([, node]) => node.owner === command.session).map(([path]) => path);
        for (const path of paths) this.#remove(path, zxid);
        this.sessions.delete(command.session);
        return { type: OpCode.closeSession, paths };
      }
      case "multi": {
        const parts: TxnRecord[] = [];
        for (const part of command.parts) {
          const record = this.#run(part, zxid, timeMs);
          if (record.type === OpCode.error) return record;
          parts.push(record);
        }
        return { type: OpCode.multi, parts };
      }
    }
  }

  #remove(path: string, zxid: Zxid): void {
    this.nodes.delete(path);
    const parent = this.nodes.get(path.slice(0, path.lastIndexOf("/")));
    if (parent !== undefined) parent.pzxid = zxid;
  }
}

function emptyNode(): NaiveNode {
  const data = new Uint8Array(0);
  const acl = [{ perms: 31, id: { scheme: "world", id: "anyone" } }];
  return { data, acl, czxid: 0, mzxid: 0, pzxid: 0, ctime: 0, mtime: 0, version: 0, created: 0, aversion: 0, owner: 0n };
}

function ownerOf(mode: Mode): bigint {
  if (typeof mode === "bigint") return mode;
  if (mode === "container") return -0x8000000000000000n;
  return mode === "ttl" ? BigInt.asIntN(64, 0xff00000000000000n | BigInt(TTL)) : 0n;
}

/** A multi's ephemerals must be one session's. */
function sessionOf(command: Command): SessionId {
  if (command.kind === "open" || command.kind === "close") return command.session;
  const creates = command.kind === "multi" ? command.parts : [command];
  for (const part of creates) if (part.kind === "create" && typeof part.mode === "bigint") return part.mode;
  return 1n;
}
