import type { Connection, Timer } from "@ordinal/io";
import { CodedError } from "@ordinal/kit";

import type { Vote } from "../election/vote.ts";
import { JuteReader } from "../jute/jute-reader.ts";
import { OpCode } from "../jute/op-code.ts";
import type { Txn } from "../jute/txn-records.ts";
import { sessionHex, type SessionId, type Zxid, zxidHex } from "../jute/zxid.ts";
import type { Request } from "../processing/request.ts";
import { LearnerSessions } from "../session/learner-sessions.ts";
import { Database } from "../tree/database.ts";
import type { LearnerOutput } from "../zab/learner-output.ts";
import { Learner } from "../zab/learner.ts";
import { PacketType } from "../zab/packet.ts";
import { encodeRequest, encodeRevalidation, encodeTouches } from "../zab/payloads.ts";
import { SnapshotScanner } from "../zab/snapshot-scanner.ts";
import { connectToLeader } from "./connect-to-leader.ts";
import { screenLocalSession } from "./local-session-screen.ts";
import { PacketConnection, type PacketConnectionOwner } from "./packet-connection.ts";
import type { PeerParts, Role, RoleEnd } from "./peer-parts.ts";
import type { Replica, ReplicaFacts } from "./replica.ts";
import { closeSessionRequest } from "./request-order.ts";
import { putConfig, settleDatabase } from "./settle-database.ts";

const NO_ZXID = -1 as Zxid;

/**
 * A server that follows or observes a leader: the shell around `Learner`, with the connection to the leader.
 *
 * Source: org.apache.zookeeper.server.quorum.Learner, Follower, Observer, FollowerRequestProcessor, LearnerZooKeeperServer.
 */
export class Following implements Role, Replica, PacketConnectionOwner {
  readonly role: "follower" | "observer";
  readonly #parts: PeerParts;
  readonly #vote: Vote;
  readonly #logs: boolean;
  #core: Learner | undefined;
  #connection: PacketConnection | undefined;
  #scanner: SnapshotScanner | undefined;
  #snapshotZxid = NO_ZXID;
  /** What SNAP gave, until it is on disk: only then it takes the place of the server's tree. */
  #received: Database | undefined;
  #sessions: LearnerSessions | undefined;
  readonly #pendingSyncs: Request[] = [];
  readonly #pendingRevalidations = new Map<SessionId, (valid: boolean) => void>();
  #timer: Timer | undefined;
  #localTimer: Timer | undefined;
  #isActing = false;
  #isOver = false;
  #nextLeader: number | undefined;
  #end: (reason: string) => void = () => {};
  readonly #ended: Promise<string>;
  #diskWork: Promise<void> = Promise.resolve();

  constructor(parts: PeerParts, vote: Vote) {
    this.#parts = parts;
    this.#vote = vote;
    this.role = parts.membership.isObserver ? "observer" : "follower";
    this.#logs = this.role === "follower" || parts.config.syncEnabled;
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  async run(): Promise<RoleEnd> {
    const { storage, serverSide, log } = this.#parts;
    log.info(this.role === "observer" ? "observing" : "following", {
      leader: this.#vote.leader,
      electionTimeMs: this.#parts.electionTimeMs(),
    });
    storage.onDurable = (zxid) => {
      this.#core?.logged(zxid);
      this.#act();
    };
    void this.#connect();
    const reason = await this.#ended;
    this.#isOver = true;
    log.warn("following-ended", { leader: this.#vote.leader, reason });
    this.#timer?.cancel();
    this.#localTimer?.cancel();
    serverSide.retire(reason);
    this.#connection?.end(reason);
    this.#pendingRevalidations.clear();
    await this.#diskWork;
    try {
      await settleDatabase(this.#parts, () => this.#core?.outstanding() ?? []);
    } catch (error) {
      this.#parts.fail(error as Error);
    }
    storage.onDurable = () => {};
    return { reason, nextLeader: this.#nextLeader };
  }

  stop(reason: string): void {
    this.#isOver = true;
    this.#end(reason);
  }

  // The replica

  submit(request: Request): void {
    if (this.#isOver) return;
    const local = this.#sessions?.local;
    if (local !== undefined) {
      const mayUpgrade = this.#parts.config.localSessionsUpgradingEnabled;
      const outcome = screenLocalSession(request, local, mayUpgrade, this.#nowMs);
      if (outcome.kind === "done") this.#parts.serverSide.localSession(request);
      if (outcome.kind === "refused") this.#parts.serverSide.refuse(request, outcome.error);
      if (outcome.kind !== "go-on") return;
      if (outcome.before !== undefined) this.submit(outcome.before);
    }
    if (request.type === OpCode.sync) this.#pendingSyncs.push(request);
    this.#connection?.send(PacketType.request, NO_ZXID, encodeRequest(request), request.authInfo);
  }

  touch(sessionId: SessionId, timeoutMs: number): boolean {
    return !this.#isOver && this.#sessions?.touch(sessionId, timeoutMs, this.#nowMs) === true;
  }

  revalidate(sessionId: SessionId, timeoutMs: number, done: (valid: boolean) => void): void {
    if (this.#isOver) return;
    if (this.#sessions?.isLocal(sessionId) === true) {
      done(this.#sessions.touch(sessionId, timeoutMs, this.#nowMs));
      return;
    }
    // Who asked before for the same session was another connection of that client, which is over by now.
    this.#pendingRevalidations.set(sessionId, done);
    this.#connection?.send(PacketType.revalidate, NO_ZXID, encodeRevalidation(sessionId, timeoutMs));
  }

  nextSessionId(): SessionId {
    return this.#parts.sessionIds.next();
  }

  isLocalSession(sessionId: SessionId): boolean {
    return this.#sessions?.isLocal(sessionId) === true;
  }

  facts(): ReplicaFacts {
    const { serverSide, membership } = this.#parts;
    const { database } = serverSide;
    return {
      role: this.role,
      peerState: `${this.role === "observer" ? "observing" : "following"} - ${this.#zabState()}`,
      lastProcessedZxid: database.lastProcessedZxid,
      leaderSid: this.#vote.leader,
      quorumSize: membership.current.voters.size,
      electionTimeMs: this.#parts.electionTimeMs(),
      outstandingProposals: this.#core?.outstanding().length ?? 0,
      globalSessions: database.sessions.size,
      localSessions: this.#sessions?.local?.size ?? 0,
      leading: undefined,
    };
  }

  #zabState(): string {
    switch (this.#core?.phase) {
      case "up":
        return "broadcast";
      case undefined:
      case "registering":
      case "accepting":
      case "accepted":
        return "discovery";
      default:
        return "synchronization";
    }
  }

  // The leader's connection

  async #connect(): Promise<void> {
    const found = await connectToLeader(this.#parts, this.#vote.leader, () => this.#isOver);
    if (typeof found === "string") {
      this.stop(found);
      return;
    }
    if (this.#isOver) found.destroy();
    else this.#connected(found);
  }

  #connected(connection: Connection): void {
    const { membership, config, storage, serverSide, committed, log } = this.#parts;
    this.#connection = new PacketConnection(connection, this, this.#parts.clock);
    log.info("connected-to-leader", { leader: this.#vote.leader, remote: this.#connection.remote });
    this.#core = new Learner(
      {
        membership,
        leader: this.#vote.leader,
        tickTimeMs: config.tickTime,
        initLimit: config.initLimit,
        syncLimit: config.syncLimit,
        acceptedEpoch: storage.acceptedEpoch,
        currentEpoch: storage.currentEpoch,
        lastZxid: serverSide.database.lastProcessedZxid,
        committed,
        logs: this.#logs,
      },
      this.#nowMs,
    );
    this.#connection.start();
    this.#watchSilence();
    this.#act();
  }

  #watchSilence(): void {
    const { clock, config } = this.#parts;
    const deadlineMs = this.#core?.deadlineMs() ?? this.#nowMs + config.tickTime;
    this.#timer = clock.setTimer(Math.max(1, deadlineMs - this.#nowMs), () => {
      this.#core?.tick(this.#nowMs);
      this.#act();
      if (!this.#isOver) this.#watchSilence();
    });
  }

  arrived(connection: PacketConnection): void {
    this.#core?.heard(this.#nowMs);
    if (this.#scanner === undefined) this.#feed();
    else this.#scan(connection.decoder.rest());
  }

  over(_connection: PacketConnection, reason: string): void {
    this.stop(reason);
  }

  /** Gives the core the packets that are there, as far as it takes them now. */
  #feed(): void {
    const core = this.#core;
    const connection = this.#connection;
    if (core === undefined || connection === undefined) return;
    const nowMs = this.#nowMs;
    while (!core.isWaiting && !this.#isOver) {
      const packet = connection.next();
      if (packet === undefined) break;
      core.received(packet, nowMs);
    }
    this.#act();
  }

  #scan(bytes: Uint8Array): void {
    const scanner = this.#scanner;
    if (scanner === undefined) return;
    try {
      if (!scanner.push(bytes)) return;
      const { tree } = this.#parts.serverSide.database;
      const received = Database.readSnapshotBody(new JuteReader(scanner.body), tree.options);
      received.setLastProcessedZxid(this.#snapshotZxid);
      received.beginFuzzy();
      this.#received = received;
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      this.stop(error.message);
      return;
    }
    this.#scanner = undefined;
    this.#parts.log.info("snapshot-received", { zxid: zxidHex(this.#snapshotZxid), bytes: scanner.received });
    this.#core?.snapshotReceived(this.#nowMs);
    this.#connection?.decoder.push(scanner.rest);
    this.#feed();
  }

  // What the core wants

  #act(): void {
    const core = this.#core;
    if (core === undefined || this.#isActing) return;
    const { serverSide } = this.#parts;
    this.#isActing = true;
    try {
      for (let outputs = core.takeOutputs(); outputs.length > 0; outputs = core.takeOutputs()) {
        for (const output of outputs) this.#do(core, output);
      }
      // What the leader applied while it sent its tree came before UPTODATE.
      if (core.phase === "up") serverSide.database.endFuzzy();
    } finally {
      this.#isActing = false;
    }
  }

  #do(core: Learner, output: LearnerOutput): void {
    const { storage, serverSide } = this.#parts;
    switch (output.kind) {
      case "send":
        this.#connection?.send(output.type, output.zxid, output.data);
        break;
      case "append":
        storage.append(output.txn);
        break;
      case "commit":
        this.#commit(output.txn);
        break;
      case "ping":
        this.#connection?.send(
          PacketType.ping,
          output.zxid,
          encodeTouches(this.#sessions?.takeTouched() ?? new Map<SessionId, number>()),
        );
        break;
      case "revalidated":
        this.#revalidated(output.sessionId, output.valid);
        break;
      case "synced": {
        const request = this.#pendingSyncs.shift();
        if (request !== undefined && !this.#isOver) serverSide.synced(request);
        break;
      }
      case "persist-accepted-epoch":
        this.#onDisk(storage.setAcceptedEpoch(output.epoch), () => core.acceptedEpochPersisted(this.#nowMs));
        break;
      case "receive-snapshot":
        this.#receiveSnapshot(output.zxid);
        break;
      case "truncate":
        this.#onDisk(this.#truncate(output.zxid), () => core.truncated(this.#nowMs));
        break;
      case "apply":
        this.#received?.apply(output.txn);
        break;
      case "append-and-apply":
        if (this.#logs) storage.append(output.txn);
        serverSide.database.apply(output.txn);
        break;
      case "make-durable":
        this.#onDisk(this.#makeDurable(), () => core.durable(this.#nowMs));
        break;
      case "persist-current-epoch":
        this.#onDisk(storage.setCurrentEpoch(output.epoch), () => core.currentEpochPersisted(this.#nowMs));
        break;
      case "up":
        this.#up(output.epoch);
        break;
      case "config-seen":
        this.#parts.configSeen(output.config);
        break;
      case "config-active":
        if (output.activation.isLeaderChange || output.activation.isRoleChange) {
          this.#nextLeader = output.activation.leader;
        }
        this.#parts.configActive(output.config, output.activation);
        break;
      case "leave":
        this.stop(output.reason);
        break;
    }
  }

  get #nowMs(): number {
    return this.#parts.clock.monotonic();
  }

  #commit(txn: Txn): void {
    const { storage, serverSide } = this.#parts;
    // What was committed counts, though nobody is served any more.
    if (this.#isOver) serverSide.database.apply(txn);
    else serverSide.commit(txn);
    const { header, record } = txn;
    if (record.type === OpCode.createSession) this.#sessions?.committed(header.sessionId, record.timeoutMs);
    else if (record.type === OpCode.closeSession) this.#sessions?.remove(header.sessionId);
    if (this.#logs) storage.maybeSnapshot(serverSide.database);
  }

  #revalidated(sessionId: SessionId, valid: boolean): void {
    const done = this.#pendingRevalidations.get(sessionId);
    this.#pendingRevalidations.delete(sessionId);
    if (done === undefined) {
      this.#parts.log.warn("revalidation-unexpected", { session: `0x${sessionHex(sessionId)}` });
    } else if (!this.#isOver) {
      done(valid);
    }
  }

  #receiveSnapshot(zxid: Zxid): void {
    this.#parts.log.info("getting-a-snapshot", { leader: this.#vote.leader, zxid: zxidHex(zxid) });
    this.#scanner = new SnapshotScanner();
    this.#snapshotZxid = zxid;
    // After this turn of the core: what is left of the stream belongs to the snapshot.
    queueMicrotask(() => {
      if (!this.#isOver && this.#connection !== undefined) this.#scan(this.#connection.decoder.rest());
    });
  }

  async #truncate(zxid: Zxid): Promise<void> {
    const { storage, serverSide, committed, log } = this.#parts;
    log.warn("truncating", { zxid: zxidHex(zxid) });
    const database = await storage.truncateLog(zxid);
    database.setLastProcessedZxid(zxid);
    serverSide.replaceDatabase(database);
    // With the tree: the role may be over by now, and then the core hears of it no more.
    committed.cutAfter(zxid);
  }

  async #makeDurable(): Promise<void> {
    const { storage, serverSide, committed } = this.#parts;
    const received = this.#received;
    if (received === undefined) {
      await storage.flush();
      return;
    }
    await storage.installSnapshot(received);
    this.#received = undefined;
    serverSide.replaceDatabase(received);
    committed.clear();
  }

  /** Waits for the disk, during which the core takes no packets. A disk that fails ends the process: its state is unknown. */
  #onDisk(work: Promise<void>, then: () => void): void {
    this.#connection?.pause();
    this.#diskWork = work.then(
      () => {
        if (this.#isOver) return;
        then();
        this.#act();
        this.#connection?.resume();
        this.#feed();
      },
      (error: unknown) => {
        this.#parts.fail(error as Error);
        this.stop("the disk failed");
      },
    );
  }

  #up(epoch: number): void {
    const { serverSide, config, log } = this.#parts;
    log.info("synchronized-with-leader", { leader: this.#vote.leader, epoch });
    putConfig(this.#parts);
    this.#sessions = new LearnerSessions({
      tickTimeMs: config.tickTime,
      nowMs: this.#nowMs,
      sessions: serverSide.database.sessions,
      localSessionsEnabled: config.localSessionsEnabled,
    });
    this.#parts.settle(this.role === "observer" ? "observing" : "following", { ...this.#vote, peerEpoch: epoch });
    serverSide.serve(this);
    this.#expireLocalSessions();
    // From now on the leader is heard of at least every syncLimit, which is sooner than the timer of before.
    this.#timer?.cancel();
    this.#watchSilence();
  }

  #expireLocalSessions(): void {
    const sessions = this.#sessions;
    if (sessions?.local === undefined || this.#isOver) return;
    const delayMs = Math.max(0, sessions.nextDeadlineMs() - this.#nowMs);
    this.#localTimer = this.#parts.clock.setTimer(delayMs, () => {
      for (const id of sessions.expired(this.#nowMs)) {
        sessions.remove(id);
        this.#parts.serverSide.localSession(closeSessionRequest(id, true));
      }
      this.#expireLocalSessions();
    });
  }
}
