import { type Stat, writeStat } from "../jute/data-records.ts";
import { ErrorCode } from "../jute/error-code.ts";
import type { JuteWriter } from "../jute/jute-writer.ts";
import { OpCode } from "../jute/op-code.ts";
import { writeMultiHeader } from "../jute/proto-records.ts";
import type { Database, TxnResult } from "../tree/database.ts";
import { CONFIG_PATH } from "../tree/quota.ts";

// Source: org.apache.zookeeper.server.FinalRequestProcessor, org.apache.zookeeper.MultiResponse.

/** Whether the session was found at another server: its connection here is closed, which no reply may precede. */
export function hasMoved(result: TxnResult): boolean {
  if (result.type === OpCode.error) return result.error === ErrorCode.sessionMoved;
  return result.parts?.some((part) => part.type === OpCode.error && part.error === ErrorCode.sessionMoved) ?? false;
}

/** Writes what follows the header of the reply to a request of this type, and returns the header's error. */
export function writeResultBody(type: number, result: TxnResult, database: Database, writer: JuteWriter): number {
  if (result.type === OpCode.multi) {
    // Whatever failed, the header of a multi's reply says 0.
    for (const part of result.parts ?? []) writePart(part, writer);
    writeMultiHeader(writer, { type: -1, done: true, error: -1 });
    return ErrorCode.ok;
  }
  if (result.error !== ErrorCode.ok) return result.error;
  switch (type) {
    case OpCode.create:
      writer.ustring(result.path ?? "");
      return ErrorCode.ok;
    case OpCode.create2:
    case OpCode.createTTL:
    case OpCode.createContainer:
      writer.ustring(result.path ?? "");
      return writeStatOf(result.stat, writer);
    case OpCode.setData:
    case OpCode.setACL:
      return writeStatOf(result.stat, writer);
    case OpCode.reconfig:
      writer.buffer(database.tree.node(CONFIG_PATH)?.data ?? null);
      return writeStatOf(result.stat, writer);
    default:
      return ErrorCode.ok;
  }
}

/** Of a multi: containers and nodes with a time to live answer as create2 does. */
function writePart(part: TxnResult, writer: JuteWriter): void {
  if (part.type === OpCode.error) {
    writeMultiHeader(writer, { type: OpCode.error, done: false, error: part.error });
    writer.int32(part.error);
    return;
  }
  const type = MULTI_ANSWERS.get(part.type) ?? part.type;
  writeMultiHeader(writer, { type, done: false, error: ErrorCode.ok });
  if (type === OpCode.create || type === OpCode.create2) writer.ustring(part.path ?? "");
  if ((type === OpCode.create2 || type === OpCode.setData) && part.stat !== undefined) writeStat(writer, part.stat);
}

const MULTI_ANSWERS: ReadonlyMap<number, number> = new Map([
  [OpCode.createTTL, OpCode.create2],
  [OpCode.createContainer, OpCode.create2],
  [OpCode.deleteContainer, OpCode.delete],
]);

function writeStatOf(stat: Stat | undefined, writer: JuteWriter): number {
  if (stat === undefined) return ErrorCode.systemError;
  writeStat(writer, stat);
  return ErrorCode.ok;
}
