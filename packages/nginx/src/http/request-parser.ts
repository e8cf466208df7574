/**
 * Request line and header lines as a state machine over octets, accepting and refusing exactly what nginx 1.22.1
 * (src/http/ngx_http_parse.c, ngx_http_request.c) accepts and refuses, with its buffer limits.
 *
 * The parser reads from the socket's own chunk and keeps offsets. Only a head that does not end inside the chunk is copied, into
 * a buffer of its own whose size is bounded by the header limits.
 */
import type { HeaderLimits } from "../config/model.ts";
import { HeadBytes, refusal, type ParseFailure } from "./head-bytes.ts";
import { HeaderLines } from "./header-lines.ts";
import type { HeaderSlot } from "./header-names.ts";
import { HTTP_09, RequestLine } from "./request-line.ts";

const CR = 13;
const LF = 10;
const EMPTY = Buffer.alloc(0);

/** A head that arrives in parts is taken in steps of this size, so that a chunk's later requests are not copied with it. */
const CARRY_STEP_BYTES = 4096;

export class RequestParser {
  readonly #head = new HeadBytes();
  readonly #line = new RequestLine(this.#head);
  readonly #headers: HeaderLines;
  #limits: HeaderLimits;
  /** The line is complete, its headers are being read. */
  #inHeaders = false;
  #done = false;
  #carry: Buffer | undefined;
  #carryLength = 0;
  /** Offset at which the original's present buffer ends. */
  #bufferEnd: number;
  #largeBuffersUsed = 0;
  failure: ParseFailure | undefined;

  constructor(limits: HeaderLimits) {
    this.#limits = limits;
    this.#headers = new HeaderLines(this.#head, limits);
    this.#bufferEnd = limits.headerBufferBytes;
    this.#line.mergeSlashes = limits.mergeSlashes;
  }

  /** Forgets the request; the next `feed` starts a new one. */
  reset(limits: HeaderLimits): void {
    this.#limits = limits;
    this.#head.set(EMPTY, 0);
    this.#line.reset(limits.mergeSlashes);
    this.#headers.reset(limits);
    this.#inHeaders = false;
    this.#done = false;
    this.#carry = undefined;
    this.#carryLength = 0;
    this.#bufferEnd = limits.headerBufferBytes;
    this.#largeBuffersUsed = 0;
    this.failure = undefined;
  }

  get done(): boolean {
    return this.#done;
  }

  /** Something of a request has arrived (line breaks before a request count for nothing). */
  get started(): boolean {
    return this.#line.started;
  }

  get lineComplete(): boolean {
    return this.#line.end >= 0;
  }

  get #ended(): boolean {
    return this.#done || this.failure !== undefined;
  }

  get #position(): number {
    return this.#inHeaders ? this.#headers.position : this.#line.position;
  }

  /**
   * Reads on from `chunk[from]` and returns the index after the last octet it took. Afterwards the head is `done`, or `failure`
   * says why not, or more octets are needed. While `done`, the accessors read from `chunk`: it must stay as it is until `reset`.
   */
  feed(chunk: Buffer, from: number): number {
    if (this.#carry === undefined) {
      this.#head.set(chunk, from);
      this.#run(chunk.length - from);
      const end = from + this.#position;
      // Line breaks before a request are not kept: there may be any number of them.
      if (!this.started && !this.#ended) this.reset(this.#limits);
      else if (!this.#ended) this.#keep(chunk, from);
      return end;
    }
    let at = from;
    while (at < chunk.length && !this.#ended) {
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
    this.#head.set(carry, 0);
  }

  /** Parses up to `available` octets, changing buffers where nginx would. */
  #run(available: number): void {
    for (;;) {
      this.#parse(Math.min(available, this.#bufferEnd));
      if (this.#ended || (this.#position >= this.#bufferEnd && !this.#nextBuffer())) return;
      if (this.#position >= available) return;
    }
  }

  #parse(limit: number): void {
    const line = this.#line;
    if (!this.#inHeaders) {
      const { started } = line;
      line.read(limit);
      // Line breaks before the request are not counted.
      if (!started && line.started) this.#bufferEnd = line.start + this.#limits.headerBufferBytes;
      this.failure = line.failure;
      if (!line.done) return;
      this.#done = line.version === HTTP_09;
      if (this.#done) return;
      this.#inHeaders = true;
      this.#headers.begin(line.position);
    }
    this.#headers.read(limit);
    this.failure = this.#headers.failure;
    this.#done = this.#headers.done;
  }

  /** nginx's ngx_http_alloc_large_header_buffer: a partial line moves to a new buffer, a line larger than one is refused. */
  #nextBuffer(): boolean {
    const { largeBufferBytes, largeBufferCount, headerBufferBytes } = this.#limits;
    if (!this.started) {
      this.#bufferEnd = this.#position + headerBufferBytes;
      return true;
    }
    const between = this.#inHeaders && this.#headers.betweenLines;
    const lineStart = this.#inHeaders ? this.#headers.nameStart : this.#line.start;
    if ((!between && this.#position - lineStart >= largeBufferBytes) || this.#largeBuffersUsed >= largeBufferCount) {
      this.failure = this.#inHeaders ? this.#tooLarge(between) : refusal(414, "client sent too long URI");
      return false;
    }
    this.#largeBuffersUsed++;
    this.#bufferEnd = (between ? this.#position : lineStart) + largeBufferBytes;
    return true;
  }

  #tooLarge(between: boolean): ParseFailure {
    if (between && this.#headers.count === 0) return refusal(494, "client sent too large request", true);
    const { nameStart } = this.#headers;
    const start = this.#head.text(nameStart, Math.min(this.#position, nameStart + LOGGED_LINE_BYTES));
    return refusal(494, `client sent too long header line: "${start}..."`, true);
  }

  get method(): string {
    return this.#line.method;
  }

  /** As nginx counts it: 1001 is HTTP/1.1. */
  get version(): number {
    return this.#line.version;
  }

  /** `HTTP/1.1` as it was sent; empty when the request was refused inside it, undefined for HTTP/0.9. */
  get protocol(): string | undefined {
    return this.#line.protocol;
  }

  /** The path, decoded and normalised; empty until the line is complete. */
  get path(): string {
    return this.#line.path;
  }

  /** What follows `?`; undefined when nothing does. */
  get args(): string | undefined {
    return this.#line.args;
  }

  /** The target as it was sent: `/` for an absolute URI without path. */
  get target(): string {
    return this.#line.target;
  }

  /** Host of an absolute URI, validated, without port. */
  get lineHost(): string | undefined {
    return this.#line.host;
  }

  /** Host of the Host header, validated, without port. */
  get headerHost(): string | undefined {
    return this.#headers.host;
  }

  /** What the last Connection header that said something said. */
  get connection(): "close" | "keep-alive" | undefined {
    return this.#headers.connection;
  }

  /** `$request`: the line as it was sent; of a request refused before its line was complete, what there is up to a line break. */
  get requestLine(): string {
    const { start, end } = this.#line;
    if (end >= 0) return this.#head.text(start, end);
    if (!this.started && this.failure === undefined) return "";
    const { bytes, base } = this.#head;
    const available = this.#carry === undefined ? bytes.length - base : this.#carryLength;
    const last = Math.min(available, this.#bufferEnd);
    let at = start;
    while (at < last && bytes[base + at] !== CR && bytes[base + at] !== LF) at++;
    return this.#head.text(start, at);
  }

  /** Octets of the complete lines: `$request_length` without the body. */
  get headBytes(): number {
    if (!this.lineComplete) return 0;
    return (this.#inHeaders ? this.#headers.completed : this.#line.position) - this.#line.start;
  }

  get headerCount(): number {
    return this.#headers.count;
  }

  headerName(index: number): string {
    return this.#headers.name(index);
  }

  headerValue(index: number): string {
    return this.#headers.value(index);
  }

  /** Value of a header the server knows; undefined when it was not sent. */
  header(slot: HeaderSlot): string | undefined {
    const index = this.#headers.indexOf(slot);
    return index < 0 ? undefined : this.#headers.value(index);
  }

  has(slot: HeaderSlot): boolean {
    return this.#headers.indexOf(slot) >= 0;
  }

  /** Value of the first header of that lower-case name with `-` as `_`, as `$http_NAME` spells it. */
  headerByVariable(name: string): string | undefined {
    for (let i = 0; i < this.headerCount; i++) {
      if (this.headerName(i).toLowerCase().replaceAll("-", "_") === name) return this.headerValue(i);
    }
    return undefined;
  }
}

/** Octets of a header line that is too long that the error log shows. */
const LOGGED_LINE_BYTES = 1748;
