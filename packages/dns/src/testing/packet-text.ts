/** Questions to ask and answers to read in tests, by dns2: a reader that is not ours. */
import { Packet } from "dns2";

const TYPES: Readonly<Record<string, number>> = { ...Packet.TYPE, IXFR: 251, TYPE65: 65 };
const CODES: Readonly<Record<number, string>> = {
  0: "NOERROR",
  1: "FORMERR",
  2: "SERVFAIL",
  3: "NXDOMAIN",
  4: "NOTIMP",
  5: "REFUSED",
  16: "BADVERS",
};

type DecodedRecord = InstanceType<typeof Packet.Resource>;

export interface AskOptions {
  readonly id?: number;
  /** Adds an OPT with that size. */
  readonly ednsSize?: number;
  readonly ednsVersion?: number;
  readonly dnssecOk?: boolean;
}

/** `name TYPE` as a message. */
export function askMessage(question: string, options: AskOptions = {}): Buffer {
  const [name = "", type = ""] = question.split(" ");
  const packet = new Packet();
  packet.header.id = options.id ?? 4711;
  packet.header.rd = 1;
  packet.questions.push(new Packet.Question(name === "." ? "" : name, typeNumber(type), 1));
  if (options.ednsSize !== undefined || options.ednsVersion !== undefined) {
    const settings = {
      version: options.ednsVersion ?? 0,
      doFlag: options.dnssecOk ?? false,
      udpPayloadSize: options.ednsSize ?? 1232,
    };
    packet.additionals.push(Packet.Resource.EDNS([], settings));
  }
  return packet.toBuffer();
}

export interface ReadAnswer {
  readonly id: number;
  readonly code: string;
  /** Those that are set of qr, aa, tc, rd, ra. */
  readonly flags: string;
  readonly question: readonly string[];
  readonly answer: readonly string[];
  readonly authority: readonly string[];
  readonly additional: readonly string[];
  readonly edns: { readonly size: number; readonly dnssecOk: boolean; readonly version: number } | null;
}

/** Throws unless every record can be read and the message ends with the last one. */
export function readAnswer(message: Buffer): ReadAnswer {
  const packet = Packet.parse(message);
  if (packet.errors.length > 0) throw packet.errors[0];
  const option = packet.additionals.find((record) => record.type === Packet.TYPE.EDNS);
  const { header } = packet;
  return {
    id: header.id,
    code: CODES[header.rcode] ?? String(header.rcode),
    flags: (["qr", "aa", "tc", "rd", "ra"] as const).filter((flag) => header[flag] === 1).join(" "),
    question: packet.questions.map((question) => `${question.name} ${typeName(question.type)}`),
    answer: packet.answers.map(recordText),
    authority: packet.authorities.map(recordText),
    additional: packet.additionals.filter((record) => record !== option).map(recordText),
    edns:
      option === undefined
        ? null
        : { size: option.class, dnssecOk: option.doFlag === true, version: option.version ?? 0 },
  };
}

export function recordText(record: DecodedRecord): string {
  return `${record.name} ${record.ttl} ${typeName(record.type)} ${dataText(record)}`;
}

function dataText(record: DecodedRecord): string {
  switch (record.type) {
    case Packet.TYPE.A:
      return record.address ?? "";
    case Packet.TYPE.AAAA:
      // dns2 writes every group; the URL parser knows RFC 5952.
      return new URL(`http://[${record.address}]`).hostname.slice(1, -1);
    case Packet.TYPE.SRV:
      return `${record.priority} ${record.weight} ${record.port} ${record.target}`;
    case Packet.TYPE.TXT:
      return [record.data ?? []]
        .flat()
        .map((text) => JSON.stringify(String(text)))
        .join(" ");
    case Packet.TYPE.SOA:
      return [
        record.primary,
        record.admin,
        record.serial,
        record.refresh,
        record.retry,
        record.expiration,
        record.minimum,
      ].join(" ");
    case Packet.TYPE.NS:
      return record.ns ?? record.domain ?? "";
    default:
      return record.domain ?? "";
  }
}

function typeNumber(name: string): number {
  const type = TYPES[name] ?? Number(name);
  if (!Number.isInteger(type)) throw new Error(`no type ${name}`);
  return type;
}

function typeName(type: number): string {
  return Object.entries(TYPES).find(([, number]) => number === type)?.[0] ?? `TYPE${type}`;
}
