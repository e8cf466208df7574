import { isIP } from "node:net";

import type { Clock, Disk, Net, Random, Resolver, Store } from "@ordinal/io";
import type { SeededRandom } from "@ordinal/kit";

import { DiskDevice } from "./disk-device.ts";
import type { EventQueue } from "./event-queue.ts";
import { Life } from "./life.ts";
import { SimulatedClock } from "./simulated-clock.ts";
import { DiskFiles, SimulatedDisk, type Survival } from "./simulated-disk.ts";
import type { SimulatedNetwork } from "./simulated-network.ts";
import { openSimulatedStore } from "./simulated-store.ts";
import { StoreFiles } from "./store-files.ts";
import { systemError } from "./system-error.ts";

/** What a process is given of the world. */
export interface Ports {
  readonly clock: Clock;
  readonly random: Random;
  readonly net: Net;
  readonly disk: Disk;
  readonly resolver: Resolver;
  readonly openStore: (directory: string) => Promise<Store>;
}

interface HostParts {
  readonly address: string;
  readonly random: SeededRandom;
  readonly events: EventQueue;
  readonly network: SimulatedNetwork;
  readonly names: ReadonlyMap<string, readonly string[]>;
  readonly note: (event: string, fields?: object) => void;
}

/** A machine: its disk outlives its processes, of which there is one at a time. */
export class SimulatedHost {
  readonly address: string;
  /** The faults of its disk. */
  readonly device: DiskDevice;
  readonly #parts: HostParts;
  readonly #files: DiskFiles;
  readonly #stores = new Map<string, StoreFiles>();
  #life: Life | undefined;
  #clock: SimulatedClock | undefined;
  #clockOffsetMs = 0;
  #isUp = true;

  constructor(parts: HostParts) {
    this.address = parts.address;
    this.#parts = parts;
    this.device = new DiskDevice(parts.random.fork("device"));
    this.#files = new DiskFiles(parts.random.fork("files"));
  }

  /** Whether the machine is on, with or without a process. */
  get isUp(): boolean {
    return this.#isUp;
  }

  /** How far the host's wall clock is ahead of true time. It stays through restarts. */
  get clockOffsetMs(): number {
    return this.#clockOffsetMs;
  }

  set clockOffsetMs(offsetMs: number) {
    this.#parts.note("clock-set", { offsetMs });
    this.#clockOffsetMs = offsetMs;
    if (this.#clock !== undefined) this.#clock.offsetMs = offsetMs;
  }

  /** Starts a process, after `kill` or `powerOff` ended the one before, and gives it its ports. */
  start(): Ports {
    if (this.#life?.alive === true) throw new Error(`a process runs on ${this.address}; kill it first`);
    const { events, random, network } = this.#parts;
    const life = new Life(events);
    this.#life = life;
    this.#parts.note("started");
    const note = (event: string, fields?: object): void => this.#parts.note(event, fields);
    const clock = new SimulatedClock(events, () => life.alive);
    clock.offsetMs = this.#clockOffsetMs;
    this.#clock = clock;
    const device = this.device;
    const ports: Ports = {
      clock,
      random: random.fork("process"),
      net: network.netOf(this.address, life),
      disk: new SimulatedDisk({ files: this.#files, device, life, note, nowMs: () => clock.now() }),
      resolver: { resolve: (name) => this.#resolve(name, life) },
      openStore: (directory) => openSimulatedStore({ directory, files: this.#store(directory), device, life, note }),
    };
    if (!this.#isUp) {
      this.#isUp = true;
      network.hostUp(this.address);
    }
    return ports;
  }

  async #resolve(name: string, life: Life): Promise<readonly string[]> {
    await life.sleep(0);
    const found = isIP(name) === 0 ? this.#parts.names.get(name) : [name];
    if (found === undefined) throw systemError("ENOTFOUND", "getaddrinfo", name);
    return found;
  }

  /** Ends the process as `kill -9` does: what it wrote is kept, its connections are reset. */
  kill(): void {
    this.#parts.note("killed");
    this.#life?.end();
    if (this.#life !== undefined) this.#parts.network.lifeEnded(this.#life, true);
  }

  /**
   * The machine stops: of what was not synced some may be lost or torn, and nobody is told.
   *
   * @param survival what of the files' unsynced changes is kept; without it chance decides
   */
  powerOff(survival?: Survival): void {
    this.#parts.note("power-off");
    this.#life?.end();
    this.#isUp = false;
    if (this.#life !== undefined) this.#parts.network.lifeEnded(this.#life, false);
    this.#files.powerFailure(survival);
    for (const store of this.#stores.values()) store.powerFailure();
  }

  /** Durable batches of this store go missing: its next opening fails with `STORE_DAMAGED`. */
  damageStore(directory: string): void {
    this.#parts.note("store-damaged", { directory });
    this.#store(directory).damage = "durable batches are missing";
  }

  #store(directory: string): StoreFiles {
    let files = this.#stores.get(directory);
    if (files === undefined) {
      files = new StoreFiles(this.#parts.random.fork(directory));
      this.#stores.set(directory, files);
    }
    return files;
  }
}
