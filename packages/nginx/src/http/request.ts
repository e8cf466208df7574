/** One request on its way through the server: what was asked, where it was routed, what was answered. */
import type { Location, Server } from "../config/model.ts";
import { HTTP_09, HTTP_10 } from "./request-line.ts";
import type { RequestParser } from "./request-parser.ts";

/** The connection a request came on. */
export interface ConnectionFacts {
  /** Counts connections of this process from 1: `$connection`, `*N` in the error log. */
  readonly serial: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly startedAtMs: number;
}

export class HttpRequest {
  readonly head: RequestParser;
  readonly connection: ConnectionFacts;
  /** The how manyth of its connection: `$connection_requests`. */
  readonly ordinal: number;
  readonly startedAtMs: number;
  server: Server;
  location: Location;
  /** Captures of the last regular expression that matched. */
  captures: RegExpExecArray | undefined;
  /** Becomes GET when an error page is served. */
  method: string;
  readonly version: number;
  /** Normalised path; internal redirects change it. Byte string. */
  path = "";
  args: string | undefined;
  /** Validated, without port; undefined when there was none. */
  host: string | undefined;
  /** Internal redirects that are still allowed, and one: at 0 the request ends with 500. */
  redirectsLeft = 11;
  /** Internal locations may be used. */
  internal = false;
  /** An error page is being served: a further error does not look for a page again. */
  inErrorPage = false;
  /** The handler read (and dropped) the body before it answered: a client that waits for `100 Continue` gets it. */
  bodyAsked = false;
  /** The body broke the rules of its chunks before the answer was made. */
  bodyInvalid = false;
  /** What the client still sends after an error is read and dropped before closing. */
  lingers = false;
  /** Status that an error page is to be sent with; 0 takes the page's own. */
  errorStatus = 0;
  keepAlive = false;
  /** Headers that an error left behind and that its page is sent with. */
  carriedHeaders: readonly (readonly [name: string, value: string])[] = [];
  /** The connection ends after the answer although its head may say otherwise, as the original does after 412. */
  closesAfter = false;

  /** For logs; set while answering. */
  status = 0;
  headBytesSent = 0;
  bodyBytesSent = 0;
  finishedAtMs = 0;
  completed = false;
  sentHeaders: ReadonlyMap<string, string> | undefined;
  requestId: string | undefined;

  constructor(head: RequestParser, connection: ConnectionFacts, ordinal: number, nowMs: number, server: Server) {
    this.head = head;
    this.connection = connection;
    this.ordinal = ordinal;
    this.startedAtMs = nowMs;
    this.server = server;
    this.location = server.location;
    this.method = head.method;
    // A line that was refused counts as 1.0, so that its error has a head; a line without version does not.
    this.version = head.lineComplete || head.version === HTTP_09 ? head.version : HTTP_10;
    this.path = head.path;
    this.args = head.args;
    this.host = head.lineHost ?? head.headerHost;
  }

  /** What follows the last dot of the last segment; dots that the segment starts with are none. */
  get extension(): string | undefined {
    const segment = this.path.slice(this.path.lastIndexOf("/") + 1);
    const dot = segment.lastIndexOf(".");
    if (dot <= 0 || (dot <= 2 && /^\.+$/.test(segment.slice(0, dot)))) return undefined;
    return segment.slice(dot + 1);
  }
}
