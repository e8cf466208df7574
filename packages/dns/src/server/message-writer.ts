/**
 * Writes the records of an answer (RFC 1035 section 4.1.4 for compression, RFC 2782 for SRV). Names are compressed
 * against names of the same spelling only, so that everyone's case is kept; SRV targets are written out, as their
 * RFC wants, but may be pointed at.
 */
import { RecordType, type ResourceRecord } from "../zone/record.ts";

export const MESSAGE_BYTES_MAX = 65_535;
const POINTER_MAX = 0x3fff;
const CLASS_IN = 1;
const QUESTION_POINTER = 0xc00c;
/** More than any one record takes: two names, the fixed fields and the longest data of its own. */
const RECORD_BYTES_MAX = 1024;
/** One answer is written at a time, and copied out before the next. */
const SCRATCH = Buffer.allocUnsafeSlow(MESSAGE_BYTES_MAX + RECORD_BYTES_MAX);

export class MessageWriter {
  /** Shared by all writers: what was written is to be copied out before another writer is made. */
  readonly buffer = SCRATCH;
  length: number;
  readonly #offsets = new Map<string, number>();

  /** `question` is the name with which the message starts at octet 12, its labels as they are spelled there; writing starts at `start`. */
  constructor(question: readonly string[], start: number) {
    this.length = start;
    let offset = 12;
    for (const [index, text] of question.entries()) {
      // An octet that is a dot would make two labels look like three: such a name is nobody's suffix.
      if (question.slice(index).every((label) => !label.includes(".")))
        this.#offsets.set(question.slice(index).join("."), offset);
      offset += 1 + text.length;
    }
  }

  /** Appends a record. False, and nothing is appended, if the message would be longer than a message can be. */
  append(record: ResourceRecord): boolean {
    const start = this.length;
    if (record.owner === null) this.#uint16(QUESTION_POINTER);
    else this.#name(record.owner);
    const fixed = this.length;
    this.length += 10;
    const type = this.#data(record);
    this.buffer.writeUInt16BE(type, fixed);
    this.buffer.writeUInt16BE(CLASS_IN, fixed + 2);
    this.buffer.writeUInt32BE(record.ttlSeconds, fixed + 4);
    this.buffer.writeUInt16BE(this.length - fixed - 10, fixed + 8);
    if (this.length <= MESSAGE_BYTES_MAX) return true;
    this.length = start;
    return false;
  }

  #data(record: ResourceRecord): number {
    const { data } = record;
    switch (data.kind) {
      case "address":
        this.buffer.set(data.bytes, this.length);
        this.length += data.bytes.length;
        return data.bytes.length === 4 ? RecordType.A : RecordType.AAAA;
      case "name":
        this.#name(data.target);
        return data.type;
      case "service":
        this.#uint16(data.priority);
        this.#uint16(data.weight);
        this.#uint16(data.port);
        this.#plainName(data.target);
        return RecordType.SRV;
      case "text":
        this.buffer[this.length] = data.text.length;
        this.length += 1 + this.buffer.write(data.text, this.length + 1, "latin1");
        return RecordType.TXT;
      case "authority":
        this.#name(data.primary);
        this.#name(data.mailbox);
        for (const value of [
          data.serial,
          data.refreshSeconds,
          data.retrySeconds,
          data.expireSeconds,
          data.minimumSeconds,
        ]) {
          this.length = this.buffer.writeUInt32BE(value >>> 0, this.length);
        }
        return RecordType.SOA;
    }
  }

  #name(name: string): void {
    let rest = name;
    while (rest !== "") {
      const known = this.#offsets.get(rest);
      if (known !== undefined) {
        this.#uint16(0xc000 | known);
        return;
      }
      this.#remember(rest, this.length);
      const dot = rest.indexOf(".");
      const label = dot < 0 ? rest : rest.slice(0, dot);
      this.buffer[this.length] = label.length;
      this.length += 1 + this.buffer.write(label, this.length + 1, "latin1");
      rest = dot < 0 ? "" : rest.slice(dot + 1);
    }
    this.buffer[this.length++] = 0;
  }

  /** Without compression. Only the first two suffixes are remembered: what follows in an answer shares those or all. */
  #plainName(name: string): void {
    if (name === "") {
      this.buffer[this.length++] = 0;
      return;
    }
    const start = this.length;
    this.#remember(name, start);
    const firstDot = name.indexOf(".");
    if (firstDot >= 0) this.#remember(name.slice(firstDot + 1), start + firstDot + 1);
    // The dotted text, one octet further on, is the name but for the lengths where the dots are.
    this.buffer.write(name, start + 1, "latin1");
    let lengthAt = start;
    for (let index = 0; index < name.length; index++) {
      if (name.charCodeAt(index) !== 0x2e) continue;
      this.buffer[lengthAt] = start + 1 + index - lengthAt - 1;
      lengthAt = start + 1 + index;
    }
    this.buffer[lengthAt] = start + name.length - lengthAt;
    this.length = start + 1 + name.length;
    this.buffer[this.length++] = 0;
  }

  #remember(name: string, offset: number): void {
    if (offset <= POINTER_MAX && !this.#offsets.has(name)) this.#offsets.set(name, offset);
  }

  #uint16(value: number): void {
    this.length = this.buffer.writeUInt16BE(value, this.length);
  }
}
