/** Requests as bytes, the wrong ones too. */
import { type Acl, writeAcl } from "../../../packages/zookeeper/src/jute/data-records.ts";
import { JuteWriter } from "../../../packages/zookeeper/src/jute/jute-writer.ts";
import { OpCode } from "../../../packages/zookeeper/src/jute/op-code.ts";
import { writeAuthPacket, writeMultiHeader } from "../../../packages/zookeeper/src/jute/proto-records.ts";

export interface RawRequest {
  readonly type: number;
  readonly record: Uint8Array;
}

export function record(write: (to: JuteWriter) => void): Uint8Array {
  const writer = new JuteWriter();
  write(writer);
  return writer.written().slice();
}

function request(type: number, write: (to: JuteWriter) => void): RawRequest {
  return { type, record: record(write) };
}

export function acl(perms: number, scheme: string, id: string): Acl {
  return { perms, id: { scheme, id } };
}

export const OPEN: readonly Acl[] = [acl(31, "world", "anyone")];

export type Data = string | Uint8Array | null;

function bytesOf(data: Data): Uint8Array | null {
  return typeof data === "string" ? Buffer.from(data) : data;
}

export interface CreateOptions {
  readonly data?: Data;
  readonly acl?: readonly Acl[] | null;
  readonly flags?: number;
  readonly ttl?: number;
  readonly type?: number;
}

export function create(path: string | null, options: CreateOptions = {}): RawRequest {
  const { data = "", acl: list = OPEN, flags = 0, ttl } = options;
  const type = options.type ?? (ttl === undefined ? OpCode.create : OpCode.createTTL);
  return request(type, (to) => {
    to.ustring(path);
    to.buffer(bytesOf(data));
    to.vector(list, writeAcl);
    to.int32(flags);
    if (ttl !== undefined) to.long(ttl);
  });
}

export function create2(path: string | null, options: CreateOptions = {}): RawRequest {
  return create(path, { type: OpCode.create2, ...options });
}

export function createContainer(path: string | null, options: CreateOptions = {}): RawRequest {
  return create(path, { type: OpCode.createContainer, flags: 4, ...options });
}

export function remove(path: string | null, version = -1): RawRequest {
  return pathVersion(OpCode.delete, path, version);
}

export function check(path: string | null, version = -1): RawRequest {
  return pathVersion(OpCode.check, path, version);
}

function pathVersion(type: number, path: string | null, version: number): RawRequest {
  return request(type, (to) => {
    to.ustring(path);
    to.int32(version);
  });
}

export function setData(path: string | null, data: Data, version = -1): RawRequest {
  return request(OpCode.setData, (to) => {
    to.ustring(path);
    to.buffer(bytesOf(data));
    to.int32(version);
  });
}

export function setAcl(path: string | null, list: readonly Acl[] | null, version = -1): RawRequest {
  return request(OpCode.setACL, (to) => {
    to.ustring(path);
    to.vector(list, writeAcl);
    to.int32(version);
  });
}

/** exists, getData, getChildren, getChildren2. */
export function read(type: number, path: string | null, watch = false): RawRequest {
  return request(type, (to) => {
    to.ustring(path);
    to.boolean(watch);
  });
}

export const exists = (path: string | null, watch = false): RawRequest => read(OpCode.exists, path, watch);
export const getData = (path: string | null, watch = false): RawRequest => read(OpCode.getData, path, watch);
export const getChildren = (path: string | null, watch = false): RawRequest => read(OpCode.getChildren, path, watch);
export const getChildren2 = (path: string | null, watch = false): RawRequest => read(OpCode.getChildren2, path, watch);

/** getACL, sync, getEphemerals, getAllChildrenNumber. */
export function onPath(type: number, path: string | null): RawRequest {
  return request(type, (to) => to.ustring(path));
}

export const getAcl = (path: string | null): RawRequest => onPath(OpCode.getACL, path);
export const sync = (path: string | null): RawRequest => onPath(OpCode.sync, path);

/** addWatch with a mode; removeWatches and checkWatches with a type. */
export function watches(type: number, path: string | null, mode: number): RawRequest {
  return request(type, (to) => {
    to.ustring(path);
    to.int32(mode);
  });
}

export const addWatch = (path: string | null, mode: number): RawRequest => watches(OpCode.addWatch, path, mode);
export const removeWatches = (path: string | null, type: number): RawRequest =>
  watches(OpCode.removeWatches, path, type);
export const checkWatches = (path: string | null, type: number): RawRequest => watches(OpCode.checkWatches, path, type);

export function setWatches(type: number, relativeZxid: number, ...lists: (readonly string[] | null)[]): RawRequest {
  return request(type, (to) => {
    to.long(relativeZxid);
    for (const list of lists) to.vector(list, (writer, path) => writer.ustring(path));
  });
}

export function reconfig(
  joining: string | null,
  leaving: string | null,
  members: string | null,
  configId = -1,
): RawRequest {
  return request(OpCode.reconfig, (to) => {
    to.ustring(joining);
    to.ustring(leaving);
    to.ustring(members);
    to.long(configId);
  });
}

export function auth(scheme: string | null, id: Data, type = 0): RawRequest {
  if (scheme !== null) {
    return request(OpCode.auth, (to) => writeAuthPacket(to, { type, scheme, auth: bytesOf(id) }));
  }
  return request(OpCode.auth, (to) => {
    to.int32(type);
    to.ustring(null);
    to.buffer(bytesOf(id));
  });
}

export function sasl(token: Data): RawRequest {
  return request(OpCode.sasl, (to) => to.buffer(bytesOf(token)));
}

export function empty(type: number): RawRequest {
  return { type, record: new Uint8Array(0) };
}

export interface MultiOptions {
  readonly type?: number;
  /** Instead of `{ type, done: false, error: -1 }`. */
  readonly header?: (part: RawRequest) => { type: number; done: boolean; error: number };
  /** Instead of `{ type: -1, done: true, error: -1 }`; null: none. */
  readonly end?: { type: number; done: boolean; error: number } | null;
  readonly tail?: Uint8Array;
}

export function multi(parts: readonly RawRequest[], options: MultiOptions = {}): RawRequest {
  const { header = ({ type }) => ({ type, done: false, error: -1 }), end = { type: -1, done: true, error: -1 } } =
    options;
  return request(options.type ?? OpCode.multi, (to) => {
    for (const part of parts) {
      writeMultiHeader(to, header(part));
      to.bytes(part.record);
    }
    if (end !== null) writeMultiHeader(to, end);
    if (options.tail !== undefined) to.bytes(options.tail);
  });
}

export function multiRead(parts: readonly RawRequest[], options: MultiOptions = {}): RawRequest {
  return multi(parts, { type: OpCode.multiRead, ...options });
}
