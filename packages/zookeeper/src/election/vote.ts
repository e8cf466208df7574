/**
 * Who a server wants as leader, and the order in which candidates are preferred.
 *
 * Source: org.apache.zookeeper.server.quorum.Vote, FastLeaderElection.totalOrderPredicate.
 */
import type { QuorumConfig } from "../config/quorum-config.ts";
import type { Zxid } from "../jute/zxid.ts";

/** What a server does: the state in its notifications. */
export type PeerState = "looking" | "following" | "leading" | "observing";

/** What a server is once a leader is elected. */
export type SettledState = Exclude<PeerState, "looking">;

export interface Vote {
  /** The sid of the candidate, or `NONE` from a server that may not vote. */
  readonly leader: number;
  /** The last zxid in the candidate's log. */
  readonly zxid: Zxid;
  /** The round of elections in which this vote was cast: each server counts its own, and adopts a higher one. */
  readonly electionEpoch: number;
  /** The epoch in which the candidate followed or led last; after a settlement the new leader's epoch. */
  readonly peerEpoch: number;
}

/** Long.MIN_VALUE: the candidate, zxid and epoch of a server that may not vote. */
export const NONE = -(2 ** 63);
export const NO_ZXID = NONE as Zxid;

/** The zxid of a server that does not know its own yet; such votes count for nothing. */
export const UNKNOWN_ZXID = -1 as Zxid;

/** Whether `a` is the better candidate: by epoch, then by zxid, then by sid. */
export function isBetter(a: Vote, b: Vote, config: QuorumConfig): boolean {
  if (config.weightOf(a.leader) === 0) return false;
  if (a.peerEpoch !== b.peerEpoch) return a.peerEpoch > b.peerEpoch;
  if (a.zxid !== b.zxid) return a.zxid > b.zxid;
  return a.leader > b.leader;
}

/** A vote with its voter's state and the version of the format in which it came, 0 where that does not matter. */
export interface CastVote extends Vote {
  readonly state: PeerState;
  readonly version: number;
}

/**
 * Whether two votes are for the same leadership. Among servers that are settled zxid and round may differ (each kept those of
 * the election that it took part in), and an ensemble uses an epoch once, so leader and epoch tell.
 */
export function agree(a: CastVote, b: CastVote): boolean {
  if (a.leader !== b.leader) return false;
  if (a.state === "looking" || b.state === "looking") {
    return a.zxid === b.zxid && a.electionEpoch === b.electionEpoch && a.peerEpoch === b.peerEpoch;
  }
  // Servers from before and after version 1 of the format count epochs differently.
  return a.version > 0 !== b.version > 0 || a.peerEpoch === b.peerEpoch;
}
