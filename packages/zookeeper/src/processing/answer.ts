import { ProtocolError } from "@ordinal/kit";

import { type Id, writeAcl, writeStat } from "../jute/data-records.ts";
import { ErrorCode } from "../jute/error-code.ts";
import { JuteReader } from "../jute/jute-reader.ts";
import type { JuteWriter } from "../jute/jute-writer.ts";
import { OpCode, Permission } from "../jute/op-code.ts";
import {
  readSetWatchesRequest,
  readWatchableRequest,
  writeClientInfo,
  writeMultiHeader,
} from "../jute/proto-records.ts";
import type { SessionId, Zxid } from "../jute/zxid.ts";
import type { Database, TxnResult } from "../tree/database.ts";
import type { WatchEvent, Watcher } from "../tree/watch-manager.ts";
import { AddWatchMode, WatcherType } from "../tree/watch-table.ts";
import type { Znode } from "../tree/znode.ts";
import type { AccessControl } from "./access-control.ts";
import { beginReply, endReply } from "./reply.ts";
import { hasMoved, writeResultBody } from "./result-body.ts";
import { readMultiRead } from "./write-requests.ts";

// Source: org.apache.zookeeper.server.FinalRequestProcessor.

/**
 * What a multiRead may have read before its next part: one of a megabyte names the same node 65,000 times. Clients take replies of
 * 4 MB unless they are told otherwise.
 */
export const MULTI_READ_BYTES_MAX = 32 * 1024 * 1024;

/** What a read needs beside itself: of the server, and of the client's connection. One object per connection will do. */
export interface ReadContext {
  readonly database: Database;
  readonly access: AccessControl;
  readonly watcher: Watcher;
  readonly authInfo: readonly Id[];
  readonly sessionId: SessionId;
}

export interface ReadRequest {
  readonly xid: number;
  /** One that `isRead` knows. */
  readonly type: number;
  /** What follows the request header, unchecked. */
  readonly record: Uint8Array;
}

/**
 * Appends the whole reply, frame length included, to a buffer that may hold others already; nothing is copied twice. The
 * reply's zxid is that of the last transaction in the tree. Watches are set as the request asks. What cannot be read is
 * answered with MarshallingError.
 *
 * @returns the error in the reply's header
 */
export function answerRead(request: ReadRequest, context: ReadContext, writer: JuteWriter): number {
  if (request.type === OpCode.setWatches || request.type === OpCode.setWatches2) {
    return answerSetWatches(request, context, writer);
  }
  const start = beginReply(writer, request.xid, context.database.lastProcessedZxid);
  let error: number;
  try {
    error = writeAnswer(request.type, request.record, context, writer);
  } catch (failure) {
    if (!(failure instanceof ProtocolError)) throw failure;
    error = ErrorCode.marshallingError;
  }
  endReply(writer, start, error);
  return error;
}

/** The events that the client missed go into the same buffer, so the reply begins behind them. */
function answerSetWatches({ xid, type, record }: ReadRequest, context: ReadContext, writer: JuteWriter): number {
  const { tree, lastProcessedZxid } = context.database;
  let error: number = ErrorCode.ok;
  try {
    tree.setWatches(readSetWatchesRequest(new JuteReader(record), type === OpCode.setWatches2), context.watcher);
  } catch (failure) {
    if (!(failure instanceof ProtocolError)) throw failure;
    error = ErrorCode.marshallingError;
  }
  endReply(writer, beginReply(writer, xid, lastProcessedZxid), error);
  return error;
}

/**
 * Appends the whole reply to a request that was committed: `result` is what applying its transaction gave. Not for
 * createSession, whose answer is the ConnectResponse.
 *
 * @param zxid the last one in the tree
 * @returns the error in the reply's header; `sessionMoved`: nothing was written, the connection is to be closed
 */
export function answerWrite(
  request: { readonly cxid: number; readonly type: number },
  result: TxnResult,
  zxid: Zxid,
  database: Database,
  writer: JuteWriter,
): number {
  if (hasMoved(result)) return ErrorCode.sessionMoved;
  const start = beginReply(writer, request.cxid, zxid);
  const error = writeResultBody(request.type, result, database, writer);
  endReply(writer, start, error);
  return error;
}

/** Appends the reply to a sync, which says its path again. @returns the error in the reply's header */
export function answerSync(
  request: { readonly cxid: number; readonly record: Uint8Array },
  zxid: Zxid,
  writer: JuteWriter,
): number {
  const start = beginReply(writer, request.cxid, zxid);
  let error: number = ErrorCode.ok;
  try {
    writer.ustring(new JuteReader(request.record).nullableString());
  } catch (failure) {
    if (!(failure instanceof ProtocolError)) throw failure;
    error = ErrorCode.marshallingError;
  }
  endReply(writer, start, error);
  return error;
}

/** Whether a watch event may be sent to a client: only who may read the node is told of it. */
export function mayHear(event: WatchEvent, access: AccessControl, authInfo: readonly Id[]): boolean {
  return access.allows(event.acl, Permission.read, authInfo);
}

/** Writes the body and returns the error; with an error whatever was written is taken back. */
function writeAnswer(type: number, record: Uint8Array, context: ReadContext, writer: JuteWriter): number {
  const reader = new JuteReader(record);
  switch (type) {
    case OpCode.getData:
      return getData(reader, context, writer);
    case OpCode.exists:
      return exists(reader, context, writer);
    case OpCode.getChildren:
      return getChildren(reader, context, writer, false);
    case OpCode.getChildren2:
      return getChildren(reader, context, writer, true);
    case OpCode.getACL:
      return getAcl(reader, context, writer);
    case OpCode.getAllChildrenNumber:
      return getAllChildrenNumber(reader, context, writer);
    case OpCode.getEphemerals:
      return getEphemerals(reader, context, writer);
    case OpCode.multiRead:
      return multiRead(record, context, writer);
    case OpCode.addWatch:
      return addWatch(reader, context, writer);
    case OpCode.checkWatches:
    case OpCode.removeWatches:
      return checkOrRemoveWatches(reader, context, type === OpCode.removeWatches);
    case OpCode.whoAmI:
      writer.vector(context.access.clientInfos(context.authInfo), writeClientInfo);
      return ErrorCode.ok;
    default:
      return ErrorCode.unimplemented;
  }
}

function getData(reader: JuteReader, context: ReadContext, writer: JuteWriter): number {
  const { path, watch } = readWatchableRequest(reader);
  const node = readableNode(path, context);
  if (typeof node === "number") return node;
  if (watch) context.database.tree.watches.addData(path, context.watcher);
  writer.buffer(node.data);
  writeStat(writer, context.database.tree.statOf(node));
  return ErrorCode.ok;
}

/** The watch is set whether the node is there or not, but not for who may not know. */
function exists(reader: JuteReader, context: ReadContext, writer: JuteWriter): number {
  const { path, watch } = readWatchableRequest(reader);
  if (path.includes("\0")) return ErrorCode.badArguments;
  const node = readableNode(path, context);
  if (node === ErrorCode.noAuth) return node;
  if (watch) context.database.tree.watches.addData(path, context.watcher);
  if (typeof node === "number") return node;
  writeStat(writer, context.database.tree.statOf(node));
  return ErrorCode.ok;
}

function getChildren(reader: JuteReader, context: ReadContext, writer: JuteWriter, withStat: boolean): number {
  const { path, watch } = readWatchableRequest(reader);
  const node = readableNode(path, context);
  if (typeof node === "number") return node;
  if (watch) context.database.tree.watches.addChild(path, context.watcher);
  writeNames(writer, node.children);
  if (withStat) writeStat(writer, context.database.tree.statOf(node));
  return ErrorCode.ok;
}

/** Who may read but not administer sees whom the node lets in, without the hashes of their passwords. */
function getAcl(reader: JuteReader, context: ReadContext, writer: JuteWriter): number {
  const path = reader.ustring();
  const { database, access, authInfo } = context;
  const node = database.tree.node(path);
  if (node === undefined) return ErrorCode.noNode;
  const acl = database.tree.aclOf(node);
  if (!access.allows(acl, Permission.read | Permission.admin, authInfo)) return ErrorCode.noAuth;
  const isAdmin = access.allows(acl, Permission.admin, authInfo);
  writer.vector(acl, (to, entry) => {
    const { scheme, id } = entry.id;
    const isHidden = !isAdmin && scheme === "digest";
    writeAcl(to, isHidden ? { perms: entry.perms, id: { scheme, id: id.replaceAll(/:.*/g, ":x") } } : entry);
  });
  writeStat(writer, database.tree.statOf(node));
  return ErrorCode.ok;
}

function getAllChildrenNumber(reader: JuteReader, context: ReadContext, writer: JuteWriter): number {
  const path = reader.ustring();
  const node = readableNode(path, context);
  if (typeof node === "number") return node;
  writer.int32(context.database.tree.descendantCount(path));
  return ErrorCode.ok;
}

function getEphemerals(reader: JuteReader, context: ReadContext, writer: JuteWriter): number {
  const prefix = reader.nullableString() ?? "";
  const all = context.database.tree.ephemeralsOf(context.sessionId);
  const isWhole = ["", "/"].includes(prefix.trim());
  writeNames(writer, isWhole ? all : new Set([...all].filter((path) => path.startsWith(prefix))));
  return ErrorCode.ok;
}

/** Every part has an error of its own; the reply has none. */
function multiRead(record: Uint8Array, context: ReadContext, writer: JuteWriter): number {
  const start = writer.length;
  for (const { type, path } of readMultiRead(record)) {
    if (writer.length - start > MULTI_READ_BYTES_MAX) {
      throw new ProtocolError("TOO_LARGE", `a multiRead whose reply has more than ${MULTI_READ_BYTES_MAX} bytes`);
    }
    const node = readableNode(path, context);
    if (typeof node === "number") {
      writeMultiHeader(writer, { type: OpCode.error, done: false, error: node });
      writer.int32(node);
      continue;
    }
    writeMultiHeader(writer, { type, done: false, error: ErrorCode.ok });
    if (type === OpCode.getChildren) {
      writeNames(writer, node.children);
    } else {
      writer.buffer(node.data);
      writeStat(writer, context.database.tree.statOf(node));
    }
  }
  writeMultiHeader(writer, { type: -1, done: true, error: -1 });
  return ErrorCode.ok;
}

function addWatch(reader: JuteReader, { database, watcher }: ReadContext, writer: JuteWriter): number {
  const path = reader.ustring();
  const mode = reader.int32();
  if (mode !== AddWatchMode.persistent && mode !== AddWatchMode.persistentRecursive) return ErrorCode.marshallingError;
  database.tree.watches.add(path, watcher, mode);
  writer.int32(0);
  return ErrorCode.ok;
}

function checkOrRemoveWatches(reader: JuteReader, { database, watcher }: ReadContext, removes: boolean): number {
  const path = reader.ustring();
  const type = reader.int32();
  if (!isWatcherType(type)) return ErrorCode.marshallingError;
  const { watches } = database.tree;
  const isThere = removes ? watches.remove(path, watcher, type) : watches.contains(path, watcher, type);
  return isThere ? ErrorCode.ok : ErrorCode.noWatcher;
}

function isWatcherType(type: number): type is WatcherType {
  return type >= WatcherType.children && type <= WatcherType.persistentRecursive;
}

/** The node, NoNode, or NoAuth. */
function readableNode(
  path: string,
  { database: { tree }, access, authInfo }: ReadContext,
): Znode | typeof ErrorCode.noNode | typeof ErrorCode.noAuth {
  const node = tree.node(path);
  if (node === undefined) return ErrorCode.noNode;
  return access.allows(tree.aclOf(node), Permission.read, authInfo) ? node : ErrorCode.noAuth;
}

function writeNames(writer: JuteWriter, names: ReadonlySet<string>): void {
  writer.int32(names.size);
  for (const name of names) writer.ustring(name);
}
