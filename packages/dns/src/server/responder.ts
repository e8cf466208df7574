/**
 * From the octets of a question to the octets of its answer, without any I/O. Answers are kept encoded by the exact
 * octets of their question, so that the common case is one look-up and one copy, whatever the number of records.
 */
import type { Answer } from "../zone/answer.ts";
import { type ResourceRecord, ResponseCode } from "../zone/record.ts";
import type { Zone } from "../zone/zone.ts";
import { AnswerCache, type EncodedAnswer } from "./answer-cache.ts";
import { MESSAGE_BYTES_MAX, MessageWriter } from "./message-writer.ts";
import { type Edns, HEADER_BYTES, parseQuery, questionLabels } from "./query.ts";

const UDP_BYTES_MIN = 512;
/** What an IPv4 datagram can carry. */
const UDP_BYTES_MAX = 65_507;
const OPT_BYTES = 11;

export type Transport = "udp" | "tcp";

/** A question that somebody else has to answer, in part or in whole. */
export interface Referral {
  readonly query: Buffer;
  readonly transport: Transport;
  /** An alias whose target lies outside: its addresses belong at the end of the answer. Null: the whole question is somebody else's. */
  readonly unresolved: { readonly name: string; readonly type: number } | null;
  /** The answer if nobody else has one. */
  readonly otherwise: Buffer;
  /** The answer with the records that were found for `unresolved`. */
  complete(records: readonly ResourceRecord[], truncated: boolean): Buffer;
}

export type Response =
  | { readonly kind: "none" }
  | { readonly kind: "answer"; readonly message: Buffer }
  | { readonly kind: "refer"; readonly referral: Referral };

const NO_RESPONSE: Response = { kind: "none" };

export interface ResponderOptions {
  readonly zone: Zone;
  /** Whether names outside the zone, and aliases that lead there, have somebody else to go to. */
  readonly refers: boolean;
  /** The SOA's serial for the present state of the zone: asked once after each change. */
  readonly nextSerial: () => number;
}

export class Responder {
  readonly #zone: Zone;
  readonly #refers: boolean;
  readonly #nextSerial: () => number;
  readonly #cache = new AnswerCache();
  #serial = 0;
  #version = -1;

  constructor(options: ResponderOptions) {
    this.#zone = options.zone;
    this.#refers = options.refers;
    this.#nextSerial = options.nextSerial;
  }

  /** Never throws, whatever the message. The message is not kept unless it is in the referral. */
  respond(message: Buffer, transport: Transport): Response {
    const query = parseQuery(message);
    if (query.kind === "drop") return NO_RESPONSE;
    if (query.kind === "reject")
      return { kind: "answer", message: errorMessage(message, query.code, query.questionEnd, query.edns) };
    if (this.#version !== this.#zone.version) {
      this.#version = this.#zone.version;
      this.#serial = this.#nextSerial();
      this.#cache.clear();
    }
    const key = message.toString("latin1", HEADER_BYTES, query.questionEnd);
    const cached = this.#cache.get(key);
    if (cached !== undefined)
      return { kind: "answer", message: assemble(message, query.questionEnd, cached, query.edns, transport) };
    return this.#answer(message, transport, key, query);
  }

  #answer(
    message: Buffer,
    transport: Transport,
    key: string,
    query: { readonly type: number; readonly questionEnd: number; readonly edns: Edns | null },
  ): Response {
    const { questionEnd, edns, type } = query;
    const labels = questionLabels(message, questionEnd);
    const answer = this.#zone.answer({ labels, type }, this.#serial);
    if (answer.kind === "outside") {
      const refused = errorMessage(message, ResponseCode.REFUSED, questionEnd, edns);
      if (!this.#refers) return { kind: "answer", message: refused };
      const failed = errorMessage(message, ResponseCode.SERVFAIL, questionEnd, edns);
      return {
        kind: "refer",
        referral: { query: message, transport, unresolved: null, otherwise: failed, complete: () => failed },
      };
    }
    const encoded = encode(answer, labels, questionEnd);
    const whole = assemble(message, questionEnd, encoded, edns, transport);
    if (this.#refers && answer.unresolved !== null) {
      const complete = (records: readonly ResourceRecord[], truncated: boolean) => {
        const longer = encode({ ...answer, answer: [...answer.answer, ...records] }, labels, questionEnd);
        return assemble(message, questionEnd, truncated ? { ...longer, truncated } : longer, edns, transport);
      };
      return {
        kind: "refer",
        referral: { query: message, transport, unresolved: answer.unresolved, otherwise: whole, complete },
      };
    }
    if (this.#refers && answer.mayAskElsewhere) {
      return {
        kind: "refer",
        referral: { query: message, transport, unresolved: null, otherwise: whole, complete: () => whole },
      };
    }
    this.#cache.set(key, encoded);
    return { kind: "answer", message: whole };
  }
}

/** A header, the question if it could be read, and an OPT if there was one: RFC 1035 section 4.1.1, RFC 6891 section 6.1.1. */
function errorMessage(message: Buffer, code: ResponseCode, questionEnd: number, edns: Edns | null): Buffer {
  const hasQuestion = questionEnd > HEADER_BYTES;
  const length = questionEnd + (edns === null ? 0 : OPT_BYTES);
  const response = Buffer.alloc(length);
  message.copy(response, 0, 0, questionEnd);
  // A format error is about a query whatever it called itself; other errors keep the operation's code.
  response[2] = 0x80 | ((message[2] ?? 0) & (code === ResponseCode.FORMERR ? 0x01 : 0x79));
  response[3] = ((message[3] ?? 0) & 0x10) | (code & 15);
  response.writeUInt16BE(hasQuestion ? 1 : 0, 4);
  response.writeUInt32BE(0, 6);
  response.writeUInt16BE(edns === null ? 0 : 1, 10);
  if (edns !== null) writeOption(response, questionEnd, edns, code >>> 4);
  return response;
}

function encode(
  answer: Extract<Answer, { readonly kind: "inside" }>,
  labels: readonly string[],
  questionEnd: number,
): EncodedAnswer {
  const writer = new MessageWriter(labels, questionEnd);
  const ends: number[] = [];
  const counts: [number, number, number] = [0, 0, 0];
  let truncated = false;
  for (const [section, records] of [answer.answer, answer.authority, answer.additional].entries()) {
    for (const record of records) {
      truncated ||= !writer.append(record);
      if (truncated) break;
      counts[section as 0 | 1 | 2]++;
      ends.push(writer.length - questionEnd);
    }
  }
  return {
    body: Buffer.from(writer.buffer.subarray(questionEnd, writer.length)),
    recordEnds: Uint32Array.from(ends),
    counts,
    code: answer.code,
    authoritative: answer.authoritative,
    truncated,
  };
}

/** Puts header, question, as many of the records as fit, and OPT together. */
function assemble(
  message: Buffer,
  questionEnd: number,
  answer: EncodedAnswer,
  edns: Edns | null,
  transport: Transport,
): Buffer {
  const limit =
    transport === "tcp" ? MESSAGE_BYTES_MAX : Math.min(UDP_BYTES_MAX, Math.max(UDP_BYTES_MIN, edns?.size ?? 0));
  const room = limit - questionEnd - (edns === null ? 0 : OPT_BYTES);
  let bodyBytes = answer.body.length;
  let [answers, authorities, additionals] = answer.counts;
  let truncated = answer.truncated;
  if (bodyBytes > room) {
    truncated = true;
    const fitting = countFitting(answer.recordEnds, room);
    bodyBytes = fitting === 0 ? 0 : (answer.recordEnds[fitting - 1] ?? 0);
    answers = Math.min(answers, fitting);
    authorities = Math.min(authorities, fitting - answers);
    additionals = Math.min(additionals, fitting - answers - authorities);
  }
  const bodyEnd = questionEnd + bodyBytes;
  const response = Buffer.allocUnsafe(bodyEnd + (edns === null ? 0 : OPT_BYTES));
  message.copy(response, 0, 0, questionEnd);
  answer.body.copy(response, questionEnd, 0, bodyBytes);
  const flags = message[2] ?? 0;
  const isQuery = (flags & 0x78) === 0;
  response[2] = 0x80 | (flags & (isQuery ? 0x01 : 0x78)) | (answer.authoritative ? 0x04 : 0) | (truncated ? 0x02 : 0);
  response[3] = (isQuery ? (message[3] ?? 0) & 0x10 : 0) | answer.code;
  response[4] = 0;
  response[5] = 1;
  response.writeUInt16BE(answers, 6);
  response.writeUInt16BE(authorities, 8);
  response.writeUInt16BE(additionals + (edns === null ? 0 : 1), 10);
  if (edns !== null) writeOption(response, bodyEnd, edns, 0);
  return response;
}

function countFitting(recordEnds: Uint32Array, room: number): number {
  let low = 0;
  let high = recordEnds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((recordEnds[middle] ?? 0) <= room) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The asker's own size and DO bit come back; its options do not, since none is known here. */
function writeOption(response: Buffer, offset: number, edns: Edns, codeHigh: number): void {
  response.fill(0, offset, offset + OPT_BYTES);
  response[offset + 2] = 41;
  response.writeUInt16BE(edns.size, offset + 3);
  response[offset + 5] = codeHigh;
  response[offset + 7] = edns.dnssecOk ? 0x80 : 0;
}
