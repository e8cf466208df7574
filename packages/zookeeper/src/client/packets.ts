import { JuteWriter } from "../jute/jute-writer.ts";
import { OpCode, SpecialXid } from "../jute/op-code.ts";
import {
  writeAuthPacket,
  writeConnectRequest,
  writeSetWatchesRequest,
  type ConnectRequest,
  type SetWatchesRequest,
} from "../jute/proto-records.ts";

// Each is a whole frame: its length, the header, the record.

const HEAD_BYTES = 12;

/** The handshake, which has no header. */
export function connectFrame(request: ConnectRequest): Uint8Array {
  const writer = new JuteWriter();
  writer.int32(0);
  writeConnectRequest(writer, request);
  return finish(writer);
}

export function requestFrame(xid: number, type: number, record: Uint8Array): Uint8Array {
  const writer = start(xid, type, HEAD_BYTES + record.length);
  writer.bytes(record);
  return finish(writer);
}

export function pingFrame(): Uint8Array {
  return finish(start(SpecialXid.ping, OpCode.ping));
}

export function authFrame(scheme: string, auth: Uint8Array | null): Uint8Array {
  const writer = start(SpecialXid.auth, OpCode.auth);
  writeAuthPacket(writer, { type: 0, scheme, auth });
  return finish(writer);
}

/** setWatches, which every server knows, unless there are persistent watches. */
export function setWatchesFrame(request: SetWatchesRequest): Uint8Array {
  const hasPersistent = request.persistentWatches.length + request.persistentRecursiveWatches.length > 0;
  const writer = start(SpecialXid.setWatches, hasPersistent ? OpCode.setWatches2 : OpCode.setWatches);
  writeSetWatchesRequest(writer, request, hasPersistent);
  return finish(writer);
}

function start(xid: number, type: number, size = 64): JuteWriter {
  const writer = new JuteWriter(undefined, size);
  writer.int32(0);
  writer.int32(xid);
  writer.int32(type);
  return writer;
}

function finish(writer: JuteWriter): Uint8Array {
  writer.setUint32(0, writer.length - 4);
  return writer.written();
}
