import type { Clock } from "@ordinal/io";

import { ErrorCode } from "../../jute/error-code.ts";
import { OpCode } from "../../jute/op-code.ts";
import { makeTxn } from "../../jute/txn-records.ts";
import { mustBeZxid, type SessionId } from "../../jute/zxid.ts";
import type { Replica, ReplicaFacts, ReplicaRole } from "../../peer/replica.ts";
import type { AccessControl } from "../../processing/access-control.ts";
import { Preparer } from "../../processing/prepare.ts";
import { LOCAL_OWNER, type Request } from "../../processing/request.ts";
import { SessionTracker } from "../../session/session-tracker.ts";
import type { ClientService } from "../client-service.ts";

/** An ensemble of one without a disk, for tests: it commits at once, or while `held` when the test says so. */
export class HeldReplica implements Replica {
  role: ReplicaRole = "standalone";
  /** While true, requests wait in `submitted`. */
  held = false;
  readonly submitted: Request[] = [];
  readonly sessions: SessionTracker;
  readonly #clock: Clock;
  readonly #service: ClientService;
  readonly #preparer: Preparer;
  #nextSessionId = 0x1_0000_0000n;
  #zxid: number;

  constructor(clock: Clock, service: ClientService, access: AccessControl) {
    this.#clock = clock;
    this.#service = service;
    const { database } = service;
    this.#zxid = database.lastProcessedZxid;
    this.sessions = new SessionTracker(100, clock.monotonic());
    this.#preparer = new Preparer({
      database,
      sessions: this.sessions,
      access,
      options: {
        enforceQuota: false,
        closeSessionTxnEnabled: true,
        reconfigEnabled: false,
        standaloneEnabled: true,
      },
    });
  }

  submit(request: Request): void {
    this.submitted.push(request);
    if (!this.held) this.commitAll();
  }

  commitAll(): void {
    while (this.submitted.length > 0) this.commitNext();
  }

  /** Orders and commits the oldest request that waits. */
  commitNext(): void {
    const request = this.submitted.shift();
    if (request === undefined) return;
    const zxid = mustBeZxid(this.#zxid + 1);
    const prepared = this.#preparer.prepare(request, zxid, this.#clock.now(), this.#clock.monotonic());
    if (prepared.kind === "refused") {
      this.#service.refuse(request, prepared.error);
    } else if (prepared.kind === "ordered") {
      this.#service.synced(request);
    } else {
      this.#zxid = zxid;
      this.#service.commit(prepared.txn);
      this.#preparer.applied(zxid);
      if (prepared.txn.header.type === OpCode.closeSession) this.sessions.remove(request.sessionId);
    }
  }

  /** The ensemble ends a session, as when it has expired. */
  expire(sessionId: SessionId): void {
    const record = new Uint8Array(0);
    this.submit({ sessionId, cxid: 0, type: OpCode.closeSession, record, authInfo: [], owner: undefined });
  }

  /** A transaction of the session that came through another server. */
  commitElsewhere(sessionId: SessionId, cxid: number): void {
    this.#zxid++;
    const header = { sessionId, cxid, zxid: mustBeZxid(this.#zxid), timeMs: this.#clock.now(), type: OpCode.error };
    this.#service.commit(makeTxn(header, { type: OpCode.error, error: ErrorCode.noNode }));
  }

  touch(sessionId: SessionId, timeoutMs: number): boolean {
    return this.sessions.touch(sessionId, timeoutMs, this.#clock.monotonic());
  }

  revalidate(sessionId: SessionId, timeoutMs: number, done: (valid: boolean) => void): void {
    done(this.touch(sessionId, timeoutMs) && this.sessions.setOwner(sessionId, LOCAL_OWNER));
  }

  nextSessionId(): SessionId {
    return this.#nextSessionId++;
  }

  isLocalSession(): boolean {
    return false;
  }

  facts(): ReplicaFacts {
    return {
      role: this.role,
      peerState: "",
      lastProcessedZxid: this.#service.database.lastProcessedZxid,
      leaderSid: undefined,
      quorumSize: 0,
      electionTimeMs: -1,
      outstandingProposals: this.submitted.length,
      globalSessions: this.sessions.size,
      localSessions: 0,
      leading: undefined,
    };
  }
}
