import type { Clock, Log } from "@ordinal/io";

import type { SessionId } from "../jute/zxid.ts";
import type { AccessControl } from "../processing/access-control.ts";
import type { Database } from "../tree/database.ts";
import type { OutputBudget } from "./client-output.ts";
import type { Client } from "./client.ts";
import type { FourLetterWord } from "./four-letter/four-letter-words.ts";
import type { ServerFacts } from "./handshake.ts";
import type { ClientLimits } from "./limits.ts";
import type { ServerMetrics } from "./metrics/server-metrics.ts";
import type { PendingRequest } from "./pending-request.ts";
import type { OutstandingCount } from "./request-queue.ts";
import type { SaslExchange } from "./sasl-exchange.ts";
import type { ServerStats } from "./server-stats.ts";

/** Answers a four-letter word; what it reads from the disk takes a promise. */
export type AnswerWord = (word: FourLetterWord, argument: Uint8Array, from: Client) => string | Promise<string>;

/** What a connection asks of the server it belongs to. */
export interface ClientHome extends OutputBudget, OutstandingCount {
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: ClientLimits;
  readonly access: AccessControl;
  readonly metrics: ServerMetrics;
  readonly stats: ServerStats;
  readonly database: Database;
  /** Bytes of requests that are not whole yet, of all connections. */
  partialBytes: number;
  /** Whether it has a role: otherwise no request is taken. */
  readonly isServing: boolean;
  /** More requests are under way than the server wants. */
  readonly isOverloaded: boolean;
  readonly answerWord: AnswerWord;
  readonly beginSasl: (client: Client) => SaslExchange;
  /** False: who has not authenticated as the server demands may not ask anything. */
  readonly mayAsk: (client: Client) => boolean;
  serverFacts(): ServerFacts;
  /** False: the session has expired, and the connection is closed now. */
  touch(client: Client): boolean;
  createSession(client: Client): void;
  sessionCreated(client: Client): void;
  reattach(client: Client, sessionId: SessionId, password: Uint8Array): void;
  isLocalSession(sessionId: SessionId): boolean;
  submit(request: PendingRequest): void;
  /** Has the connection answer and send what it can, once the code that runs now is done. */
  settleSoon(client: Client): void;
  /** As `settleSoon`, after others have had their turn; calls `resume`. */
  settleLater(client: Client): void;
  /** The client does not take what was sent to it; it does again. */
  blocked(client: Client): void;
  unblocked(client: Client): void;
  /**
   * The connection is closed: it gets nothing more, though its last bytes may be on their way.
   *
   * @param isWaiting it has sent writes that are under way
   */
  ended(client: Client, isWaiting: boolean): void;
  /** Nothing is left of the connection. */
  forget(client: Client): void;
}
