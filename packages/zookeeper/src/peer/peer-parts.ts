import type { Clock, Log, Net } from "@ordinal/io";

import type { QuorumConfig } from "../config/quorum-config.ts";
import type { ServerConfig } from "../config/server-config.ts";
import type { AddressBook } from "../election/address-book-shell.ts";
import type { SettledState, Vote } from "../election/vote.ts";
import type { Storage } from "../log/storage.ts";
import type { AccessControl } from "../processing/access-control.ts";
import type { SessionIds } from "../session/session-ids.ts";
import type { CommittedLog } from "../zab/committed-log.ts";
import type { Activation, Membership } from "../zab/membership.ts";
import type { ServerSide } from "./server-side.ts";

/** What a member of an ensemble has, whatever its role is at the moment. */
export interface PeerParts {
  readonly net: Net;
  readonly clock: Clock;
  readonly log: Log;
  readonly config: ServerConfig;
  readonly access: AccessControl;
  readonly storage: Storage;
  readonly serverSide: ServerSide;
  readonly membership: Membership;
  readonly committed: CommittedLog;
  readonly sessionIds: SessionIds;
  readonly addresses: AddressBook;
  /** Where a member's votes come from: an address while its name does not resolve. */
  electionHostOf(sid: number): string | undefined;
  /** How long the last search for a leader took, in milliseconds. */
  electionTimeMs(): number;
  /** What servers that look for a leader are told. */
  settle(state: SettledState, vote: Vote): void;
  /** A configuration was proposed, or is in force now: on to disk, and to elections. */
  configSeen(config: QuorumConfig): void;
  configActive(config: QuorumConfig, activation: Activation): void;
  /** Nothing can be made durable any more, or the log cannot be what the leader needs it to be: the process is to end. */
  fail(error: Error): void;
}

/** How a role ended. */
export interface RoleEnd {
  readonly reason: string;
  /** A reconfiguration says who leads next: no election is needed. */
  readonly nextLeader: number | undefined;
}

/** A server as a leader, follower or observer, from the election that made it one on. */
export interface Role {
  /** Runs it. Resolves when it is over and the log and the tree agree again; never rejects. */
  run(): Promise<RoleEnd>;
  /** Ends it soon. */
  stop(reason: string): void;
}
