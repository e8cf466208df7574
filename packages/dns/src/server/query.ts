/**
 * Reads a message that claims to be a question (RFC 1035 section 4, RFC 6891 section 6.1) and decides whether it gets an
 * answer at all. What is refused how is what CoreDNS's library does: miekg/dns, acceptfunc.go and server.go.
 */
import { Packet } from "dns2";

import { RecordType, ResponseCode } from "../zone/record.ts";

export const HEADER_BYTES = 12;
const NAME_BYTES_MAX = 255;
const CLASS_IN = 1;
const OPCODE_QUERY = 0;
const OPCODE_NOTIFY = 4;
/** A question with records beside the one OPT (TSIG, SIG(0)) is small; the general parser is not fed more than this. */
const GENERAL_PARSE_BYTES_MAX = 4096;

export interface Edns {
  /** Octets that the asker can take by UDP, as it said it. */
  readonly size: number;
  readonly dnssecOk: boolean;
}

export type ParsedQuery =
  /** Silence: a response, or too short to be anything. */
  | { readonly kind: "drop" }
  | {
      readonly kind: "reject";
      readonly code: ResponseCode;
      /** Where the question ends in the message; HEADER_BYTES if it could not be read and is not repeated. */
      readonly questionEnd: number;
      readonly edns: Edns | null;
    }
  | { readonly kind: "query"; readonly type: number; readonly questionEnd: number; readonly edns: Edns | null };

const DROP: ParsedQuery = { kind: "drop" };

/** Never throws. */
export function parseQuery(message: Buffer): ParsedQuery {
  if (message.length < HEADER_BYTES || ((message[2] ?? 0) & 0x80) !== 0) return DROP;
  const opcode = ((message[2] ?? 0) >>> 3) & 15;
  if (opcode !== OPCODE_QUERY && opcode !== OPCODE_NOTIFY) return reject(ResponseCode.NOTIMP, HEADER_BYTES, null);
  const answers = message.readUInt16BE(6);
  const authorities = message.readUInt16BE(8);
  const additionals = message.readUInt16BE(10);
  if (message.readUInt16BE(4) !== 1 || answers > 1 || authorities > 1 || additionals > 2)
    return reject(ResponseCode.FORMERR, HEADER_BYTES, null);
  const nameEnd = endOfName(message);
  if (nameEnd === 0 || nameEnd + 4 > message.length) return reject(ResponseCode.FORMERR, HEADER_BYTES, null);
  const questionEnd = nameEnd + 4;
  let edns: (Edns & { readonly version: number }) | null = null;
  if (answers + authorities + additionals > 0) {
    const isPlain = answers + authorities === 0 && additionals === 1;
    const options = isPlain ? readOnlyOption(message, questionEnd) : null;
    const general = options ?? parseGeneral(message);
    if (general === null) return reject(ResponseCode.FORMERR, questionEnd, null);
    edns = general.edns;
  }
  if (message.readUInt16BE(nameEnd + 2) !== CLASS_IN) return reject(ResponseCode.REFUSED, questionEnd, edns);
  if (edns !== null && edns.version !== 0) return reject(ResponseCode.BADVERS, questionEnd, edns);
  return { kind: "query", type: message.readUInt16BE(nameEnd), questionEnd, edns };
}

/** The question's labels, one character an octet. `questionEnd` as parsed. */
export function questionLabels(message: Buffer, questionEnd: number): string[] {
  const labels: string[] = [];
  for (let offset = HEADER_BYTES; offset < questionEnd - 5;) {
    const length = message[offset] ?? 0;
    labels.push(message.toString("latin1", offset + 1, offset + 1 + length));
    offset += 1 + length;
  }
  return labels;
}

/** First octet after the question's name; 0 if it is broken. There is nothing before it that a pointer could point at. */
function endOfName(message: Buffer): number {
  let offset = HEADER_BYTES;
  for (;;) {
    const length = message[offset];
    if (length === undefined || length > 63) return 0;
    offset += 1 + length;
    if (offset - HEADER_BYTES > NAME_BYTES_MAX) return 0;
    if (length === 0) return offset;
  }
}

/** The one additional record, if it is an OPT whose options fill it exactly; null for anything else. */
function readOnlyOption(
  message: Buffer,
  offset: number,
): { readonly edns: Edns & { readonly version: number } } | null {
  if (offset + 11 > message.length || message[offset] !== 0 || message.readUInt16BE(offset + 1) !== RecordType.OPT)
    return null;
  const end = offset + 11 + message.readUInt16BE(offset + 9);
  if (end > message.length) return null;
  let option = offset + 11;
  while (option < end) {
    if (option + 4 > end) return null;
    option += 4 + message.readUInt16BE(option + 2);
  }
  if (option !== end) return null;
  const version = message[offset + 6] ?? 0;
  return {
    edns: { size: message.readUInt16BE(offset + 3), dnssecOk: ((message[offset + 7] ?? 0) & 0x80) !== 0, version },
  };
}

function parseGeneral(message: Buffer): { readonly edns: (Edns & { readonly version: number }) | null } | null {
  if (message.length > GENERAL_PARSE_BYTES_MAX) return null;
  let packet: Packet;
  try {
    packet = Packet.parse(message);
  } catch {
    return null;
  }
  if (packet.errors.length > 0) return null;
  const option = packet.additionals.findLast((record) => record.type === RecordType.OPT);
  if (option === undefined) return { edns: null };
  return { edns: { size: option.class, dnssecOk: option.doFlag === true, version: option.version ?? 0 } };
}

function reject(code: ResponseCode, questionEnd: number, edns: Edns | null): ParsedQuery {
  return { kind: "reject", code, questionEnd, edns };
}
