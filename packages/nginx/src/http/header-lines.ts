/** Header lines (src/http/ngx_http_parse.c, ngx_http_parse_header_line; ngx_http_request.c, ngx_http_process_request_headers). */
import type { HeaderLimits } from "../config/model.ts";
import { refusal, type HeadBytes, type ParseFailure } from "./head-bytes.ts";
import { HEADER, HEADER_SLOTS, NAME_OCTET, slotOf, UNIQUE_HEADERS, type HeaderSlot } from "./header-names.ts";
import { validateHost } from "./host.ts";

const CR = 13;
const LF = 10;
const SPACE = 32;
const COLON = 58;

const S = {
  start: 0,
  name: 1,
  spaceBeforeValue: 2,
  value: 3,
  lineFeed: 4,
  finalLineFeed: 5,
  done: 6,
  failed: 7,
} as const;

/** Room for the offsets of this many / 4 headers stays with a connection. */
const OFFSETS_KEPT = 64;

export class HeaderLines {
  readonly #head: HeadBytes;
  #limits: HeaderLimits;
  #state: number = S.start;
  /** Offset of the next octet. */
  position = 0;
  /** Offset of the present line. */
  nameStart = 0;
  /** Offset after the last complete line. */
  completed = 0;
  failure: ParseFailure | undefined;
  count = 0;
  /** Host, validated, without port. */
  host: string | undefined;
  /** What the last Connection header that said something said. */
  connection: "close" | "keep-alive" | undefined;
  #nameEnd = 0;
  #valueStart = 0;
  #valueEnd = 0;
  #invalidName = false;
  /** Four offsets a header: name from, to, value from, to. */
  #offsets = new Int32Array(OFFSETS_KEPT);
  readonly #slots = new Int32Array(HEADER_SLOTS);

  constructor(head: HeadBytes, limits: HeaderLimits) {
    this.#head = head;
    this.#limits = limits;
  }

  reset(limits: HeaderLimits): void {
    this.#limits = limits;
    this.#state = S.start;
    this.failure = undefined;
    this.count = 0;
    this.host = undefined;
    this.connection = undefined;
    if (this.#offsets.length > OFFSETS_KEPT) this.#offsets = new Int32Array(OFFSETS_KEPT);
    this.#slots.fill(0);
  }

  /** The lines start at this offset. */
  begin(position: number): void {
    this.position = position;
    this.nameStart = position;
    this.completed = position;
  }

  get done(): boolean {
    return this.#state === S.done;
  }

  /** The last octet ended a line. */
  get betweenLines(): boolean {
    return this.#state === S.start;
  }

  /** Goes on from `position` up to `limit`, or to the end of the head. */
  read(limit: number): void {
    const bytes = this.#head.bytes;
    const base = this.#head.base;
    const allowUnderscores = this.#limits.underscoresInHeaders;
    let p = this.position;
    let state = this.#state;
    for (; p < limit; p++) {
      const ch = bytes[base + p] as number;
      switch (state) {
        case S.start:
        case S.name:
          if (state === S.start) {
            this.nameStart = p;
            this.#invalidName = false;
            if (ch === CR) {
              state = S.finalLineFeed;
              break;
            }
            if (ch === LF) return this.#headDone(p);
            if (ch === COLON) return this.#invalidHeader(p);
            state = S.name;
          }
          if (NAME_OCTET[ch] !== 0) break;
          if (ch === COLON) {
            this.#nameEnd = p;
            state = S.spaceBeforeValue;
            break;
          }
          if (ch === 95) {
            if (!allowUnderscores) this.#invalidName = true;
            break;
          }
          if ((ch === CR || ch === LF) && p > this.nameStart) {
            this.#nameEnd = p;
            this.#valueStart = p;
            this.#valueEnd = p;
            if (ch === CR) {
              state = S.lineFeed;
              break;
            }
            if (!this.#headerDone(p)) return;
            state = S.start;
            break;
          }
          if (ch <= SPACE || ch === 0x7f) return this.#invalidHeader(p);
          this.#invalidName = true;
          break;
        case S.spaceBeforeValue:
        case S.value:
          if (state === S.spaceBeforeValue) {
            if (ch === SPACE) break;
            this.#valueStart = p;
            this.#valueEnd = p;
            state = S.value;
          }
          if (ch > SPACE) {
            this.#valueEnd = p + 1;
          } else if (ch === CR) {
            state = S.lineFeed;
          } else if (ch === LF) {
            if (!this.#headerDone(p)) return;
            state = S.start;
          } else if (ch === 0) {
            return this.#invalidHeader(p);
          } else if (ch !== SPACE) {
            this.#valueEnd = p + 1;
          }
          break;
        case S.lineFeed:
          if (ch === LF) {
            if (!this.#headerDone(p)) return;
            state = S.start;
          } else if (ch !== CR) {
            return this.#invalidHeader(p);
          }
          break;
        default:
          if (ch !== LF) return this.#invalidHeader(p);
          return this.#headDone(p);
      }
    }
    this.position = p;
    this.#state = state;
  }

  #invalidHeader(p: number): void {
    const octet = (this.#head.bytes[this.#head.base + p] as number).toString(16).padStart(2, "0");
    this.#fail(400, `client sent invalid header line: "${this.#head.text(this.nameStart, p)}\\x${octet}..."`);
  }

  #headDone(p: number): void {
    this.position = p + 1;
    this.completed = p + 1;
    this.#state = S.done;
  }

  #headerDone(p: number): boolean {
    this.completed = p + 1;
    if (this.#invalidName && this.#limits.ignoreInvalidHeaders) return true;
    const count = this.count++;
    if (count * 4 === this.#offsets.length) {
      const larger = new Int32Array(this.#offsets.length * 2);
      larger.set(this.#offsets);
      this.#offsets = larger;
    }
    const offsets = this.#offsets;
    offsets[count * 4] = this.nameStart;
    offsets[count * 4 + 1] = this.#nameEnd;
    offsets[count * 4 + 2] = this.#valueStart;
    offsets[count * 4 + 3] = this.#valueEnd;
    const slot = slotOf(this.#head.bytes, this.#head.base + this.nameStart, this.#nameEnd - this.nameStart);
    if (slot === undefined) return true;
    if (this.#slots[slot] === 0) {
      this.#slots[slot] = count + 1;
    } else if (UNIQUE_HEADERS.has(slot)) {
      const name = this.#head.text(this.nameStart, this.#nameEnd);
      const value = this.#head.text(this.#valueStart, this.#valueEnd);
      const previous = (this.#slots[slot] as number) - 1;
      const words = slot === HEADER.host ? "host header" : "header line";
      return this.#fail(
        400,
        `client sent duplicate ${words}: "${name}: ${value}", previous value: "${this.name(previous)}: ${this.value(previous)}"`,
      );
    }
    if (slot === HEADER.host) {
      this.host = validateHost(this.#head.text(this.#valueStart, this.#valueEnd));
      if (this.host === undefined) return this.#fail(400, "client sent invalid host header");
    }
    if (slot === HEADER.connection) {
      const value = this.#head.text(this.#valueStart, this.#valueEnd).toLowerCase();
      if (value.includes("close")) this.connection = "close";
      else if (value.includes("keep-alive")) this.connection = "keep-alive";
    }
    return true;
  }

  #fail(status: ParseFailure["status"], reason: string): false {
    this.#state = S.failed;
    this.failure = refusal(status, reason);
    return false;
  }

  name(index: number): string {
    return this.#head.text(this.#offsets[index * 4] as number, this.#offsets[index * 4 + 1] as number);
  }

  value(index: number): string {
    return this.#head.text(this.#offsets[index * 4 + 2] as number, this.#offsets[index * 4 + 3] as number);
  }

  /** Index of a header the server knows; -1 when it was not sent. */
  indexOf(slot: HeaderSlot): number {
    return (this.#slots[slot] as number) - 1;
  }
}
