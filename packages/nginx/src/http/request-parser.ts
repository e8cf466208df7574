/**
 * Request line and header lines as a state machine over octets, accepting and refusing exactly what nginx 1.22.1
 * (src/http/ngx_http_parse.c, ngx_http_request.c) accepts and refuses, with its buffer limits.
 *
 * The parser reads from the socket's own chunk and keeps offsets. Only a head that does not end inside the chunk is copied, into
 * a buffer of its own whose size is bounded by the header limits.
 */
import type { HeaderLimits } from "../config/model.ts";
import { validateHost } from "./host.ts";
import { normalizeUri } from "./uri.ts";

/** Why a request is refused: the status (494 is "header too large", sent as 400) and nginx's words for the error log. */
export interface ParseFailure {
  readonly status: 400 | 414 | 494 | 501 | 505;
  readonly reason: string;
  /** Whether what the client still sends is read and dropped before closing. */
  readonly lingers: boolean;
}

/** Headers that the server itself looks at. The values are slots. */
export const HEADER = {
  host: 0,
  connection: 1,
  ifModifiedSince: 2,
  ifUnmodifiedSince: 3,
  ifMatch: 4,
  ifNoneMatch: 5,
  userAgent: 6,
  contentLength: 7,
  contentRange: 8,
  range: 9,
  ifRange: 10,
  transferEncoding: 11,
  expect: 12,
  authorization: 13,
  referer: 14,
} as const;
export type HeaderSlot = (typeof HEADER)[keyof typeof HEADER];
const HEADER_SLOTS = 15;

const SLOT_NAMES: readonly string[] = [
  "host",
  "connection",
  "if-modified-since",
  "if-unmodified-since",
  "if-match",
  "if-none-match",
  "user-agent",
  "content-length",
  "content-range",
  "range",
  "if-range",
  "transfer-encoding",
  "expect",
  "authorization",
  "referer",
];

/** By name length: the slots to compare with. */
const SLOTS_BY_LENGTH: readonly (readonly HeaderSlot[])[] = Array.from({ length: 20 }, (_, length) =>
  SLOT_NAMES.flatMap((name, slot) => (name.length === length ? [slot as HeaderSlot] : [])),
);

/** A second one of these is a 400: repeating them is how requests are smuggled past proxies. */
const UNIQUE = new Set<HeaderSlot>([
  HEADER.host,
  HEADER.ifModifiedSince,
  HEADER.ifUnmodifiedSince,
  HEADER.ifMatch,
  HEADER.ifNoneMatch,
  HEADER.contentLength,
  HEADER.contentRange,
  HEADER.ifRange,
  HEADER.transferEncoding,
  HEADER.expect,
  HEADER.authorization,
]);

const CR = 13;
const LF = 10;
const SPACE = 32;
const SLASH = 47;
const COLON = 58;

const S = {
  start: 0,
  method: 1,
  spacesBeforeUri: 2,
  scheme: 3,
  schemeSlash: 4,
  schemeSlashSlash: 5,
  hostStart: 6,
  host: 7,
  hostEnd: 8,
  hostLiteral: 9,
  port: 10,
  afterSlash: 11,
  uri: 12,
  afterUri: 13,
  protocol: 14,
  majorFirst: 15,
  major: 16,
  minorFirst: 17,
  minor: 18,
  spacesAfterVersion: 19,
  lineFeed: 20,
  headerStart: 30,
  headerName: 31,
  spaceBeforeValue: 32,
  headerValue: 33,
  headerLineFeed: 34,
  finalLineFeed: 35,
  done: 40,
  failed: 41,
} as const;

const PROTOCOL = Buffer.from("HTTP/");

/** Octets of a URI that need no thought: everything but controls, space, DEL, `#`, `%`, `?`, `/`, `.`. 1 = plain. */
const PLAIN_URI = new Uint8Array(256).fill(1);
for (let octet = 0; octet <= SPACE; octet++) PLAIN_URI[octet] = 0;
for (const ch of "#%?/.\x7f") PLAIN_URI[ch.charCodeAt(0)] = 0;

/** Octets that a header name may have: lower-case form, or 0. */
const NAME_OCTET = new Uint8Array(256);
for (const ch of "abcdefghijklmnopqrstuvwxyz0123456789-") NAME_OCTET[ch.charCodeAt(0)] = ch.charCodeAt(0);
for (let octet = 65; octet <= 90; octet++) NAME_OCTET[octet] = octet + 32;

/** HTTP versions as nginx counts them. */
export const HTTP_09 = 9;
export const HTTP_10 = 1000;
export const HTTP_11 = 1001;

const EMPTY = Buffer.alloc(0);

/** Room for the offsets of this many / 4 headers stays with a connection. */
const OFFSETS_KEPT = 64;

export class RequestParser {
  /** The octets that all offsets point into, starting at `base`. */
  #bytes: Buffer = EMPTY;
  #base = 0;
  /** Octets of this request seen so far, from `base`. */
  #position = 0;
  #state: number = S.start;
  /** Octets up to the end of the last complete line. */
  #completed = 0;
  #limits: HeaderLimits;
  #carry: Buffer | undefined;
  #carryLength = 0;
  #bufferEnd: number;
  #largeBuffersUsed = 0;

  #lineStart = 0;
  #lineEnd = -1;
  #methodEnd = 0;
  #schemeEnd = 0;
  #hostStart = -1;
  #hostEnd = -1;
  #uriStart = 0;
  #uriEnd = 0;
  #argsStart = -1;
  #protocolStart = -1;
  #protocolIndex = 0;
  #major = 0;
  #minor = 0;

  #nameStart = 0;
  #nameEnd = 0;
  #valueStart = 0;
  #valueEnd = 0;
  #invalidName = false;

  /** Four offsets a header: name from, to, value from, to. */
  #offsets = new Int32Array(OFFSETS_KEPT);
  #headerCount = 0;
  readonly #slots = new Int32Array(HEADER_SLOTS);

  failure: ParseFailure | undefined;
  /** The path, decoded and normalised, and what follows `?`. Set with the request line. */
  path = "";
  args: string | undefined;
  /** Host of an absolute URI, validated, without port. */
  lineHost: string | undefined;
  /** Host of the Host header, validated, without port. */
  headerHost: string | undefined;
  #complexUri = false;
  /** An absolute URI without a path: `GET http://host?x`. */
  #emptyPath = false;
  /** What the last Connection header that said something said. */
  connection: "close" | "keep-alive" | undefined;

  constructor(limits: HeaderLimits) {
    this.#limits = limits;
    this.#bufferEnd = limits.headerBufferBytes;
  }

  /** Forgets the request; the next `feed` starts a new one. */
  reset(limits: HeaderLimits): void {
    this.#limits = limits;
    this.#bytes = EMPTY;
    this.#base = 0;
    this.#position = 0;
    this.#state = S.start;
    this.#completed = 0;
    this.#carry = undefined;
    this.#carryLength = 0;
    this.#bufferEnd = limits.headerBufferBytes;
    this.#largeBuffersUsed = 0;
    this.#lineStart = 0;
    this.#lineEnd = -1;
    this.#methodEnd = 0;
    this.#hostStart = -1;
    this.#hostEnd = -1;
    this.#uriStart = 0;
    this.#uriEnd = 0;
    this.#argsStart = -1;
    this.#protocolStart = -1;
    this.#protocolIndex = 0;
    this.#major = 0;
    this.#minor = 0;
    this.#headerCount = 0;
    if (this.#offsets.length > OFFSETS_KEPT) this.#offsets = new Int32Array(OFFSETS_KEPT);
    this.#slots.fill(0);
    this.failure = undefined;
    this.path = "";
    this.args = undefined;
    this.lineHost = undefined;
    this.headerHost = undefined;
    this.#complexUri = false;
    this.#emptyPath = false;
    this.connection = undefined;
  }

  get done(): boolean {
    return this.#state === S.done;
  }

  /** Something of a request has arrived (line breaks before a request count for nothing). */
  get started(): boolean {
    return this.#state !== S.start;
  }

  get lineComplete(): boolean {
    return this.#lineEnd >= 0;
  }

  /**
   * Reads on from `chunk[from]` and returns the index after the last octet it took. Afterwards the head is `done`, or `failure`
   * says why not, or more octets are needed. While `done`, the accessors read from `chunk`: it must stay as it is until `reset`.
   */
  feed(chunk: Buffer, from: number): number {
    if (this.#carry === undefined) {
      this.#bytes = chunk;
      this.#base = from;
      this.#run(chunk.length - from);
      const end = from + this.#position;
      // Line breaks before a request are not kept: there may be any number of them.
      if (this.#state === S.start) this.reset(this.#limits);
      else if (this.#state < S.done) this.#keep(chunk, from);
      return end;
    }
    let at = from;
    while (at < chunk.length && this.#state < S.done) {
      const before = this.#carryLength;
      this.#append(chunk, at, Math.min(chunk.length, at + CARRY_STEP_BYTES));
      this.#run(this.#carryLength);
      at += this.#position - before;
    }
    return at;
  }

  #keep(chunk: Buffer, from: number): void {
    this.#carry = Buffer.allocUnsafeSlow(Math.max(this.#limits.headerBufferBytes, 2 * (chunk.length - from)));
    this.#append(chunk, from, chunk.length);
  }

  #append(chunk: Buffer, from: number, to: number): void {
    let carry = this.#carry ?? EMPTY;
    const needed = this.#carryLength + to - from;
    if (needed > carry.length) {
      const larger = Buffer.allocUnsafeSlow(2 * needed);
      carry.copy(larger, 0, 0, this.#carryLength);
      carry = larger;
      this.#carry = carry;
    }
    chunk.copy(carry, this.#carryLength, from, to);
    this.#carryLength = needed;
    this.#bytes = carry;
    this.#base = 0;
  }

  /** Parses up to `available` octets from `base`, changing buffers where nginx would. */
  #run(available: number): void {
    for (;;) {
      this.#parse(Math.min(available, this.#bufferEnd));
      if (this.#state >= S.done || this.#position < this.#bufferEnd) return;
      if (!this.#nextBuffer()) return;
      if (this.#position >= available) return;
    }
  }

  /** nginx's ngx_http_alloc_large_header_buffer: a partial line moves to a new buffer, a line larger than one is refused. */
  #nextBuffer(): boolean {
    const { largeBufferBytes, largeBufferCount, headerBufferBytes } = this.#limits;
    const inLine = this.#state < S.headerStart;
    if (inLine && this.#state === S.start) {
      this.#bufferEnd = this.#position + headerBufferBytes;
      return true;
    }
    const betweenHeaders = this.#state === S.headerStart;
    const old = inLine ? this.#lineStart : this.#nameStart;
    if ((!betweenHeaders && this.#position - old >= largeBufferBytes) || this.#largeBuffersUsed >= largeBufferCount) {
      if (inLine) return this.#fail(414, "client sent too long URI", false);
      return this.#fail(
        494,
        betweenHeaders && this.#headerCount === 0
          ? "client sent too large request"
          : `client sent too long header line: "${this.#text(this.#nameStart, Math.min(this.#position, this.#nameStart + 1748))}..."`,
        true,
      );
    }
    this.#largeBuffersUsed++;
    this.#bufferEnd = (betweenHeaders ? this.#position : old) + largeBufferBytes;
    return true;
  }

  #fail(status: ParseFailure["status"], reason: string, lingers = false): false {
    this.#state = S.failed;
    this.failure = { status, reason, lingers };
    return false;
  }

  #badRequest(): void {
    this.#fail(400, "client sent invalid request");
  }

  #parse(limit: number): void {
    if (this.#state < S.headerStart) this.#parseLine(limit);
    if (this.#state >= S.headerStart && this.#state < S.done) this.#parseHeaders(limit);
  }

  #parseLine(limit: number): void {
    const bytes = this.#bytes;
    const base = this.#base;
    let p = this.#position;
    let state = this.#state;
    for (; p < limit; p++) {
      const ch = bytes[base + p] as number;
      switch (state) {
        case S.start:
          this.#lineStart = p;
          if (ch === CR || ch === LF) break;
          if (!isMethodOctet(ch)) {
            this.#position = p;
            this.#fail(400, "client sent invalid method");
            return;
          }
          this.#bufferEnd = p + this.#limits.headerBufferBytes;
          state = S.method;
          break;
        case S.method:
          if (ch === SPACE) {
            this.#methodEnd = p;
            state = S.spacesBeforeUri;
            break;
          }
          if (!isMethodOctet(ch)) {
            this.#position = p;
            this.#fail(400, "client sent invalid method");
            return;
          }
          break;
        case S.spacesBeforeUri:
          if (ch === SLASH) {
            this.#uriStart = p;
            state = S.afterSlash;
          } else if (isLetter(ch)) {
            state = S.scheme;
          } else if (ch !== SPACE) {
            return this.#badRequest();
          }
          break;
        case S.scheme:
          if (ch === COLON) {
            this.#schemeEnd = p;
            state = S.schemeSlash;
          } else if (!isLetter(ch) && !isDigit(ch) && ch !== 43 && ch !== 45 && ch !== 46) {
            return this.#badRequest();
          }
          break;
        case S.schemeSlash:
        case S.schemeSlashSlash:
          if (ch !== SLASH) return this.#badRequest();
          state++;
          break;
        case S.hostStart:
        case S.host:
        case S.hostEnd:
          if (state === S.hostStart) {
            this.#hostStart = p;
            state = ch === 91 ? S.hostLiteral : S.host;
            if (state === S.hostLiteral) break;
          }
          if (state === S.host && (isLetter(ch) || isDigit(ch) || ch === 46 || ch === 45)) break;
          this.#hostEnd = p;
          if (ch === COLON) {
            state = S.port;
            break;
          }
          state = this.#afterAuthority(ch, p);
          if (state === S.failed) return this.#badRequest();
          break;
        case S.hostLiteral:
          if (ch === 93) state = S.hostEnd;
          else if (!isLetter(ch) && !isDigit(ch) && !isLiteralOctet(ch)) return this.#badRequest();
          break;
        case S.port:
          if (isDigit(ch)) break;
          state = this.#afterAuthority(ch, p);
          if (state === S.failed) return this.#badRequest();
          break;
        case S.afterSlash:
        case S.uri:
          if (PLAIN_URI[ch] === 1) {
            state = S.uri;
            break;
          }
          switch (ch) {
            case SPACE:
              this.#uriEnd = p;
              state = S.afterUri;
              break;
            case CR:
              this.#uriEnd = p;
              this.#minor = 9;
              state = S.lineFeed;
              break;
            case LF:
              this.#uriEnd = p;
              this.#minor = 9;
              this.#position = p;
              return this.#lineDone(p);
            case 63: // "?"
              if (this.#argsStart < 0) this.#argsStart = p + 1;
              state = S.uri;
              break;
            case 37: // "%"
            case 35: // "#"
              if (this.#argsStart < 0 || ch === 35) this.#complexUri = true;
              state = S.uri;
              break;
            case SLASH:
              if (this.#argsStart >= 0) break;
              if (state === S.afterSlash) this.#complexUri = true;
              state = S.afterSlash;
              break;
            case 46: // "."
              if (this.#argsStart < 0 && state === S.afterSlash) this.#complexUri = true;
              state = S.uri;
              break;
            default:
              return this.#badRequest();
          }
          break;
        case S.afterUri:
          if (ch === 72) {
            this.#protocolStart = p;
            this.#protocolIndex = 1;
            state = S.protocol;
          } else if (ch === CR) {
            this.#minor = 9;
            state = S.lineFeed;
          } else if (ch === LF) {
            this.#minor = 9;
            this.#position = p;
            return this.#lineDone(p);
          } else if (ch !== SPACE) {
            return this.#badRequest();
          }
          break;
        case S.protocol:
          if (ch !== PROTOCOL[this.#protocolIndex]) return this.#badRequest();
          if (++this.#protocolIndex === PROTOCOL.length) state = S.majorFirst;
          break;
        case S.majorFirst:
          if (ch < 49 || ch > 57) return this.#badRequest();
          if (ch > 49) {
            this.#fail(505, "client sent invalid version");
            return;
          }
          this.#major = 1;
          state = S.major;
          break;
        case S.major:
          if (ch === 46) {
            state = S.minorFirst;
            break;
          }
          if (isDigit(ch)) this.#fail(505, "client sent invalid version");
          else this.#badRequest();
          return;
        case S.minorFirst:
          if (!isDigit(ch)) return this.#badRequest();
          this.#minor = ch - 48;
          state = S.minor;
          break;
        case S.minor:
          if (ch === CR) {
            state = S.lineFeed;
          } else if (ch === LF) {
            this.#position = p;
            return this.#lineDone(p);
          } else if (ch === SPACE) {
            state = S.spacesAfterVersion;
          } else {
            if (!isDigit(ch) || this.#minor > 99) return this.#badRequest();
            this.#minor = this.#minor * 10 + ch - 48;
          }
          break;
        case S.spacesAfterVersion:
          if (ch === CR) {
            state = S.lineFeed;
          } else if (ch === LF) {
            this.#position = p;
            return this.#lineDone(p);
          } else if (ch !== SPACE) {
            return this.#badRequest();
          }
          break;
        default:
          if (ch !== LF) return this.#badRequest();
          this.#position = p;
          return this.#lineDone(p - 1);
      }
    }
    this.#position = p;
    this.#state = state;
  }

  /** After host or port of an absolute URI. */
  #afterAuthority(ch: number, p: number): number {
    if (ch === SLASH) {
      this.#uriStart = p;
      return S.afterSlash;
    }
    if (ch === 63) {
      this.#uriStart = p;
      this.#argsStart = p + 1;
      this.#emptyPath = true;
      return S.uri;
    }
    if (ch === SPACE) {
      // The first slash of "://" stands for the missing path.
      this.#uriStart = this.#schemeEnd + 1;
      this.#uriEnd = this.#schemeEnd + 2;
      return S.afterUri;
    }
    return S.failed;
  }

  #lineDone(lineEnd: number): void {
    this.#position++;
    if (this.version === HTTP_09 && this.method !== "GET") {
      this.#fail(400, "client sent invalid method in HTTP/0.9 request");
      return;
    }
    this.#lineEnd = lineEnd;
    this.#completed = this.#position;
    if (!this.#readTarget()) return;
    if (this.version !== HTTP_09) {
      this.#state = S.headerStart;
      this.#nameStart = this.#position;
    } else {
      this.#state = S.done;
    }
  }

  #readTarget(): boolean {
    const target = this.#text(this.#uriStart, this.#uriEnd);
    if (this.#complexUri || this.#emptyPath) {
      const normalized = normalizeUri(this.#emptyPath ? `/${target}` : target, this.#limits.mergeSlashes);
      if (normalized === undefined) return this.#fail(400, "client sent invalid request");
      this.path = normalized.path;
      this.args = normalized.args || undefined;
    } else if (this.#argsStart < 0) {
      this.path = target;
    } else {
      this.path = target.slice(0, this.#argsStart - 1 - this.#uriStart);
      this.args = target.slice(this.#argsStart - this.#uriStart) || undefined;
    }
    if (this.#hostEnd < 0) return true;
    this.lineHost = validateHost(this.#text(this.#hostStart, this.#hostEnd));
    return this.lineHost !== undefined || this.#fail(400, "client sent invalid host in request line");
  }

  #parseHeaders(limit: number): void {
    const bytes = this.#bytes;
    const base = this.#base;
    const allowUnderscores = this.#limits.underscoresInHeaders;
    let p = this.#position;
    let state = this.#state;
    for (; p < limit; p++) {
      const ch = bytes[base + p] as number;
      switch (state) {
        case S.headerStart:
        case S.headerName:
          if (state === S.headerStart) {
            this.#nameStart = p;
            this.#invalidName = false;
            if (ch === CR) {
              state = S.finalLineFeed;
              break;
            }
            if (ch === LF) return this.#headDone(p);
            if (ch === COLON) return this.#invalidHeader(p);
            state = S.headerName;
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
          if ((ch === CR || ch === LF) && p > this.#nameStart) {
            this.#nameEnd = p;
            this.#valueStart = p;
            this.#valueEnd = p;
            if (ch === CR) {
              state = S.headerLineFeed;
              break;
            }
            if (!this.#headerDone(p)) return;
            state = S.headerStart;
            break;
          }
          if (ch <= SPACE || ch === 0x7f) return this.#invalidHeader(p);
          this.#invalidName = true;
          break;
        case S.spaceBeforeValue:
        case S.headerValue:
          if (state === S.spaceBeforeValue) {
            if (ch === SPACE) break;
            this.#valueStart = p;
            this.#valueEnd = p;
            state = S.headerValue;
          }
          if (ch > SPACE) {
            this.#valueEnd = p + 1;
          } else if (ch === CR) {
            state = S.headerLineFeed;
          } else if (ch === LF) {
            if (!this.#headerDone(p)) return;
            state = S.headerStart;
          } else if (ch === 0) {
            return this.#invalidHeader(p);
          } else if (ch !== SPACE) {
            this.#valueEnd = p + 1;
          }
          break;
        case S.headerLineFeed:
          if (ch === LF) {
            if (!this.#headerDone(p)) return;
            state = S.headerStart;
          } else if (ch !== CR) {
            return this.#invalidHeader(p);
          }
          break;
        default:
          if (ch !== LF) return this.#invalidHeader(p);
          return this.#headDone(p);
      }
    }
    this.#position = p;
    this.#state = state;
  }

  #invalidHeader(p: number): void {
    const octet = (this.#bytes[this.#base + p] as number).toString(16).padStart(2, "0");
    this.#fail(400, `client sent invalid header line: "${this.#text(this.#nameStart, p)}\\x${octet}..."`);
  }

  #headDone(p: number): void {
    this.#position = p + 1;
    this.#completed = p + 1;
    this.#state = S.done;
  }

  #headerDone(p: number): boolean {
    this.#completed = p + 1;
    if (this.#invalidName && this.#limits.ignoreInvalidHeaders) return true;
    const count = this.#headerCount++;
    if (count * 4 === this.#offsets.length) {
      const larger = new Int32Array(this.#offsets.length * 2);
      larger.set(this.#offsets);
      this.#offsets = larger;
    }
    const offsets = this.#offsets;
    offsets[count * 4] = this.#nameStart;
    offsets[count * 4 + 1] = this.#nameEnd;
    offsets[count * 4 + 2] = this.#valueStart;
    offsets[count * 4 + 3] = this.#valueEnd;
    const slot = this.#slotOf(this.#nameStart, this.#nameEnd - this.#nameStart);
    if (slot === undefined) return true;
    if (this.#slots[slot] === 0) {
      this.#slots[slot] = count + 1;
    } else if (UNIQUE.has(slot)) {
      const name = this.#text(this.#nameStart, this.#nameEnd);
      const value = this.#text(this.#valueStart, this.#valueEnd);
      const previous = (this.#slots[slot] as number) - 1;
      const words = slot === HEADER.host ? "host header" : "header line";
      return this.#fail(
        400,
        `client sent duplicate ${words}: "${name}: ${value}", previous value: "${this.headerName(previous)}: ${this.headerValue(previous)}"`,
      );
    }
    if (slot === HEADER.host) {
      this.headerHost = validateHost(this.#text(this.#valueStart, this.#valueEnd));
      if (this.headerHost === undefined) return this.#fail(400, "client sent invalid host header");
    }
    if (slot === HEADER.connection) {
      const value = this.#text(this.#valueStart, this.#valueEnd).toLowerCase();
      if (value.includes("close")) this.connection = "close";
      else if (value.includes("keep-alive")) this.connection = "keep-alive";
    }
    return true;
  }

  #slotOf(start: number, length: number): HeaderSlot | undefined {
    const candidates = SLOTS_BY_LENGTH[length];
    if (candidates === undefined) return undefined;
    next: for (const slot of candidates) {
      const name = SLOT_NAMES[slot] as string;
      for (let i = 0; i < length; i++) {
        if (NAME_OCTET[this.#bytes[this.#base + start + i] as number] !== name.charCodeAt(i)) continue next;
      }
      return slot;
    }
    return undefined;
  }

  #text(from: number, to: number): string {
    return this.#bytes.toString("latin1", this.#base + from, this.#base + to);
  }

  get method(): string {
    const start = this.#base + this.#lineStart;
    const bytes = this.#bytes;
    const length = this.#methodEnd - this.#lineStart;
    if (length === 3 && bytes[start] === 71 && bytes[start + 1] === 69 && bytes[start + 2] === 84) return "GET";
    return this.#text(this.#lineStart, this.#methodEnd);
  }

  get version(): number {
    return this.#major * 1000 + this.#minor;
  }

  /** `HTTP/1.1` as it was sent; empty when the request was refused inside it, undefined for HTTP/0.9. */
  get protocol(): string | undefined {
    if (this.#protocolStart < 0) return undefined;
    if (this.#lineEnd < 0) return "";
    return this.#text(this.#protocolStart, this.#lineEnd);
  }

  /** The target as it was sent: `/` for an absolute URI without path. */
  get target(): string {
    return this.#text(this.#uriStart, this.#uriEnd);
  }

  /** `$request`: the line as it was sent; of a request refused before its line was complete, what there is up to a line break. */
  get requestLine(): string {
    if (this.#lineEnd >= 0) return this.#text(this.#lineStart, this.#lineEnd);
    if (this.#state === S.start && this.failure === undefined) return "";
    const available = this.#carry === undefined ? this.#bytes.length - this.#base : this.#carryLength;
    let end = this.#lineStart;
    const last = Math.min(available, this.#bufferEnd);
    for (; end < last; end++) {
      const ch = this.#bytes[this.#base + end];
      if (ch === CR || ch === LF) break;
    }
    return this.#text(this.#lineStart, end);
  }

  /** Octets of the head: `$request_length` without the body. */
  get headBytes(): number {
    return this.lineComplete ? this.#completed - this.#lineStart : 0;
  }

  get headerCount(): number {
    return this.#headerCount;
  }

  headerName(index: number): string {
    return this.#text(this.#offsets[index * 4] as number, this.#offsets[index * 4 + 1] as number);
  }

  headerValue(index: number): string {
    return this.#text(this.#offsets[index * 4 + 2] as number, this.#offsets[index * 4 + 3] as number);
  }

  /** Value of a header the server knows; undefined when it was not sent. */
  header(slot: HeaderSlot): string | undefined {
    const index = this.#slots[slot] as number;
    return index === 0 ? undefined : this.headerValue(index - 1);
  }

  has(slot: HeaderSlot): boolean {
    return this.#slots[slot] !== 0;
  }

  /** Value of the first header of that lower-case name with `-` as `_`, as `$http_NAME` spells it. */
  headerByVariable(name: string): string | undefined {
    for (let i = 0; i < this.#headerCount; i++) {
      if (this.headerName(i).toLowerCase().replaceAll("-", "_") === name) return this.headerValue(i);
    }
    return undefined;
  }
}

/** A head that arrives in parts is taken in steps of this size, so that a chunk's later requests are not copied with it. */
const CARRY_STEP_BYTES = 4096;

function isMethodOctet(ch: number): boolean {
  return (ch >= 65 && ch <= 90) || ch === 95 || ch === 45;
}

function isLetter(ch: number): boolean {
  const lower = ch | 0x20;
  return lower >= 97 && lower <= 122;
}

function isDigit(ch: number): boolean {
  return ch >= 48 && ch <= 57;
}

/** Octets of an address in brackets besides letters and digits: `: - . _ ~` and the sub-delimiters. */
function isLiteralOctet(ch: number): boolean {
  return ":-._~!$&'()*+,;=".includes(String.fromCharCode(ch));
}
