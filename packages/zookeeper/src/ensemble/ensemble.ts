import { EnsembleError } from "./ensemble-error.ts";
import { peerAddresses } from "./member-config.ts";
import type { Member, MemberPlace, MemberStatus } from "./member.ts";

/** One server, by its place in the ensemble. */
export interface EnsembleServer {
  readonly index: number;
  /** Its id, as in `myid`: the index and one. */
  readonly sid: number;
  /** `127.0.0.1:PORT`, for clients. */
  readonly address: string;
  readonly clientPort: number;
  readonly dataDir: string;
  readonly configFile: string;
  /** Undefined while it does not run, and with `inProcess`. */
  readonly pid: number | undefined;
  readonly state: "running" | "paused" | "down";
}

interface Slot {
  readonly place: MemberPlace;
  readonly member: Member;
  isPaused: boolean;
}

export interface EnsembleParts {
  readonly places: readonly MemberPlace[];
  readonly members: readonly Member[];
  readonly directory: string;
  /** Where logs are found, or how to have them, as a sentence. */
  readonly logHint: string;
  /** Ports, folder and the like, once no server runs. */
  readonly cleanUp: () => Promise<void>;
}

const READY_TIMEOUT_MS = 30_000;
const LOOK_MS = 10;

/**
 * A running ensemble. Servers go by their index, from 0. Faults take effect before their promise resolves; how long the servers then take
 * to notice is what a test is about, and `ready` waits for it.
 */
export class Ensemble implements AsyncDisposable {
  /** Holds zoo.cfg, data and log of each server. */
  readonly directory: string;
  readonly #slots: readonly Slot[];
  readonly #logHint: string;
  readonly #cleanUp: () => Promise<void>;
  /** Group of each server; all in one: no partition. */
  #groups: readonly number[];
  #stopped: Promise<void> | undefined;

  /** Use `startEnsemble`. */
  constructor({ places, members, directory, logHint, cleanUp }: EnsembleParts) {
    this.directory = directory;
    this.#logHint = logHint;
    this.#cleanUp = cleanUp;
    this.#slots = places.flatMap((place, index) => {
      const member = members[index];
      return member === undefined ? [] : [{ place, member, isPaused: false }];
    });
    this.#groups = this.#slots.map(() => 0);
  }

  get size(): number {
    return this.#slots.length;
  }

  /** `127.0.0.1:10241,127.0.0.1:10242,…`: all servers, those that are down too. */
  get connectString(): string {
    return this.servers.map(({ address }) => address).join(",");
  }

  get servers(): readonly EnsembleServer[] {
    return this.#slots.map(({ place, member, isPaused }, index) => ({
      index,
      sid: place.sid,
      address: `127.0.0.1:${place.clientPort}`,
      clientPort: place.clientPort,
      dataDir: place.dataDir,
      configFile: place.configFile,
      pid: member.pid,
      state: !member.isRunning ? "down" : isPaused ? "paused" : "running",
    }));
  }

  /** For `startEnsemble`. */
  async startAll(timeoutMs: number): Promise<void> {
    const started = await Promise.allSettled(this.#slots.map(({ member }) => member.start([])));
    const failed = started.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    await this.ready({ timeoutMs });
  }

  /** As `kill -9`. Its files stay as they are; `restart` starts it again. */
  async kill(index: number): Promise<void> {
    const slot = this.#slot(index);
    await slot.member.kill();
    slot.isPaused = false;
  }

  /** As `kill -STOP`: its connections stay open, and it does nothing until `resume`. */
  async pause(index: number): Promise<void> {
    const slot = this.#running(index);
    await slot.member.pause();
    slot.isPaused = true;
  }

  /** As `kill -CONT`. */
  async resume(index: number): Promise<void> {
    const slot = this.#running(index);
    await slot.member.resume();
    slot.isPaused = false;
  }

  /**
   * Kills it, if it runs, and starts it again. Resolves when it serves clients, or, where the servers that it can reach are no
   * quorum, when it has opened its port.
   */
  async restart(index: number, options: { readonly timeoutMs?: number } = {}): Promise<void> {
    this.#mustNotBeStopped();
    await this.kill(index);
    await this.#slot(index).member.start(this.#cutOf(index));
    if (this.#hasQuorum(this.#reachable(index))) await this.#until([index], options.timeoutMs ?? READY_TIMEOUT_MS);
  }

  /**
   * Cuts the links between the groups, as a switch that fails: connections stand still, new ones are not answered. Clients reach all
   * servers. Servers in no group are one more group together. It replaces the partition there was.
   */
  async partition(groups: readonly (readonly number[])[]): Promise<void> {
    const next = this.#slots.map(() => groups.length);
    const named = new Set<number>();
    for (const [number, group] of groups.entries()) {
      for (const index of group) {
        this.#slot(index);
        if (named.has(index)) throw new RangeError(`server ${index} is in two groups`);
        named.add(index);
        next[index] = number;
      }
    }
    await this.#regroup(next);
  }

  /** Every server reaches every other one again. */
  async heal(): Promise<void> {
    await this.#regroup(this.#slots.map(() => 0));
  }

  /**
   * The index of the server that leads (or stands alone), undefined while there is none. A leader that was cut off believes in itself until it
   * notices; the one of the newer epoch counts.
   */
  async leader(): Promise<number | undefined> {
    let found: { index: number; epoch: number } | undefined;
    const statuses = await Promise.all(
      this.#slots.map(({ member, isPaused }) => (isPaused ? undefined : member.status())),
    );
    for (const [index, status] of statuses.entries()) {
      if (status?.role !== "leader" && status?.role !== "standalone") continue;
      if (found === undefined || status.epoch > found.epoch) found = { index, epoch: status.epoch };
    }
    return found?.index;
  }

  /**
   * Resolves when a quorum has a leader, and all running servers that reach it serve clients and follow it. Rejects with
   * `NOT_READY` after `timeoutMs`, by default 30,000.
   */
  async ready(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    this.#mustNotBeStopped();
    const group = this.#slots
      .map((_slot, index) => this.#reachable(index))
      .find((reachable) => this.#hasQuorum(reachable));
    if (group === undefined)
      throw new EnsembleError(`no quorum can reach one another: ${this.#states()}`, { code: "NOT_READY" });
    await this.#until(group, options.timeoutMs ?? READY_TIMEOUT_MS);
  }

  /** Ends all servers at once and removes what is temporary. Calling it again waits for the same end. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    try {
      await Promise.all(this.#slots.map(({ member }) => member.kill()));
    } finally {
      await this.#cleanUp();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #regroup(groups: readonly number[]): Promise<void> {
    this.#mustNotBeStopped();
    this.#groups = groups;
    await Promise.all(this.#slots.map(({ member }, index) => member.cut(this.#cutOf(index))));
  }

  #cutOf(index: number): string[] {
    return this.#slots.flatMap(({ place }, other) =>
      this.#groups[other] === this.#groups[index] ? [] : peerAddresses(place),
    );
  }

  /** Running servers in the same group, itself included. */
  #reachable(index: number): number[] {
    return this.#slots.flatMap(({ member, isPaused }, other) =>
      this.#groups[other] === this.#groups[index] && member.isRunning && !isPaused ? [other] : [],
    );
  }

  #hasQuorum(indexes: readonly number[]): boolean {
    const voters = this.#slots.filter(({ place }) => place.role === "participant").length;
    const here = indexes.filter((index) => this.#slots[index]?.place.role === "participant").length;
    return here * 2 > voters;
  }

  /** Waits until these serve clients behind one leader that each of them can reach. */
  async #until(indexes: readonly number[], timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const group = this.#reachable(indexes[0] ?? 0);
      const statuses = new Map<number, MemberStatus | undefined>();
      await Promise.all(
        group.map(async (index) => void statuses.set(index, await this.#slots[index]?.member.status())),
      );
      const leader = [...statuses].find(([, status]) => status?.role === "leader" || status?.role === "standalone");
      const isBehind = (index: number): boolean => {
        const status = statuses.get(index);
        return status !== undefined && status.leaderSid === leader?.[1]?.leaderSid;
      };
      if (leader !== undefined && indexes.every(isBehind)) return;
      const dead = indexes.find((index) => this.#slots[index]?.member.isRunning === false);
      if (dead !== undefined) throw new EnsembleError(`server ${dead} has ended by itself. ${this.#logHint}`);
      if (performance.now() > deadline) {
        const message = `not ready after ${timeoutMs} ms: ${this.#states(statuses)}. ${this.#logHint}`;
        throw new EnsembleError(message, { code: "NOT_READY" });
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  #states(statuses?: ReadonlyMap<number, MemberStatus | undefined>): string {
    return this.servers
      .map(({ index, state }) => {
        const role = statuses?.get(index)?.role;
        return `server ${index} is ${state}${state === "running" && statuses !== undefined ? `, ${role ?? "serves nobody"}` : ""}`;
      })
      .join("; ");
  }

  #slot(index: number): Slot {
    const slot = this.#slots[index];
    if (slot === undefined) throw new RangeError(`there is no server ${index}; they are 0 to ${this.size - 1}`);
    return slot;
  }

  #running(index: number): Slot {
    const slot = this.#slot(index);
    if (!slot.member.isRunning) throw new EnsembleError(`server ${index} does not run; restart it`);
    return slot;
  }

  #mustNotBeStopped(): void {
    if (this.#stopped !== undefined) throw new EnsembleError("the ensemble was stopped");
  }
}
