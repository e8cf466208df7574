import type { Disk, Log } from "@ordinal/io";
import { hasCode } from "@ordinal/kit";
import { World, type SimulatedHost } from "@ordinal/simulator";

import { ZooKeeperClient, type ClientOptions } from "../../client/zookeeper-client.ts";
import { loadServerConfig } from "../../config/load-shell.ts";
import { startZooKeeper, type RunningServer } from "../../server/server.ts";

export interface PeerLabOptions {
  readonly size: number;
  readonly observers?: number;
  /** More lines of every server's zoo.cfg. */
  readonly lines?: readonly string[];
  /** System properties. */
  readonly properties?: Readonly<Record<string, string>>;
}

/** Whole servers zk-1, zk-2, … at 10.0.0.N in one simulated world, with clients beside them. */
export class PeerLab {
  readonly world: World;
  readonly servers = new Map<number, RunningServer>();
  readonly failures = new Map<number, Error>();
  readonly lines: string[] = [];
  readonly #options: PeerLabOptions;
  #nextClient = 1;

  constructor(seed: number, options: PeerLabOptions) {
    this.world = new World(seed);
    this.#options = options;
  }

  host(sid: number): SimulatedHost {
    return this.world.host(`10.0.0.${sid}`);
  }

  member(sid: number): string {
    const { size, observers = 0 } = this.#options;
    const role = sid > size - observers && sid <= size ? "observer" : "participant";
    return `server.${sid}=zk-${sid}:2888:3888:${role}`;
  }

  /** Starts servers; others than 1 to `size` know themselves and those. */
  async start(...sids: readonly number[]): Promise<void> {
    for (const sid of sids) this.world.names.set(`zk-${sid}`, [`10.0.0.${sid}`]);
    await this.world.until(Promise.all(sids.map((sid) => this.#start(sid))));
  }

  async #start(sid: number): Promise<void> {
    const ports = this.host(sid).start();
    const { size, lines = [], properties = {} } = this.#options;
    const members = Array.from({ length: size }, (_, at) => this.member(at + 1));
    if (sid > size) members.push(this.member(sid));
    const text = ["tickTime=200", "initLimit=10", "syncLimit=5", "dataDir=/data", "clientPort=2181"];
    text.push("admin.enableServer=false", "preAllocSize=16", ...lines, ...members);
    await ports.disk.makeDirectory("/data");
    await writeOnce(ports.disk, "/data/myid", String(sid));
    await writeOnce(ports.disk, "/zoo.cfg", text.join("\n"));
    const parsed = await loadServerConfig(ports.disk, "/zoo.cfg", new Map(Object.entries(properties)));
    if (parsed.config === undefined) throw new Error(parsed.problems.map(({ message }) => message).join("; "));
    const server = await startZooKeeper({ ports, config: parsed.config, log: this.#log(sid) });
    this.servers.set(sid, server);
    void server.failed.then((error) => this.failures.set(sid, error));
  }

  /** As `kill -9`. */
  kill(sid: number): void {
    this.host(sid).kill();
    this.servers.delete(sid);
  }

  /** A client of these servers, of all if none is named. */
  client(sids: readonly number[] = [], options: Partial<ClientOptions> = {}): ZooKeeperClient {
    const ports = this.world.host(`10.0.1.${this.#nextClient++}`).start();
    const names = (sids.length > 0 ? sids : [...this.servers.keys()]).map((sid) => `10.0.0.${sid}:2181`);
    return new ZooKeeperClient(names.join(","), { ports, ...options });
  }

  /** `leader`, `follower`, …; undefined while it serves nobody. */
  role(sid: number): string | undefined {
    return this.servers.get(sid)?.view.service.replica?.role;
  }

  get leader(): number | undefined {
    return [...this.servers.keys()].find((sid) => this.role(sid) === "leader");
  }

  get isWhole(): boolean {
    return this.leader !== undefined && [...this.servers.keys()].every((sid) => this.role(sid) !== undefined);
  }

  /** The virtual time until it is so; an error after `limitMs`. */
  async until(isSo: () => boolean, limitMs = 20_000): Promise<number> {
    const startMs = this.world.events.nowMs;
    while (!isSo()) {
      if (this.world.events.nowMs - startMs > limitMs) {
        throw new Error(`not so after ${limitMs} ms; ${this.lines.slice(-30).join("\n")}`);
      }
      await this.world.run(1);
    }
    return this.world.events.nowMs - startMs;
  }

  /** The promise's result, in virtual time. */
  get<T>(promise: Promise<T>): Promise<T> {
    return this.world.until(promise, 60_000);
  }

  database(sid: number) {
    const server = this.servers.get(sid);
    if (server === undefined) throw new Error(`server ${sid} does not run`);
    return server.view.service.database;
  }

  /** Whether all that run have the same tree. */
  get isAgreed(): boolean {
    const digests = new Set([...this.servers.keys()].map((sid) => this.database(sid).tree.digest));
    return digests.size === 1;
  }

  #log(sid: number): Log {
    const note = (event: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      const plain = Object.entries(fields).map(([name, value]) => `${name}=${String(value)}`);
      this.lines.push(`${this.world.events.nowMs.toFixed(1)} ${sid} ${event} ${plain.join(" ")}`);
    };
    return { debug: () => {}, info: note, warn: note, error: note };
  }
}

/** What a server has changed since stays as it is. */
async function writeOnce(disk: Disk, path: string, text: string): Promise<void> {
  try {
    const file = await disk.open(path, "create");
    await file.append(new TextEncoder().encode(text));
    await file.sync();
    await file.close();
    await disk.syncDirectory("/");
    await disk.syncDirectory("/data");
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
  }
}
