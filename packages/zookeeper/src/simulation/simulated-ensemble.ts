/** The servers of a simulated ensemble: the production server on simulated ports, started again when it ends by itself. */
import type { Log, NetAddress } from "@ordinal/io";
import { hasCode } from "@ordinal/kit";
import type { SimulatedHost, World } from "@ordinal/simulator";

import type { ServerConfig } from "../config/server-config.ts";
import { parseZooCfg } from "../config/zoo-cfg.ts";
import { startZooKeeper, type RunningServer } from "../server/server.ts";

export interface EnsembleSettings {
  readonly voters: number;
  readonly observers: number;
  readonly tickTimeMs: number;
  readonly snapCount: number;
  readonly commitLogCount: number;
  /** How much larger than a snapshot the log may be that a learner gets instead of it. */
  readonly snapshotSizeFactor: number;
  readonly preAllocSizeKb: number;
}

const DISK_FAULTS = ["EIO", "ENOSPC"];
const CLIENT_PORT = 2181;
/** Until a server that ended by itself is started again, as a supervisor does it. */
const RESTART_MS = 200;

export class SimulatedServer {
  readonly sid: number;
  readonly host: SimulatedHost;
  readonly isVoter: boolean;
  /** Undefined: it does not run, or is not ready yet. */
  running: RunningServer | undefined;
  /** The nemesis wants it to be down. */
  isHeldDown = false;
  #life = 0;
  readonly #world: World;
  readonly #config: ServerConfig;
  readonly #fail: (error: Error) => void;
  readonly #heard: (server: SimulatedServer, event: string) => void;
  readonly #disposition: { isOver: boolean } = { isOver: false };

  constructor(parts: {
    sid: number;
    host: SimulatedHost;
    world: World;
    config: ServerConfig;
    fail: (error: Error) => void;
    heard: (server: SimulatedServer, event: string) => void;
  }) {
    this.sid = parts.sid;
    this.host = parts.host;
    this.isVoter = parts.config.peerType !== "observer";
    this.#world = parts.world;
    this.#config = parts.config;
    this.#fail = parts.fail;
    this.#heard = parts.heard;
  }

  get address(): NetAddress {
    return { host: this.host.address, port: CLIENT_PORT };
  }

  get isServing(): boolean {
    return this.running?.view.service.isServing === true;
  }

  start(): void {
    if (this.#disposition.isOver) return;
    const life = ++this.#life;
    const ports = this.host.start();
    startZooKeeper({ ports, config: this.#config, log: this.#log() }).then(
      (running) => {
        if (life !== this.#life) return;
        this.running = running;
        void running.failed.then((error) => this.#ended(life, error));
      },
      (error: unknown) => {
        if (life !== this.#life) return;
        const reason = error instanceof Error ? error : new Error(String(error));
        // A disk that is made to fail may keep it from starting, and nothing else.
        if (!DISK_FAULTS.some((code) => hasCode(reason, code) || hasCode(reason.cause, code))) {
          this.#fail(new Error(`server ${this.sid} does not start: ${reason.message}`, { cause: reason }));
        }
        this.#ended(life, reason);
      },
    );
  }

  kill(): void {
    this.#life++;
    this.running = undefined;
    this.host.kill();
  }

  powerOff(): void {
    this.#life++;
    this.running = undefined;
    this.host.powerOff();
  }

  /** No more restarts. */
  dispose(): void {
    this.#disposition.isOver = true;
    this.kill();
  }

  /** The server gave up; its supervisor starts it again. */
  #ended(life: number, error: Error): void {
    if (life !== this.#life) return;
    this.#world.note("server-ended", { sid: this.sid, reason: error.message });
    this.kill();
    this.#world.clock.setTimer(RESTART_MS, () => {
      if (this.running === undefined && !this.isHeldDown && life === this.#life - 1) this.start();
    });
  }

  #log(): Log {
    const note = (event: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      this.#world.note(`zk-${this.sid} ${event}`, fields);
      this.#heard(this, event);
    };
    return { debug: () => {}, info: note, warn: note, error: note };
  }
}

/** All servers at 10.0.0.N, started. */
export function startEnsemble(
  world: World,
  settings: EnsembleSettings,
  fail: (error: Error) => void,
  heard: (server: SimulatedServer, event: string) => void,
): SimulatedServer[] {
  const count = settings.voters + settings.observers;
  const servers: SimulatedServer[] = [];
  for (let sid = 1; sid <= count; sid++) {
    world.names.set(`zk-${sid}`, [`10.0.0.${sid}`]);
    const host = world.host(`10.0.0.${sid}`);
    servers.push(new SimulatedServer({ sid, host, world, config: configOf(sid, settings), fail, heard }));
  }
  for (const server of servers) server.start();
  return servers;
}

function configOf(sid: number, settings: EnsembleSettings): ServerConfig {
  const count = settings.voters + settings.observers;
  const members = Array.from({ length: count }, (_, at) => {
    const role = at < settings.voters ? "participant" : "observer";
    return `server.${at + 1}=zk-${at + 1}:2888:3888:${role}`;
  });
  const text = [
    `tickTime=${settings.tickTimeMs}`,
    "initLimit=10",
    "syncLimit=5",
    "dataDir=/data",
    `clientPort=${CLIENT_PORT}`,
    "admin.enableServer=false",
    "maxClientCnxns=0",
    `snapCount=${settings.snapCount}`,
    `commitLogCount=${settings.commitLogCount}`,
    `snapshotSizeFactor=${settings.snapshotSizeFactor}`,
    `preAllocSize=${settings.preAllocSizeKb}`,
    ...(sid > settings.voters ? ["peerType=observer"] : []),
    ...(count > 1 ? members : []),
  ].join("\n");
  const parsed = parseZooCfg({ file: "zoo.cfg", text, myid: String(sid) });
  if (parsed.config === undefined) throw new Error(parsed.problems.map(({ message }) => message).join("; "));
  return parsed.config;
}
