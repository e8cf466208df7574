import { ProtocolError } from "@ordinal/kit";

import { JuteReader } from "../jute/jute-reader.ts";
import { JuteWriter } from "../jute/jute-writer.ts";
import type { SessionId, Zxid } from "../jute/zxid.ts";

// What the packets between servers carry as data. Source: org.apache.zookeeper.server.quorum.Learner, LearnerHandler.

/** The protocol version that both sides must speak: that of ZooKeeper 3.4 and later. */
export const PROTOCOL_VERSION = 0x10000;

/** FOLLOWERINFO, OBSERVERINFO. */
export interface LearnerInfo {
  readonly sid: number;
  readonly protocolVersion: number;
  /** Of the configuration that the learner has activated last. */
  readonly configVersion: Zxid;
}

export function encodeLearnerInfo(info: LearnerInfo): Uint8Array {
  const writer = new JuteWriter(64);
  writer.long(info.sid);
  writer.int32(info.protocolVersion);
  writer.long(info.configVersion);
  return writer.written();
}

/** The original takes shorter ones from servers before 3.5. */
export function decodeLearnerInfo(data: Uint8Array | null): LearnerInfo {
  if (data === null || data.length < 12)
    throw new ProtocolError("BAD_LEARNER_INFO", "a learner that does not say who it is");
  const reader = new JuteReader(data);
  const sid = reader.long();
  const protocolVersion = reader.int32();
  return { sid, protocolVersion, configVersion: reader.remaining >= 8 ? reader.zxid() : (0 as Zxid) };
}

/** LEADERINFO's protocol version; ACKEPOCH's current epoch, -1 where the learner had accepted this epoch before. */
export function encodeInt32(value: number): Uint8Array {
  const writer = new JuteWriter(4);
  writer.int32(value);
  return writer.written();
}

export function decodeInt32(data: Uint8Array | null): number {
  return new JuteReader(mustHave(data)).int32();
}

/** REQUEST. */
export interface ForwardedRequest {
  readonly sessionId: SessionId;
  readonly cxid: number;
  readonly type: number;
  readonly record: Uint8Array;
}

export function encodeRequest(request: ForwardedRequest): Uint8Array {
  const writer = new JuteWriter(16 + request.record.length, 16 + request.record.length);
  writer.int64(request.sessionId);
  writer.int32(request.cxid);
  writer.int32(request.type);
  writer.bytes(request.record);
  return writer.written();
}

/** `record` is a view of `data`. */
export function decodeRequest(data: Uint8Array | null): ForwardedRequest {
  const reader = new JuteReader(mustHave(data));
  return {
    sessionId: reader.int64(),
    cxid: reader.int32(),
    type: reader.int32(),
    record: reader.bytes(reader.remaining),
  };
}

/** REVALIDATE of a learner. */
export function encodeRevalidation(sessionId: SessionId, timeoutMs: number): Uint8Array {
  const writer = new JuteWriter(12);
  writer.int64(sessionId);
  writer.int32(timeoutMs);
  return writer.written();
}

export function decodeRevalidation(data: Uint8Array | null): { sessionId: SessionId; timeoutMs: number } {
  const reader = new JuteReader(mustHave(data));
  return { sessionId: reader.int64(), timeoutMs: reader.int32() };
}

/** REVALIDATE of a leader. */
export function encodeRevalidated(sessionId: SessionId, valid: boolean): Uint8Array {
  const writer = new JuteWriter(9);
  writer.int64(sessionId);
  writer.boolean(valid);
  return writer.written();
}

export function decodeRevalidated(data: Uint8Array | null): { sessionId: SessionId; valid: boolean } {
  const reader = new JuteReader(mustHave(data));
  return { sessionId: reader.int64(), valid: reader.boolean() };
}

/** A learner's PING: the sessions that were heard of since the last one, with their timeouts in milliseconds. */
export function encodeTouches(touches: ReadonlyMap<SessionId, number>): Uint8Array {
  const writer = new JuteWriter(undefined, Math.max(16, touches.size * 12));
  for (const [sessionId, timeoutMs] of touches) {
    writer.int64(sessionId);
    writer.int32(timeoutMs);
  }
  return writer.written();
}

export function decodeTouches(data: Uint8Array | null, touch: (sessionId: SessionId, timeoutMs: number) => void): void {
  if (data === null) return;
  const reader = new JuteReader(data);
  while (reader.remaining > 0) touch(reader.int64(), reader.int32());
}

/** COMMITANDACTIVATE: who is to lead from now on. */
export function encodeSid(sid: number): Uint8Array {
  const writer = new JuteWriter(8);
  writer.long(sid);
  return writer.written();
}

export function decodeSid(data: Uint8Array | null): number {
  return new JuteReader(mustHave(data)).long();
}

/** INFORMANDACTIVATE: who is to lead, and the transaction. */
export function encodeSidAndTxn(sid: number, txn: Uint8Array): Uint8Array {
  const writer = new JuteWriter(8 + txn.length, 8 + txn.length);
  writer.long(sid);
  writer.bytes(txn);
  return writer.written();
}

/** `txn` is a view of `data`. */
export function decodeSidAndTxn(data: Uint8Array | null): { sid: number; txn: Uint8Array } {
  const reader = new JuteReader(mustHave(data));
  return { sid: reader.long(), txn: reader.bytes(reader.remaining) };
}

function mustHave(data: Uint8Array | null): Uint8Array {
  if (data === null) throw new ProtocolError("BAD_PACKET", "a packet without its data");
  return data;
}
