/**
 * A file body on its way to a socket: one buffer a connection, read when the socket has taken what it had, so that a slow client
 * costs no memory and a fast one waits for the disk only.
 */
import { close, read } from "node:fs";
import type { Socket } from "node:net";

import type { Body } from "../http/response.ts";

/** Octets read at once. */
const READ_BYTES = 256 * 1024;

export type StreamEnd = "complete" | "truncated" | "failed";

export interface StreamProgress {
  /** Called when the client took something; `octets` of the body since the last call. */
  progressed(octets: number): void;
  ended(how: StreamEnd): void;
}

/** Sends the body's pieces in order and closes its file. Writes to a destroyed socket end it. */
export function streamFile(socket: Socket, body: Body & { kind: "file" }, progress: StreamProgress): void {
  let piece = 0;
  let offset = body.pieces[0]?.start ?? 0;
  const largest = Math.max(0, ...body.pieces.map(({ start, end }) => end - start));
  const buffer = Buffer.allocUnsafeSlow(Math.min(READ_BYTES, largest));

  const finish = (how: StreamEnd): void => {
    close(body.handle, () => {});
    progress.ended(how);
  };
  const send = (data: Buffer, then: () => void): void => {
    socket.write(data, (error) => {
      if (error !== null && error !== undefined) {
        finish("failed");
        return;
      }
      progress.progressed(data.length);
      then();
    });
  };
  const sendPiece = (): void => {
    const current = body.pieces[piece];
    if (current === undefined) {
      if (body.after === undefined) finish("complete");
      else send(body.after, () => finish("complete"));
      return;
    }
    offset = current.start;
    if (current.before === undefined) readOn(current.end);
    else send(current.before, () => readOn(current.end));
  };
  const readOn = (end: number): void => {
    if (offset >= end) {
      piece++;
      sendPiece();
      return;
    }
    if (socket.destroyed) {
      finish("failed");
      return;
    }
    read(body.handle, buffer, 0, Math.min(buffer.length, end - offset), offset, (error, count) => {
      if (error !== null || count === 0) {
        finish("truncated");
        return;
      }
      offset += count;
      send(count === buffer.length ? buffer : buffer.subarray(0, count), () => readOn(end));
    });
  };
  sendPiece();
}
