import type { QuorumConfig } from "../../config/quorum-config.ts";
import type { Zxid } from "../../jute/zxid.ts";
import { CommittedLog } from "../committed-log.ts";
import type { LearnerOutput } from "../learner-output.ts";
import { Learner } from "../learner.ts";
import { Membership } from "../membership.ts";
import { packetName, PacketType } from "../packet.ts";
import { encodeInt32, encodeSid, encodeSidAndTxn, PROTOCOL_VERSION } from "../payloads.ts";
import { ensemble, packet, reconfigTxn, txn, zxid, zxidText } from "./history.ts";
import { LIMITS } from "./leader-lab.ts";

/** Server 1, which follows server 3: what it wants done as lines of text, and shorthands for what the leader says. */
export class LearnerLab {
  readonly learner: Learner;
  readonly membership: Membership;
  readonly committed = new CommittedLog();
  nowMs = 0;

  constructor(options: {
    readonly config?: QuorumConfig;
    readonly reconfigEnabled?: boolean;
    readonly observer?: boolean;
    readonly accepted?: number;
    readonly current?: number;
    readonly history?: readonly string[];
    readonly logs?: boolean;
  }) {
    const { config = ensemble([1, 2, 3]), reconfigEnabled = false, observer: isObserver = false } = options;
    this.membership = new Membership({ sid: 1, reconfigEnabled, current: config, isObserver });
    for (const text of options.history ?? []) this.committed.add(txn(text));
    this.learner = new Learner(
      {
        membership: this.membership,
        leader: 3,
        ...LIMITS,
        acceptedEpoch: options.accepted ?? 0,
        currentEpoch: options.current ?? options.accepted ?? 0,
        lastZxid: zxid(options.history?.at(-1) ?? "0:0"),
        committed: this.committed,
        logs: options.logs ?? true,
      },
      0,
    );
  }

  /** What it wanted done since the last call. */
  out(): string[] {
    return this.learner.takeOutputs().map(outputText);
  }

  say(type: number, at: string | Zxid, data: Uint8Array | null = null): void {
    this.learner.received(packet(type, at, data), this.nowMs);
  }

  leaderInfo(epoch: number, version = PROTOCOL_VERSION): void {
    this.say(PacketType.leaderInfo, `${epoch}:0`, encodeInt32(version));
  }

  propose(...texts: readonly string[]): void {
    for (const text of texts) this.say(PacketType.proposal, text, txn(text).bytes);
  }

  commit(...texts: readonly string[]): void {
    for (const text of texts) this.say(PacketType.commit, text);
  }

  inform(...texts: readonly string[]): void {
    for (const text of texts) this.say(PacketType.inform, text, txn(text).bytes);
  }

  reconfigure(text: string, config: QuorumConfig): void {
    this.say(PacketType.proposal, text, reconfigTxn(text, config).bytes);
  }

  activate(text: string, leader: number): void {
    this.say(PacketType.commitAndActivate, text, encodeSid(leader));
  }

  informAndActivate(text: string, config: QuorumConfig, leader: number): void {
    this.say(PacketType.informAndActivate, text, encodeSidAndTxn(leader, reconfigTxn(text, config).bytes));
  }

  newLeader(epoch: number, config?: QuorumConfig): void {
    const data = config === undefined ? null : new TextEncoder().encode(config.toString());
    this.say(PacketType.newLeader, `${epoch}:0`, data);
  }

  /** From LEADERINFO to what SNAP, DIFF or TRUNC begins. */
  accept(epoch: number): void {
    this.leaderInfo(epoch);
    this.learner.acceptedEpochPersisted(this.nowMs);
    this.out();
  }

  /** After NEWLEADER: its disk does what it is asked for, and UPTODATE comes. */
  finish(): void {
    this.learner.durable(this.nowMs);
    this.learner.currentEpochPersisted(this.nowMs);
    this.say(PacketType.upToDate, -1 as Zxid);
  }

  /** Follows in this epoch, with a history that the leader has too. */
  follow(epoch: number): void {
    this.accept(epoch);
    this.say(PacketType.diff, this.committed.max);
    this.newLeader(epoch);
    this.finish();
    this.out();
  }
}

function outputText(output: LearnerOutput): string {
  switch (output.kind) {
    case "send":
      return `${packetName(output.type)} ${zxidText(output.zxid)}`;
    case "persist-accepted-epoch":
      return `write acceptedEpoch ${output.epoch}`;
    case "persist-current-epoch":
      return `write currentEpoch ${output.epoch}`;
    case "receive-snapshot":
    case "truncate":
      return `${output.kind} ${zxidText(output.zxid)}`;
    case "apply":
    case "append-and-apply":
    case "append":
    case "commit":
      return `${output.kind} ${zxidText(output.txn.header.zxid)}`;
    case "make-durable":
    case "synced":
      return output.kind;
    case "up":
      return `up in ${output.epoch}`;
    case "ping":
      return `pinged ${zxidText(output.zxid)}`;
    case "revalidated":
      return `session ${output.sessionId} ${output.valid ? "lives" : "is gone"}`;
    case "config-seen":
      return `config ${zxidText(output.config.version)} seen`;
    case "config-active":
      return `config ${zxidText(output.config.version)} active`;
    case "leave":
      return `leave: ${output.reason}`;
  }
}
