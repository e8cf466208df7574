import { ProtocolError } from "@ordinal/kit";

import { type Id, readId, writeId } from "../jute/data-records.ts";
import { JuteReader } from "../jute/jute-reader.ts";
import type { JuteWriter } from "../jute/jute-writer.ts";
import type { Zxid } from "../jute/zxid.ts";

// Source: org.apache.zookeeper.server.quorum.Leader (types), zookeeper.jute QuorumPacket. The stream has no frames.

export const PacketType = {
  request: 1,
  proposal: 2,
  ack: 3,
  commit: 4,
  ping: 5,
  revalidate: 6,
  sync: 7,
  inform: 8,
  commitAndActivate: 9,
  newLeader: 10,
  followerInfo: 11,
  upToDate: 12,
  diff: 13,
  trunc: 14,
  snap: 15,
  observerInfo: 16,
  leaderInfo: 17,
  ackEpoch: 18,
  informAndActivate: 19,
} as const;

const NAMES: ReadonlyMap<number, string> = new Map([
  [PacketType.request, "REQUEST"],
  [PacketType.proposal, "PROPOSAL"],
  [PacketType.ack, "ACK"],
  [PacketType.commit, "COMMIT"],
  [PacketType.ping, "PING"],
  [PacketType.revalidate, "REVALIDATE"],
  [PacketType.sync, "SYNC"],
  [PacketType.inform, "INFORM"],
  [PacketType.commitAndActivate, "COMMITANDACTIVATE"],
  [PacketType.newLeader, "NEWLEADER"],
  [PacketType.followerInfo, "FOLLOWERINFO"],
  [PacketType.upToDate, "UPTODATE"],
  [PacketType.diff, "DIFF"],
  [PacketType.trunc, "TRUNC"],
  [PacketType.snap, "SNAP"],
  [PacketType.observerInfo, "OBSERVERINFO"],
  [PacketType.leaderInfo, "LEADERINFO"],
  [PacketType.ackEpoch, "ACKEPOCH"],
  [PacketType.informAndActivate, "INFORMANDACTIVATE"],
]);

/** For logs and errors. */
export function packetName(type: number): string {
  return NAMES.get(type) ?? `UNKNOWN${type}`;
}

export interface QuorumPacket {
  /** A `PacketType`, or a number that nobody knows. */
  readonly type: number;
  readonly zxid: Zxid;
  readonly data: Uint8Array | null;
  /** Null and empty mean the same. */
  readonly authInfo: readonly Id[] | null;
}

/**
 * The most bytes of a packet's data. The original takes 2 MB (jute.maxbuffer twice) and drops a leader whose closeSession lists more
 * ephemerals than that; a packet costs memory only as its bytes arrive.
 */
export const PACKET_DATA_BYTES_MAX = 64 * 2 ** 20;
/** Before a peer has said who it is. */
export const FIRST_PACKET_DATA_BYTES_MAX = 1024;
const AUTH_IDS_MAX = 4096;
const AUTH_TEXT_BYTES_MAX = 64 * 1024;

export function writePacket(
  writer: JuteWriter,
  type: number,
  zxid: Zxid,
  data: Uint8Array | null = null,
  authInfo: readonly Id[] | null = null,
): void {
  writer.int32(type);
  writer.long(zxid);
  writer.buffer(data);
  writer.vector(authInfo, writeId);
}

const HEADER_BYTES = 16;
const EMPTY = new Uint8Array(0);

/**
 * Cuts a stream of bytes into packets, of which `data` is a view of the chunks it came in. Packets are followed by other bytes only
 * after SNAP: whoever sees one takes what is left by `rest`.
 */
export class PacketDecoder {
  /** The most bytes of the next packets' data. */
  dataBytesMax: number;
  #chunks: Uint8Array[] = [];
  #buffered = 0;
  /** Bytes that must be there before it is worth looking again. */
  #needed = HEADER_BYTES;
  #bytes: Uint8Array = EMPTY;
  #position = 0;

  constructor(dataBytesMax = PACKET_DATA_BYTES_MAX) {
    this.dataBytesMax = dataBytesMax;
  }

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
  }

  /** Bytes that wait for the rest of their packet, or to be asked for. */
  get buffered(): number {
    return this.#buffered;
  }

  /** The next packet, or undefined until more bytes come. Throws a `ProtocolError` for what no packet begins with. */
  next(): QuorumPacket | undefined {
    if (this.#buffered < this.#needed) return undefined;
    this.#join();
    const needed = this.#measure();
    if (needed > this.#buffered) {
      this.#needed = needed;
      return undefined;
    }
    this.#needed = HEADER_BYTES;
    const reader = new JuteReader(this.#bytes, this.#position);
    const type = reader.int32();
    const zxid = reader.zxid();
    const data = reader.buffer();
    const authInfo = reader.nullableVector(readId);
    this.#buffered -= reader.position - this.#position;
    this.#position = reader.position;
    return { type, zxid, data, authInfo };
  }

  /** All bytes that were not part of a packet yet; they are the caller's now. */
  rest(): Uint8Array {
    this.#join();
    const rest = this.#bytes.subarray(this.#position);
    this.#bytes = EMPTY;
    this.#position = 0;
    this.#buffered = 0;
    this.#needed = HEADER_BYTES;
    return rest;
  }

  #join(): void {
    if (this.#chunks.length === 0) return;
    const left = this.#bytes.subarray(this.#position);
    if (left.length === 0 && this.#chunks.length === 1) {
      this.#bytes = this.#chunks[0] ?? EMPTY;
    } else {
      const joined = new Uint8Array(this.#buffered);
      joined.set(left);
      let at = left.length;
      for (const chunk of this.#chunks) {
        joined.set(chunk, at);
        at += chunk.length;
      }
      this.#bytes = joined;
    }
    this.#position = 0;
    this.#chunks = [];
  }

  /** The length of the packet at the position as far as its bytes tell; more than what is there if it is not whole. */
  #measure(): number {
    const bytes = this.#bytes;
    const start = this.#position;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const dataLength = view.getInt32(start + 12);
    if (dataLength < -1 || dataLength > this.dataBytesMax) {
      throw new ProtocolError("BAD_LENGTH", `a packet with ${dataLength} bytes of data; at most ${this.dataBytesMax}`);
    }
    let length = HEADER_BYTES + Math.max(0, dataLength) + 4;
    if (length > this.#buffered) return length;
    const ids = view.getInt32(start + length - 4);
    if (ids < -1 || ids > AUTH_IDS_MAX) throw new ProtocolError("BAD_VECTOR", `a packet with ${ids} ids`);
    for (let texts = Math.max(0, ids) * 2; texts > 0; texts--) {
      if (length + 4 > this.#buffered) return length + 4;
      const text = view.getInt32(start + length);
      if (text < -1 || text > AUTH_TEXT_BYTES_MAX) throw new ProtocolError("BAD_LENGTH", `an id of ${text} bytes`);
      length += 4 + Math.max(0, text);
    }
    return length;
  }
}
