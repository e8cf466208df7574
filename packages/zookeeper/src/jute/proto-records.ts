import { ProtocolError } from "@ordinal/kit";

import { type Acl, readAcl, writeAcl } from "./data-records.ts";
import type { JuteReader } from "./jute-reader.ts";
import type { JuteWriter } from "./jute-writer.ts";
import type { SessionId, Zxid } from "./zxid.ts";

// Source: zookeeper.jute, module org.apache.zookeeper.proto. Readers take a request apart, writers make it.

export interface ConnectRequest {
  readonly protocolVersion: number;
  readonly lastZxidSeen: Zxid;
  readonly timeoutMs: number;
  readonly sessionId: SessionId;
  readonly password: Uint8Array;
  /** Undefined where the client (before 3.4) does not send the byte. */
  readonly readOnly: boolean | undefined;
}

export function readConnectRequest(reader: JuteReader): ConnectRequest {
  const protocolVersion = reader.int32();
  const lastZxidSeen = reader.zxid();
  const timeoutMs = reader.int32();
  const sessionId = reader.int64();
  const password = reader.buffer() ?? new Uint8Array(0);
  const readOnly = reader.remaining > 0 ? reader.boolean() : undefined;
  return { protocolVersion, lastZxidSeen, timeoutMs, sessionId, password, readOnly };
}

export function writeConnectRequest(writer: JuteWriter, request: ConnectRequest): void {
  writer.int32(request.protocolVersion);
  writer.long(request.lastZxidSeen);
  writer.int32(request.timeoutMs);
  writer.int64(request.sessionId);
  writer.buffer(request.password);
  if (request.readOnly !== undefined) writer.boolean(request.readOnly);
}

export interface ConnectResponse {
  readonly protocolVersion: number;
  /** Negotiated; 0: the session has expired. */
  readonly timeoutMs: number;
  readonly sessionId: SessionId;
  readonly password: Uint8Array;
  /** Written only to clients that sent theirs. */
  readonly readOnly: boolean | undefined;
}

export function readConnectResponse(reader: JuteReader): ConnectResponse {
  const protocolVersion = reader.int32();
  const timeoutMs = reader.int32();
  const sessionId = reader.int64();
  const password = reader.buffer() ?? new Uint8Array(0);
  const readOnly = reader.remaining > 0 ? reader.boolean() : undefined;
  return { protocolVersion, timeoutMs, sessionId, password, readOnly };
}

export function writeConnectResponse(writer: JuteWriter, response: ConnectResponse): void {
  writer.int32(response.protocolVersion);
  writer.int32(response.timeoutMs);
  writer.int64(response.sessionId);
  writer.buffer(response.password);
  if (response.readOnly !== undefined) writer.boolean(response.readOnly);
}

export interface ReplyHeader {
  readonly xid: number;
  readonly zxid: Zxid;
  /** An `ErrorCode`; a body follows only where it is 0. */
  readonly error: number;
}

export function readReplyHeader(reader: JuteReader): ReplyHeader {
  return { xid: reader.int32(), zxid: reader.zxid(), error: reader.int32() };
}

export function writeReplyHeader(writer: JuteWriter, header: ReplyHeader): void {
  writer.int32(header.xid);
  writer.long(header.zxid);
  writer.int32(header.error);
}

/** create, create2, createContainer (`ttl` undefined) and createTTL. */
export interface CreateRequest {
  readonly path: string;
  readonly data: Uint8Array | null;
  readonly acl: readonly Acl[] | null;
  /** A `CreateFlag`, unchecked. */
  readonly flags: number;
  readonly ttl: number | undefined;
}

export function readCreateRequest(reader: JuteReader, hasTtl: boolean): CreateRequest {
  return {
    path: reader.ustring(),
    data: reader.buffer(),
    acl: reader.nullableVector(readAcl),
    flags: reader.int32(),
    ttl: hasTtl ? reader.long() : undefined,
  };
}

export function writeCreateRequest(writer: JuteWriter, request: CreateRequest): void {
  writer.ustring(request.path);
  writer.buffer(request.data);
  writer.vector(request.acl, writeAcl);
  writer.int32(request.flags);
  if (request.ttl !== undefined) writer.long(request.ttl);
}

/** delete and check; -1 is any version. */
export interface PathVersionRequest {
  readonly path: string;
  readonly version: number;
}

export function readPathVersionRequest(reader: JuteReader): PathVersionRequest {
  return { path: reader.ustring(), version: reader.int32() };
}

export function writePathVersionRequest(writer: JuteWriter, request: PathVersionRequest): void {
  writer.ustring(request.path);
  writer.int32(request.version);
}

export interface SetDataRequest {
  readonly path: string;
  readonly data: Uint8Array | null;
  readonly version: number;
}

export function readSetDataRequest(reader: JuteReader): SetDataRequest {
  return { path: reader.ustring(), data: reader.buffer(), version: reader.int32() };
}

export function writeSetDataRequest(writer: JuteWriter, request: SetDataRequest): void {
  writer.ustring(request.path);
  writer.buffer(request.data);
  writer.int32(request.version);
}

export interface SetAclRequest {
  readonly path: string;
  readonly acl: readonly Acl[] | null;
  readonly version: number;
}

export function readSetAclRequest(reader: JuteReader): SetAclRequest {
  return { path: reader.ustring(), acl: reader.nullableVector(readAcl), version: reader.int32() };
}

export function writeSetAclRequest(writer: JuteWriter, request: SetAclRequest): void {
  writer.ustring(request.path);
  writer.vector(request.acl, writeAcl);
  writer.int32(request.version);
}

/** exists, getData, getChildren, getChildren2. */
export interface WatchableRequest {
  readonly path: string;
  readonly watch: boolean;
}

export function readWatchableRequest(reader: JuteReader): WatchableRequest {
  return { path: reader.ustring(), watch: reader.boolean() };
}

export function writeWatchableRequest(writer: JuteWriter, request: WatchableRequest): void {
  writer.ustring(request.path);
  writer.boolean(request.watch);
}

export interface ReconfigRequest {
  readonly joiningServers: string | null;
  readonly leavingServers: string | null;
  readonly newMembers: string | null;
  /** -1: whatever the configuration is. */
  readonly curConfigId: number;
}

export function readReconfigRequest(reader: JuteReader): ReconfigRequest {
  return {
    joiningServers: reader.nullableString(),
    leavingServers: reader.nullableString(),
    newMembers: reader.nullableString(),
    curConfigId: reader.long(),
  };
}

export function writeReconfigRequest(writer: JuteWriter, request: ReconfigRequest): void {
  writer.ustring(request.joiningServers);
  writer.ustring(request.leavingServers);
  writer.ustring(request.newMembers);
  writer.long(request.curConfigId);
}

export interface SetWatchesRequest {
  readonly relativeZxid: Zxid;
  readonly dataWatches: readonly string[];
  readonly existWatches: readonly string[];
  readonly childWatches: readonly string[];
  /** These two come with setWatches2 only. */
  readonly persistentWatches: readonly string[];
  readonly persistentRecursiveWatches: readonly string[];
}

export function readSetWatchesRequest(reader: JuteReader, hasPersistent: boolean): SetWatchesRequest {
  // A list that is null is one that the original cannot go through.
  const paths = (): string[] => mustBeThere(reader.nullableVector((from) => from.ustring()));
  return {
    relativeZxid: reader.zxid(),
    dataWatches: paths(),
    existWatches: paths(),
    childWatches: paths(),
    persistentWatches: hasPersistent ? paths() : [],
    persistentRecursiveWatches: hasPersistent ? paths() : [],
  };
}

function mustBeThere<T>(list: T[] | null): T[] {
  if (list === null) throw new ProtocolError("BAD_VECTOR", "a list is missing");
  return list;
}

export function writeSetWatchesRequest(writer: JuteWriter, request: SetWatchesRequest, hasPersistent: boolean): void {
  const paths = (list: readonly string[]): void => writer.vector(list, (to, path) => to.ustring(path));
  writer.long(request.relativeZxid);
  paths(request.dataWatches);
  paths(request.existWatches);
  paths(request.childWatches);
  if (!hasPersistent) return;
  paths(request.persistentWatches);
  paths(request.persistentRecursiveWatches);
}

export interface AuthPacket {
  readonly type: number;
  readonly scheme: string;
  readonly auth: Uint8Array | null;
}

/** A scheme that is null is one that nobody knows. */
export function readAuthPacket(reader: JuteReader): AuthPacket {
  return { type: reader.int32(), scheme: reader.nullableString() ?? "", auth: reader.buffer() };
}

export function writeAuthPacket(writer: JuteWriter, packet: AuthPacket): void {
  writer.int32(packet.type);
  writer.ustring(packet.scheme);
  writer.buffer(packet.auth);
}

/** Source: org.apache.zookeeper.Watcher.Event. */
export const EventType = {
  none: -1,
  nodeCreated: 1,
  nodeDeleted: 2,
  nodeDataChanged: 3,
  nodeChildrenChanged: 4,
  dataWatchRemoved: 5,
  childWatchRemoved: 6,
  persistentWatchRemoved: 7,
} as const;
export type EventType = (typeof EventType)[keyof typeof EventType];

export const KeeperState = {
  disconnected: 0,
  syncConnected: 3,
  authFailed: 4,
  connectedReadOnly: 5,
  saslAuthenticated: 6,
  expired: -112,
  closed: 7,
} as const;

export interface WatcherEvent {
  readonly type: number;
  readonly state: number;
  readonly path: string;
}

export function readWatcherEvent(reader: JuteReader): WatcherEvent {
  return { type: reader.int32(), state: reader.int32(), path: reader.ustring() };
}

export function writeWatcherEvent(writer: JuteWriter, event: WatcherEvent): void {
  writer.int32(event.type);
  writer.int32(event.state);
  writer.ustring(event.path);
}

/** Before each part of a multi, and `{type: -1, done: true, error: -1}` at its end. */
export interface MultiHeader {
  readonly type: number;
  readonly done: boolean;
  readonly error: number;
}

export function readMultiHeader(reader: JuteReader): MultiHeader {
  return { type: reader.int32(), done: reader.boolean(), error: reader.int32() };
}

export function writeMultiHeader(writer: JuteWriter, header: MultiHeader): void {
  writer.int32(header.type);
  writer.boolean(header.done);
  writer.int32(header.error);
}

export interface ClientInfo {
  readonly authScheme: string;
  readonly user: string;
}

export function readClientInfo(reader: JuteReader): ClientInfo {
  return { authScheme: reader.ustring(), user: reader.ustring() };
}

export function writeClientInfo(writer: JuteWriter, info: ClientInfo): void {
  writer.ustring(info.authScheme);
  writer.ustring(info.user);
}
