import type { JuteWriter } from "../jute/jute-writer.ts";
import type { Zxid } from "../jute/zxid.ts";

// Source: org.apache.zookeeper.server.ServerCnxn (sendResponse), proto.ReplyHeader.

const ERROR_OFFSET = 16;
const HEADER_END = 20;

/**
 * Begins a reply in a buffer that may hold others: frame length, xid, zxid, error. Write the body behind it and call
 * `endReply` with the position that this returns.
 */
export function beginReply(writer: JuteWriter, xid: number, zxid: Zxid): number {
  const start = writer.length;
  writer.int32(0);
  writer.int32(xid);
  writer.long(zxid);
  writer.int32(0);
  return start;
}

/** Ends the reply that began at `start`. With an error the body, if some was written, is taken back. */
export function endReply(writer: JuteWriter, start: number, error: number): void {
  if (error !== 0) {
    writer.truncate(start + HEADER_END);
    writer.setUint32(start + ERROR_OFFSET, error >>> 0);
  }
  writer.setUint32(start, writer.length - start - 4);
}

/** A whole reply without a body: pings, errors, what has nothing to say. */
export function writeEmptyReply(writer: JuteWriter, xid: number, zxid: Zxid, error: number): void {
  endReply(writer, beginReply(writer, xid, zxid), error);
}
