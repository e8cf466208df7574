import { connect, type Socket } from "node:net";

import { closeFrame, connectFrame } from "./request-frames.ts";

const READ_BYTES = 64 * 1024;
/** Length, xid, zxid and error of a reply. */
const HEADER_BYTES = 20;
const LENGTH_BYTES = 4;

/** One session: writes frames, and counts replies by their headers. */
export class RawConnection {
  /** Replies so far came; the load may write as many requests again. */
  onReplies: (count: number, nowMs: number) => void = () => {};
  /** Replies with an error, and the first of these errors. */
  errors = 0;
  firstError = 0;
  /** Of all replies, and of the last one: who measures sees by them that the replies were whole and in order. */
  replyBytes = 0;
  lastXid = 0;
  readonly #socket: Socket;
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #headerBytes = 0;
  /** Of the present reply, behind its header. */
  #toSkip = 0;
  #isOpen = false;
  #opened: () => void = () => {};
  #ended: (reason: Error) => void = () => {};

  private constructor(port: number, silenceMs: number) {
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    this.#socket = connect({
      port,
      host: "127.0.0.1",
      noDelay: true,
      onread: {
        buffer,
        callback: (count: number) => {
          this.#read(buffer, count);
          return true;
        },
      },
    });
    this.#socket.setTimeout(silenceMs, () => this.#socket.destroy(new Error(`silence for ${silenceMs} ms`)));
    this.#socket.on("connect", () => this.#socket.write(connectFrame()));
    this.#socket.on("error", (error) => this.#ended(error));
    this.#socket.on("close", () => this.#ended(new Error("the server closed the connection")));
  }

  /**
   * Resolves with a session; rejects where the server refuses, or has no quorum yet.
   *
   * @param silenceMs after which the connection breaks
   */
  static open(port: number, silenceMs = 30_000): Promise<RawConnection> {
    return new Promise((resolve, reject) => {
      const connection = new RawConnection(port, silenceMs);
      connection.#opened = () => resolve(connection);
      connection.#ended = reject;
    });
  }

  /** What happens when the connection breaks. */
  set onEnd(ended: (reason: Error) => void) {
    this.#ended = ended;
  }

  write(frames: Buffer): void {
    this.#socket.write(frames);
  }

  /** Ends the session; resolves when the connection is gone. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#ended = () => resolve();
      this.#socket.write(closeFrame());
    });
  }

  destroy(): void {
    this.#ended = () => {};
    this.#socket.destroy();
  }

  #read(bytes: Buffer, count: number): void {
    let at = 0;
    let replies = 0;
    while (at < count) {
      if (this.#toSkip > 0) {
        const skipped = Math.min(this.#toSkip, count - at);
        at += skipped;
        this.#toSkip -= skipped;
        if (this.#toSkip > 0) break;
        replies++;
        continue;
      }
      if (this.#headerBytes === 0 && count - at >= HEADER_BYTES) {
        replies += this.#reply(bytes, at);
        at += HEADER_BYTES;
        continue;
      }
      const taken = Math.min(HEADER_BYTES - this.#headerBytes, count - at);
      bytes.copy(this.#header, this.#headerBytes, at, at + taken);
      at += taken;
      this.#headerBytes += taken;
      if (this.#headerBytes < HEADER_BYTES) break;
      this.#headerBytes = 0;
      replies += this.#reply(this.#header, 0);
    }
    if (replies === 0) return;
    if (!this.#isOpen) {
      this.#isOpen = true;
      this.#opened();
      return;
    }
    this.onReplies(replies, performance.now());
  }

  /** A header stands there. 1: the reply ends with it. */
  #reply(bytes: Buffer, at: number): number {
    const length = bytes.readInt32BE(at);
    // The ConnectResponse has other fields in these places.
    if (this.#isOpen) {
      this.replyBytes += LENGTH_BYTES + length;
      this.lastXid = bytes.readInt32BE(at + LENGTH_BYTES);
      const error = bytes.readInt32BE(at + HEADER_BYTES - 4);
      if (error !== 0) this.#failed(error);
    }
    this.#toSkip = length - (HEADER_BYTES - LENGTH_BYTES);
    return this.#toSkip === 0 ? 1 : 0;
  }

  #failed(error: number): void {
    this.errors++;
    if (this.firstError === 0) this.firstError = error;
  }
}
