import type { Connection, Listener, NetAddress, Timer } from "@ordinal/io";

import type { Vote } from "../election/vote.ts";
import { JuteWriter } from "../jute/jute-writer.ts";
import type { Txn } from "../jute/txn-records.ts";
import { epochOf, type SessionId, type Zxid } from "../jute/zxid.ts";
import { LOCAL_OWNER, type Request } from "../processing/request.ts";
import type { LeaderOutput } from "../zab/leader-output.ts";
import { Leader } from "../zab/leader.ts";
import { FIRST_PACKET_DATA_BYTES_MAX, PACKET_DATA_BYTES_MAX, PacketDecoder, PacketType } from "../zab/packet.ts";
import { SNAPSHOT_SIGNATURE } from "../zab/snapshot-scanner.ts";
import { PacketConnection, type PacketConnectionOwner } from "./packet-connection.ts";
import type { PeerParts, Role, RoleEnd } from "./peer-parts.ts";
import { ProposalSizes } from "./proposal-sizes.ts";
import { readLogFor, snapshotSizeFactor } from "./read-log.ts";
import type { LearnerFacts, Replica, ReplicaFacts } from "./replica.ts";
import { RequestOrder } from "./request-order.ts";
import { putConfig, settleDatabase } from "./settle-database.ts";

/** Connections that have not become learners yet; further ones are refused. */
const STRANGERS_MAX = 256;
const BIND_RETRY_MS = 50;

/** One connection of a learner. Its identity is what owns the sessions that come through it. */
class LearnerLink {
  readonly id: number;
  readonly connection: PacketConnection;
  readonly establishedMs: number;

  constructor(id: number, connection: PacketConnection, establishedMs: number) {
    this.id = id;
    this.connection = connection;
    this.establishedMs = establishedMs;
  }
}

/**
 * A server that leads: the shell around `Leader`, with the learners' connections and the order of requests.
 *
 * Source: org.apache.zookeeper.server.quorum.Leader, LearnerHandler, LeaderZooKeeperServer.
 */
export class Leading implements Role, Replica, PacketConnectionOwner {
  readonly role = "leader";
  readonly #parts: PeerParts;
  readonly #vote: Vote;
  readonly #core: Leader;
  readonly #links = new Map<number, LearnerLink>();
  readonly #linkOf = new Map<PacketConnection, LearnerLink>();
  readonly #sizes = new ProposalSizes();
  #nextLinkId = 1;
  #listener: Listener | undefined;
  #order: RequestOrder | undefined;
  #timer: Timer | undefined;
  #isActing = false;
  #isOver = false;
  #establishedMs: number | undefined;
  #nextLeader: number | undefined;
  #end: (reason: string) => void = () => {};
  readonly #ended: Promise<string>;
  /** What the disk is asked for beside the log. */
  #diskWork: Promise<void> = Promise.resolve();
  #wakeBinding: (() => void) | undefined;

  constructor(parts: PeerParts, vote: Vote) {
    this.#parts = parts;
    this.#vote = vote;
    const { config, storage, serverSide, membership, committed, clock } = parts;
    this.#core = new Leader(
      {
        membership,
        limits: { tickTimeMs: config.tickTime, initLimit: config.initLimit, syncLimit: config.syncLimit },
        acceptedEpoch: storage.acceptedEpoch,
        currentEpoch: storage.currentEpoch,
        lastZxid: serverSide.database.lastProcessedZxid,
        committed,
        logReadable: snapshotSizeFactor(config.properties.get("zookeeper.snapshotSizeFactor")) >= 0,
        forceSnapshots: config.properties.get("zookeeper.forceSnapshotSync")?.toLowerCase() === "true",
      },
      clock.monotonic(),
    );
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  async run(): Promise<RoleEnd> {
    const { storage, log, serverSide } = this.#parts;
    log.info("leading", { electionTimeMs: this.#parts.electionTimeMs() });
    putConfig(this.#parts);
    storage.onDurable = (zxid) => {
      this.#core.logged(zxid);
      this.#act();
    };
    this.#tickLater();
    void this.#listen();
    this.#act();
    const reason = await this.#ended;
    this.#isOver = true;
    log.warn("leading-ended", { reason });
    this.#timer?.cancel();
    this.#wakeBinding?.();
    this.#order?.close();
    serverSide.retire(reason);
    for (const link of this.#links.values()) link.connection.close(reason);
    await this.#listener?.close();
    await this.#diskWork;
    try {
      await settleDatabase(this.#parts, () => this.#core.outstanding());
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
    this.#order?.submit(request);
    this.#act();
  }

  touch(sessionId: SessionId, timeoutMs: number): boolean {
    return !this.#isOver && this.#order?.touch(sessionId, timeoutMs) === true;
  }

  revalidate(sessionId: SessionId, timeoutMs: number, done: (valid: boolean) => void): void {
    if (!this.#isOver) done(this.#order?.revalidate(sessionId, timeoutMs, LOCAL_OWNER) === true);
  }

  nextSessionId(): SessionId {
    return this.#parts.sessionIds.next();
  }

  sessionExpiry(): ReturnType<NonNullable<Replica["sessionExpiry"]>> {
    return this.#order?.sessions.global.expiryMap() ?? [];
  }

  isLocalSession(sessionId: SessionId): boolean {
    return this.#order?.sessions.isLocal(sessionId) === true;
  }

  facts(): ReplicaFacts {
    const { serverSide, membership, clock } = this.#parts;
    const learnerFacts = [...this.#core.learners()].flatMap((learner): LearnerFacts[] => {
      const link = this.#links.get(learner.id);
      if (link === undefined || learner.sid < 0) return [];
      return [
        {
          sid: learner.sid,
          observer: learner.isObserver,
          synced: learner.phase === "up" || learner.phase === "acked" || learner.phase === "syncing",
          remote: link.connection.remote,
          establishedMs: link.establishedMs,
          queuedPackets: link.connection.queuedPackets,
          queuedBytes: link.connection.queuedBytes,
          packetsReceived: learner.packetsReceived,
          packetsSent: learner.packetsSent,
          requestsReceived: learner.requestsReceived,
          lastZxid: learner.lastZxid,
        },
      ];
    });
    const followers = learnerFacts.filter((learner) => learner.synced && !learner.observer);
    return {
      role: this.role,
      peerState: `leading - ${this.#core.phase}`,
      lastProcessedZxid: serverSide.database.lastProcessedZxid,
      leaderSid: membership.sid,
      quorumSize: membership.current.voters.size,
      electionTimeMs: this.#parts.electionTimeMs(),
      outstandingProposals: this.#core.outstandingCount,
      globalSessions: serverSide.database.sessions.size,
      localSessions: this.#order?.sessions.local?.size ?? 0,
      leading: {
        uptimeMs: this.#establishedMs === undefined ? 0 : Math.floor(clock.monotonic() - this.#establishedMs),
        proposalSizes: this.#sizes,
        learners: learnerFacts.length,
        syncedFollowers: followers.length,
        syncedNonVotingFollowers: followers.filter(({ sid }) => !membership.current.voters.has(sid)).length,
        syncedObservers: learnerFacts.filter((learner) => learner.synced && learner.observer).length,
        pendingSyncs: this.#core.pendingSyncs,
        learnerFacts,
      },
    };
  }

  // Learners

  async #listen(): Promise<void> {
    const { net, log, membership } = this.#parts;
    while (!this.#isOver) {
      const address = await this.#ownAddress();
      if (address !== undefined && !this.#isOver) {
        try {
          const listener = await net.listen(address, (connection) => this.#accept(connection));
          if (this.#isOver) await listener.close();
          else this.#listener = listener;
          return;
        } catch (error) {
          log.error("quorum-port-not-listening", { sid: membership.sid, ...address, error });
        }
      }
      // Without it nobody can follow; if it stays so the leader gives up after initLimit.
      await this.#pauseBinding();
    }
  }

  async #ownAddress(): Promise<NetAddress | undefined> {
    const { membership, config, addresses } = this.#parts;
    const own = membership.current.members.get(membership.sid) ?? membership.lastSeen.members.get(membership.sid);
    if (own === undefined) return undefined;
    if (config.quorumListenOnAllIPs) return { host: "0.0.0.0", port: own.quorumPort };
    const [first] = await addresses.find(own.sid, { host: own.host, port: own.quorumPort });
    return first;
  }

  #pauseBinding(): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#parts.clock.setTimer(BIND_RETRY_MS, resolve);
      this.#wakeBinding = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  #accept(connection: Connection): void {
    const { clock } = this.#parts;
    let strangers = 0;
    for (const learner of this.#core.learners()) if (learner.sid < 0) strangers++;
    if (this.#isOver || strangers >= STRANGERS_MAX) {
      connection.destroy();
      return;
    }
    const decoder = new PacketDecoder(FIRST_PACKET_DATA_BYTES_MAX);
    const link = new LearnerLink(
      this.#nextLinkId++,
      new PacketConnection(connection, this, clock, decoder),
      clock.now(),
    );
    this.#links.set(link.id, link);
    this.#linkOf.set(link.connection, link);
    this.#core.connected(link.id, clock.monotonic());
    link.connection.start();
  }

  arrived(connection: PacketConnection): void {
    const link = this.#linkOf.get(connection);
    if (link === undefined || this.#isOver) return;
    const nowMs = this.#parts.clock.monotonic();
    this.#core.heard(link.id, nowMs);
    for (let packet = connection.next(); packet !== undefined; packet = connection.next()) {
      connection.decoder.dataBytesMax = PACKET_DATA_BYTES_MAX;
      this.#core.received(link.id, packet, nowMs);
    }
    this.#act();
  }

  over(connection: PacketConnection, reason: string): void {
    const link = this.#linkOf.get(connection);
    if (link === undefined) return;
    this.#linkOf.delete(connection);
    this.#links.delete(link.id);
    if (this.#isOver) return;
    this.#parts.log.warn("learner-gone", { remote: connection.remote, reason });
    this.#core.closed(link.id);
    this.#act();
  }

  // What the core wants

  #act(): void {
    // What is done here may submit requests, which come back here: the loop takes their outputs too.
    if (this.#isActing) return;
    this.#isActing = true;
    try {
      for (let outputs = this.#core.takeOutputs(); outputs.length > 0; outputs = this.#core.takeOutputs()) {
        for (const output of outputs) this.#do(output);
      }
    } finally {
      this.#isActing = false;
    }
  }

  #do(output: LeaderOutput): void {
    const { storage, serverSide } = this.#parts;
    switch (output.kind) {
      case "send":
        for (const id of output.to) this.#links.get(id)?.connection.send(output.type, output.zxid, output.data);
        break;
      case "append":
        this.#sizes.add(output.txn.bytes.length);
        storage.append(output.txn);
        break;
      case "commit":
        this.#commit(output.txn);
        break;
      case "request":
        this.#forwarded(output);
        break;
      case "touch":
        this.#order?.touch(output.sessionId, output.timeoutMs);
        break;
      case "revalidate": {
        const { sessionId, timeoutMs, learner } = output;
        const valid = this.#order?.revalidate(sessionId, timeoutMs, this.#links.get(learner)) === true;
        this.#core.revalidated(learner, sessionId, valid);
        break;
      }
      case "synced":
        if (!this.#isOver) serverSide.synced(output.token as Request);
        break;
      case "send-snapshot":
        this.#sendSnapshot(output.to, output.zxid);
        break;
      case "read-log":
        this.#readLog(output.learner, output.from);
        break;
      case "close":
        this.#links.get(output.learner)?.connection.close(output.reason);
        break;
      case "persist-accepted-epoch":
        this.#persist(storage.setAcceptedEpoch(output.epoch), () => this.#core.acceptedEpochPersisted(this.#nowMs));
        break;
      case "persist-current-epoch":
        this.#persist(storage.setCurrentEpoch(output.epoch), () => this.#core.currentEpochPersisted(this.#nowMs));
        break;
      case "established":
        this.#established(output.zxid, output.sids);
        break;
      case "config-seen":
        this.#parts.configSeen(output.config);
        break;
      case "config-active":
        if (output.activation.isLeaderChange) this.#nextLeader = output.activation.leader;
        this.#parts.configActive(output.config, output.activation);
        break;
      case "stop":
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
    this.#order?.applied(txn);
    storage.maybeSnapshot(serverSide.database);
  }

  #forwarded({ learner, request, authInfo }: Extract<LeaderOutput, { kind: "request" }>): void {
    const owner = this.#links.get(learner);
    if (owner !== undefined) this.#order?.submit({ ...request, authInfo, owner });
  }

  #sendSnapshot(to: number, zxid: Zxid): void {
    const connection = this.#links.get(to)?.connection;
    if (connection === undefined) return;
    const { log, serverSide } = this.#parts;
    log.info("sending-snapshot", { remote: connection.remote, zxid: zxid.toString(16) });
    connection.send(PacketType.snap, zxid, null);
    connection.sendContents(serverSide.database.snapshotChunks());
    const signature = new JuteWriter(64);
    signature.ustring(SNAPSHOT_SIGNATURE);
    connection.sendContents([signature.written()][Symbol.iterator]() as Iterator<Uint8Array, void>);
  }

  #readLog(learner: number, from: Zxid): void {
    void readLogFor(this.#parts, from).then((txns) => {
      if (this.#isOver) return;
      this.#core.logRead(learner, txns, this.#nowMs);
      this.#act();
    });
  }

  #persist(work: Promise<void>, then: () => void): void {
    this.#diskWork = work.then(
      () => {
        if (this.#isOver) return;
        then();
        this.#act();
      },
      (error: unknown) => {
        this.#parts.fail(error as Error);
        this.stop("the disk failed");
      },
    );
  }

  #established(zxid: Zxid, sids: string): void {
    const { clock, log, config, access, serverSide, membership } = this.#parts;
    this.#establishedMs = this.#nowMs;
    log.info("quorum-of-supporters", { sids, zxid: zxid.toString(16) });
    serverSide.database.endFuzzy();
    serverSide.database.setLastProcessedZxid(zxid);
    putConfig(this.#parts);
    const core = this.#core;
    this.#order = new RequestOrder({
      clock,
      log,
      config,
      access,
      sid: membership.sid,
      database: serverSide.database,
      ensemble: {
        lastSeenConfig: () => membership.lastSeen,
        currentConfig: () => membership.current,
        isQuorumSynced: (wanted) => core.isQuorumSynced(wanted),
      },
      sink: {
        nextZxid: () => core.nextZxid(),
        propose: (txn, proposed) => core.propose(txn, proposed, this.#nowMs),
        ordered: (request) => {
          if (request.owner instanceof LearnerLink) core.sync(request.owner.id);
          else core.sync(undefined, request);
        },
        refused: (request, error) => serverSide.refuse(request, error),
        localSession: (request) => serverSide.localSession(request),
      },
    });
    this.#parts.settle("leading", { ...this.#vote, peerEpoch: epochOf(zxid) });
    if (config.leaderServes) serverSide.serve(this);
    this.#order.start();
  }

  #tickLater(): void {
    const { clock, config } = this.#parts;
    this.#timer = clock.setTimer(config.tickTime / 2, () => {
      this.#core.tick(clock.monotonic());
      this.#act();
      if (!this.#isOver) this.#tickLater();
    });
  }
}
