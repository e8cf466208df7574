import { ProtocolError, unreachable } from "@ordinal/kit";

import { type Acl, readAcl, writeAcl } from "./data-records.ts";
import { JuteReader } from "./jute-reader.ts";
import { JuteWriter } from "./jute-writer.ts";
import { OpCode } from "./op-code.ts";
import type { SessionId, Zxid } from "./zxid.ts";

// Source: zookeeper.jute, module org.apache.zookeeper.txn; org.apache.zookeeper.server.util.SerializeUtils.

export interface TxnHeader {
  readonly sessionId: SessionId;
  readonly cxid: number;
  readonly zxid: Zxid;
  /** Wall time of the leader, milliseconds since the epoch. */
  readonly timeMs: number;
  readonly type: number;
}

/** A transaction's record, by the header's `type`. Parts of a multi are records themselves. */
export type TxnRecord =
  | {
      readonly type: typeof OpCode.create | typeof OpCode.create2;
      readonly path: string;
      readonly data: Uint8Array | null;
      readonly acl: readonly Acl[] | null;
      readonly ephemeral: boolean;
      /** The parent's stored cversion after this; -1: one more than it has (CreateTxnV0 and other leaders' choice). */
      readonly parentCVersion: number;
    }
  | {
      readonly type: typeof OpCode.createContainer;
      readonly path: string;
      readonly data: Uint8Array | null;
      readonly acl: readonly Acl[] | null;
      readonly parentCVersion: number;
    }
  | {
      readonly type: typeof OpCode.createTTL;
      readonly path: string;
      readonly data: Uint8Array | null;
      readonly acl: readonly Acl[] | null;
      readonly parentCVersion: number;
      /** Milliseconds, 1 to 2⁴⁰ - 1. */
      readonly ttl: number;
    }
  | { readonly type: typeof OpCode.delete | typeof OpCode.deleteContainer; readonly path: string }
  | {
      readonly type: typeof OpCode.setData | typeof OpCode.reconfig;
      readonly path: string;
      readonly data: Uint8Array | null;
      /** The node's version after this. */
      readonly version: number;
    }
  | {
      readonly type: typeof OpCode.setACL;
      readonly path: string;
      readonly acl: readonly Acl[] | null;
      /** The node's aversion after this. */
      readonly version: number;
    }
  | { readonly type: typeof OpCode.check; readonly path: string; readonly version: number }
  | { readonly type: typeof OpCode.createSession; readonly timeoutMs: number }
  /** `paths` is undefined where the log holds none (before 3.6): then the session's ephemerals are looked up. */
  | { readonly type: typeof OpCode.closeSession; readonly paths: readonly string[] | undefined }
  | { readonly type: typeof OpCode.error; readonly error: number }
  | { readonly type: typeof OpCode.multi; readonly parts: readonly TxnRecord[] };

export interface TxnDigest {
  readonly version: number;
  /** Of the whole tree after this transaction: unsigned 64 bits. */
  readonly treeDigest: bigint;
}

export const TXN_DIGEST_VERSION = 2;

/** One transaction, with the bytes that stand for it in proposals and in the log: header, record, digest if there is one. */
export interface Txn {
  readonly header: TxnHeader;
  readonly record: TxnRecord;
  readonly digest: TxnDigest | undefined;
  readonly bytes: Uint8Array;
}

export function makeTxn(header: TxnHeader, record: TxnRecord, digest?: TxnDigest): Txn {
  const writer = new JuteWriter();
  writeTxnHeader(writer, header);
  writeTxnRecord(writer, record);
  if (digest !== undefined) {
    writer.int32(digest.version);
    writer.int64(BigInt.asIntN(64, digest.treeDigest));
  }
  return { header, record, digest, bytes: writer.written() };
}

/** Reads a proposal's or log entry's bytes, of which the transaction keeps views. Throws a `ProtocolError` for what is none. */
export function parseTxn(bytes: Uint8Array): Txn {
  const reader = new JuteReader(bytes);
  const header = readTxnHeader(reader);
  const record = readTxnRecord(reader, header.type);
  let digest: TxnDigest | undefined;
  if (reader.remaining > 0) {
    digest = { version: reader.int32(), treeDigest: BigInt.asUintN(64, reader.int64()) };
  }
  return { header, record, digest, bytes };
}

export function readTxnHeader(reader: JuteReader): TxnHeader {
  return {
    sessionId: reader.int64(),
    cxid: reader.int32(),
    zxid: reader.zxid(),
    timeMs: reader.long(),
    type: reader.int32(),
  };
}

export function writeTxnHeader(writer: JuteWriter, header: TxnHeader): void {
  writer.int64(header.sessionId);
  writer.int32(header.cxid);
  writer.long(header.zxid);
  writer.long(header.timeMs);
  writer.int32(header.type);
}

/** Reads the record that follows a header of this type. */
export function readTxnRecord(reader: JuteReader, type: number): TxnRecord {
  switch (type) {
    case OpCode.create:
    case OpCode.create2: {
      const path = reader.ustring();
      const data = reader.buffer();
      const acl = reader.nullableVector(readAcl);
      const ephemeral = reader.boolean();
      // CreateTxnV0, of servers before 3.4, ends here; it never had a digest after it.
      const parentCVersion = reader.remaining >= 4 ? reader.int32() : -1;
      return { type, path, data, acl, ephemeral, parentCVersion };
    }
    case OpCode.createContainer:
      return {
        type,
        path: reader.ustring(),
        data: reader.buffer(),
        acl: reader.nullableVector(readAcl),
        parentCVersion: reader.int32(),
      };
    case OpCode.createTTL:
      return {
        type,
        path: reader.ustring(),
        data: reader.buffer(),
        acl: reader.nullableVector(readAcl),
        parentCVersion: reader.int32(),
        ttl: reader.long(),
      };
    case OpCode.delete:
    case OpCode.deleteContainer:
      return { type, path: reader.ustring() };
    case OpCode.setData:
    case OpCode.reconfig:
      return { type, path: reader.ustring(), data: reader.buffer(), version: reader.int32() };
    case OpCode.setACL:
      return { type, path: reader.ustring(), acl: reader.nullableVector(readAcl), version: reader.int32() };
    case OpCode.check:
      return { type, path: reader.ustring(), version: reader.int32() };
    case OpCode.createSession:
      return { type, timeoutMs: reader.int32() };
    case OpCode.closeSession:
      return { type, paths: reader.remaining === 0 ? undefined : reader.vector((from) => from.ustring()) };
    case OpCode.error:
      return { type, error: reader.int32() };
    case OpCode.multi:
      return { type, parts: reader.vector(readPart) };
    default:
      throw new ProtocolError("BAD_TXN", `a transaction of unknown type ${type}`);
  }
}

function readPart(reader: JuteReader): TxnRecord {
  const type = reader.int32();
  const data = reader.buffer();
  if (type === OpCode.multi || data === null) throw new ProtocolError("BAD_TXN", `a multi with a part of type ${type}`);
  // A reader over the part's own bytes: a lie about lengths inside stays inside.
  return readTxnRecord(new JuteReader(data), type);
}

/** Writes a record without its type, which stands in the header. */
export function writeTxnRecord(writer: JuteWriter, record: TxnRecord): void {
  switch (record.type) {
    case OpCode.create:
    case OpCode.create2:
      writer.ustring(record.path);
      writer.buffer(record.data);
      writer.vector(record.acl, writeAcl);
      writer.boolean(record.ephemeral);
      writer.int32(record.parentCVersion);
      return;
    case OpCode.createContainer:
    case OpCode.createTTL:
      writer.ustring(record.path);
      writer.buffer(record.data);
      writer.vector(record.acl, writeAcl);
      writer.int32(record.parentCVersion);
      if (record.type === OpCode.createTTL) writer.long(record.ttl);
      return;
    case OpCode.delete:
    case OpCode.deleteContainer:
      writer.ustring(record.path);
      return;
    case OpCode.setData:
    case OpCode.reconfig:
      writer.ustring(record.path);
      writer.buffer(record.data);
      writer.int32(record.version);
      return;
    case OpCode.setACL:
      writer.ustring(record.path);
      writer.vector(record.acl, writeAcl);
      writer.int32(record.version);
      return;
    case OpCode.check:
      writer.ustring(record.path);
      writer.int32(record.version);
      return;
    case OpCode.createSession:
      writer.int32(record.timeoutMs);
      return;
    case OpCode.closeSession:
      if (record.paths !== undefined) writer.vector(record.paths, (to, path) => to.ustring(path));
      return;
    case OpCode.error:
      writer.int32(record.error);
      return;
    case OpCode.multi:
      writer.vector(record.parts, writePart);
      return;
    default:
      unreachable(record, "transaction");
  }
}

function writePart(writer: JuteWriter, part: TxnRecord): void {
  writer.int32(part.type);
  const at = writer.length;
  writer.int32(0);
  writeTxnRecord(writer, part);
  writer.setUint32(at, writer.length - at - 4);
}
