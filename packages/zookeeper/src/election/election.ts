/**
 * Fast leader election: what a server does with the votes of others, without their connections.
 *
 * Source: org.apache.zookeeper.server.quorum.FastLeaderElection. Three things are quicker than there, and none of them shows on
 * the wire but by one message more: who hears from a server for the first time in a round answers with its own vote (the other
 * may have been deaf when it was sent), a decision does not wait for servers whose process is known to be dead, and silence of
 * one server does not put off the next retry because another one speaks.
 */
import { QuorumConfig } from "../config/quorum-config.ts";
import type { Zxid } from "../jute/zxid.ts";
import type { Notification } from "./notification.ts";
import {
  agree,
  isBetter,
  NO_ZXID,
  NONE,
  UNKNOWN_ZXID,
  type CastVote,
  type PeerState,
  type SettledState,
  type Vote,
} from "./vote.ts";

/** How long a quorum's candidate waits for a better one. */
export const FINALIZE_WAIT_MS = 200;
/** How long a server waits before it says its vote again; twice as long each time while nothing new is heard. */
export const RETRY_MIN_MS = 200;
export const RETRY_MAX_MS = 60_000;

export interface ElectionOptions {
  readonly sid: number;
  readonly config: QuorumConfig;
  readonly finalizeWaitMs?: number;
  readonly retryMinMs?: number;
  readonly retryMaxMs?: number;
}

export type ElectionOutput =
  /** To one server, in place of what still waits to be sent there. */
  | { readonly kind: "send"; readonly to: number; readonly vote: Vote; readonly state: PeerState }
  | { readonly kind: "decided"; readonly vote: Vote; readonly state: SettledState }
  /** A member knows a configuration that is newer than this server's, which takes it over by `replaceConfig`. */
  | { readonly kind: "newer-config"; readonly from: number; readonly config: QuorumConfig }
  /** While this server is settled, a voter is not. */
  | { readonly kind: "peer-looking"; readonly from: number }
  | { readonly kind: "ignored"; readonly from: number; readonly reason: string };

export class Election {
  readonly #sid: number;
  readonly #finalizeWaitMs: number;
  readonly #retryMinMs: number;
  readonly #retryMaxMs: number;
  #config: QuorumConfig;
  /** Proposed by a reconfiguration and not committed yet: a decision needs its quorum too. */
  #nextConfig: QuorumConfig | undefined;
  #outputs: ElectionOutput[] = [];

  /** The round, which only grows. */
  #round = 0;
  #my: { readonly zxid: Zxid; readonly peerEpoch: number } | undefined;
  #settled: { readonly state: SettledState; readonly vote: Vote } | undefined;
  #proposal: Vote = { leader: NONE, zxid: NO_ZXID, electionEpoch: 0, peerEpoch: NONE };
  /** Votes of this round. */
  readonly #received = new Map<number, CastVote>();
  /** What settled servers say, whatever their round. */
  readonly #outOfElection = new Map<number, CastVote>();
  /** Voters whose process did not exist when they were last tried, in this election. */
  readonly #dead = new Set<number>();
  #retryMs = 0;
  #retryAtMs: number | undefined;
  #decideAtMs: number | undefined;

  constructor(options: ElectionOptions) {
    this.#sid = options.sid;
    this.#config = options.config;
    this.#finalizeWaitMs = options.finalizeWaitMs ?? FINALIZE_WAIT_MS;
    this.#retryMinMs = options.retryMinMs ?? RETRY_MIN_MS;
    this.#retryMaxMs = options.retryMaxMs ?? RETRY_MAX_MS;
  }

  get isLooking(): boolean {
    return this.#my !== undefined;
  }

  /** When `tick` is due; undefined while this server does not look for a leader. */
  get deadlineMs(): number | undefined {
    if (this.#retryAtMs === undefined) return undefined;
    return Math.min(this.#retryAtMs, this.#decideAtMs ?? this.#retryAtMs);
  }

  /** What is to be done, in order; the caller has it from then on. */
  takeOutputs(): ElectionOutput[] {
    const outputs = this.#outputs;
    this.#outputs = [];
    return outputs;
  }

  /** This server has no leader and takes part in a new round. */
  look(my: { readonly zxid: Zxid; readonly peerEpoch: number }, nowMs: number): void {
    this.#my = my;
    this.#settled = undefined;
    this.#dead.clear();
    this.#outOfElection.clear();
    this.#round++;
    this.#startRound(this.#initialVote(), nowMs);
  }

  /** Ends the search without a result; votes of others are not answered until `look` or `settle`. */
  stopLooking(): void {
    this.#my = undefined;
    this.#retryAtMs = undefined;
    this.#decideAtMs = undefined;
  }

  /** The leader and epoch that this server tells those who look for one. A decision settles by itself with its own vote. */
  settle(state: SettledState, vote: Vote): void {
    this.stopLooking();
    this.#settled = { state, vote };
  }

  /** Other members, or the same at other addresses. What was counted by the old ones is counted anew. */
  replaceConfig(config: QuorumConfig, nextConfig: QuorumConfig | undefined, nowMs: number): void {
    const isSame = config.equals(this.#config) && nextConfig === undefined && this.#nextConfig === undefined;
    this.#config = config;
    this.#nextConfig = nextConfig !== undefined && nextConfig.version > config.version ? nextConfig : undefined;
    if (isSame || this.#my === undefined) return;
    this.look(this.#my, nowMs);
  }

  /** A connection to this server is there, in whichever direction it was made. */
  connected(sid: number): void {
    this.#dead.delete(sid);
    if (this.#my !== undefined && this.#isVoter(sid)) this.#send(sid);
  }

  /** A connection to this server was refused or reset while it was made: there is no process that could vote. */
  refused(sid: number, nowMs: number): void {
    if (this.#my === undefined) return;
    this.#dead.add(sid);
    this.#count(nowMs);
  }

  tick(nowMs: number): void {
    if (this.#decideAtMs !== undefined && nowMs >= this.#decideAtMs) {
      this.#decide(this.#proposal);
      return;
    }
    if (this.#retryAtMs === undefined || nowMs < this.#retryAtMs) return;
    this.#sendAll();
    this.#retryMs = Math.min(this.#retryMs * 2, this.#retryMaxMs);
    this.#retryAtMs = nowMs + this.#retryMs;
  }

  receive(from: number, heard: Notification, nowMs: number): void {
    if (from === this.#sid) return;
    if (heard.configText !== undefined && this.#hearConfig(from, heard.configText)) return;
    if (!this.#isVoter(from)) {
      // Whoever may not vote asks, and is told at once.
      this.#answer(from);
      return;
    }
    if (this.#my === undefined) {
      if (heard.state !== "looking" || this.#settled === undefined) return;
      this.#outputs.push({ kind: "peer-looking", from });
      this.#send(from);
      return;
    }
    if (!this.#isVoter(heard.leader)) {
      this.#outputs.push({ kind: "ignored", from, reason: `a vote for ${heard.leader}, which is no voter` });
    } else if (heard.state === "looking") {
      this.#hearLooking(from, heard, nowMs);
    } else if (heard.state !== "observing") {
      this.#hearSettled(from, heard, nowMs);
    }
  }

  /** True if the sender's configuration replaces this one, so that its vote is heard when it is repeated. */
  #hearConfig(from: number, text: string): boolean {
    if (text === this.#config.toString()) return false;
    let config: QuorumConfig;
    try {
      config = QuorumConfig.parse(text);
    } catch (error) {
      this.#outputs.push({ kind: "ignored", from, reason: `its configuration: ${String(error)}` });
      return false; // as the original, which goes on with the vote
    }
    if (config.version <= this.#config.version || this.#my === undefined) return false;
    const isSame = config.equals(this.#config);
    this.#outputs.push({ kind: "newer-config", from, config });
    return !isSame;
  }

  #hearLooking(from: number, heard: Notification, nowMs: number): void {
    if (this.#my?.zxid === UNKNOWN_ZXID || heard.zxid === UNKNOWN_ZXID) return;
    if (heard.electionEpoch < this.#round) {
      this.#send(from);
      return;
    }
    const vote: Vote = { ...this.#voteOf(heard), electionEpoch: heard.electionEpoch };
    if (heard.electionEpoch > this.#round) {
      this.#round = heard.electionEpoch;
      const mine = this.#initialVote();
      this.#startRound(isBetter(vote, mine, this.#config) ? vote : mine, nowMs);
    } else if (isBetter(vote, this.#proposal, this.#config)) {
      this.#propose(vote, nowMs);
    } else if (!this.#received.has(from)) {
      this.#send(from);
    }
    this.#record(from, { ...vote, state: "looking", version: 0 }, nowMs);
    this.#count(nowMs);
  }

  #hearSettled(from: number, heard: Notification, nowMs: number): void {
    const { state, version } = heard;
    const vote = this.#voteOf(heard);
    const wanted: CastVote = { ...vote, state, version };
    const isHere = heard.electionEpoch === this.#round;
    if (isHere) this.#record(from, { ...vote, state, version: 0 }, nowMs);
    if (isHere && this.#mayJoin(this.#received, wanted)) {
      this.#decide(vote);
      return;
    }
    const before = this.#outOfElection.get(from);
    if (before === undefined || !agree(before, wanted) || before.state !== state) this.#heardNews(nowMs);
    this.#outOfElection.set(from, wanted);
    if (this.#mayJoin(this.#outOfElection, wanted)) {
      this.#round = heard.electionEpoch;
      this.#decide(vote);
    }
  }

  /** A quorum follows that leader, and the leader says so itself: else servers would elect a dead one again and again. */
  #mayJoin(votes: ReadonlyMap<number, CastVote>, wanted: CastVote): boolean {
    if (!this.#hasQuorum(supporters(votes, wanted))) return false;
    if (wanted.leader === this.#sid) return wanted.electionEpoch === this.#round;
    return votes.get(wanted.leader)?.state === "leading";
  }

  #voteOf({ leader, zxid, electionEpoch, peerEpoch }: Vote): Vote {
    return { leader, zxid, electionEpoch, peerEpoch };
  }

  #initialVote(): Vote {
    const isVoter = this.#config.voters.has(this.#sid);
    return {
      leader: isVoter ? this.#sid : NONE,
      zxid: isVoter && this.#my !== undefined ? this.#my.zxid : NO_ZXID,
      electionEpoch: this.#round,
      peerEpoch: isVoter && this.#my !== undefined ? this.#my.peerEpoch : NONE,
    };
  }

  #startRound(proposal: Vote, nowMs: number): void {
    this.#received.clear();
    this.#retryMs = this.#retryMinMs;
    this.#retryAtMs = nowMs + this.#retryMs;
    this.#propose({ ...proposal, electionEpoch: this.#round }, nowMs);
    this.#count(nowMs);
  }

  #propose(proposal: Vote, nowMs: number): void {
    this.#proposal = proposal;
    this.#decideAtMs = undefined;
    if (this.#isVoter(this.#sid)) this.#record(this.#sid, { ...proposal, state: "looking", version: 0 }, nowMs);
    this.#sendAll();
  }

  #record(from: number, vote: CastVote, nowMs: number): void {
    const before = this.#received.get(from);
    this.#received.set(from, vote);
    if (before !== undefined && before.state === vote.state && agree(before, vote)) return;
    this.#heardNews(nowMs);
    // The 200 ms of silence begin anew.
    if (this.#decideAtMs !== undefined) this.#decideAtMs = nowMs + this.#finalizeWaitMs;
  }

  /** Something moves: say it again soon if that does not lead anywhere. */
  #heardNews(nowMs: number): void {
    if (this.#retryMs <= this.#retryMinMs || this.#retryAtMs === undefined) return;
    this.#retryMs = this.#retryMinMs;
    this.#retryAtMs = Math.min(this.#retryAtMs, nowMs + this.#retryMs);
  }

  /** Decides at once if no living voter could still say otherwise, else after a while without news. */
  #count(nowMs: number): void {
    if (this.#my === undefined || this.#proposal.leader === NONE) return;
    const wanted: CastVote = { ...this.#proposal, state: "looking", version: 0 };
    const agreeing = supporters(this.#received, wanted);
    if (!this.#hasQuorum(agreeing)) {
      this.#decideAtMs = undefined;
    } else if (this.#isUnanimous(agreeing)) {
      this.#decide(this.#proposal);
    } else {
      this.#decideAtMs ??= nowMs + this.#finalizeWaitMs;
    }
  }

  #isUnanimous(agreeing: ReadonlySet<number>): boolean {
    if (this.#dead.has(this.#proposal.leader)) return false; // it may be starting again
    return this.#voters().every((sid) => agreeing.has(sid) || this.#dead.has(sid));
  }

  #decide(vote: Vote): void {
    const state = vote.leader === this.#sid ? "leading" : this.#learningState();
    this.settle(state, vote);
    this.#outputs.push({ kind: "decided", vote, state });
  }

  #learningState(): SettledState {
    // A server that is in no configuration follows without a vote.
    return this.#config.members.get(this.#sid)?.role === "observer" ? "observing" : "following";
  }

  #sendAll(): void {
    for (const sid of this.#voters()) if (sid !== this.#sid) this.#send(sid);
  }

  #send(to: number): void {
    if (this.#my !== undefined) {
      this.#outputs.push({ kind: "send", to, vote: this.#proposal, state: "looking" });
    } else if (this.#settled !== undefined) {
      this.#outputs.push({ kind: "send", to, ...this.#settled });
    }
  }

  /** To a server without a vote: the round is this server's present one. */
  #answer(to: number): void {
    if (this.#settled === undefined) {
      this.#send(to);
    } else {
      const vote = { ...this.#settled.vote, electionEpoch: this.#round };
      this.#outputs.push({ kind: "send", to, vote, state: this.#settled.state });
    }
  }

  #hasQuorum(sids: ReadonlySet<number>): boolean {
    return this.#config.hasQuorum(sids) && (this.#nextConfig?.hasQuorum(sids) ?? true);
  }

  #isVoter(sid: number): boolean {
    return this.#config.voters.has(sid) || this.#nextConfig?.voters.has(sid) === true;
  }

  #voters(): number[] {
    return [...new Set([...this.#config.voters, ...(this.#nextConfig?.voters ?? [])])];
  }
}

function supporters(votes: ReadonlyMap<number, CastVote>, wanted: CastVote): Set<number> {
  const sids = new Set<number>();
  for (const [sid, vote] of votes) if (agree(vote, wanted)) sids.add(sid);
  return sids;
}
