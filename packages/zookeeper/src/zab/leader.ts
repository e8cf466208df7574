import { assert, CodedError, type ProtocolError } from "@ordinal/kit";

import type { QuorumConfig } from "../config/quorum-config.ts";
import { OpCode } from "../jute/op-code.ts";
import type { Txn } from "../jute/txn-records.ts";
import {
  counterOf,
  EPOCH_MAX,
  epochOf,
  makeZxid,
  mustBeZxid,
  type Zxid,
  ZXID_COUNTER_MAX,
  zxidHex,
} from "../jute/zxid.ts";
import type { CommittedLog } from "./committed-log.ts";
import type { LearnerId, LeaderOutput } from "./leader-output.ts";
import { LearnerHandle } from "./learner-handle.ts";
import { hasSameQuorumAddress, type Membership } from "./membership.ts";
import { packetName, PacketType, type QuorumPacket } from "./packet.ts";
import {
  decodeInt32,
  decodeLearnerInfo,
  decodeRequest,
  decodeRevalidation,
  decodeTouches,
  encodeInt32,
  encodeRevalidated,
  encodeSid,
  encodeSidAndTxn,
  PROTOCOL_VERSION,
} from "./payloads.ts";
import { QuorumAcks } from "./quorum-acks.ts";
import { planSync, type SyncPlan } from "./sync-plan.ts";

export interface LeaderLimits {
  readonly tickTimeMs: number;
  /** Ticks in which a learner has to join. */
  readonly initLimit: number;
  /** Ticks in which a learner has to answer. */
  readonly syncLimit: number;
}

export interface LeaderOptions {
  readonly membership: Membership;
  readonly limits: LeaderLimits;
  readonly acceptedEpoch: number;
  readonly currentEpoch: number;
  /** The last zxid in this server's log and tree. */
  readonly lastZxid: Zxid;
  /** Of the tree; what is committed is added to it. */
  readonly committed: CommittedLog;
  /** Whether the log on disk may be read for learners. */
  readonly logReadable: boolean;
  /** `zookeeper.forceSnapshotSync`. */
  readonly forceSnapshots?: boolean;
  /** The counter to begin with, for tests of its end. */
  readonly initialCounter?: number | undefined;
}

interface Proposal {
  readonly txn: Txn;
  /** Whose quorums it needs. */
  readonly configs: readonly QuorumConfig[];
  readonly config: QuorumConfig | undefined;
}

/**
 * - `discovery`: waits for a quorum, which determines the epoch;
 * - `accepting`: the epoch is being written to disk;
 * - `epoch-acks`: waits until a quorum has promised to follow no older epoch;
 * - `synchronization`: waits until a quorum has this leader's history on disk;
 * - `broadcast`: leads.
 */
export type LeaderPhase = "discovery" | "accepting" | "epoch-acks" | "synchronization" | "broadcast" | "stopped";

const NO_LEARNERS: readonly LearnerId[] = [];
/**
 * The longest a leader waits for a quorum to turn up at all. Who was elected while others already followed somebody else would wait out
 * initLimit for nothing, as the original does; followers try for less than this.
 */
const DISCOVERY_MS_MAX = 5000;

/**
 * Zab's leader, as steps without I/O: each method is an input, what follows from it is in `takeOutputs`. Times are milliseconds
 * of one clock that never goes back.
 *
 * Source: org.apache.zookeeper.server.quorum.Leader, LearnerHandler, ProposalRequestProcessor.
 */
export class Leader {
  readonly #sid: number;
  readonly #membership: Membership;
  readonly #options: LeaderOptions;
  readonly #committed: CommittedLog;
  readonly #learners = new Map<LearnerId, LearnerHandle>();
  /** Learners that get proposals and commits, or informs: the same arrays until one joins or leaves. */
  #followers: readonly LearnerId[] = NO_LEARNERS;
  #observers: readonly LearnerId[] = NO_LEARNERS;
  #outputs: LeaderOutput[] = [];

  #phase: LeaderPhase = "discovery";
  /** When the phase has to be over. */
  #deadlineMs: number;
  #epoch = -1;
  readonly #connecting = new Set<number>();
  readonly #electing = new Set<number>();
  /** Who has answered LEADERINFO, with a promise or without. */
  readonly #answered = new Set<number>();
  #newLeaderAcks: QuorumAcks | undefined;

  #lastProposedZxid: Zxid;
  #lastCommittedZxid: Zxid;
  /** What this server's own disk has. */
  #loggedZxid: Zxid;
  readonly #outstanding: Proposal[] = [];
  #outstandingFirst = 0;
  #deciding: readonly QuorumConfig[];
  readonly #syncs: { readonly zxid: Zxid; readonly learner: LearnerId | undefined; readonly token: unknown }[] = [];
  #hasNewAcks = false;
  /** False once a reconfiguration gave the lead to another server. */
  #mayCommit = true;
  #isFullTick = false;

  constructor(options: LeaderOptions, nowMs: number) {
    this.#options = options;
    this.#membership = options.membership;
    this.#sid = options.membership.sid;
    this.#committed = options.committed;
    this.#lastProposedZxid = options.lastZxid;
    this.#lastCommittedZxid = options.lastZxid;
    this.#loggedZxid = options.lastZxid;
    this.#deciding = options.membership.deciding();
    this.#deadlineMs = nowMs + Math.min(DISCOVERY_MS_MAX, this.#initTimeoutMs);
    this.#chooseEpoch(this.#sid, options.acceptedEpoch, nowMs);
  }

  get phase(): LeaderPhase {
    return this.#phase;
  }

  get epoch(): number {
    return this.#epoch;
  }

  get lastProposedZxid(): Zxid {
    return this.#lastProposedZxid;
  }

  get lastCommittedZxid(): Zxid {
    return this.#lastCommittedZxid;
  }

  get outstandingCount(): number {
    return this.#outstanding.length - this.#outstandingFirst;
  }

  get pendingSyncs(): number {
    return this.#syncs.length;
  }

  learners(): Iterable<LearnerHandle> {
    return this.#learners.values();
  }

  /** What was proposed and is not committed, oldest first: all of it is in the log, or will be. */
  outstanding(): Txn[] {
    return this.#outstanding.slice(this.#outstandingFirst).map((proposal) => proposal.txn);
  }

  /** What there is to do since the last call. */
  takeOutputs(): LeaderOutput[] {
    if (this.#hasNewAcks) this.#advance();
    const outputs = this.#outputs;
    if (outputs.length > 0) this.#outputs = [];
    return outputs;
  }

  connected(id: LearnerId, nowMs: number): void {
    const { tickTimeMs, initLimit, syncLimit } = this.#options.limits;
    this.#learners.set(id, new LearnerHandle(id, nowMs, nowMs + (initLimit + syncLimit) * tickTimeMs));
  }

  /** Bytes came from it, though perhaps no whole packet. */
  heard(id: LearnerId, nowMs: number): void {
    const learner = this.#learners.get(id);
    if (learner !== undefined) learner.heardMs = nowMs;
  }

  /** The connection is over, whoever ended it. */
  closed(id: LearnerId): void {
    if (!this.#learners.delete(id)) return;
    this.#listForwarding();
    if (this.#phase === "broadcast") this.#mustHaveQuorum();
  }

  received(id: LearnerId, packet: QuorumPacket, nowMs: number): void {
    const learner = this.#learners.get(id);
    if (learner === undefined || this.#phase === "stopped") return;
    learner.packetsReceived++;
    learner.heardMs = nowMs;
    try {
      if (learner.phase === "up") this.#fromUp(learner, packet, nowMs);
      else this.#fromJoining(learner, packet, nowMs);
    } catch (error) {
      if (!(error instanceof CodedError) || error.name === "InvariantError") throw error;
      this.#drop(learner, (error as ProtocolError).message);
    }
  }

  acceptedEpochPersisted(nowMs: number): void {
    if (this.#phase !== "accepting") return;
    this.#phase = "epoch-acks";
    this.#deadlineMs = nowMs + this.#initTimeoutMs;
    const zxid = makeZxid(this.#epoch, 0);
    this.#lastProposedZxid = zxid;
    const { current, lastSeen } = this.#membership;
    if (current.version === 0 && lastSeen.version === 0) {
      // A configuration that nobody has numbered yet gets the first leader's number, so that it is newer than what a server
      // that joins may have been started with.
      this.#saw(current.withVersion(zxid));
    }
    this.#newLeaderAcks = new QuorumAcks(this.#deciding);
    for (const learner of this.#learners.values()) if (learner.phase === "epoch") this.#sendEpoch(learner, nowMs);
    this.#epochAcked(this.#sid, this.#options.currentEpoch, this.#options.lastZxid, nowMs);
  }

  currentEpochPersisted(nowMs: number): void {
    if (this.#phase === "synchronization") this.#newLeaderAcked(this.#sid, nowMs);
  }

  /** @param txns of the log on disk, from one at or before the zxid that was asked for on; undefined if that cannot be had */
  logRead(id: LearnerId, txns: readonly Txn[] | undefined, nowMs: number): void {
    const learner = this.#learners.get(id);
    if (learner?.phase === "reading-log") this.#synchronize(learner, txns ?? "unusable", nowMs);
  }

  /** The zxid of the next proposal; undefined, and the leader stops, when the epoch has none left. */
  nextZxid(): Zxid | undefined {
    if (this.#phase !== "broadcast") return undefined;
    const zxid = mustBeZxid(this.#lastProposedZxid + 1);
    if (counterOf(zxid) < ZXID_COUNTER_MAX) return zxid;
    this.#stop("zxid lower 32 bits have rolled over, forcing re-election, and therefore new epoch start");
    return undefined;
  }

  /** @param config of a reconfiguration */
  propose(txn: Txn, config: QuorumConfig | undefined, nowMs: number): void {
    if (this.#phase !== "broadcast") return;
    const { zxid } = txn.header;
    assert(zxid === this.#lastProposedZxid + 1, `0x${zxidHex(zxid)} is not the next zxid to propose`);
    const proposed = txn.header.type === OpCode.reconfig ? config : undefined;
    if (proposed !== undefined) this.#saw(proposed);
    this.#outstanding.push({ txn, configs: this.#deciding, config: proposed });
    this.#lastProposedZxid = zxid;
    this.#outputs.push({ kind: "append", txn });
    this.#sendAll(this.#followers, PacketType.proposal, zxid, txn.bytes);
    for (const id of this.#followers) this.#learners.get(id)?.proposed(zxid, nowMs);
  }

  /** This server's own disk has everything up to `zxid`. */
  logged(zxid: Zxid): void {
    if (zxid <= this.#loggedZxid) return;
    this.#loggedZxid = zxid;
    this.#hasNewAcks = true;
  }

  /** A client of this server (`token`) or a learner's wants to know when all that is proposed now is applied. */
  sync(learner: LearnerId | undefined, token?: unknown): void {
    if (this.#phase !== "broadcast") return;
    if (this.#hasNewAcks) this.#advance();
    const sync = { zxid: this.#lastProposedZxid, learner, token };
    if (this.outstandingCount === 0) this.#answerSync(sync);
    else this.#syncs.push(sync);
  }

  revalidated(id: LearnerId, sessionId: bigint, valid: boolean): void {
    this.#send(id, PacketType.revalidate, -1 as Zxid, encodeRevalidated(sessionId, valid));
  }

  /** Call it every half tick. */
  tick(nowMs: number): void {
    if (this.#phase === "stopped") return;
    this.#dropSilent(nowMs);
    if (this.#phase === "broadcast") {
      this.#isFullTick = !this.#isFullTick;
      if (this.#isFullTick && !this.#mustHaveQuorum(nowMs)) return;
    } else if (nowMs >= this.#deadlineMs) {
      this.#giveUp();
      return;
    }
    for (const learner of this.#learners.values()) {
      if (learner.phase !== "syncing" && learner.phase !== "acked" && learner.phase !== "up") continue;
      if (learner.isLate(nowMs, this.#syncTimeoutMs)) {
        this.#drop(learner, "it does not acknowledge proposals in time");
      } else {
        this.#send(learner.id, PacketType.ping, this.#lastProposedZxid, null);
      }
    }
  }

  /** Whether a quorum of `config` is connected and has this leader's history. */
  isQuorumSynced(config: QuorumConfig): boolean {
    const sids = new Set([this.#sid]);
    for (const id of this.#followers) sids.add(this.#learners.get(id)?.sid ?? -1);
    return config.hasQuorum(sids);
  }

  // Discovery and synchronisation

  #fromJoining(learner: LearnerHandle, packet: QuorumPacket, nowMs: number): void {
    switch (learner.phase) {
      case "info":
        this.#register(learner, packet, nowMs);
        break;
      case "ack-epoch":
        if (packet.type !== PacketType.ackEpoch) {
          this.#drop(learner, `${packetName(packet.type)} is not ACKEPOCH`);
          break;
        }
        learner.phase = "epoch-acked";
        learner.peerZxid = packet.zxid;
        this.#epochAcked(learner.sid, decodeInt32(packet.data), packet.zxid, nowMs, learner);
        break;
      case "syncing":
        if (packet.type !== PacketType.ack) {
          this.#drop(learner, `${packetName(packet.type)} came instead of the ACK of NEWLEADER`);
          break;
        }
        this.#synchronized(learner, packet.zxid, nowMs);
        break;
      default:
        this.#drop(learner, `${packetName(packet.type)} came before it was this learner's turn`);
    }
  }

  #register(learner: LearnerHandle, packet: QuorumPacket, nowMs: number): void {
    if (packet.type !== PacketType.followerInfo && packet.type !== PacketType.observerInfo) {
      this.#drop(learner, `first packet ${packetName(packet.type)} is not FOLLOWERINFO or OBSERVERINFO`);
      return;
    }
    const info = decodeLearnerInfo(packet.data);
    if (info.protocolVersion < PROTOCOL_VERSION) {
      this.#drop(
        learner,
        `it speaks protocol version 0x${info.protocolVersion.toString(16)}, that of servers before 3.4`,
      );
      return;
    }
    if (info.configVersion > this.#membership.current.version) {
      this.#drop(learner, "Follower is ahead of the leader (has a later activated configuration)");
      return;
    }
    if (info.sid === this.#sid) {
      this.#drop(learner, `it says that it is server ${info.sid}, which is this one: two servers have the same myid`);
      return;
    }
    learner.sid = info.sid;
    // It connects again because its former connection is dead, which may not have shown here yet.
    for (const other of this.#learners.values()) {
      if (other !== learner && other.sid === info.sid) this.#drop(other, "the learner has connected again");
    }
    learner.isObserver = packet.type === PacketType.observerInfo;
    learner.phase = "epoch";
    const acceptedEpoch = epochOf(packet.zxid);
    if (this.#phase !== "discovery" && acceptedEpoch > this.#epoch && this.#membership.current.voters.has(info.sid)) {
      // It promised that to a leader that never came to lead, and may not follow this one any more. The original leaves it out
      // until somebody else falls; the next election finds an epoch that it can follow.
      this.#stop(`server ${info.sid} has promised epoch ${acceptedEpoch}, which is later than ${this.#epoch}`);
      return;
    }
    if (this.#phase === "discovery") this.#chooseEpoch(info.sid, acceptedEpoch, nowMs);
    else if (this.#phase !== "accepting") this.#sendEpoch(learner, nowMs);
  }

  /** A server's word counts for the new epoch: it is to be greater than any that a quorum has accepted. */
  #chooseEpoch(sid: number, acceptedEpoch: number, nowMs: number): void {
    if (acceptedEpoch >= EPOCH_MAX) {
      for (const learner of this.#learners.values()) {
        if (learner.sid === sid) this.#drop(learner, `epoch ${acceptedEpoch} is the last one`);
      }
      return;
    }
    this.#epoch = Math.max(this.#epoch, acceptedEpoch + 1);
    if (this.#membership.current.voters.has(sid)) this.#connecting.add(sid);
    if (!this.#connecting.has(this.#sid) || !this.#membership.current.hasQuorum(this.#connecting)) return;
    this.#phase = "accepting";
    this.#deadlineMs = nowMs + this.#initTimeoutMs;
    this.#outputs.push({ kind: "persist-accepted-epoch", epoch: this.#epoch });
  }

  #sendEpoch(learner: LearnerHandle, nowMs: number): void {
    learner.phase = "ack-epoch";
    learner.heardMs = nowMs;
    this.#send(learner.id, PacketType.leaderInfo, makeZxid(this.#epoch, 0), encodeInt32(PROTOCOL_VERSION));
  }

  #epochAcked(sid: number, currentEpoch: number, lastZxid: Zxid, nowMs: number, learner?: LearnerHandle): void {
    if (this.#phase !== "epoch-acks") {
      if (learner !== undefined) this.#synchronize(learner, undefined, nowMs);
      return;
    }
    // -1: it had accepted this epoch before, perhaps from another leader, so this is no promise.
    if (currentEpoch !== -1) {
      const { currentEpoch: ownEpoch, lastZxid: ownZxid } = this.#options;
      if (learner !== undefined && (currentEpoch > ownEpoch || (currentEpoch === ownEpoch && lastZxid > ownZxid))) {
        this.#drop(
          learner,
          `Follower is ahead of the leader, leader summary: ${ownEpoch} (current epoch), ${ownZxid} (last zxid)`,
        );
        return;
      }
      if (lastZxid !== -1 && this.#membership.current.voters.has(sid)) this.#electing.add(sid);
    }
    this.#answered.add(sid);
    if (!this.#electing.has(this.#sid) || !this.#membership.current.hasQuorum(this.#electing)) {
      // Who lost its connection after it accepted this epoch cannot promise it again. The original waits out initLimit
      // then; another epoch, which everybody can promise, is had at once.
      if (this.#membership.current.hasQuorum(this.#answered)) {
        this.#stop(`a quorum has answered, and had accepted epoch ${this.#epoch} before`);
      }
      return;
    }
    this.#phase = "synchronization";
    this.#deadlineMs = nowMs + this.#initTimeoutMs;
    this.#outputs.push({ kind: "persist-current-epoch", epoch: this.#epoch });
    for (const other of this.#learners.values()) {
      if (other.phase === "epoch-acked") this.#synchronize(other, undefined, nowMs);
    }
  }

  #synchronize(learner: LearnerHandle, fromLog: readonly Txn[] | "unusable" | undefined, nowMs: number): void {
    const plan: SyncPlan = this.#options.forceSnapshots
      ? { kind: "snap" }
      : planSync({
          peerZxid: learner.peerZxid,
          lastProcessedZxid: this.#lastCommittedZxid,
          committed: this.#committed,
          logReadable: this.#options.logReadable,
          fromLog,
        });
    if (plan.kind === "read-log") {
      learner.phase = "reading-log";
      this.#outputs.push({ kind: "read-log", learner: learner.id, from: learner.peerZxid });
      return;
    }
    if (plan.kind === "snap") {
      this.#outputs.push({ kind: "send-snapshot", to: learner.id, zxid: this.#lastCommittedZxid });
    } else {
      this.#send(learner.id, plan.kind === "diff" ? PacketType.diff : PacketType.trunc, plan.zxid, null);
      for (const { header, bytes } of plan.txns) {
        this.#send(learner.id, PacketType.proposal, header.zxid, bytes);
        this.#send(learner.id, PacketType.commit, header.zxid, null);
      }
    }
    // From here on it gets everything in order.
    if (!learner.isObserver) {
      const upTo = plan.kind === "snap" ? this.#lastCommittedZxid : plan.upTo;
      for (const { txn } of this.#outstanding.slice(this.#outstandingFirst)) {
        if (txn.header.zxid > upTo) this.#send(learner.id, PacketType.proposal, txn.header.zxid, txn.bytes);
      }
    }
    learner.phase = "syncing";
    learner.heardMs = nowMs;
    this.#listForwarding();
    const config = new TextEncoder().encode(this.#membership.lastSeen.toString());
    this.#send(learner.id, PacketType.newLeader, makeZxid(this.#epoch, 0), config);
  }

  #synchronized(learner: LearnerHandle, zxid: Zxid, nowMs: number): void {
    learner.phase = "acked";
    if (this.#phase === "broadcast") this.#sendUpToDate(learner, nowMs);
    else if (zxid === makeZxid(this.#epoch, 0)) this.#newLeaderAcked(learner.sid, nowMs);
  }

  #newLeaderAcked(sid: number, nowMs: number): void {
    const acks = this.#newLeaderAcks;
    assert(acks !== undefined, "NEWLEADER was acknowledged before there was an epoch");
    acks.add(sid);
    if (this.#phase !== "synchronization" || !acks.sids.has(this.#sid) || !acks.hasAllQuorums()) return;
    this.#phase = "broadcast";
    const zxid = makeZxid(this.#epoch, 0);
    this.#lastCommittedZxid = zxid;
    this.#loggedZxid = zxid;
    this.#isFullTick = false;
    if (this.#options.initialCounter !== undefined) {
      this.#lastProposedZxid = makeZxid(this.#epoch, this.#options.initialCounter);
    }
    const config = this.#membership.lastSeen;
    this.#activate(config, this.#designatedLeader(config, acks.sids));
    this.#outputs.push({ kind: "established", zxid, sids: acks.toString() });
    for (const learner of this.#learners.values()) {
      if (learner.phase !== "acked") continue;
      this.#sendUpToDate(learner, nowMs);
    }
  }

  #sendUpToDate(learner: LearnerHandle, nowMs: number): void {
    learner.phase = "up";
    learner.heardMs = nowMs;
    learner.ackDeadlineMs = nowMs + this.#syncTimeoutMs;
    this.#send(learner.id, PacketType.upToDate, -1 as Zxid, null);
  }

  // Broadcast

  #fromUp(learner: LearnerHandle, packet: QuorumPacket, nowMs: number): void {
    learner.ackDeadlineMs = nowMs + this.#syncTimeoutMs;
    switch (packet.type) {
      case PacketType.ack:
        // Nobody can have what was not proposed: such an ACK would count for proposals to come.
        if (packet.zxid > this.#lastProposedZxid) {
          this.#drop(learner, `it acknowledges 0x${zxidHex(packet.zxid)}, which was not proposed`);
        } else if (counterOf(packet.zxid) !== 0) {
          learner.acked(packet.zxid);
          this.#hasNewAcks = true;
        }
        break;
      case PacketType.ping:
        decodeTouches(packet.data, (sessionId, timeoutMs) =>
          this.#outputs.push({ kind: "touch", sessionId, timeoutMs }),
        );
        break;
      case PacketType.revalidate:
        this.#outputs.push({ kind: "revalidate", learner: learner.id, ...decodeRevalidation(packet.data) });
        break;
      case PacketType.request:
        learner.requestsReceived++;
        this.#outputs.push({
          kind: "request",
          learner: learner.id,
          request: decodeRequest(packet.data),
          authInfo: packet.authInfo ?? [],
        });
        break;
      default: // the original logs it and goes on
    }
  }

  /** Commits what has its quorums, in order. */
  #advance(): void {
    this.#hasNewAcks = false;
    let configs: readonly QuorumConfig[] | undefined;
    let agreedZxid = -1 as Zxid;
    while (this.#mayCommit && this.#outstandingFirst < this.#outstanding.length) {
      const proposal = this.#outstanding[this.#outstandingFirst] as Proposal;
      if (proposal.configs !== configs) {
        configs = proposal.configs;
        agreedZxid = this.#agreed(configs);
      }
      if (proposal.txn.header.zxid > agreedZxid) break;
      this.#outstandingFirst++;
      this.#commit(proposal);
    }
    if (this.#outstandingFirst === this.#outstanding.length || this.#outstandingFirst >= 1024) {
      this.#outstanding.splice(0, this.#outstandingFirst);
      this.#outstandingFirst = 0;
    }
  }

  /** The last zxid that a quorum of every one of `configs` has on disk. */
  #agreed(configs: readonly QuorumConfig[]): Zxid {
    const acks: { sid: number; zxid: Zxid }[] = [{ sid: this.#sid, zxid: this.#loggedZxid }];
    for (const id of this.#followers) {
      const learner = this.#learners.get(id);
      if (learner !== undefined) acks.push({ sid: learner.sid, zxid: learner.ackedZxid });
    }
    acks.sort((a, b) => b.zxid - a.zxid);
    const sids = new Set<number>();
    for (const { sid, zxid } of acks) {
      sids.add(sid);
      if (configs.every((config) => config.hasQuorum(sids))) return zxid;
    }
    return -1 as Zxid;
  }

  #commit(proposal: Proposal): void {
    const { txn, config } = proposal;
    const { zxid } = txn.header;
    this.#lastCommittedZxid = zxid;
    this.#committed.add(txn);
    if (config === undefined) {
      this.#sendAll(this.#followers, PacketType.commit, zxid, null);
      this.#sendAll(this.#observers, PacketType.inform, zxid, txn.bytes);
    } else {
      const leader = this.#designatedLeader(config, this.#ackedBy(zxid));
      this.#activate(config, leader);
      this.#sendAll(this.#followers, PacketType.commitAndActivate, zxid, encodeSid(leader));
      this.#sendAll(this.#observers, PacketType.informAndActivate, zxid, encodeSidAndTxn(leader, txn.bytes));
    }
    this.#outputs.push({ kind: "commit", txn });
    while (this.#syncs.length > 0 && (this.#syncs[0]?.zxid ?? zxid) <= zxid) {
      const sync = this.#syncs.shift();
      if (sync !== undefined) this.#answerSync(sync);
    }
  }

  #answerSync(sync: { readonly learner: LearnerId | undefined; readonly token: unknown }): void {
    if (sync.learner === undefined) this.#outputs.push({ kind: "synced", token: sync.token });
    else this.#send(sync.learner, PacketType.sync, 0 as Zxid, null);
  }

  // Configurations

  #saw(config: QuorumConfig): void {
    if (!this.#membership.saw(config)) return;
    this.#deciding = this.#membership.deciding();
    this.#outputs.push({ kind: "config-seen", config });
  }

  #activate(config: QuorumConfig, leader: number): void {
    const activation = this.#membership.activate(config, this.#sid, leader);
    this.#deciding = this.#membership.deciding();
    if (!activation.isNew) return;
    this.#outputs.push({ kind: "config-active", config, activation });
    // Later proposals are the new leader's to commit: it may not have them all.
    if (activation.isLeaderChange) this.#mayCommit = false;
  }

  #ackedBy(zxid: Zxid): Set<number> {
    const sids = new Set<number>();
    for (const id of this.#followers) {
      const learner = this.#learners.get(id);
      if (learner !== undefined && learner.ackedZxid >= zxid) sids.add(learner.sid);
    }
    return sids;
  }

  /** This server while it may vote at its address; else the voter that has most of what was proposed. */
  #designatedLeader(config: QuorumConfig, acked: ReadonlySet<number>): number {
    const own = config.members.get(this.#sid);
    const before = this.#membership.current.members.get(this.#sid);
    if (config.voters.has(this.#sid) && hasSameQuorumAddress(own, before)) return this.#sid;
    let best: LearnerHandle | undefined;
    for (const id of this.#followers) {
      const learner = this.#learners.get(id);
      if (learner === undefined || learner.sid === this.#sid) continue;
      if (!config.voters.has(learner.sid) || !acked.has(learner.sid)) continue;
      if (best === undefined || learner.ackedZxid > best.ackedZxid) best = learner;
    }
    return best?.sid ?? this.#sid;
  }

  // Learners that come and go

  #listForwarding(): void {
    const followers: LearnerId[] = [];
    const observers: LearnerId[] = [];
    for (const learner of this.#learners.values()) {
      if (learner.phase !== "syncing" && learner.phase !== "acked" && learner.phase !== "up") continue;
      (learner.isObserver ? observers : followers).push(learner.id);
    }
    this.#followers = followers;
    this.#observers = observers;
  }

  #drop(learner: LearnerHandle, reason: string): void {
    this.#outputs.push({ kind: "close", learner: learner.id, reason });
    this.closed(learner.id);
  }

  /** Ends connections whose turn it was to speak, for too long. */
  #dropSilent(nowMs: number): void {
    for (const learner of this.#learners.values()) {
      const { phase } = learner;
      const isJoining = phase !== "acked" && phase !== "up";
      const limitMs = isJoining ? this.#initTimeoutMs : this.#syncTimeoutMs;
      if (phase === "acked" || nowMs - learner.heardMs < limitMs) continue;
      this.#drop(learner, `nothing was heard of it for ${Math.round(nowMs - learner.heardMs)} ms`);
    }
  }

  /** Stops unless a quorum of the configuration in force, and of one that may come into force, is there. */
  #mustHaveQuorum(nowMs?: number): boolean {
    if (this.#phase !== "broadcast") return false;
    const acks = new QuorumAcks(this.#deciding);
    acks.add(this.#sid);
    for (const learner of this.#learners.values()) {
      if (nowMs === undefined || nowMs <= learner.ackDeadlineMs) acks.add(learner.sid);
    }
    if (acks.hasAllQuorums()) return true;
    this.#stop(`Not sufficient followers synced, only synced with sids: [ ${acks.toString()} ]`);
    return false;
  }

  #giveUp(): void {
    switch (this.#phase) {
      case "discovery":
      case "accepting":
        this.#stop("Timeout while waiting for epoch from quorum");
        break;
      case "epoch-acks":
        this.#stop("Timeout while waiting for epoch to be acked by quorum");
        break;
      default:
        this.#stop(
          `Waiting for a quorum of followers, only synced with sids: [ ${this.#newLeaderAcks?.toString() ?? ""} ]`,
        );
    }
  }

  #stop(reason: string): void {
    if (this.#phase === "stopped") return;
    this.#phase = "stopped";
    this.#outputs.push({ kind: "stop", reason });
  }

  #send(to: LearnerId, type: number, zxid: Zxid, data: Uint8Array | null): void {
    this.#sendAll([to], type, zxid, data);
  }

  #sendAll(to: readonly LearnerId[], type: number, zxid: Zxid, data: Uint8Array | null): void {
    if (to.length === 0) return;
    for (const id of to) {
      const learner = this.#learners.get(id);
      if (learner === undefined) continue;
      learner.packetsSent++;
      if (zxid > 0) learner.lastZxid = zxid;
    }
    this.#outputs.push({ kind: "send", to, type, zxid, data });
  }

  get #initTimeoutMs(): number {
    return this.#options.limits.initLimit * this.#options.limits.tickTimeMs;
  }

  get #syncTimeoutMs(): number {
    return this.#options.limits.syncLimit * this.#options.limits.tickTimeMs;
  }
}
