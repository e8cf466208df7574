import { assert, CodedError, ProtocolError } from "@ordinal/kit";

import { QuorumConfig } from "../config/quorum-config.ts";
import { OpCode } from "../jute/op-code.ts";
import { parseTxn, type Txn } from "../jute/txn-records.ts";
import { epochOf, makeZxid, type Zxid, zxidHex } from "../jute/zxid.ts";
import type { CommittedLog } from "./committed-log.ts";
import type { LearnerOutput } from "./learner-output.ts";
import type { Membership } from "./membership.ts";
import { packetName, PacketType, type QuorumPacket } from "./packet.ts";
import {
  decodeInt32,
  decodeRevalidated,
  decodeSid,
  decodeSidAndTxn,
  encodeInt32,
  encodeLearnerInfo,
  PROTOCOL_VERSION,
} from "./payloads.ts";

export interface LearnerOptions {
  readonly membership: Membership;
  /** Who is followed. */
  readonly leader: number;
  readonly tickTimeMs: number;
  /** Ticks in which the leader has to answer until this server is synchronised. */
  readonly initLimit: number;
  /** The same from then on. */
  readonly syncLimit: number;
  readonly acceptedEpoch: number;
  readonly currentEpoch: number;
  /** The last zxid in this server's log and tree. */
  readonly lastZxid: Zxid;
  /** Of the tree; what is committed is added to it. */
  readonly committed: CommittedLog;
  /** False for an observer that keeps no log (`syncEnabled=false`). */
  readonly logs: boolean;
}

/**
 * - `registering`: FOLLOWERINFO is sent;
 * - `accepting`: the leader's epoch is being promised on disk;
 * - `accepted`: ACKEPOCH is sent;
 * - `receiving`, `truncating`: SNAP, TRUNC;
 * - `synchronizing`: gets what the leader committed;
 * - `hardening`: all of that is being made durable, before
 * - `epoch`: the epoch is, before NEWLEADER is acknowledged;
 * - `synchronized`: waits for UPTODATE;
 * - `up`: follows.
 */
export type LearnerPhase =
  | "registering"
  | "accepting"
  | "accepted"
  | "receiving"
  | "truncating"
  | "synchronizing"
  | "hardening"
  | "epoch"
  | "synchronized"
  | "up"
  | "left";

/** Its own disk has to answer first. */
const WAITING: ReadonlySet<LearnerPhase> = new Set(["accepting", "receiving", "truncating", "hardening", "epoch"]);

/**
 * Zab's follower and observer, as steps without I/O: each method is an input, what follows from it is in `takeOutputs`. Times are
 * milliseconds of one clock that never goes back.
 *
 * The order of durability is that of the original after its lost writes (ZOOKEEPER-3911, -4643, -4646, -4785): what was synchronised
 * is on disk before the epoch is, and the epoch is before NEWLEADER is acknowledged. What the leader proposed and did not commit
 * before NEWLEADER is kept (ZOOKEEPER-4394) and logged once it is up.
 *
 * Source: org.apache.zookeeper.server.quorum.Learner, Follower, Observer, FollowerZooKeeperServer.
 */
export class Learner {
  readonly #options: LearnerOptions;
  readonly #membership: Membership;
  readonly #isObserver: boolean;
  #outputs: LearnerOutput[] = [];
  #phase: LearnerPhase = "registering";
  #heardMs: number;
  #epoch = -1;
  #hasSnapshot = false;
  #wasUp = false;
  /** The snapshot holds everything up to here. */
  #snapshotZxid = -1 as Zxid;
  #newLeaderConfig: QuorumConfig | undefined;

  /** The last proposal, or what there was before the first. */
  #lastQueuedZxid: Zxid;
  #lastCommittedZxid: Zxid;
  /** Proposed and not applied, in order. */
  readonly #pending: Txn[] = [];
  #pendingFirst = 0;
  /** How many of the first pending ones are committed: while it synchronises they wait. */
  #committedCount = 0;
  /** Zxids to acknowledge once they are on disk, in order. */
  readonly #unacked: Zxid[] = [];
  #unackedFirst = 0;

  constructor(options: LearnerOptions, nowMs: number) {
    this.#options = options;
    this.#membership = options.membership;
    this.#isObserver = options.membership.isObserver;
    this.#lastQueuedZxid = options.lastZxid;
    this.#lastCommittedZxid = options.lastZxid;
    this.#heardMs = nowMs;
    const { sid, current } = this.#membership;
    const info = { sid, protocolVersion: PROTOCOL_VERSION, configVersion: current.version };
    const type = this.#isObserver ? PacketType.observerInfo : PacketType.followerInfo;
    this.#send(type, makeZxid(options.acceptedEpoch, 0), encodeLearnerInfo(info));
  }

  get phase(): LearnerPhase {
    return this.#phase;
  }

  /** No packet may be given before a step of the disk. */
  get isWaiting(): boolean {
    return WAITING.has(this.#phase);
  }

  get lastQueuedZxid(): Zxid {
    return this.#lastQueuedZxid;
  }

  /** What is in the log, or will be, and was not committed; oldest first. */
  outstanding(): Txn[] {
    return this.#wasUp ? this.#pending.slice(this.#pendingFirst) : [];
  }

  takeOutputs(): LearnerOutput[] {
    const outputs = this.#outputs;
    if (outputs.length > 0) this.#outputs = [];
    return outputs;
  }

  /** Bytes came, though perhaps no whole packet. */
  heard(nowMs: number): void {
    this.#heardMs = nowMs;
  }

  /** When the leader's silence is too long; undefined while this server itself is busy. */
  deadlineMs(): number | undefined {
    if (this.#phase === "left" || (this.isWaiting && this.#phase !== "receiving")) return undefined;
    const { tickTimeMs, initLimit, syncLimit } = this.#options;
    const isSynchronized = this.#phase === "synchronized" || this.#phase === "up";
    return this.#heardMs + tickTimeMs * (isSynchronized ? syncLimit : initLimit);
  }

  tick(nowMs: number): void {
    const deadlineMs = this.deadlineMs();
    if (deadlineMs !== undefined && nowMs >= deadlineMs) this.#leave("the leader is silent");
  }

  /** A packet from the leader. What breaks the protocol ends the connection. */
  received(packet: QuorumPacket, nowMs: number): void {
    if (this.#phase === "left") return;
    assert(!this.isWaiting, "a packet came before its turn");
    this.#heardMs = nowMs;
    try {
      if (this.#phase === "up") this.#whileUp(packet);
      else if (this.#phase === "registering") this.#fromLeaderInfo(packet);
      else if (this.#phase === "accepted") this.#startSynchronizing(packet);
      else this.#whileSynchronizing(packet);
    } catch (error) {
      if (!(error instanceof CodedError) || error.name === "InvariantError") throw error;
      this.#leave(error.message);
    }
  }

  acceptedEpochPersisted(nowMs: number): void {
    if (this.#phase !== "accepting") return;
    this.#heardMs = nowMs;
    this.#acknowledgeEpoch(this.#options.currentEpoch);
  }

  /** The snapshot that SNAP announced is a tree now. */
  snapshotReceived(nowMs: number): void {
    if (this.#phase !== "receiving") return;
    this.#heardMs = nowMs;
    this.#hasSnapshot = true;
    this.#phase = "synchronizing";
  }

  truncated(nowMs: number): void {
    if (this.#phase !== "truncating") return;
    this.#heardMs = nowMs;
    this.#options.committed.cutAfter(this.#lastQueuedZxid);
    this.#phase = "synchronizing";
  }

  durable(nowMs: number): void {
    if (this.#phase !== "hardening") return;
    this.#heardMs = nowMs;
    if (this.#hasSnapshot) this.#options.committed.clear(); // the tree is another one only now
    this.#phase = "epoch";
    this.#outputs.push({ kind: "persist-current-epoch", epoch: this.#epoch });
  }

  currentEpochPersisted(nowMs: number): void {
    if (this.#phase !== "epoch") return;
    this.#heardMs = nowMs;
    this.#phase = "synchronized";
    this.#send(PacketType.ack, makeZxid(this.#epoch, 0), null);
  }

  /** Everything up to `zxid` that was to be logged is on disk. */
  logged(zxid: Zxid): void {
    while (this.#unackedFirst < this.#unacked.length) {
      const next = this.#unacked[this.#unackedFirst] as Zxid;
      if (next > zxid) break;
      this.#unackedFirst++;
      if (this.#phase === "up") this.#send(PacketType.ack, next, null);
    }
    this.#unacked.splice(0, this.#unackedFirst);
    this.#unackedFirst = 0;
  }

  // Discovery

  #fromLeaderInfo(packet: QuorumPacket): void {
    if (packet.type !== PacketType.leaderInfo) {
      this.#leave(`the leader began with ${packetName(packet.type)} instead of LEADERINFO`);
      return;
    }
    const epoch = epochOf(packet.zxid);
    const version = decodeInt32(packet.data);
    const { acceptedEpoch } = this.#options;
    if (version < PROTOCOL_VERSION) {
      this.#leave(`the leader speaks protocol version 0x${version.toString(16)}`);
    } else if (epoch > acceptedEpoch) {
      this.#epoch = epoch;
      this.#phase = "accepting";
      this.#outputs.push({ kind: "persist-accepted-epoch", epoch });
    } else if (epoch === acceptedEpoch) {
      // It promised this epoch before, perhaps to another leader: this must not count as a promise.
      this.#epoch = epoch;
      this.#acknowledgeEpoch(-1);
    } else {
      this.#leave(`Leaders epoch, ${epoch} is less than accepted epoch, ${acceptedEpoch}`);
    }
  }

  #acknowledgeEpoch(currentEpoch: number): void {
    this.#phase = "accepted";
    this.#send(PacketType.ackEpoch, this.#options.lastZxid, encodeInt32(currentEpoch));
  }

  // Synchronisation

  #startSynchronizing(packet: QuorumPacket): void {
    const { type, zxid } = packet;
    if (type === PacketType.diff) {
      this.#phase = "synchronizing";
    } else if (type === PacketType.snap) {
      this.#phase = "receiving";
      this.#snapshotZxid = zxid;
      this.#startFrom(zxid);
      this.#outputs.push({ kind: "receive-snapshot", zxid });
    } else if (type === PacketType.trunc) {
      if (zxid > this.#options.lastZxid) throw broken(`TRUNC to 0x${zxidHex(zxid)}, which is not in this log`);
      this.#phase = "truncating";
      this.#startFrom(zxid);
      this.#outputs.push({ kind: "truncate", zxid });
    } else {
      throw broken(`Got unexpected packet from leader: ${packetName(type)} ${zxidHex(zxid)}`);
    }
  }

  #startFrom(zxid: Zxid): void {
    this.#lastQueuedZxid = zxid;
    this.#lastCommittedZxid = zxid;
  }

  #whileSynchronizing(packet: QuorumPacket): void {
    switch (packet.type) {
      case PacketType.proposal:
        this.#queue(parseTxn(mustHave(packet)));
        break;
      case PacketType.commit:
        this.#commitQueued(packet.zxid);
        break;
      case PacketType.commitAndActivate: {
        const txn = this.#pending[this.#pendingFirst + this.#committedCount];
        if (txn?.header.zxid === packet.zxid) this.#activateFrom(txn, decodeSid(packet.data));
        if (!this.#hasLeft) this.#commitQueued(packet.zxid);
        break;
      }
      case PacketType.inform:
        if (this.#queue(parseTxn(mustHave(packet)))) this.#commitQueued(packet.zxid);
        break;
      case PacketType.informAndActivate: {
        const { sid, txn: bytes } = decodeSidAndTxn(packet.data);
        const txn = parseTxn(bytes);
        this.#activateFrom(txn, sid);
        if (!this.#hasLeft && this.#queue(txn)) this.#commitQueued(packet.zxid);
        break;
      }
      case PacketType.newLeader:
        this.#newLeader(packet);
        break;
      case PacketType.upToDate:
        this.#upToDate();
        break;
      default: // the original ignores it: PING
    }
  }

  /** Takes a proposal. False: the snapshot holds it already. */
  #queue(txn: Txn): boolean {
    const { zxid } = txn.header;
    if (zxid <= this.#snapshotZxid) return false;
    this.#mustContinue(zxid);
    this.#lastQueuedZxid = zxid;
    if (txn.header.type === OpCode.reconfig) this.#saw(configOf(txn));
    this.#pending.push(txn);
    return true;
  }

  #mustContinue(zxid: Zxid): void {
    const last = this.#lastQueuedZxid;
    if (zxid === last + 1 || epochOf(zxid) > epochOf(last)) return;
    throw broken(
      `got proposal 0x${zxidHex(zxid)}, last queued 0x${zxidHex(last)}, expected 0x${zxidHex((last + 1) as Zxid)}`,
    );
  }

  #commitQueued(zxid: Zxid): void {
    if (zxid <= this.#snapshotZxid) return;
    const txn = this.#pending[this.#pendingFirst + this.#committedCount];
    if (txn?.header.zxid !== zxid) throw unmatched(zxid, txn);
    if (this.#hasSnapshot && this.#phase === "synchronizing") {
      // Into the snapshot that is still to be written.
      this.#shiftPending();
      this.#lastCommittedZxid = zxid;
      this.#outputs.push({ kind: "apply", txn });
    } else {
      this.#committedCount++;
    }
  }

  #newLeader(packet: QuorumPacket): void {
    if (this.#phase !== "synchronizing") throw broken("NEWLEADER came twice");
    if (packet.zxid !== makeZxid(this.#epoch, 0)) {
      throw broken(`NEWLEADER 0x${zxidHex(packet.zxid)} is not of epoch ${this.#epoch}`);
    }
    if (packet.data !== null && packet.data.length > 1) {
      const config = QuorumConfig.parse(new TextDecoder().decode(packet.data));
      this.#saw(config);
      this.#newLeaderConfig = config;
    }
    for (; this.#committedCount > 0; this.#committedCount--) {
      const txn = this.#shiftPending();
      this.#lastCommittedZxid = txn.header.zxid;
      this.#options.committed.add(txn);
      this.#outputs.push({ kind: "append-and-apply", txn });
    }
    this.#phase = "hardening";
    this.#outputs.push({ kind: "make-durable" });
  }

  #upToDate(): void {
    if (this.#phase !== "synchronized") throw broken("UPTODATE came before NEWLEADER");
    if (this.#newLeaderConfig !== undefined) this.#activate(this.#newLeaderConfig, undefined);
    if (this.#hasLeft) return;
    this.#phase = "up";
    this.#wasUp = true;
    this.#send(PacketType.ack, makeZxid(this.#epoch, 0), null);
    this.#outputs.push({ kind: "up", epoch: this.#epoch });
    // Proposed while it synchronised: from now on as everything else.
    const { length } = this.#pending;
    if (!this.#isObserver) for (let at = this.#pendingFirst; at < length; at++) this.#log(this.#pending[at] as Txn);
    for (; this.#committedCount > 0; this.#committedCount--) {
      const txn = this.#shiftPending();
      if (this.#isObserver) this.#log(txn);
      this.#commit(txn);
    }
    if (this.#isObserver) {
      // An old leader may have sent it proposals; what becomes of them an INFORM will tell.
      this.#pending.length = 0;
      this.#pendingFirst = 0;
      this.#lastQueuedZxid = this.#lastCommittedZxid;
    }
  }

  // Broadcast

  #whileUp(packet: QuorumPacket): void {
    switch (packet.type) {
      case PacketType.proposal: {
        if (this.#isObserver) break;
        const txn = parseTxn(mustHave(packet));
        if (this.#queue(txn)) this.#log(txn);
        break;
      }
      case PacketType.commit:
        if (!this.#isObserver && packet.zxid > this.#lastCommittedZxid) this.#commit(this.#take(packet.zxid));
        break;
      case PacketType.commitAndActivate: {
        if (this.#isObserver || packet.zxid <= this.#lastCommittedZxid) break;
        const txn = this.#take(packet.zxid);
        this.#commit(txn);
        this.#activateFrom(txn, decodeSid(packet.data));
        break;
      }
      case PacketType.inform:
        this.#inform(parseTxn(mustHave(packet)));
        break;
      case PacketType.informAndActivate: {
        const { sid, txn: bytes } = decodeSidAndTxn(packet.data);
        const txn = parseTxn(bytes);
        this.#inform(txn);
        this.#activateFrom(txn, sid);
        break;
      }
      case PacketType.ping:
        this.#outputs.push({ kind: "ping", zxid: packet.zxid });
        break;
      case PacketType.revalidate:
        this.#outputs.push({ kind: "revalidated", ...decodeRevalidated(packet.data) });
        break;
      case PacketType.sync:
        this.#outputs.push({ kind: "synced" });
        break;
      case PacketType.newLeader:
      case PacketType.upToDate:
        throw broken(`${packetName(packet.type)} came again`);
      default: // the original logs it and goes on
    }
  }

  #inform(txn: Txn): void {
    if (!this.#isObserver) throw broken("INFORM came to a follower");
    const { zxid } = txn.header;
    if (zxid <= this.#lastCommittedZxid) return;
    this.#mustContinue(zxid);
    this.#lastQueuedZxid = zxid;
    if (txn.header.type === OpCode.reconfig) this.#saw(configOf(txn));
    this.#log(txn);
    this.#commit(txn);
  }

  /** The oldest proposal, which has to be this one. */
  #take(zxid: Zxid): Txn {
    const txn = this.#pending[this.#pendingFirst];
    if (txn?.header.zxid !== zxid) throw unmatched(zxid, txn);
    return this.#shiftPending();
  }

  #log(txn: Txn): void {
    if (!this.#options.logs) return;
    this.#outputs.push({ kind: "append", txn });
    if (!this.#isObserver) this.#unacked.push(txn.header.zxid);
  }

  #commit(txn: Txn): void {
    this.#lastCommittedZxid = txn.header.zxid;
    this.#options.committed.add(txn);
    this.#outputs.push({ kind: "commit", txn });
  }

  #shiftPending(): Txn {
    const txn = this.#pending[this.#pendingFirst++] as Txn;
    if (this.#pendingFirst === this.#pending.length || this.#pendingFirst >= 1024) {
      this.#pending.splice(0, this.#pendingFirst);
      this.#pendingFirst = 0;
    }
    return txn;
  }

  // Configurations

  #saw(config: QuorumConfig): void {
    if (this.#membership.saw(config)) this.#outputs.push({ kind: "config-seen", config });
  }

  #activateFrom(txn: Txn, suggestedLeader: number): void {
    this.#activate(configOf(txn), suggestedLeader);
  }

  /** Takes a configuration into force; leaves where it says that this server or its leader has another place now. */
  #activate(config: QuorumConfig, suggestedLeader: number | undefined): void {
    const activation = this.#membership.activate(config, this.#options.leader, suggestedLeader);
    if (!activation.isNew) return;
    this.#outputs.push({ kind: "config-active", config, activation });
    if (activation.isRoleChange || activation.isLeaderChange) this.#leave("changes proposed in reconfig");
  }

  get #hasLeft(): boolean {
    return this.#phase === "left";
  }

  #leave(reason: string): void {
    this.#phase = "left";
    this.#outputs.push({ kind: "leave", reason });
  }

  #send(type: number, zxid: Zxid, data: Uint8Array | null): void {
    this.#outputs.push({ kind: "send", type, zxid, data });
  }
}

function mustHave(packet: QuorumPacket): Uint8Array {
  if (packet.data === null) throw broken(`${packetName(packet.type)} without a transaction`);
  return packet.data;
}

function configOf(txn: Txn): QuorumConfig {
  const { record } = txn;
  if (record.type !== OpCode.reconfig || record.data === null) throw broken("a reconfiguration without one");
  return QuorumConfig.parse(new TextDecoder().decode(record.data));
}

function broken(what: string): ProtocolError {
  return new ProtocolError("BAD_LEADER", what);
}

function unmatched(zxid: Zxid, next: Txn | undefined): ProtocolError {
  const pending = next === undefined ? "there is none pending" : `next pending txn 0x${zxidHex(next.header.zxid)}`;
  return broken(`Committing zxid 0x${zxidHex(zxid)} but ${pending}`);
}
