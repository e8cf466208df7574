/**
 * How a server introduces itself on the election port of another, and the frames that follow.
 *
 * Source: QuorumCnxManager.InitialMessage, startConnection and handleConnection.
 */
import { ByteWriter, ProtocolError } from "@ordinal/kit";

import { NOTIFICATION_BYTES_MAX } from "./notification.ts";

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

export interface InitialMessage {
  readonly sid: number;
  /** Where the sender says that it listens; empty from servers before 3.5. */
  readonly addresses: readonly HostPort[];
}

/** Versions of the introduction; the second names several addresses. A number from 0 on is the sid of a server before 3.5. */
const VERSION_1 = -65536n;
const VERSION_2 = -65535n;
const ADDRESS_BYTES_MAX = 2048;
const WILDCARDS: ReadonlySet<string> = new Set(["0.0.0.0", "::", "0:0:0:0:0:0:0:0"]);
/** An observer without a sid of its own, whom the receiver gives a number. */
export const NAMELESS_OBSERVER = -1;

/** @param host a name or an address */
export function encodeInitialMessage(sid: number, { host, port }: HostPort): Uint8Array {
  const address = Buffer.from(host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`);
  const writer = new ByteWriter(20 + ADDRESS_BYTES_MAX, 20 + address.length);
  writer.int64(VERSION_1);
  writer.int64(BigInt(sid));
  writer.int32(address.length);
  writer.bytes(address);
  return writer.written();
}

/** Cuts what arrives on a connection of the election port: one introduction from who connects, then frames. */
export class ElectionStream {
  #chunks: Uint8Array[] = [];
  #size = 0;

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
  }

  /** The introduction, or undefined while bytes of it are missing; a `ProtocolError` if it is none. */
  introduction(): InitialMessage | undefined {
    const first = this.#peek(8);
    if (first === undefined) return undefined;
    const version = first.readBigInt64BE(0);
    if (version >= 0n) {
      this.#take(8);
      return { sid: sidOf(version), addresses: [] };
    }
    if (version !== VERSION_1 && version !== VERSION_2) {
      throw new ProtocolError("BAD_INTRODUCTION", `protocol version ${version}`);
    }
    const head = this.#peek(20);
    if (head === undefined) return undefined;
    const length = head.readInt32BE(16);
    if (length <= 0 || length > ADDRESS_BYTES_MAX) {
      throw new ProtocolError("BAD_INTRODUCTION", `an address of ${length} bytes`);
    }
    if (this.#size < 20 + length) return undefined;
    const text = this.#take(20 + length).toString("utf8", 20);
    return { sid: sidOf(head.readBigInt64BE(8)), addresses: text.split("|").map(parseAddress).filter(isReachable) };
  }

  /** The next frame without its length, or undefined while bytes of it are missing; a `ProtocolError` if it is too large. */
  frame(): Uint8Array | undefined {
    const head = this.#peek(4);
    if (head === undefined) return undefined;
    const length = head.readInt32BE(0);
    if (length <= 0 || length > NOTIFICATION_BYTES_MAX) {
      throw new ProtocolError("BAD_FRAME", `a frame of ${length} bytes on the election port`);
    }
    if (this.#size < 4 + length) return undefined;
    return this.#take(4 + length).subarray(4);
  }

  /** The next bytes, which stay, in one piece; undefined if there are fewer. */
  #peek(length: number): Buffer | undefined {
    if (this.#size < length) return undefined;
    let [first] = this.#chunks;
    if (first === undefined || first.length < length) {
      // Joined once when a head is split, and once when a frame is complete: never per chunk.
      first = Buffer.concat(this.#chunks);
      this.#chunks = [first];
    }
    return Buffer.from(first.buffer, first.byteOffset, length);
  }

  #take(length: number): Buffer {
    const taken = this.#peek(length) as Buffer;
    const [first] = this.#chunks as [Uint8Array];
    if (first.length === length) this.#chunks.shift();
    else this.#chunks[0] = first.subarray(length);
    this.#size -= length;
    return taken;
  }
}

function sidOf(value: bigint): number {
  const sid = Number(value);
  if (!Number.isSafeInteger(sid)) throw new ProtocolError("BAD_INTRODUCTION", `${value} is not a server's id`);
  return sid;
}

function parseAddress(text: string): HostPort {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65_535) {
    throw new ProtocolError("BAD_INTRODUCTION", "an address that is not host:port");
  }
  return { host, port };
}

/** A server that listens on every interface and has no name of its own says so; nobody can call it back there. */
function isReachable({ host }: HostPort): boolean {
  return !WILDCARDS.has(host);
}
