/**
 * One history of an ensemble, from one seed: clients work while the nemesis breaks things; then the faults end, and the ensemble
 * must serve, on every server, within 20 seconds. Everything that was seen is checked.
 */
import type { SeededRandom } from "@ordinal/kit";
import type { World } from "@ordinal/simulator";

import type { Txn } from "../jute/txn-records.ts";
import { zxidHex, type SessionId, type Zxid } from "../jute/zxid.ts";
import { checkSession, sameBytes } from "./check-session.ts";
import { noCoverage, type Coverage } from "./coverage.ts";
import { Model } from "./model.ts";
import { Nemesis } from "./nemesis.ts";
import { observe, Observer } from "./observer.ts";
import { SimulatedClient, type ClientWorld } from "./simulated-client.ts";
import { startEnsemble, type EnsembleSettings, type SimulatedServer } from "./simulated-ensemble.ts";
import { FOLDERS, Workload, type WorkloadSettings } from "./workload.ts";

export interface ScenarioSettings {
  readonly ensemble: EnsembleSettings;
  /** Of each link, each way. */
  readonly delayMs: readonly [least: number, most: number];
  readonly workload: WorkloadSettings;
  readonly clients: number;
  readonly sessionTimeoutMs: number;
  readonly operationsLeast: number;
  readonly faultsLeast: number;
}

/** In which the ensemble has to serve after the last fault. */
export const RECOVERY_LIMIT_MS = 20_000;
/** In which enough must have happened; many faults let nothing happen for long. */
const CHAOS_LIMIT_MS = 120_000;

export function settingsOf(random: SeededRandom): ScenarioSettings {
  const isLarge = random.chance(0.25);
  return {
    ensemble: {
      voters: random.chance(0.75) ? 3 : 5,
      observers: random.chance(0.2) ? 1 : 0,
      tickTimeMs: random.pick([200, 300]),
      snapCount: random.pick([20, 60, 200]),
      commitLogCount: random.pick([2, 8, 500]),
      snapshotSizeFactor: random.pick([-1, 0.33, 1]),
      preAllocSizeKb: random.pick([1, 16]),
    },
    delayMs: random.pick([
      [0.1, 2],
      [0.1, 2],
      [1, 15],
    ]),
    workload: {
      registers: random.pick([2, 5, 12]),
      dataBytesMax: isLarge ? 12_000 : 200,
      thinkMs: random.pick([
        [0, 20],
        [5, 60],
      ]),
    },
    clients: random.between(3, 5),
    sessionTimeoutMs: random.pick([600, 1200, 3000]),
    operationsLeast: 200,
    faultsLeast: 8,
  };
}

/** Runs one seed. Rejects with what was broken. */
export async function runScenario(world: World): Promise<Coverage> {
  const scenario = new Scenario(world);
  try {
    return await scenario.run();
  } finally {
    scenario.dispose();
  }
}

class Scenario {
  readonly #world: World;
  readonly #settings: ScenarioSettings;
  readonly #coverage = noCoverage();
  /** How a server that synchronises does it. */
  readonly #syncs = new Map<SimulatedServer, "diff" | "trunc" | "snap">();
  readonly #observer: Observer;
  readonly #servers: SimulatedServer[];
  readonly #clientWorld: ClientWorld;
  readonly #clientHosts: string[] = [];
  readonly #broken: Promise<never>;
  #nemesis: Nemesis | undefined;
  #isBroken = false;

  constructor(world: World) {
    this.#world = world;
    this.#settings = settingsOf(world.random.fork("settings"));
    world.note("settings", this.#settings);
    world.network.delayMs = this.#settings.delayMs;
    let reject: (error: Error) => void = () => {};
    this.#broken = new Promise((_, no) => {
      reject = no;
    });
    this.#broken.catch(() => {});
    const fail = (error: unknown): void => {
      this.#isBroken = true;
      reject(error instanceof Error ? error : new Error(String(error)));
    };
    this.#observer = new Observer(fail);
    observe(this.#observer);
    this.#clientWorld = {
      clock: world.clock,
      random: world.random.fork("clients"),
      sessions: [],
      ackedZxid: 0 as Zxid,
      acknowledgedWrites: 0,
      replies: 0,
      fail,
    };
    this.#servers = startEnsemble(world, this.#settings.ensemble, fail, (server, event) => {
      this.#count(server, event);
      this.#nemesis?.heard(server, event);
    });
  }

  dispose(): void {
    for (const server of this.#servers) server.dispose();
    observe(undefined);
  }

  run(): Promise<Coverage> {
    return Promise.race([this.#run(), this.#broken]);
  }

  async #run(): Promise<Coverage> {
    await this.#prepare();
    const { clients: count, workload } = this.#settings;
    const clients = Array.from({ length: count }, (_, at) => this.#newClient(`client-${at}`));
    const sleep = (ms: number): Promise<void> => this.#sleep(ms);
    const nemesis = new Nemesis(this.#world, this.#servers, this.#clientHosts);
    this.#nemesis = nemesis;
    const quiet = async (): Promise<void> => {
      while (this.#world.events.nowMs < nemesis.quietUntilMs)
        await sleep(nemesis.quietUntilMs - this.#world.events.nowMs);
    };
    const workloads = clients.map(
      (client) => new Workload(client, this.#clientWorld.random.fork(client.name), workload, sleep, quiet),
    );
    nemesis.start();
    for (const each of workloads) void each.run();
    await this.#until(CHAOS_LIMIT_MS, "enough happens", () => {
      return (
        this.#observer.committed.length >= this.#settings.operationsLeast &&
        nemesis.faults >= this.#settings.faultsLeast
      );
    });
    nemesis.end();
    await this.#mustServe();
    for (const each of workloads) each.isOver = true;
    for (const client of clients) client.stop();
    await this.#settle();
    this.#check();
    this.#coverage.seeds = 1;
    this.#coverage.operations = this.#observer.committed.length;
    this.#coverage.faults = nemesis.faults;
    this.#coverage.virtualMs = this.#world.events.nowMs;
    return this.#coverage;
  }

  #newClient(name: string, servers = this.#servers): SimulatedClient {
    const address = `10.0.1.${this.#clientHosts.length + 1}`;
    this.#clientHosts.push(address);
    const { net } = this.#world.host(address).start();
    const { sessionTimeoutMs } = this.#settings;
    return new SimulatedClient(
      name,
      net,
      servers.map((server) => server.address),
      sessionTimeoutMs,
      this.#clientWorld,
    );
  }

  /** The nodes that the workload needs, before anything breaks. */
  async #prepare(): Promise<void> {
    const client = this.#newClient("setup");
    const { registers } = this.#settings.workload;
    const paths = [...FOLDERS, ...Array.from({ length: registers }, (_, at) => `/registers/${at}`)];
    for (const path of paths) {
      await client.connected();
      const record = await client.ask({ kind: "create", path, data: new Uint8Array(1), flags: 0 });
      if (record?.outcome?.error !== 0) throw new Error(`${path} cannot be created: ${record?.outcome?.error}`);
    }
    client.stop();
  }

  /** A write and a read on every server. */
  async #mustServe(): Promise<void> {
    const waiting = new Set(this.#servers);
    for (const server of this.#servers) void this.#serveOnce(server).then(() => waiting.delete(server));
    await this.#until(RECOVERY_LIMIT_MS, "every server serves again", () => waiting.size === 0);
  }

  async #serveOnce(server: SimulatedServer): Promise<void> {
    const client = this.#newClient(`probe-${server.sid}`, [server]);
    for (;;) {
      await client.connected();
      const written = await client.ask({ kind: "set", path: "/registers/0", data: new Uint8Array(3), version: -1 });
      const read = await client.ask({ kind: "get", path: "/registers/0", watch: false });
      if (written?.outcome?.error === 0 && read?.outcome?.error === 0) break;
    }
    client.stop();
  }

  /** Waits until all sessions have expired and all servers have the same. */
  async #settle(): Promise<void> {
    await this.#until(RECOVERY_LIMIT_MS, "all sessions are over and all servers are at one zxid", () => {
      const databases = this.#servers.map((server) => server.running?.view.service.database);
      const zxid = databases[0]?.lastProcessedZxid;
      return databases.every((database) => database?.sessions.size === 0 && database.lastProcessedZxid === zxid);
    });
  }

  #check(): void {
    const model = new Model();
    const txns = new Map<string, Txn>();
    for (const txn of this.#observer.committed) {
      model.apply(txn);
      txns.set(`${txn.header.sessionId}:${txn.header.cxid}`, txn);
    }
    const txnOf = (session: SessionId, cxid: number): Txn | undefined => txns.get(`${session}:${cxid}`);
    for (const session of this.#clientWorld.sessions) {
      checkSession(session, model, txnOf);
      this.#coverage.watchEvents += session.events.filter((event) => event.kind === "event").length;
    }
    for (const server of this.#servers) this.#compare(server, model);
  }

  /** The server's tree is the model's. */
  #compare(server: SimulatedServer, model: Model): void {
    const tree = server.running?.view.service.database.tree;
    if (tree === undefined) throw new Error(`server ${server.sid} does not run`);
    for (const [path, wanted] of model.nodes()) {
      if (path === "/") continue;
      const node = tree.node(path);
      if (node === undefined) throw new Error(`server ${server.sid} lacks ${path}`);
      const stat = tree.statOf(node);
      const isSame =
        stat.mzxid === wanted.mzxid &&
        stat.pzxid === wanted.pzxid &&
        stat.version === wanted.version &&
        sameBytes(node.data, wanted.data);
      if (!isSame) throw new Error(`server ${server.sid} has another ${path}: mzxid ${zxidHex(stat.mzxid)}`);
      if (wanted.owner !== 0n) throw new Error(`${path} outlives its session`);
    }
  }

  #count(server: SimulatedServer, event: string): void {
    switch (event) {
      case "elected":
        this.#coverage.elections++;
        break;
      case "following":
      case "observing":
        this.#syncs.set(server, "diff");
        break;
      case "truncating":
        this.#syncs.set(server, "trunc");
        break;
      case "getting-a-snapshot":
        this.#syncs.set(server, "snap");
        break;
      case "synchronized-with-leader":
        this.#coverage[this.#syncs.get(server) ?? "diff"]++;
        break;
      case "session-expired":
        this.#coverage.expiries++;
        break;
      case "log-torn":
        this.#coverage.tornLogs++;
        break;
    }
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#world.clock.setTimer(ms, () => resolve());
    });
  }

  async #until(limitMs: number, what: string, isSo: () => boolean): Promise<void> {
    const endMs = this.#world.events.nowMs + limitMs;
    while (!isSo()) {
      if (this.#isBroken) await this.#broken;
      if (this.#world.events.nowMs > endMs) throw new Error(`after ${limitMs} ms it is not so that ${what}`);
      await this.#sleep(10);
    }
  }
}
