import { readStat, type Acl, type Stat } from "../jute/data-records.ts";
/** What the simulated clients ask, as bytes, and what came of it. */
import type { JuteReader } from "../jute/jute-reader.ts";
import { JuteWriter } from "../jute/jute-writer.ts";
import { OpCode, Permission } from "../jute/op-code.ts";
import {
  readMultiHeader,
  writeCreateRequest,
  writeMultiHeader,
  writePathVersionRequest,
  writeSetDataRequest,
  writeWatchableRequest,
} from "../jute/proto-records.ts";
import type { Zxid } from "../jute/zxid.ts";

export type WriteOperation =
  | { readonly kind: "create"; readonly path: string; readonly data: Uint8Array; readonly flags: number }
  | { readonly kind: "delete"; readonly path: string; readonly version: number }
  | { readonly kind: "set"; readonly path: string; readonly data: Uint8Array; readonly version: number }
  | { readonly kind: "check"; readonly path: string; readonly version: number };

export type Operation =
  | WriteOperation
  | { readonly kind: "multi"; readonly parts: readonly WriteOperation[] }
  | { readonly kind: "get"; readonly path: string; readonly watch: boolean }
  | { readonly kind: "exists"; readonly path: string; readonly watch: boolean }
  | { readonly kind: "children"; readonly path: string; readonly watch: boolean }
  | { readonly kind: "sync"; readonly path: string }
  | { readonly kind: "close" };

/** A reply's body, by the kind of its request. */
export interface Answer {
  readonly path?: string;
  readonly stat?: Stat;
  readonly data?: Uint8Array | null;
  readonly children?: readonly string[];
  readonly parts?: readonly PartAnswer[];
}

export interface PartAnswer {
  readonly error: number;
  readonly path?: string;
  readonly stat?: Stat;
}

/** An operation from its invocation to what is known of it. */
export interface OperationRecord {
  readonly operation: Operation;
  readonly xid: number;
  /** The largest zxid of a write that anybody had had acknowledged when this was asked. */
  readonly ackedBefore: Zxid;
  /** What became of it: undefined until the reply; for ever if the connection broke. */
  outcome: { readonly zxid: Zxid; readonly error: number; readonly answer: Answer | undefined } | undefined;
}

export const OPEN_ACL: readonly Acl[] = [{ perms: Permission.all, id: { scheme: "world", id: "anyone" } }];

export function isWrite(operation: Operation): boolean {
  return ["create", "delete", "set", "check", "multi", "close"].includes(operation.kind);
}

/** The whole request without its frame's length. */
export function encodeOperation(xid: number, operation: Operation): Uint8Array {
  const writer = new JuteWriter(undefined, 64);
  writer.int32(xid);
  writer.int32(typeOf(operation));
  writeBody(writer, operation);
  return writer.written();
}

function typeOf(operation: Operation): number {
  switch (operation.kind) {
    case "create":
      return OpCode.create2;
    case "delete":
      return OpCode.delete;
    case "set":
      return OpCode.setData;
    case "check":
      return OpCode.check;
    case "multi":
      return OpCode.multi;
    case "get":
      return OpCode.getData;
    case "exists":
      return OpCode.exists;
    case "children":
      return OpCode.getChildren2;
    case "sync":
      return OpCode.sync;
    case "close":
      return OpCode.closeSession;
  }
}

function writeBody(writer: JuteWriter, operation: Operation): void {
  switch (operation.kind) {
    case "create": {
      const { path, data, flags } = operation;
      writeCreateRequest(writer, { path, data, acl: OPEN_ACL, flags, ttl: undefined });
      return;
    }
    case "delete":
    case "check":
      writePathVersionRequest(writer, operation);
      return;
    case "set":
      writeSetDataRequest(writer, operation);
      return;
    case "multi":
      for (const part of operation.parts) {
        writeMultiHeader(writer, { type: typeOf(part), done: false, error: -1 });
        writeBody(writer, part);
      }
      writeMultiHeader(writer, { type: -1, done: true, error: -1 });
      return;
    case "get":
    case "exists":
    case "children":
      writeWatchableRequest(writer, operation);
      return;
    case "sync":
      writer.ustring(operation.path);
      return;
    case "close":
      return;
  }
}

/** @param reader stands behind the reply's header, whose error is 0 */
export function decodeAnswer(reader: JuteReader, operation: Operation): Answer {
  switch (operation.kind) {
    case "create":
      return { path: reader.ustring(), stat: readStat(reader) };
    case "set":
    case "exists":
      return { stat: readStat(reader) };
    case "get":
      return { data: reader.buffer()?.slice() ?? null, stat: readStat(reader) };
    case "children":
      return { children: reader.vector((from) => from.ustring()), stat: readStat(reader) };
    case "sync":
      return { path: reader.ustring() };
    case "multi":
      return { parts: decodeParts(reader) };
    case "delete":
    case "check":
    case "close":
      return {};
  }
}

function decodeParts(reader: JuteReader): PartAnswer[] {
  const parts: PartAnswer[] = [];
  for (;;) {
    const header = readMultiHeader(reader);
    if (header.done) return parts;
    switch (header.type) {
      case OpCode.create:
        parts.push({ error: 0, path: reader.ustring() });
        break;
      case OpCode.create2:
        parts.push({ error: 0, path: reader.ustring(), stat: readStat(reader) });
        break;
      case OpCode.setData:
        parts.push({ error: 0, stat: readStat(reader) });
        break;
      case OpCode.error:
        parts.push({ error: reader.int32() });
        break;
      default:
        parts.push({ error: 0 });
    }
  }
}
