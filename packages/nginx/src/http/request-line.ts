/** Request line: method, target, version (src/http/ngx_http_parse.c, ngx_http_parse_request_line). */
import { refusal, type HeadBytes, type ParseFailure } from "./head-bytes.ts";
import { validateHost } from "./host.ts";
import { normalizeUri } from "./uri.ts";

/** HTTP versions as nginx counts them. */
export const HTTP_09 = 9;
export const HTTP_10 = 1000;
export const HTTP_11 = 1001;

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
  done: 30,
  failed: 31,
} as const;

const PROTOCOL = Buffer.from("HTTP/");

/** Octets of a URI that need no thought: everything but controls, space, DEL, `#`, `%`, `?`, `/`, `.`. 1 = plain. */
const PLAIN_URI = new Uint8Array(256).fill(1);
for (let octet = 0; octet <= SPACE; octet++) PLAIN_URI[octet] = 0;
for (const ch of "#%?/.\x7f") PLAIN_URI[ch.charCodeAt(0)] = 0;

export class RequestLine {
  readonly #head: HeadBytes;
  #state: number = S.start;
  /** Offset of the next octet. */
  position = 0;
  /** Offset of the line's first octet. */
  start = 0;
  /** Offset after its last, without the line break; -1 until it is complete. */
  end = -1;
  mergeSlashes = true;
  failure: ParseFailure | undefined;
  /** The path, decoded and normalised, and what follows `?`. Set when the line is complete. */
  path = "";
  args: string | undefined;
  /** Host of an absolute URI, validated, without port. */
  host: string | undefined;
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
  #complexUri = false;
  /** An absolute URI without a path: `GET http://host?x`. */
  #emptyPath = false;

  constructor(head: HeadBytes) {
    this.#head = head;
  }

  reset(mergeSlashes: boolean): void {
    this.#state = S.start;
    this.position = 0;
    this.start = 0;
    this.end = -1;
    this.mergeSlashes = mergeSlashes;
    this.failure = undefined;
    this.path = "";
    this.args = undefined;
    this.host = undefined;
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
    this.#complexUri = false;
    this.#emptyPath = false;
  }

  /** More than line breaks has arrived. */
  get started(): boolean {
    return this.#state !== S.start;
  }

  get done(): boolean {
    return this.#state === S.done;
  }

  /** Goes on from `position` up to `limit`, or to the end of the line. */
  read(limit: number): void {
    const bytes = this.#head.bytes;
    const base = this.#head.base;
    let p = this.position;
    let state = this.#state;
    for (; p < limit; p++) {
      const ch = bytes[base + p] as number;
      switch (state) {
        case S.start:
          this.start = p;
          if (ch === CR || ch === LF) break;
          if (!isMethodOctet(ch)) {
            this.position = p;
            this.#fail(400, "client sent invalid method");
            return;
          }
          state = S.method;
          break;
        case S.method:
          if (ch === SPACE) {
            this.#methodEnd = p;
            state = S.spacesBeforeUri;
            break;
          }
          if (!isMethodOctet(ch)) {
            this.position = p;
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
              this.position = p;
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
            this.position = p;
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
            this.position = p;
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
            this.position = p;
            return this.#lineDone(p);
          } else if (ch !== SPACE) {
            return this.#badRequest();
          }
          break;
        default:
          if (ch !== LF) return this.#badRequest();
          this.position = p;
          return this.#lineDone(p - 1);
      }
    }
    this.position = p;
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
    this.position++;
    if (this.version === HTTP_09 && this.method !== "GET") {
      this.#fail(400, "client sent invalid method in HTTP/0.9 request");
      return;
    }
    this.end = lineEnd;
    if (this.#readTarget()) this.#state = S.done;
  }

  #readTarget(): boolean {
    const target = this.#head.text(this.#uriStart, this.#uriEnd);
    if (this.#complexUri || this.#emptyPath) {
      const normalized = normalizeUri(this.#emptyPath ? `/${target}` : target, this.mergeSlashes);
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
    this.host = validateHost(this.#head.text(this.#hostStart, this.#hostEnd));
    return this.host !== undefined || this.#fail(400, "client sent invalid host in request line");
  }

  #fail(status: ParseFailure["status"], reason: string): false {
    this.#state = S.failed;
    this.failure = refusal(status, reason);
    return false;
  }

  #badRequest(): void {
    this.#fail(400, "client sent invalid request");
  }

  get method(): string {
    const { bytes, base } = this.#head;
    const first = base + this.start;
    const length = this.#methodEnd - this.start;
    if (length === 3 && bytes[first] === 71 && bytes[first + 1] === 69 && bytes[first + 2] === 84) return "GET";
    return this.#head.text(this.start, this.#methodEnd);
  }

  get version(): number {
    return this.#major * 1000 + this.#minor;
  }

  /** `HTTP/1.1` as it was sent; empty when the request was refused inside it, undefined for HTTP/0.9. */
  get protocol(): string | undefined {
    if (this.#protocolStart < 0) return undefined;
    return this.end < 0 ? "" : this.#head.text(this.#protocolStart, this.end);
  }

  /** The target as it was sent: `/` for an absolute URI without path. */
  get target(): string {
    return this.#head.text(this.#uriStart, this.#uriEnd);
  }
}

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
