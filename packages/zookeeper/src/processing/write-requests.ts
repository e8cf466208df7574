import { ProtocolError } from "@ordinal/kit";

import type { Acl } from "../jute/data-records.ts";
import { JuteReader } from "../jute/jute-reader.ts";
import { OpCode } from "../jute/op-code.ts";
import {
  type PathVersionRequest,
  readMultiHeader,
  readPathVersionRequest,
  readSetDataRequest,
  readWatchableRequest,
  type SetAclRequest,
  type SetDataRequest,
} from "../jute/proto-records.ts";
import { createMode } from "./create-mode.ts";

// Source: zookeeper.jute; org.apache.zookeeper.MultiOperationRecord and Op, as of 3.8.

/** A request for a node; all of it is unchecked. */
export interface CreateWish {
  readonly path: string;
  readonly data: Uint8Array | null;
  readonly acl: readonly Acl[] | null;
  readonly flags: number;
  /** Milliseconds; NaN: a number that no time to live can be. -1: not asked for. */
  readonly ttl: number;
}

export type CreateType =
  | typeof OpCode.create
  | typeof OpCode.create2
  | typeof OpCode.createContainer
  | typeof OpCode.createTTL;

/** One operation of a multi. */
export type WriteOp =
  | {
      readonly type: Exclude<CreateType, typeof OpCode.create2>;
      readonly request: CreateWish;
      /** Its mode asks for a time to live and it has none: with it, when it is its turn, the whole multi is malformed. */
      readonly lacksTtl: boolean;
    }
  | { readonly type: typeof OpCode.delete | typeof OpCode.check; readonly request: PathVersionRequest }
  | { readonly type: typeof OpCode.setData; readonly request: SetDataRequest };

export interface ReadOp {
  readonly type: typeof OpCode.getData | typeof OpCode.getChildren;
  readonly path: string;
}

export function readCreate(reader: JuteReader, hasTtl: boolean): CreateWish {
  const path = reader.ustring();
  const data = reader.buffer();
  const acl = reader.nullableVector(readRequestAcl);
  const flags = reader.int32();
  return { path, data, acl, flags, ttl: hasTtl ? readTtl(reader) : -1 };
}

/** A path that is null is as wrong as an empty one, here and in `readSetAcl`; elsewhere it makes a request malformed. */
export function readSetData(reader: JuteReader): SetDataRequest {
  return { path: reader.nullableString() ?? "", data: reader.buffer(), version: reader.int32() };
}

export function readSetAcl(reader: JuteReader): SetAclRequest {
  return { path: reader.nullableString() ?? "", acl: reader.nullableVector(readRequestAcl), version: reader.int32() };
}

/** The operations of a multi. A `ProtocolError` if they are not operations that change something. */
export function readMulti(record: Uint8Array): WriteOp[] {
  const reader = new JuteReader(record);
  const ops: WriteOp[] = [];
  for (let header = readMultiHeader(reader); !header.done; header = readMultiHeader(reader)) {
    ops.push(readMultiOp(reader, header.type));
  }
  return ops;
}

/** The operations of a multiRead. A `ProtocolError` if they are not reads. */
export function readMultiRead(record: Uint8Array): ReadOp[] {
  const reader = new JuteReader(record);
  const ops: ReadOp[] = [];
  for (let header = readMultiHeader(reader); !header.done; header = readMultiHeader(reader)) {
    if (header.type !== OpCode.getData && header.type !== OpCode.getChildren) throw badOp(header.type);
    ops.push({ type: header.type, path: readWatchableRequest(reader).path });
  }
  return ops;
}

function readMultiOp(reader: JuteReader, type: number): WriteOp {
  switch (type) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
      return createOp(readCreate(reader, false), false);
    case OpCode.createTTL:
      return createOp(readCreate(reader, true), true);
    case OpCode.delete:
    case OpCode.check:
      return { type, request: readPathVersionRequest(reader) };
    case OpCode.setData:
      return { type, request: readSetDataRequest(reader) };
    default:
      throw badOp(type);
  }
}

/**
 * Inside a multi the mode decides what a create is, and create2 is a create: a server of 3.8 would meet a part of type
 * create2 with an error and lose the transaction.
 */
function createOp(request: CreateWish, hasTtl: boolean): WriteOp {
  const mode = createMode(request.flags);
  if (mode?.isTtl === true) return { type: OpCode.createTTL, request, lacksTtl: !hasTtl };
  const type = mode?.isContainer === true ? OpCode.createContainer : OpCode.create;
  return { type, request: { ...request, ttl: -1 }, lacksTtl: false };
}

/** Null strings are read as empty ones: no scheme is called so, which makes the ACL an invalid one. */
function readRequestAcl(reader: JuteReader): Acl {
  const perms = reader.int32();
  return { perms, id: { scheme: reader.nullableString() ?? "", id: reader.nullableString() ?? "" } };
}

function readTtl(reader: JuteReader): number {
  const ttl = reader.int64();
  return ttl >= -1n && ttl <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(ttl) : Number.NaN;
}

function badOp(type: number): ProtocolError {
  return new ProtocolError("BAD_OP", `an operation of type ${type} in a multi`);
}
