/**
 * The rules of a complete head that need more than one line, and the request's body: how long it is and where it ends
 * (src/http/ngx_http_request.c, ngx_http_process_request_header; ngx_http_parse.c, ngx_http_parse_chunked).
 */
import { HEADER } from "./header-names.ts";
import { HTTP_09, HTTP_10, HTTP_11 } from "./request-line.ts";
import type { RequestParser } from "./request-parser.ts";

export type BodyFraming =
  | { readonly kind: "none" }
  | { readonly kind: "length"; readonly bytes: number }
  | { readonly kind: "chunked" };

export type HeadVerdict =
  | { readonly kind: "accepted"; readonly body: BodyFraming }
  | { readonly kind: "refused"; readonly status: 400 | 405 | 501; readonly reason: string };

const NO_BODY: HeadVerdict = { kind: "accepted", body: { kind: "none" } };

export function checkHead(head: RequestParser): HeadVerdict {
  const { version } = head;
  if (version === HTTP_09) return NO_BODY;
  if (version > HTTP_10 && !head.has(HEADER.host)) return refuse('client sent HTTP/1.1 request without "Host" header');
  const length = head.header(HEADER.contentLength);
  const encoding = head.header(HEADER.transferEncoding);
  let body: BodyFraming = { kind: "none" };
  if (length !== undefined) {
    // More digits than a 63-bit number has would be another length to whoever wraps around.
    if (!/^\d+$/.test(length) || BigInt(length) > 0x7fff_ffff_ffff_ffffn)
      return refuse('client sent invalid "Content-Length" header');
    body = { kind: "length", bytes: Number(length) };
  }
  if (encoding !== undefined) {
    if (version < HTTP_11) return refuse('client sent HTTP/1.0 request with "Transfer-Encoding" header');
    if (encoding.toLowerCase() !== "chunked")
      return { kind: "refused", status: 501, reason: `client sent unknown "Transfer-Encoding": "${encoding}"` };
    if (length !== undefined)
      return refuse('client sent "Content-Length" and "Transfer-Encoding" headers at the same time');
    body = { kind: "chunked" };
  }
  if (head.method === "CONNECT" || head.method === "TRACE")
    return { kind: "refused", status: 405, reason: `client sent ${head.method} method` };
  return body.kind === "none" ? NO_BODY : { kind: "accepted", body };
}

function refuse(reason: string): HeadVerdict {
  return { kind: "refused", status: 400, reason };
}

/** Finds the end of a body that nobody reads. */
export interface BodySkipper {
  /** Octets of body data seen so far. */
  readonly bytes: number;
  /** The index after the last octet of `chunk` that belongs to the body; -1 when the body is malformed. */
  skip(chunk: Buffer, from: number): number;
  readonly done: boolean;
}

export class LengthSkipper implements BodySkipper {
  #remaining: number;
  bytes = 0;

  constructor(bytes: number) {
    this.#remaining = bytes;
  }

  get done(): boolean {
    return this.#remaining === 0;
  }

  skip(chunk: Buffer, from: number): number {
    const taken = Math.min(this.#remaining, chunk.length - from);
    this.#remaining -= taken;
    this.bytes += taken;
    return from + taken;
  }
}

const C = {
  start: 0,
  size: 1,
  extension: 2,
  extensionLineFeed: 3,
  data: 4,
  afterData: 5,
  afterDataLineFeed: 6,
  lastExtension: 7,
  lastExtensionLineFeed: 8,
  trailer: 9,
  trailerLineFeed: 10,
  trailerHeader: 11,
  trailerHeaderLineFeed: 12,
  done: 13,
} as const;

/** A chunk this large overflows the original's 64-bit size before its next digit. */
const CHUNK_SIZE_MAX = 2 ** 59;

export class ChunkedSkipper implements BodySkipper {
  #state: number = C.start;
  #size = 0;
  bytes = 0;

  get done(): boolean {
    return this.#state === C.done;
  }

  skip(chunk: Buffer, from: number): number {
    let p = from;
    while (p < chunk.length && this.#state !== C.done) {
      if (this.#state === C.data) {
        const taken = Math.min(this.#size, chunk.length - p);
        this.#size -= taken;
        this.bytes += taken;
        p += taken;
        if (this.#size === 0) this.#state = C.afterData;
        continue;
      }
      const next = this.#step(chunk[p] as number);
      if (next < 0) return -1;
      this.#state = next;
      p++;
    }
    return p;
  }

  /** The state after `ch`, -1 when it may not stand here. */
  #step(ch: number): number {
    const cr = ch === 13;
    const lf = ch === 10;
    switch (this.#state) {
      case C.start: {
        const digit = hexValue(ch);
        this.#size = digit;
        return digit < 0 ? -1 : C.size;
      }
      case C.size: {
        const digit = hexValue(ch);
        if (digit >= 0) {
          if (this.#size >= CHUNK_SIZE_MAX) return -1;
          this.#size = this.#size * 16 + digit;
          return C.size;
        }
        const last = this.#size === 0;
        if (cr) return last ? C.lastExtensionLineFeed : C.extensionLineFeed;
        if (lf) return last ? C.trailer : C.data;
        if (ch === 59 || ch === 32 || ch === 9) return last ? C.lastExtension : C.extension;
        return -1;
      }
      case C.extension:
        return cr ? C.extensionLineFeed : lf ? C.data : C.extension;
      case C.extensionLineFeed:
        return lf ? C.data : -1;
      case C.afterData:
        return cr ? C.afterDataLineFeed : lf ? C.start : -1;
      case C.afterDataLineFeed:
        return lf ? C.start : -1;
      case C.lastExtension:
        return cr ? C.lastExtensionLineFeed : lf ? C.trailer : C.lastExtension;
      case C.lastExtensionLineFeed:
        return lf ? C.trailer : -1;
      case C.trailer:
        return cr ? C.trailerLineFeed : lf ? C.done : C.trailerHeader;
      case C.trailerLineFeed:
        return lf ? C.done : -1;
      case C.trailerHeader:
        return cr ? C.trailerHeaderLineFeed : lf ? C.trailer : C.trailerHeader;
      default:
        return lf ? C.trailer : -1;
    }
  }
}

function hexValue(ch: number): number {
  if (ch >= 48 && ch <= 57) return ch - 48;
  const lower = ch | 0x20;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}
