import { ZERO_ZXID, type Zxid } from "../jute/zxid.ts";
import type { LearnerId } from "./leader-output.ts";

/**
 * Where a learner is, from its connection on:
 * - `info`: it has to say who it is;
 * - `epoch`: it waits until a quorum has said so and the epoch is chosen;
 * - `ack-epoch`: LEADERINFO is sent;
 * - `epoch-acked`: it waits until a quorum has accepted the epoch;
 * - `reading-log`: its history is being looked up on disk;
 * - `syncing`: all it lacks and NEWLEADER are sent;
 * - `acked`: it has it all on disk, and waits until a quorum has;
 * - `up`: UPTODATE is sent.
 */
export type LearnerPhase = "info" | "epoch" | "ack-epoch" | "epoch-acked" | "reading-log" | "syncing" | "acked" | "up";

/**
 * A learner as its leader knows it.
 *
 * Source: org.apache.zookeeper.server.quorum.LearnerHandler.
 */
export class LearnerHandle {
  readonly id: LearnerId;
  sid = -1;
  isObserver = false;
  phase: LearnerPhase = "info";
  /** The last zxid in its log when it came. */
  peerZxid: Zxid = ZERO_ZXID;
  /** It has this proposal and all before it on disk. */
  ackedZxid: Zxid = ZERO_ZXID;
  /** What was sent to it last. */
  lastZxid: Zxid = -1 as Zxid;
  /** When its turn to say something began, or it last said something. */
  heardMs: number;
  /** It does not count as synchronised from then on. */
  ackDeadlineMs: number;
  packetsReceived = 0;
  packetsSent = 0;
  requestsReceived = 0;

  // The proposal whose ACK is waited for, and the last one after it. Source: LearnerHandler.SyncLimitCheck.
  #currentZxid: Zxid = ZERO_ZXID;
  #currentMs = 0;
  #nextZxid: Zxid = ZERO_ZXID;
  #nextMs = 0;

  constructor(id: LearnerId, nowMs: number, ackDeadlineMs: number) {
    this.id = id;
    this.heardMs = nowMs;
    this.ackDeadlineMs = ackDeadlineMs;
  }

  /** A proposal is on its way to it. */
  proposed(zxid: Zxid, nowMs: number): void {
    if (this.phase !== "acked" && this.phase !== "up") return;
    if (this.#currentZxid === ZERO_ZXID) {
      this.#currentZxid = zxid;
      this.#currentMs = nowMs;
    } else {
      this.#nextZxid = zxid;
      this.#nextMs = nowMs;
    }
  }

  acked(zxid: Zxid): void {
    if (zxid > this.ackedZxid) this.ackedZxid = zxid;
    if (zxid === this.#currentZxid) {
      this.#currentZxid = this.#nextZxid;
      this.#currentMs = this.#nextMs;
      this.#nextZxid = ZERO_ZXID;
    }
  }

  /** Whether an ACK is overdue. */
  isLate(nowMs: number, syncTimeoutMs: number): boolean {
    return this.#currentZxid !== ZERO_ZXID && nowMs - this.#currentMs >= syncTimeoutMs;
  }
}
