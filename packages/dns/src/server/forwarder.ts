import { randomInt } from "node:crypto";
/**
 * Hands questions on to another server and its answers back, octet by octet but for the message's id. Datagrams by one
 * socket per question, so that each has a port of its own to guess (RFC 5452 section 9.2); questions that came by
 * stream go on by stream.
 */
import { createSocket } from "node:dgram";
import { connect, isIP } from "node:net";

import type { Log } from "@ordinal/io";
import { Packet } from "dns2";

import { addressBytes } from "../zone/address.ts";
import { domainName } from "../zone/objects.ts";
import { RecordType, type ResourceRecord } from "../zone/record.ts";
import { HEADER_BYTES } from "./query.ts";
import type { Referral, Transport } from "./responder.ts";

export interface ForwardTarget {
  readonly address: string;
  readonly port: number;
}

export interface ForwarderOptions {
  readonly target: ForwardTarget;
  readonly log: Log;
  /** Milliseconds until a question counts as unanswered. Default 3000. */
  readonly timeoutMs?: number;
  /** Questions under way at once. Default 256, a socket each; one more is SERVFAIL at once. */
  readonly outstandingMax?: number;
}

/** `127.0.0.11`, `127.0.0.11:53` or `[::1]:53`. Throws a RangeError for anything else. */
export function parseForwardTarget(text: string): ForwardTarget {
  const bracketed = /^\[([^\]]+)\](?::([0-9]+))?$/.exec(text);
  const plain = bracketed ?? (isIP(text) === 6 ? [text, text] : /^([^:]+)(?::([0-9]+))?$/.exec(text));
  const address = plain?.[1] ?? "";
  const port = Number(plain?.[2] ?? "53");
  if (isIP(address) === 0 || port < 1 || port > 65_535)
    throw new RangeError(`${JSON.stringify(text)} is not IP:PORT (port 53 may be left out)`);
  return { address, port };
}

export class Forwarder {
  readonly #target: ForwardTarget;
  readonly #log: Log;
  readonly #timeoutMs: number;
  readonly #outstandingMax: number;
  readonly #outstanding = new Set<() => void>();
  /** Said once for each time that it happens, not for each question. */
  #overloaded = false;

  constructor(options: ForwarderOptions) {
    this.#target = options.target;
    this.#log = options.log;
    this.#timeoutMs = options.timeoutMs ?? 3000;
    this.#outstandingMax = options.outstandingMax ?? 256;
  }

  /** Calls `done` once, with the other server's answer or with the referral's own. */
  resolve(referral: Referral, done: (message: Buffer) => void): void {
    const { unresolved, query } = referral;
    if (unresolved === null) {
      this.#ask(query, referral.transport, (reply) => done(reply ?? referral.otherwise));
      return;
    }
    this.#ask(addressQuestion(unresolved, query), referral.transport, (reply) => {
      const found = reply === null ? null : readAddresses(reply);
      done(found === null ? referral.otherwise : referral.complete(found.records, found.truncated));
    });
  }

  /** Gives every question under way its answer from here. */
  close(): void {
    for (const giveUp of this.#outstanding) giveUp();
  }

  #ask(query: Buffer, transport: Transport, done: (reply: Buffer | null) => void): void {
    if (this.#outstanding.size >= this.#outstandingMax) {
      if (!this.#overloaded) this.#log.warn("dns.forward.overloaded", { outstanding: this.#outstanding.size });
      this.#overloaded = true;
      done(null);
      return;
    }
    const id = randomInt(0x10000);
    const sent = Buffer.from(query);
    sent.writeUInt16BE(id, 0);
    let stop = () => {};
    const finish = (reply: Buffer | null) => {
      if (!this.#outstanding.delete(giveUp)) return;
      if (this.#outstanding.size < this.#outstandingMax / 2) this.#overloaded = false;
      clearTimeout(timer);
      stop();
      if (reply !== null) query.copy(reply, 0, 0, 2);
      done(reply);
    };
    const giveUp = () => finish(null);
    const timer = setTimeout(() => {
      this.#log.debug("dns.forward.timeout", { target: this.#target.address });
      giveUp();
    }, this.#timeoutMs).unref();
    this.#outstanding.add(giveUp);
    const accept = (reply: Buffer) => {
      if (answers(reply, sent)) finish(reply);
    };
    stop =
      transport === "udp" ? this.#exchangeDatagram(sent, accept, giveUp) : this.#exchangeStream(sent, accept, giveUp);
  }

  #exchangeDatagram(query: Buffer, accept: (reply: Buffer) => void, giveUp: () => void): () => void {
    const socket = createSocket(isIP(this.#target.address) === 6 ? "udp6" : "udp4");
    socket.on("error", giveUp);
    socket.on("message", accept);
    // A connected socket hears only its peer, and hears when nobody is there.
    socket.connect(this.#target.port, this.#target.address, () => socket.send(query));
    return () => socket.close();
  }

  #exchangeStream(query: Buffer, accept: (reply: Buffer) => void, giveUp: () => void): () => void {
    const socket = connect({ host: this.#target.address, port: this.#target.port });
    const length = Buffer.allocUnsafe(2);
    length.writeUInt16BE(query.length, 0);
    socket.write(Buffer.concat([length, query]));
    let received = Buffer.alloc(0);
    socket.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0))
        accept(received.subarray(2, 2 + received.readUInt16BE(0)));
    });
    socket.on("error", giveUp);
    socket.on("close", giveUp);
    return () => socket.destroy();
  }
}

/** Whether a message is a response to that very question: id, opcode and, unless it was not understood, the question itself. */
function answers(reply: Buffer, query: Buffer): boolean {
  if (reply.length < HEADER_BYTES || reply.readUInt16BE(0) !== query.readUInt16BE(0) || ((reply[2] ?? 0) & 0x80) === 0)
    return false;
  if (reply.readUInt16BE(4) === 0) return ((reply[3] ?? 0) & 15) !== 0;
  let end = HEADER_BYTES;
  while ((query[end] ?? 0) !== 0) end += 1 + (query[end] ?? 0);
  end += 5;
  return (
    reply.toString("latin1", HEADER_BYTES, end).toLowerCase() ===
    query.toString("latin1", HEADER_BYTES, end).toLowerCase()
  );
}

function addressQuestion(unresolved: { readonly name: string; readonly type: number }, original: Buffer): Buffer {
  const packet = new Packet();
  packet.header.rd = ((original[2] ?? 0) & 1) === 1 ? 1 : 0;
  packet.questions.push(new Packet.Question(unresolved.name, unresolved.type, Packet.CLASS.IN));
  return packet.toBuffer();
}

/** The aliases and addresses of an answer; null if it cannot be read. */
function readAddresses(
  reply: Buffer,
): { readonly records: readonly ResourceRecord[]; readonly truncated: boolean } | null {
  let packet: Packet;
  try {
    packet = Packet.parse(reply);
  } catch {
    return null;
  }
  const records: ResourceRecord[] = [];
  for (const record of packet.answers) {
    const owner = domainName(record.name);
    if (owner === null) continue;
    if (record.type === RecordType.CNAME) {
      const target = domainName(record.domain);
      if (target !== null)
        records.push({ owner, ttlSeconds: record.ttl, data: { kind: "name", type: RecordType.CNAME, target } });
    } else if (record.type === RecordType.A || record.type === RecordType.AAAA) {
      const bytes = addressBytes(record.address ?? "");
      if (bytes !== null) records.push({ owner, ttlSeconds: record.ttl, data: { kind: "address", bytes } });
    }
  }
  return { records, truncated: packet.header.tc === 1 };
}
