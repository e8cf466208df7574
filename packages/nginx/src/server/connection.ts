/**
 * One client's connection (src/http/ngx_http_request.c): requests one after the other, pipelined ones too, with their timeouts.
 *
 *   idle ──octets──▶ head ──complete──▶ answering ──sent──▶ idle (keep-alive) │ skipping (unread body) │ lingering │ closed
 *
 * While an answer is on its way nothing is read: a client that does not take its answers cannot make the server keep its requests.
 */
import type { Socket } from "node:net";

import type { Server } from "../config/model.ts";
import { checkHead, ChunkedSkipper, LengthSkipper, type BodySkipper } from "../http/framing.ts";
import { HEADER } from "../http/header-names.ts";
import { HTTP_10, HTTP_11 } from "../http/request-line.ts";
import { RequestParser } from "../http/request-parser.ts";
import { HttpRequest, type ConnectionFacts } from "../http/request.ts";
import { responseHead, type Response } from "../http/response.ts";
import { answer, answerError, mayKeepAlive, type Answer } from "../static/handler.ts";
import { chunked } from "./chunked.ts";
import type { OpenConnection, ServerCore, ServingAddress } from "./core.ts";
import { Deadline } from "./deadline.ts";
import { streamFile } from "./file-stream.ts";
import { readyResponse } from "./ready-response.ts";

type State = "idle" | "head" | "answering" | "skipping" | "lingering" | "closed";

/** Octets of answers to pipelined requests that are gathered before they are written. */
const GATHER_BYTES = 64 * 1024;

const CONTINUE = Buffer.from("HTTP/1.1 100 Continue\r\n\r\n");
const EMPTY = Buffer.alloc(0);

export class Connection implements OpenConnection {
  readonly #socket: Socket;
  readonly #core: ServerCore;
  readonly #address: ServingAddress;
  readonly #facts: ConnectionFacts;
  readonly #defaultServer: Server;
  readonly #parser: RequestParser;
  readonly #deadline: Deadline;
  #state: State = "idle";
  #requests = 0;
  #request: HttpRequest | undefined;
  #skipper: BodySkipper | undefined;
  #lingerUntil = 0;
  /** Octets that came while an answer was on its way. */
  #waiting: Buffer = EMPTY;
  #out: Buffer[] = [];
  #outBytes = 0;
  #blocked = false;
  #clientEnded = false;
  #closing = false;

  constructor(socket: Socket, facts: ConnectionFacts, address: ServingAddress, core: ServerCore) {
    this.#socket = socket;
    this.#facts = facts;
    this.#core = core;
    this.#address = address;
    this.#defaultServer = address.names.choose(undefined).server;
    this.#parser = new RequestParser(this.#defaultServer.limits);
    this.#deadline = new Deadline(() => this.#timedOut());
    this.#deadline.set(performance.now(), this.#defaultServer.clientHeaderTimeoutMs);
    socket.on("data", (chunk: Buffer) => this.#received(chunk));
    socket.on("end", () => this.#ended());
    socket.on("drain", () => this.#drained());
    socket.on("error", (error: NodeJS.ErrnoException) => this.#failed(error));
    socket.on("close", () => this.#closed());
  }

  /** No request is being read or answered. */
  get idle(): boolean {
    return this.#state === "idle" && !this.#parser.started;
  }

  /** Closes now when idle, else after the present answer. */
  retire(): void {
    this.#closing = true;
    if (this.idle && !this.#blocked) this.#finishSocket();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #received(chunk: Buffer): void {
    if (this.#state === "closed") return;
    if (this.#state === "lingering") {
      this.#linger();
      return;
    }
    if (this.#state === "answering" || this.#blocked) {
      this.#waiting = this.#waiting.length === 0 ? chunk : Buffer.concat([this.#waiting, chunk]);
      this.#socket.pause();
      return;
    }
    this.#consume(chunk);
    this.#flush();
  }

  /** Works through octets until they are used up or an answer has to be sent first. */
  #consume(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && !this.#blocked) {
      switch (this.#state) {
        case "idle":
        case "head":
          at = this.#readHead(chunk, at);
          break;
        case "skipping": {
          at = this.#skipBody(chunk, at);
          break;
        }
        case "lingering":
        case "closed":
          return;
        case "answering":
          this.#waiting = chunk.subarray(at);
          this.#socket.pause();
          return;
      }
      if (this.#outBytes >= GATHER_BYTES) this.#flush();
    }
    if (at < chunk.length) {
      this.#waiting = chunk.subarray(at);
      this.#socket.pause();
    }
  }

  #readHead(chunk: Buffer, from: number): number {
    const parser = this.#parser;
    const at = parser.feed(chunk, from);
    if (parser.failure === undefined && !parser.done) {
      if (this.#state === "idle") {
        this.#state = "head";
        this.#deadline.set(performance.now(), this.#defaultServer.clientHeaderTimeoutMs);
      }
      return at;
    }
    this.#begin(chunk, at);
    return parser.failure === undefined ? this.#bodyEnd : at;
  }

  /** Where the octets of the present chunk go on after the request and what has been skipped of its body. */
  #bodyEnd = 0;

  #begin(chunk: Buffer, at: number): void {
    const parser = this.#parser;
    this.#deadline.clear();
    this.#state = "answering";
    this.#skipper = undefined;
    this.#bodyEnd = at;
    const request = new HttpRequest(parser, this.#facts, ++this.#requests, Date.now(), this.#defaultServer);
    this.#request = request;
    const chosen = this.#address.names.choose(request.host);
    request.server = chosen.server;
    request.location = chosen.server.location;
    request.captures = chosen.captures;
    const { failure } = parser;
    if (failure !== undefined) {
      this.#core.log("info", failure.reason, request);
      request.lingers = failure.lingers;
      this.#send(request, answerError(request, failure.status, this.#core));
      return;
    }
    const verdict = checkHead(parser);
    if (verdict.kind === "refused") {
      this.#core.log("info", verdict.reason, request);
      this.#send(request, answerError(request, verdict.status, this.#core));
      return;
    }
    let bodyBytes: number | undefined;
    if (verdict.body.kind !== "none") {
      request.lingers = verdict.body.kind === "chunked" || verdict.body.bytes > 0;
      if (verdict.body.kind === "length") bodyBytes = verdict.body.bytes;
      const skipper = verdict.body.kind === "chunked" ? new ChunkedSkipper() : new LengthSkipper(verdict.body.bytes);
      const end = skipper.skip(chunk, at);
      if (end < 0) {
        request.bodyInvalid = true;
        this.#core.log("error", "client sent invalid chunked body", request);
        this.#bodyEnd = chunk.length;
      } else {
        this.#bodyEnd = end;
        if (!skipper.done) this.#skipper = skipper;
      }
    }
    const kept = parser.connection;
    request.keepAlive =
      (kept === undefined ? request.version > HTTP_10 : kept === "keep-alive") && request.version >= HTTP_10;
    request.keepAlive &&= mayKeepAlive(request);
    const result = answer(request, bodyBytes, this.#core);
    if (this.#closing || this.#clientEnded) request.keepAlive = false;
    if (request.bodyAsked && request.version >= HTTP_11 && this.#wantsContinue(request)) {
      // The original counts it with the body.
      request.bodyBytesSent = CONTINUE.length;
      this.#queue(CONTINUE);
    }
    this.#send(request, result);
  }

  #wantsContinue(request: HttpRequest): boolean {
    return request.head.header(HEADER.expect)?.toLowerCase() === "100-continue";
  }

  #send(request: HttpRequest, result: Answer | undefined): void {
    if (result === undefined) {
      this.#core.finished(request);
      this.#destroyAfterFlush();
      return;
    }
    const { response } = result;
    request.status = response.status;
    const headOnly = request.method === "HEAD" && request.version >= HTTP_10;
    if (result.file !== undefined && !headOnly && request.version >= HTTP_10) {
      const ready = readyResponse(request, response, result.file, this.#core.httpDate());
      request.headBytesSent = ready.headBytes;
      request.bodyBytesSent += ready.bytes.length - ready.headBytes;
      this.#queue(ready.bytes);
      this.#sent(request);
      return;
    }
    const head = Buffer.from(responseHead(request, response, this.#core.httpDate()), "latin1");
    request.headBytesSent = head.length;
    this.#queue(head);
    const { body } = response;
    if (body.kind === "file" && (headOnly || body.pieces.length === 0)) {
      this.#core.closeFile(body.handle);
    } else if (body.kind === "file") {
      this.#stream(request, body);
      return;
    } else if (body.kind === "memory" && !headOnly) {
      const parts = response.chunked === true && request.version > HTTP_10 ? chunked(body.parts) : body.parts;
      if (response.chunked === true && request.version <= HTTP_10) request.keepAlive = false;
      for (const part of parts) {
        if (part.length === 0) continue;
        request.bodyBytesSent += part.length;
        this.#queue(part);
      }
    }
    this.#sent(request);
  }

  #stream(request: HttpRequest, body: Response["body"] & { kind: "file" }): void {
    this.#flush();
    const { sendTimeoutMs } = request.location.settings;
    this.#deadline.set(performance.now(), sendTimeoutMs);
    streamFile(this.#socket, body, {
      progressed: (octets) => {
        request.bodyBytesSent += octets;
        this.#deadline.set(performance.now(), sendTimeoutMs);
      },
      ended: (how) => {
        this.#deadline.clear();
        if (this.#state === "closed") {
          this.#core.finished(request);
          return;
        }
        if (how !== "complete") {
          if (how === "truncated") this.#core.log("alert", "the file was cut while it was sent", request);
          this.#core.finished(request);
          this.#socket.destroy();
          return;
        }
        this.#sent(request);
        this.#resume();
      },
    });
  }

  /** The answer has been handed to the socket. */
  #sent(request: HttpRequest): void {
    request.completed = true;
    this.#core.finished(request);
    this.#request = undefined;
    const { settings } = request.location;
    if (request.closesAfter) request.keepAlive = false;
    const now = performance.now();
    if (this.#skipper !== undefined) {
      this.#state = "skipping";
      this.#lingerUntil = now + settings.lingeringTimeMs;
      this.#skipRequest = request;
      this.#deadline.set(now, settings.lingeringTimeoutMs);
      return;
    }
    this.#afterRequest(request, now);
  }

  /** The request and its body are over. */
  #afterRequest(request: HttpRequest, now: number): void {
    if (!request.keepAlive) {
      const { lingeringClose } = request.location.settings;
      const unread = this.#waiting.length > 0 || request.lingers;
      if (lingeringClose === "always" || (lingeringClose === "on" && unread)) this.#beginLinger(request);
      else this.#finishSocket();
      return;
    }
    this.#nextRequest(request, now);
  }

  #skipRequest: HttpRequest | undefined;

  #nextRequest(previous: HttpRequest, now: number): void {
    this.#state = "idle";
    this.#parser.reset(this.#defaultServer.limits);
    this.#deadline.set(now, previous.location.settings.keepaliveTimeoutMs);
    if (this.#closing) this.#finishSocket();
  }

  #skipBody(chunk: Buffer, from: number): number {
    const skipper = this.#skipper;
    const request = this.#skipRequest;
    if (skipper === undefined || request === undefined) return from;
    const end = skipper.skip(chunk, from);
    const now = performance.now();
    if (end < 0 || now > this.#lingerUntil) {
      this.#destroyAfterFlush();
      return chunk.length;
    }
    if (skipper.done) {
      this.#skipper = undefined;
      this.#skipRequest = undefined;
      request.lingers = false;
      this.#afterRequest(request, now);
    } else {
      this.#deadline.set(now, Math.min(request.location.settings.lingeringTimeoutMs, this.#lingerUntil - now));
    }
    return end;
  }

  #queue(data: Buffer): void {
    this.#out.push(data);
    this.#outBytes += data.length;
  }

  #flush(): void {
    const out = this.#out;
    if (out.length === 0 || this.#socket.destroyed) return;
    const [first = EMPTY] = out;
    const data = out.length === 1 ? first : Buffer.concat(out, this.#outBytes);
    this.#out = [];
    this.#outBytes = 0;
    if (this.#socket.write(data) || this.#state === "answering") return;
    // The client has not taken its answers: what comes before it does is not read (`#received` pauses the socket).
    this.#blocked = true;
    this.#deadline.set(performance.now(), this.#defaultServer.location.settings.sendTimeoutMs);
  }

  #drained(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    if (this.#state === "idle")
      this.#deadline.set(performance.now(), this.#defaultServer.location.settings.keepaliveTimeoutMs);
    this.#resume();
  }

  /** Goes on with what came meanwhile. */
  #resume(): void {
    const waiting = this.#waiting;
    this.#waiting = EMPTY;
    if (waiting.length > 0 && this.#state !== "lingering" && this.#state !== "closed") this.#consume(waiting);
    this.#flush();
    if (this.#waiting.length > 0 || this.#blocked || this.#state === "answering" || this.#state === "closed") return;
    if (this.#clientEnded && this.#state !== "lingering") {
      this.#ended();
      return;
    }
    if (this.#socket.isPaused()) this.#socket.resume();
  }

  #beginLinger(request: HttpRequest): void {
    const { lingeringTimeMs, lingeringTimeoutMs } = request.location.settings;
    const now = performance.now();
    this.#flush();
    this.#state = "lingering";
    this.#waiting = EMPTY;
    this.#blocked = false;
    this.#lingerUntil = now + lingeringTimeMs;
    this.#lingerStepMs = lingeringTimeoutMs;
    this.#deadline.set(now, lingeringTimeoutMs);
    this.#socket.end();
    this.#socket.resume();
  }

  #lingerStepMs = 0;

  #linger(): void {
    const now = performance.now();
    if (now > this.#lingerUntil) this.#socket.destroy();
    else this.#deadline.set(now, Math.min(this.#lingerStepMs, this.#lingerUntil - now));
  }

  /** Sends what is queued and closes. */
  #finishSocket(): void {
    this.#flush();
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#deadline.set(performance.now(), this.#defaultServer.location.settings.sendTimeoutMs);
    this.#socket.end(() => this.#socket.destroy());
  }

  #destroyAfterFlush(): void {
    this.#flush();
    this.#state = "closed";
    this.#socket.destroy();
  }

  #timedOut(): void {
    switch (this.#state) {
      case "head": {
        const request = this.#unfinishedRequest(408);
        this.#core.log(
          "info",
          "client timed out (110: Connection timed out) while reading client request headers",
          request,
        );
        this.#core.finished(request);
        break;
      }
      case "answering":
        if (this.#request !== undefined)
          this.#core.log(
            "info",
            "client timed out (110: Connection timed out) while sending response to client",
            this.#request,
          );
        break;
      default:
    }
    const reset = this.#defaultServer.location.settings.resetTimedoutConnection;
    if (reset) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  #unfinishedRequest(status: number): HttpRequest {
    const request = new HttpRequest(this.#parser, this.#facts, ++this.#requests, Date.now(), this.#defaultServer);
    request.status = status;
    return request;
  }

  #ended(): void {
    this.#clientEnded = true;
    switch (this.#state) {
      case "head": {
        const request = this.#unfinishedRequest(400);
        this.#core.log("info", "client prematurely closed connection while reading client request headers", request);
        this.#core.finished(request);
        this.#socket.destroy();
        break;
      }
      case "answering":
        break;
      default:
        if (!this.#blocked) this.#finishSocket();
    }
  }

  #failed(error: NodeJS.ErrnoException): void {
    if (this.#request !== undefined)
      this.#core.log("info", `${error.syscall ?? "write"}() failed (${error.code ?? "EIO"})`, this.#request);
  }

  #closed(): void {
    this.#deadline.stop();
    this.#state = "closed";
    this.#waiting = EMPTY;
    this.#out = [];
    this.#core.connectionClosed(this);
  }
}
