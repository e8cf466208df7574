import type { Id } from "../jute/data-records.ts";
import type { Txn } from "../jute/txn-records.ts";
import type { SessionId } from "../jute/zxid.ts";
import type { ConnectionFacts } from "../processing/auth-scheme.ts";
import type { TxnResult } from "../tree/database.ts";
import type { Watcher } from "../tree/watch-table.ts";
import type { ConnectionStats } from "./connection-stats.ts";
import type { DisconnectReason } from "./disconnect-reason.ts";
import type { PendingRequest } from "./pending-request.ts";

/** What the transport knows of a client beside its address. */
export interface ClientIdentity {
  readonly isSecure: boolean;
  /** RFC 2253 name of the subject of a certificate that is trusted. */
  readonly certificateSubject?: string | undefined;
}

/** A client's connection, as the rest of the server sees it. */
export interface Client {
  /** 0: it has none yet. */
  sessionId: SessionId;
  readonly hasSession: boolean;
  /** Of the session, as negotiated; before that how long it may stay without one. */
  readonly timeoutMs: number;
  readonly authInfo: readonly Id[];
  readonly facts: ConnectionFacts;
  readonly identity: ClientIdentity;
  /** As the network has it, and as Java prints it with the port. */
  readonly remoteHost: string;
  readonly remoteText: string;
  /** On this machine. */
  readonly isLocalPeer: boolean;
  readonly stats: ConnectionStats;
  /** Requests that are not answered. */
  readonly outstanding: number;
  /** The original shows which events it selects for: 1 to read, 4 to write. */
  readonly interestOps: number;
  /** Monotonic: when something came from the client. */
  readonly lastHeardMs: number;
  readonly isClosed: boolean;
  /** False: that would be more than a client may have, and nothing was added. */
  addAuthInfo(ids: readonly Id[]): boolean;
  /** By which the tree knows this client. */
  readonly watcher: Watcher;
  /** Whether it is on the service's list. */
  isToSettle: boolean;
  /** Begins to read. */
  start(): void;
  /** Answers what can be answered now and sends what has been put together. */
  settle(): void;
  /** Goes on after `settleLater`. */
  resume(): void;
  /** Cuts the connection: its client does not take what is sent to it. */
  drop(): void;
  /** Called now and then: ends connections that are silent for too long. */
  sweep(nowMs: number): void;
  /** A session that is made now takes a transaction; its request is no part of the order of the connection. */
  createSessionRequest(record: Uint8Array, localSession: boolean): PendingRequest;
  /** Tells the client what became of its session. */
  established(isValid: boolean, isReadOnly: boolean): void;
  /** A transaction was applied that bears this session's id; it may be one that the session sent through another server. */
  committed(txn: Txn, result: TxnResult): void;
  /** What a client sent cannot be understood, or answering it failed here: that ends this client and nobody else. */
  fail(error: unknown): void;
  /** Ends the connection after what was put together; the session goes on. */
  close(reason: DisconnectReason): void;
}
