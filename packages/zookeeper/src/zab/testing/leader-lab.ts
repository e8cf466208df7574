import type { QuorumConfig } from "../../config/quorum-config.ts";
import type { Zxid } from "../../jute/zxid.ts";
import { CommittedLog } from "../committed-log.ts";
import type { LeaderOutput } from "../leader-output.ts";
import { Leader, type LeaderOptions } from "../leader.ts";
import { Membership } from "../membership.ts";
import { packetName, PacketType } from "../packet.ts";
import { encodeInt32, encodeLearnerInfo, PROTOCOL_VERSION } from "../payloads.ts";
import { ensemble, packet, reconfigTxn, txn, zxid, zxidText } from "./history.ts";

/** The limits of the labs: a learner has 1,000 ms to join and 500 ms to answer. */
export const LIMITS = { tickTimeMs: 100, initLimit: 10, syncLimit: 5 };

/** A leader, what it wants done as lines of text, and shorthands for what learners say. */
export class LeaderLab {
  readonly leader: Leader;
  readonly membership: Membership;
  readonly committed = new CommittedLog();
  nowMs = 0;

  constructor(options: {
    readonly sid?: number;
    readonly config?: QuorumConfig;
    readonly lastSeen?: QuorumConfig;
    readonly reconfigEnabled?: boolean;
    readonly accepted?: number;
    readonly current?: number;
    readonly last?: string;
    readonly history?: readonly string[];
    readonly more?: Partial<LeaderOptions>;
  }) {
    const { sid = 3, config = ensemble([1, 2, 3]), reconfigEnabled = false } = options;
    this.membership = new Membership({
      sid,
      reconfigEnabled,
      current: config,
      lastSeen: options.lastSeen,
      isObserver: false,
    });
    for (const text of options.history ?? []) this.committed.add(txn(text));
    this.leader = new Leader(
      {
        membership: this.membership,
        limits: LIMITS,
        acceptedEpoch: options.accepted ?? 0,
        currentEpoch: options.current ?? options.accepted ?? 0,
        lastZxid: zxid(options.last ?? options.history?.at(-1) ?? "0:0"),
        committed: this.committed,
        logReadable: true,
        ...options.more,
      },
      0,
    );
  }

  /** What it wanted done since the last call. */
  out(): string[] {
    return this.leader.takeOutputs().map(outputText);
  }

  connect(id: number): void {
    this.leader.connected(id, this.nowMs);
  }

  info(
    id: number,
    sid: number,
    acceptedEpoch: number,
    configVersion = "0:0",
    type: number = PacketType.followerInfo,
  ): void {
    const info = { sid, protocolVersion: PROTOCOL_VERSION, configVersion: zxid(configVersion) };
    this.leader.received(id, packet(type, `${acceptedEpoch}:0`, encodeLearnerInfo(info)), this.nowMs);
  }

  ackEpoch(id: number, currentEpoch: number, last: string): void {
    this.leader.received(id, packet(PacketType.ackEpoch, last, encodeInt32(currentEpoch)), this.nowMs);
  }

  ack(id: number, at: string): void {
    this.leader.received(id, packet(PacketType.ack, at), this.nowMs);
  }

  say(id: number, type: number, data: Uint8Array | null = null): void {
    this.leader.received(id, packet(type, -1 as Zxid, data), this.nowMs);
  }

  /** A learner from its connection to UPTODATE, where the leader does not wait for others. */
  join(id: number, sid: number, last: string, options: { readonly observer?: boolean } = {}): void {
    this.connect(id);
    this.info(id, sid, 0, "0:0", options.observer === true ? PacketType.observerInfo : PacketType.followerInfo);
    this.ackEpoch(id, 0, last);
    this.ack(id, `${this.leader.epoch}:0`);
  }

  /** Leads, with learner 1 (server 1) up. */
  establish(last = "0:0"): void {
    this.connect(1);
    this.info(1, 1, 0);
    this.leader.acceptedEpochPersisted(this.nowMs);
    this.ackEpoch(1, 0, last);
    this.ack(1, `${this.leader.epoch}:0`);
    this.leader.currentEpochPersisted(this.nowMs);
    this.out();
  }

  propose(text: string): void {
    this.leader.propose(txn(text), undefined, this.nowMs);
  }

  reconfigure(text: string, config: QuorumConfig): void {
    this.leader.propose(reconfigTxn(text, config), config, this.nowMs);
  }
}

function outputText(output: LeaderOutput): string {
  switch (output.kind) {
    case "send":
      return `${packetName(output.type)} ${zxidText(output.zxid)} → ${output.to.join(",")}`;
    case "send-snapshot":
      return `snapshot ${zxidText(output.zxid)} → ${output.to}`;
    case "read-log":
      return `read log from ${zxidText(output.from)} for ${output.learner}`;
    case "close":
      return `close ${output.learner}: ${output.reason}`;
    case "persist-accepted-epoch":
      return `write acceptedEpoch ${output.epoch}`;
    case "persist-current-epoch":
      return `write currentEpoch ${output.epoch}`;
    case "established":
      return `lead from ${zxidText(output.zxid)} with ${output.sids}`;
    case "append":
    case "commit":
      return `${output.kind} ${zxidText(output.txn.header.zxid)}`;
    case "synced":
      return `synced ${String(output.token)}`;
    case "request":
      return `request of ${output.learner}: type ${output.request.type}`;
    case "touch":
      return `touch ${output.sessionId} ${output.timeoutMs}`;
    case "revalidate":
      return `revalidate ${output.sessionId} for ${output.learner}`;
    case "config-seen":
      return `config ${zxidText(output.config.version)} seen`;
    case "config-active":
      return `config ${zxidText(output.config.version)} active`;
    case "stop":
      return `stop: ${output.reason}`;
  }
}
