import type { Member, QuorumConfig } from "../config/quorum-config.ts";

/** What taking a configuration into force meant for this server. */
export interface Activation {
  /** The configuration in force is another one now: it belongs on disk, and elections go by it. */
  readonly isNew: boolean;
  /** Members or their addresses changed, not the version alone. */
  readonly isDifferent: boolean;
  /** The server was a participant and is an observer now, or the other way round. */
  readonly isRoleChange: boolean;
  /** The leader is to be another one: `leader`, or undefined where an election has to tell. */
  readonly isLeaderChange: boolean;
  readonly leader: number | undefined;
}

const NOTHING: Activation = {
  isNew: false,
  isDifferent: false,
  isRoleChange: false,
  isLeaderChange: false,
  leader: undefined,
};

/**
 * The ensemble's configuration as one server knows it: the one in force, and one that was proposed and may come into force.
 *
 * Source: org.apache.zookeeper.server.quorum.QuorumPeer (setLastSeenQuorumVerifier, processReconfig, updateLearnerType, updateVote).
 */
export class Membership {
  readonly sid: number;
  /** `reconfigEnabled`: without it the configuration never changes, whatever others send. */
  readonly reconfigEnabled: boolean;
  #current: QuorumConfig;
  #lastSeen: QuorumConfig;
  #isObserver: boolean;

  constructor(options: {
    readonly sid: number;
    readonly reconfigEnabled: boolean;
    readonly current: QuorumConfig;
    readonly lastSeen?: QuorumConfig | undefined;
    readonly isObserver: boolean;
  }) {
    this.sid = options.sid;
    this.reconfigEnabled = options.reconfigEnabled;
    this.#current = options.current;
    this.#lastSeen = options.lastSeen ?? options.current;
    this.#isObserver = options.isObserver;
  }

  get current(): QuorumConfig {
    return this.#current;
  }

  get lastSeen(): QuorumConfig {
    return this.#lastSeen;
  }

  get isObserver(): boolean {
    return this.#isObserver;
  }

  /** The configurations whose quorums a decision needs now. */
  deciding(): readonly QuorumConfig[] {
    return this.#lastSeen.version > this.#current.version ? [this.#current, this.#lastSeen] : [this.#current];
  }

  /** A configuration was proposed. True: it is new to this server and belongs on disk as the next one. */
  saw(config: QuorumConfig): boolean {
    if (!this.reconfigEnabled || config.version <= this.#lastSeen.version) return false;
    this.#lastSeen = config;
    return true;
  }

  /**
   * A configuration was committed.
   *
   * @param following who leads at the moment  @param suggestedLeader who is to lead from now on, if that is known
   */
  activate(config: QuorumConfig, following: number, suggestedLeader: number | undefined): Activation {
    if (!this.reconfigEnabled || config.version <= this.#current.version) return NOTHING;
    const previous = this.#current;
    this.#current = config;
    if (config.version > this.#lastSeen.version) this.#lastSeen = config;
    if (previous.equals(config)) return { ...NOTHING, isNew: true };
    // Who is in no list is a participant without a vote.
    const isObserver = config.observers.has(this.sid);
    const isRoleChange = isObserver !== this.#isObserver;
    this.#isObserver = isObserver;
    const isLeaderChange =
      suggestedLeader === undefined
        ? !hasSameQuorumAddress(voter(previous, following), voter(config, following))
        : suggestedLeader !== following;
    return { isNew: true, isDifferent: true, isRoleChange, isLeaderChange, leader: suggestedLeader };
  }
}

function voter(config: QuorumConfig, sid: number): Member | undefined {
  return config.voters.has(sid) ? config.members.get(sid) : undefined;
}

export function hasSameQuorumAddress(a: Member | undefined, b: Member | undefined): boolean {
  return a !== undefined && b !== undefined && a.host === b.host && a.quorumPort === b.quorumPort;
}
