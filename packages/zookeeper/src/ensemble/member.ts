import type { ReplicaRole } from "../peer/replica.ts";

/** What a server says of itself. */
export interface MemberStatus {
  readonly role: ReplicaRole;
  /** Undefined for a server alone. */
  readonly leaderSid: number | undefined;
  readonly epoch: number;
}

/** Where a server of an ensemble listens and keeps its files. */
export interface MemberPlace {
  readonly sid: number;
  readonly role: "participant" | "observer";
  readonly clientPort: number;
  readonly quorumPort: number;
  readonly electionPort: number;
  readonly dataDir: string;
  readonly configFile: string;
}

/** One server of an ensemble, in a process of its own or in this one. */
export interface Member {
  /** Of its process; undefined while there is none. */
  readonly pid: number | undefined;
  /** Whether it was started and has not ended since. */
  readonly isRunning: boolean;
  /**
   * Resolves once its client port is open, with these peers cut off from the beginning; rejects with the reason where it cannot
   * start. Only while it does not run.
   */
  start(cut: readonly string[]): Promise<void>;
  /** As `kill -9`; resolves when nothing of it runs. Nothing where it does not run. */
  kill(): Promise<void>;
  /** As `kill -STOP`: its connections stay, and it neither hears nor says anything. */
  pause(): Promise<void>;
  /** As `kill -CONT`. */
  resume(): Promise<void>;
  /** From now on these peers cannot be reached, and no others. While it is paused it takes effect when it is resumed. */
  cut(addresses: readonly string[]): Promise<void>;
  /** Undefined while it serves no clients, and while it does not run or is paused. */
  status(): Promise<MemberStatus | undefined>;
}
