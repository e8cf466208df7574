import { once } from "node:events";
import { connect, type Socket } from "node:net";

import { JuteReader } from "../../packages/zookeeper/src/jute/jute-reader.ts";
import { JuteWriter } from "../../packages/zookeeper/src/jute/jute-writer.ts";
import { OpCode, SpecialXid } from "../../packages/zookeeper/src/jute/op-code.ts";
import {
  readConnectResponse,
  writeAuthPacket,
  writeConnectRequest,
} from "../../packages/zookeeper/src/jute/proto-records.ts";
import { type SessionId, ZERO_ZXID } from "../../packages/zookeeper/src/jute/zxid.ts";

/** A client that knows frames and nothing else: every packet of the server, as it came. */
export class RawSession implements AsyncDisposable {
  readonly sessionId: SessionId;
  readonly timeoutMs: number;
  readonly password: Uint8Array;
  /** All packets after the ConnectResponse, without their length. */
  readonly packets: Uint8Array[] = [];
  readonly #socket: Socket;
  /** Called when something came, or nothing more will. */
  private arrived: () => void = () => {};

  private constructor(socket: Socket, response: ReturnType<typeof readConnectResponse>) {
    this.#socket = socket;
    this.sessionId = response.sessionId;
    this.timeoutMs = response.timeoutMs;
    this.password = response.password.slice();
  }

  static async open(port: number, timeoutMs = 30_000): Promise<RawSession> {
    const socket = connect(port, "127.0.0.1");
    socket.setNoDelay(true);
    await once(socket, "connect");
    const frames = new Frames();
    let session: RawSession | undefined;
    const opened = new Promise<RawSession>((resolve, reject) => {
      socket.on("error", reject);
      socket.on("close", () => {
        reject(new Error("the server closed the connection"));
        session?.arrived();
      });
      socket.on("data", (chunk: Buffer) => {
        for (const frame of frames.take(chunk)) {
          if (session === undefined) {
            session = new RawSession(socket, readConnectResponse(new JuteReader(frame)));
            resolve(session);
          } else {
            session.packets.push(frame);
          }
        }
        session?.arrived();
      });
    });
    const request = new JuteWriter();
    const password = new Uint8Array(16);
    writeConnectRequest(request, {
      protocolVersion: 0,
      lastZxidSeen: ZERO_ZXID,
      timeoutMs,
      sessionId: 0n,
      password,
      readOnly: false,
    });
    socket.write(framed(request.written()));
    return opened;
  }

  send(xid: number, type: number, record: Uint8Array): void {
    const writer = new JuteWriter();
    writer.int32(xid);
    writer.int32(type);
    writer.bytes(record);
    this.#socket.write(framed(writer.written()));
  }

  addAuth(scheme: string, auth: string): void {
    const writer = new JuteWriter();
    writeAuthPacket(writer, { type: 0, scheme, auth: Buffer.from(auth) });
    this.send(SpecialXid.auth, OpCode.auth, writer.written());
  }

  /** Waits until there are this many replies, notifications not counted. */
  async replies(count: number): Promise<void> {
    while (this.packets.filter(isReply).length < count) {
      if (this.#socket.destroyed) throw new Error(`the connection ended after ${this.packets.length} packets`);
      await new Promise<void>((resolve) => (this.arrived = resolve));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#socket.destroyed) return;
    this.#socket.destroy();
    await once(this.#socket, "close");
  }
}

export function isReply(packet: Uint8Array): boolean {
  return new JuteReader(packet).int32() !== SpecialXid.notification;
}

function framed(bytes: Uint8Array): Uint8Array {
  const frame = Buffer.alloc(4 + bytes.length);
  frame.writeInt32BE(bytes.length);
  frame.set(bytes, 4);
  return frame;
}

class Frames {
  #rest: Buffer = Buffer.alloc(0);

  *take(chunk: Buffer): Generator<Uint8Array> {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= 4) {
      const length = this.#rest.readInt32BE(0);
      if (this.#rest.length < 4 + length) return;
      yield this.#rest.subarray(4, 4 + length);
      this.#rest = this.#rest.subarray(4 + length);
    }
  }
}
