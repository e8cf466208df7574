import type { QuorumConfig } from "../config/quorum-config.ts";

/**
 * Who agreed to one thing, by every configuration that has to: while a reconfiguration is under way a quorum of the old and one of
 * the new configuration.
 *
 * Source: org.apache.zookeeper.server.quorum.SyncedLearnerTracker.
 */
export class QuorumAcks {
  readonly configs: readonly QuorumConfig[];
  readonly sids = new Set<number>();

  constructor(configs: readonly QuorumConfig[]) {
    this.configs = configs;
  }

  add(sid: number): void {
    this.sids.add(sid);
  }

  hasAllQuorums(): boolean {
    return this.configs.every((config) => config.hasQuorum(this.sids));
  }

  /** For people: the sids that count, by configuration. */
  toString(): string {
    return this.configs
      .map((config) => `[${[...this.sids].filter((sid) => config.voters.has(sid)).join(", ")}]`)
      .join(",");
  }
}
