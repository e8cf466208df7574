import { ProtocolError } from "@ordinal/kit";

import { readStat, type Acl, type Stat } from "../jute/data-records.ts";
import { ErrorCode } from "../jute/error-code.ts";
import type { JuteReader } from "../jute/jute-reader.ts";
import { JuteWriter } from "../jute/jute-writer.ts";
import { CreateFlag, OpCode } from "../jute/op-code.ts";
import {
  readMultiHeader,
  writeCreateRequest,
  writeMultiHeader,
  writePathVersionRequest,
  writeSetDataRequest,
  writeWatchableRequest,
} from "../jute/proto-records.ts";
import { isTtl, TTL_MAX } from "../tree/ephemeral-type.ts";
import { validatePath } from "../tree/path.ts";
import { BadPathError, KeeperError } from "./keeper-error.ts";

// Sources: org.apache.zookeeper.Op, MultiOperationRecord, MultiResponse.

export type CreateMode = keyof typeof CreateFlag;

/** Any version of a node. */
export const ANY_VERSION = -1;

/** Everybody may do everything. Source: ZooDefs.Ids.OPEN_ACL_UNSAFE. */
export const OPEN_ACL: readonly Acl[] = [{ perms: 31, id: { scheme: "world", id: "anyone" } }];

export interface CreateOptions {
  readonly mode?: CreateMode;
  /** By default everybody may do everything. */
  readonly acl?: readonly Acl[];
  /** Milliseconds without change and children after which the node goes; with the modes for it, and only there. */
  readonly ttl?: number;
}

/** A part of `multi`. Versions are `ANY_VERSION` by default. */
export type WriteOperation =
  | ({
      readonly kind: "create";
      readonly path: string;
      readonly data?: Uint8Array | null;
      readonly withStat?: boolean;
    } & CreateOptions)
  | { readonly kind: "delete"; readonly path: string; readonly version?: number }
  | { readonly kind: "setData"; readonly path: string; readonly data: Uint8Array | null; readonly version?: number }
  | { readonly kind: "check"; readonly path: string; readonly version: number };

/** A part of `multiRead`. */
export type ReadOperation =
  | { readonly kind: "getData"; readonly path: string }
  | { readonly kind: "getChildren"; readonly path: string };

export type OperationResult =
  | { readonly kind: "create"; readonly path: string; readonly stat: Stat | undefined }
  | { readonly kind: "delete" | "check" }
  | { readonly kind: "setData"; readonly stat: Stat }
  | { readonly kind: "getData"; readonly data: Uint8Array | null; readonly stat: Stat }
  | { readonly kind: "getChildren"; readonly children: string[] }
  | { readonly kind: "error"; readonly error: number };

export function isSequential(mode: CreateMode): boolean {
  return mode === "persistentSequential" || mode === "ephemeralSequential" || mode === "persistentSequentialTtl";
}

/** Throws `BadPathError` in the original's words. */
export function mustBePath(path: string, isSequentialName = false): void {
  const problem = validatePath(path, isSequentialName);
  if (problem !== undefined) throw new BadPathError(problem);
}

/** Throws what the original's client refuses before it asks a server: a path, a time to live, an empty ACL. */
export function mustBeCreatable(path: string, { mode = "persistent", acl = OPEN_ACL, ttl }: CreateOptions): void {
  mustBePath(path, isSequential(mode));
  const hasTtl = mode === "persistentTtl" || mode === "persistentSequentialTtl";
  if (hasTtl && (ttl === undefined || !isTtl(ttl))) {
    throw new BadPathError(`ttl must be positive and cannot be larger than: ${TTL_MAX}`);
  }
  if (!hasTtl && ttl !== undefined) throw new BadPathError(`ttl not valid for mode: ${mode}`);
  if (acl.length === 0) throw new KeeperError(ErrorCode.invalidACL);
}

/** The type and record of a create. @param path as the server knows it */
export function encodeCreate(
  writer: JuteWriter,
  path: string,
  data: Uint8Array | null,
  { mode = "persistent", acl = OPEN_ACL, ttl }: CreateOptions,
): void {
  writeCreateRequest(writer, { path, data, acl, flags: CreateFlag[mode], ttl });
}

/** @param withStat whether the answer is to have the node's stat */
export function createType({ mode = "persistent", ttl }: CreateOptions, withStat: boolean): number {
  if (ttl !== undefined) return OpCode.createTTL;
  if (mode === "container") return OpCode.createContainer;
  return withStat ? OpCode.create2 : OpCode.create;
}

/** Whether an answer to this type of create carries a stat. */
export function answersWithStat(type: number): boolean {
  return type !== OpCode.create;
}

/** The record of multi and multiRead. @param serverPath puts the chroot before a path */
export function encodeOperations(
  operations: readonly (WriteOperation | ReadOperation)[],
  serverPath: (path: string) => string,
): Uint8Array {
  const writer = new JuteWriter();
  for (const operation of operations) {
    const path = serverPath(operation.path);
    writeMultiHeader(writer, { type: typeOf(operation), done: false, error: -1 });
    switch (operation.kind) {
      case "create":
        encodeCreate(writer, path, operation.data ?? null, operation);
        break;
      case "delete":
      case "check":
        writePathVersionRequest(writer, { path, version: operation.version ?? ANY_VERSION });
        break;
      case "setData":
        writeSetDataRequest(writer, { path, data: operation.data, version: operation.version ?? ANY_VERSION });
        break;
      case "getData":
      case "getChildren":
        writeWatchableRequest(writer, { path, watch: false });
        break;
    }
  }
  writeMultiHeader(writer, { type: -1, done: true, error: -1 });
  return writer.written();
}

export function mustBeOperation(operation: WriteOperation | ReadOperation): void {
  if (operation.kind === "create") mustBeCreatable(operation.path, operation);
  else mustBePath(operation.path);
}

/** @param clientPath takes the chroot from a path */
export function decodeResults(reader: JuteReader, clientPath: (path: string) => string): OperationResult[] {
  const results: OperationResult[] = [];
  for (;;) {
    const { type, done } = readMultiHeader(reader);
    if (done) return results;
    results.push(decodeResult(reader, type, clientPath));
  }
}

function decodeResult(reader: JuteReader, type: number, clientPath: (path: string) => string): OperationResult {
  switch (type) {
    case OpCode.create:
      return { kind: "create", path: clientPath(reader.ustring()), stat: undefined };
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTTL:
      return { kind: "create", path: clientPath(reader.ustring()), stat: readStat(reader) };
    case OpCode.delete:
      return { kind: "delete" };
    case OpCode.check:
      return { kind: "check" };
    case OpCode.setData:
      return { kind: "setData", stat: readStat(reader) };
    case OpCode.getData:
      return { kind: "getData", data: reader.buffer()?.slice() ?? null, stat: readStat(reader) };
    case OpCode.getChildren:
      return { kind: "getChildren", children: reader.vector((from) => from.ustring()) };
    case OpCode.error:
      return { kind: "error", error: reader.int32() };
    default:
      throw new ProtocolError("BAD_MULTI", `${type} in the answer to multi`);
  }
}

function typeOf(operation: WriteOperation | ReadOperation): number {
  if (operation.kind === "create") return createType(operation, operation.withStat === true);
  return OpCode[operation.kind];
}
