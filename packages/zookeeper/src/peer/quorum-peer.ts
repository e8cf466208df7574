import type { Clock, Disk, Log, Net, Resolver } from "@ordinal/io";
import { hasCode, InvariantError } from "@ordinal/kit";

import { backUpConfig, removeNextConfig, writeDynamicConfig, writeNextConfig } from "../config/load-shell.ts";
import type { QuorumConfig } from "../config/quorum-config.ts";
import type { ServerConfig } from "../config/server-config.ts";
import { integerProperty } from "../config/system-properties.ts";
import { AddressBook } from "../election/address-book-shell.ts";
import { ElectionPort } from "../election/shell.ts";
import type { SettledState, Vote } from "../election/vote.ts";
import type { Storage } from "../log/storage.ts";
import type { AccessControl } from "../processing/access-control.ts";
import { SessionIds } from "../session/session-ids.ts";
import type { CommittedLog } from "../zab/committed-log.ts";
import { type Activation, Membership } from "../zab/membership.ts";
import { Following } from "./following.ts";
import { Leading } from "./leading.ts";
import type { PeerParts, Role, RoleEnd } from "./peer-parts.ts";
import { ReadOnly } from "./read-only.ts";
import type { ServerSide } from "./server-side.ts";

/** A server that finds no leader for this long, or a tick if that is longer, may serve read-only clients. */
const READ_ONLY_AFTER_MS = 2000;
/** Between the end of a role that failed at once and the next election, so that nobody spins. */
const RESTART_DELAY_MS = 20;

export interface QuorumPeerOptions {
  readonly net: Net;
  readonly clock: Clock;
  readonly disk: Disk;
  readonly resolver: Resolver;
  readonly log: Log;
  /** With `quorum` and `myid`. */
  readonly config: ServerConfig;
  readonly access: AccessControl;
  readonly storage: Storage;
  readonly serverSide: ServerSide;
  /** What was applied last to the tree that `serverSide` has: with it learners are brought up to date. */
  readonly committed: CommittedLog;
  /** A reconfiguration is in force: the clients' address of this server may be another one. */
  readonly onConfig?: (config: QuorumConfig) => void;
  /** The process is to end: the disk failed, or a truncate that the leader needs. */
  readonly onFailed: (error: Error) => void;
}

/**
 * A member of an ensemble: looks for a leader, leads or follows or observes, and looks again when that ends.
 *
 * Source: org.apache.zookeeper.server.quorum.QuorumPeer.
 */
export class QuorumPeer {
  readonly #options: QuorumPeerOptions;
  readonly #sid: number;
  readonly #membership: Membership;
  readonly #election: ElectionPort;
  readonly #parts: PeerParts;
  #role: Role | undefined;
  #electionTimeMs = -1;
  #isClosed = false;
  #isFailed = false;
  #loop: Promise<void> = Promise.resolve();
  #wakePause: (() => void) | undefined;
  /** Files of the configuration, one after the other. */
  #configWrites: Promise<void> = Promise.resolve();
  #hasBackedUp = false;

  constructor(options: QuorumPeerOptions) {
    const { net, clock, resolver, log, config, access, storage, serverSide, committed } = options;
    const { quorum, myid } = config;
    if (quorum === undefined || myid === undefined) {
      throw new InvariantError("INVARIANT_BROKEN", "a member of an ensemble needs its members and its id");
    }
    this.#options = options;
    this.#sid = myid;
    this.#membership = new Membership({
      sid: myid,
      reconfigEnabled: config.reconfigEnabled,
      current: quorum,
      lastSeen: config.lastSeenQuorum,
      isObserver: config.peerType === "observer",
    });
    this.#election = new ElectionPort({
      net,
      clock,
      resolver,
      log,
      sid: myid,
      config: quorum,
      nextConfig: this.#nextConfig,
      listenOnAllIps: config.quorumListenOnAllIPs,
      bindTries: integerProperty(config.properties, "zookeeper.electionPortBindRetry", 3),
      cnxTimeoutMs: integerProperty(config.properties, "zookeeper.cnxTimeout", 5000),
      onNewerConfig: (newer) => this.#adopt(newer),
    });
    this.#parts = {
      net,
      clock,
      log,
      config,
      access,
      storage,
      serverSide,
      committed,
      membership: this.#membership,
      sessionIds: new SessionIds(myid, clock.now()),
      addresses: new AddressBook(resolver, log),
      electionHostOf: (sid) => this.#election.hostOf(sid),
      electionTimeMs: () => this.#electionTimeMs,
      settle: (state, vote) => this.#election.settle(state, vote),
      configSeen: (seen) => this.#configSeen(seen),
      configActive: (active, activation) => this.#configActive(active, activation),
      fail: (error) => this.#fail(error),
    };
    storage.onFailed = (error) => this.#fail(error);
  }

  get membership(): Membership {
    return this.#membership;
  }

  /** Opens the election port and begins. Rejects if the port cannot be opened. */
  async start(): Promise<void> {
    await this.#election.start();
    this.#loop = this.#run();
  }

  /** Leaves the ensemble. Resolves when nothing of it goes on; the storage is the caller's to close. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#wakePause?.();
    this.#role?.stop("the server stops");
    await this.#election.close();
    await this.#loop;
    await this.#configWrites;
  }

  async #run(): Promise<void> {
    let next: { readonly vote: Vote; readonly leader: number } | undefined;
    try {
      while (!this.#isClosed) {
        const vote: Vote | undefined = next === undefined ? await this.#look() : { ...next.vote, leader: next.leader };
        if (vote === undefined) continue;
        if (next !== undefined) this.#election.settle(this.#stateFor(vote), vote);
        const startedMs = this.#options.clock.monotonic();
        const { nextLeader } = await this.#play(vote);
        next = nextLeader === undefined ? undefined : { vote, leader: nextLeader };
        const hasFailedAtOnce = this.#options.clock.monotonic() - startedMs < RESTART_DELAY_MS;
        if (hasFailedAtOnce && !this.#isClosed) await this.#pause(RESTART_DELAY_MS);
      }
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  /** Takes part in elections until there is a leader. Undefined: it was stopped. */
  async #look(): Promise<Vote | undefined> {
    const { clock, config, log, serverSide, storage } = this.#options;
    const startedMs = clock.monotonic();
    log.info("looking", { zxid: serverSide.database.lastProcessedZxid.toString(16), epoch: storage.currentEpoch });
    let isReadOnly = false;
    const timer = config.readOnlyModeEnabled
      ? clock.setTimer(Math.max(READ_ONLY_AFTER_MS, config.tickTime), () => {
          isReadOnly = true;
          log.info("read-only-server-started");
          serverSide.serve(new ReadOnly(this.#parts));
        })
      : undefined;
    try {
      const vote = await this.#election.lookForLeader({
        zxid: serverSide.database.lastProcessedZxid,
        peerEpoch: storage.currentEpoch,
      });
      this.#electionTimeMs = Math.round(clock.monotonic() - startedMs);
      return vote;
    } catch (error) {
      if (!hasCode(error, "STOPPED")) throw error;
      return undefined;
    } finally {
      timer?.cancel();
      if (isReadOnly) serverSide.retire("a leader was found");
    }
  }

  async #play(vote: Vote): Promise<RoleEnd> {
    const role = vote.leader === this.#sid ? new Leading(this.#parts, vote) : new Following(this.#parts, vote);
    this.#role = role;
    if (this.#isClosed) role.stop("the server stops");
    try {
      return await role.run();
    } finally {
      this.#role = undefined;
    }
  }

  #stateFor(vote: Vote): SettledState {
    if (vote.leader === this.#sid) return "leading";
    return this.#membership.isObserver ? "observing" : "following";
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.setTimer(delayMs, resolve);
      this.#wakePause = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  /** From now on nothing is acknowledged. */
  #fail(error: Error): void {
    if (this.#isFailed) return;
    this.#isFailed = true;
    this.#options.log.error("server-failed", { error });
    this.#isClosed = true;
    this.#options.serverSide.retire(`the server failed: ${error.message}`);
    this.#role?.stop(error.message);
    this.#wakePause?.();
    void this.#election.close();
    this.#options.onFailed(error);
  }

  // Configurations

  get #nextConfig(): QuorumConfig | undefined {
    const { current, lastSeen } = this.#membership;
    return lastSeen.version > current.version ? lastSeen : undefined;
  }

  /** Learned from another server's notification while looking for a leader. */
  #adopt(newer: QuorumConfig): void {
    const activation = this.#membership.activate(newer, this.#sid, undefined);
    if (activation.isNew) this.#configActive(newer, activation);
  }

  #configSeen(config: QuorumConfig): void {
    const { disk, config: serverConfig } = this.#options;
    this.#election.replaceConfig(this.#membership.current, this.#nextConfig);
    this.#writeConfig(() => writeNextConfig(disk, serverConfig, config));
  }

  #configActive(config: QuorumConfig, activation: Activation): void {
    const { disk, config: serverConfig, log } = this.#options;
    log.info("configuration-active", {
      version: config.version.toString(16),
      members: [...config.members.keys()].join(","),
    });
    const hasNext = this.#nextConfig !== undefined;
    this.#election.replaceConfig(config, this.#nextConfig);
    this.#writeConfig(async () => {
      if (!this.#hasBackedUp) await backUpConfig(disk, serverConfig);
      this.#hasBackedUp = true;
      await writeDynamicConfig(disk, serverConfig, config);
      if (!hasNext) await removeNextConfig(disk, serverConfig);
    });
    if (activation.isDifferent) this.#options.onConfig?.(config);
  }

  #writeConfig(write: () => Promise<void>): void {
    // As in the original a configuration that cannot be written is told, and known again from the other members after a restart.
    this.#configWrites = this.#configWrites
      .then(write)
      .catch((error: unknown) => this.#options.log.error("configuration-not-written", { error }));
  }
}
