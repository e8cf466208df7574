import type { Stat } from "../jute/data-records.ts";
import { ErrorCode } from "../jute/error-code.ts";
import { OpCode } from "../jute/op-code.ts";
import type { TxnHeader, TxnRecord } from "../jute/txn-records.ts";
import type { DataTree } from "./data-tree.ts";
import { CONTAINER_OWNER, ttlToOwner } from "./ephemeral-type.ts";

/** What became of a transaction, or of a part of a multi. Source: org.apache.zookeeper.server.DataTree.ProcessTxnResult. */
export interface TxnResult {
  readonly type: number;
  /** An `ErrorCode`; of a multi, its first part's that failed. */
  readonly error: number;
  readonly path?: string;
  readonly stat?: Stat;
  readonly parts?: readonly TxnResult[];
}

/**
 * Applies a transaction. Over a snapshot that was taken while transactions were applied it may meet its own effects: it changes
 * then what is still behind, and answers with an error that nobody waits for. The original brings a parent up to date for plain
 * creates only, and is left with a wrong cversion by the others.
 *
 * Source: org.apache.zookeeper.server.DataTree.processTxn.
 */
export function applyTxn(tree: DataTree, header: TxnHeader, record: TxnRecord): TxnResult {
  const { type } = record;
  switch (type) {
    case OpCode.create:
    case OpCode.create2:
      return create(tree, header, record, record.ephemeral ? header.sessionId : NO_OWNER);
    case OpCode.createTTL:
      return create(tree, header, record, ttlToOwner(record.ttl));
    case OpCode.createContainer:
      return create(tree, header, record, CONTAINER_OWNER);
    case OpCode.delete:
    case OpCode.deleteContainer:
      return { type, error: tree.deleteNode(record.path, header.zxid), path: record.path };
    case OpCode.setData:
    case OpCode.reconfig: {
      const stat = tree.setData(record.path, record.data, record.version, header.zxid, header.timeMs);
      return changed(type, record.path, stat);
    }
    case OpCode.setACL:
      return changed(type, record.path, tree.setAcl(record.path, record.acl, record.version));
    case OpCode.check:
      return { type, error: ErrorCode.ok, path: record.path };
    case OpCode.closeSession:
      tree.killSession(header.sessionId, record.paths, header.zxid);
      return { type, error: ErrorCode.ok };
    case OpCode.createSession:
      return { type, error: ErrorCode.ok };
    case OpCode.error:
      return { type, error: record.error };
    case OpCode.multi:
      return applyMulti(tree, header, record.parts);
  }
}

const NO_OWNER = 0n;

/** A multi with an error among its parts changes nothing: parts before the error answer 0, those after it -2. */
function applyMulti(tree: DataTree, header: TxnHeader, parts: readonly TxnRecord[]): TxnResult {
  const type = OpCode.multi;
  const firstError = parts.findIndex((part) => part.type === OpCode.error);
  const results: TxnResult[] = [];
  let error: number = ErrorCode.ok;
  for (const [at, part] of parts.entries()) {
    if (!MULTI_TYPES.has(part.type)) break;
    let result: TxnResult;
    if (firstError === -1 || part.type === OpCode.error) result = applyTxn(tree, header, part);
    else result = { type: OpCode.error, error: at < firstError ? ErrorCode.ok : ErrorCode.runtimeInconsistency };
    results.push(result);
    if (error === ErrorCode.ok) error = result.error;
  }
  return { type, error, parts: results };
}

/** What a multi may consist of; the original stops at the first part that is none of these. */
const MULTI_TYPES: ReadonlySet<number> = new Set([
  OpCode.create,
  OpCode.create2,
  OpCode.createTTL,
  OpCode.createContainer,
  OpCode.delete,
  OpCode.deleteContainer,
  OpCode.setData,
  OpCode.error,
  OpCode.check,
]);

type CreateRecord = Extract<TxnRecord, { readonly parentCVersion: number }>;

function create(tree: DataTree, header: TxnHeader, record: CreateRecord, ephemeralOwner: bigint): TxnResult {
  const { type, path, data, acl, parentCVersion } = record;
  const { zxid, timeMs } = header;
  let error = tree.createNode({ path, data, acl, parentCVersion, ephemeralOwner, zxid, timeMs });
  if (error === ErrorCode.nodeExists && tree.repairParent(path, parentCVersion, zxid) !== ErrorCode.ok) {
    error = ErrorCode.noNode;
  }
  const node = error === ErrorCode.ok && type !== OpCode.create ? tree.node(path) : undefined;
  return node === undefined ? { type, error, path } : { type, error, path, stat: tree.statOf(node) };
}

function changed(type: number, path: string, stat: Stat | undefined): TxnResult {
  return stat === undefined ? { type, error: ErrorCode.noNode, path } : { type, error: ErrorCode.ok, path, stat };
}
