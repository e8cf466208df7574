import type { Connection, Net, NetAddress, Receiver } from "@ordinal/io";

import { JuteReader } from "../../jute/jute-reader.ts";
import { JuteWriter } from "../../jute/jute-writer.ts";
import {
  type ConnectRequest,
  type ConnectResponse,
  readConnectResponse,
  writeConnectRequest,
} from "../../jute/proto-records.ts";
import { ZERO_ZXID, type Zxid } from "../../jute/zxid.ts";

/** A reply or an event, as it came. */
export interface RawReply {
  readonly xid: number;
  readonly zxid: Zxid;
  readonly error: number;
  readonly body: JuteReader;
}

/** A client that sends what a test wants and shows what comes, frame by frame, with no manners of its own. */
export class RawClient implements Receiver {
  readonly connection: Connection;
  /** What has come and was not taken, as frames; `bytes` instead after `asText`. */
  readonly frames: Uint8Array[] = [];
  text = "";
  isClosed = false;
  #rest = new Uint8Array(0);
  #isText = false;
  #wake: (() => void) | undefined;

  private constructor(connection: Connection) {
    this.connection = connection;
    connection.receive(this);
  }

  static async open(net: Net, address: NetAddress): Promise<RawClient> {
    return new RawClient(await net.connect(address));
  }

  data(bytes: Uint8Array): void {
    if (this.#isText) this.text += new TextDecoder().decode(bytes);
    else this.#split(bytes);
    this.#wake?.();
  }

  ended(): void {
    this.isClosed = true;
    this.connection.close();
    this.#wake?.();
  }

  drained(): void {}

  closed(): void {
    this.isClosed = true;
    this.#wake?.();
  }

  /** Sends four letters and gives all that the server says until it ends the connection. */
  async say(word: string): Promise<string> {
    this.#isText = true;
    this.connection.send(new TextEncoder().encode(word));
    await this.until(() => this.isClosed);
    return this.text;
  }

  async handshake(request: Partial<ConnectRequest> = {}): Promise<ConnectResponse> {
    const writer = new JuteWriter();
    writer.int32(0);
    writeConnectRequest(writer, {
      protocolVersion: 0,
      lastZxidSeen: ZERO_ZXID,
      timeoutMs: 10_000,
      sessionId: 0n,
      password: new Uint8Array(16),
      readOnly: false,
      ...request,
    });
    writer.setUint32(0, writer.length - 4);
    this.connection.send(writer.written());
    return readConnectResponse(new JuteReader(await this.frame()));
  }

  /** @param write the record behind the header */
  request(xid: number, type: number, write: (writer: JuteWriter) => void = () => {}): void {
    this.connection.send(requestBytes(xid, type, write));
  }

  /** The next frame that the server sends; rejects when there comes none because it closed the connection. */
  async frame(): Promise<Uint8Array> {
    await this.until(() => this.frames.length > 0 || this.isClosed);
    const frame = this.frames.shift();
    if (frame === undefined) throw new Error("the server has closed the connection");
    return frame;
  }

  async reply(): Promise<RawReply> {
    const body = new JuteReader(await this.frame());
    return { xid: body.int32(), zxid: body.zxid(), error: body.int32(), body };
  }

  async until(met: () => boolean): Promise<void> {
    while (!met()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #split(bytes: Uint8Array): void {
    const all = new Uint8Array(this.#rest.length + bytes.length);
    all.set(this.#rest);
    all.set(bytes, this.#rest.length);
    const view = new DataView(all.buffer);
    let at = 0;
    while (all.length - at >= 4 && all.length - at - 4 >= view.getInt32(at)) {
      const length = view.getInt32(at);
      this.frames.push(all.subarray(at + 4, at + 4 + length));
      at += 4 + length;
    }
    this.#rest = all.subarray(at);
  }
}

export function requestBytes(xid: number, type: number, write: (writer: JuteWriter) => void = () => {}): Uint8Array {
  const writer = new JuteWriter();
  writer.int32(0);
  writer.int32(xid);
  writer.int32(type);
  write(writer);
  writer.setUint32(0, writer.length - 4);
  return writer.written();
}
