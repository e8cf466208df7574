/**
 * What the simulated clients do: registers set with and without a version, ephemeral and sequential nodes, multis that succeed and
 * that fail, reads and watches of all of it, several requests at a time, and sessions that end in every way.
 */
import type { SeededRandom } from "@ordinal/kit";

import { CreateFlag } from "../jute/op-code.ts";
import type { Operation, OperationRecord, WriteOperation } from "./operation.ts";
import type { SimulatedClient } from "./simulated-client.ts";

export interface WorkloadSettings {
  readonly registers: number;
  readonly dataBytesMax: number;
  /** Between two bursts of requests. */
  readonly thinkMs: readonly [least: number, most: number];
}

/** The nodes that are there before everything else begins. */
export const FOLDERS = ["/registers", "/ephemeral", "/sequence", "/work"] as const;
const NAMES = ["a", "b", "c", "d"];

export class Workload {
  readonly #random: SeededRandom;
  readonly #settings: WorkloadSettings;
  readonly #client: SimulatedClient;
  readonly #sleep: (ms: number) => Promise<void>;
  readonly #quiet: () => Promise<void>;
  /** Versions that this client saw last: what it sets next is conditional on them. */
  readonly #versions = new Map<string, number>();
  #value = 0;
  isOver = false;

  /** @param quiet resolves when clients may go on */
  constructor(
    client: SimulatedClient,
    random: SeededRandom,
    settings: WorkloadSettings,
    sleep: (ms: number) => Promise<void>,
    quiet: () => Promise<void>,
  ) {
    this.#quiet = quiet;
    this.#client = client;
    this.#random = random;
    this.#settings = settings;
    this.#sleep = sleep;
  }

  async run(): Promise<void> {
    while (!this.isOver) {
      await this.#client.connected();
      await this.#quiet();
      await this.#burst();
      await this.#sleep(this.#random.between(...this.#settings.thinkMs));
      if (this.#random.chance(0.02)) await this.#endSession();
    }
  }

  async #burst(): Promise<void> {
    const size = this.#random.chance(0.5) ? 1 : this.#random.between(2, 6);
    const asked: (Promise<OperationRecord> | undefined)[] = [];
    for (let at = 0; at < size; at++) asked.push(this.#client.ask(this.#operation()));
    if (this.#random.chance(0.03)) {
      this.#client.hangUp();
    }
    for (const record of await Promise.all(asked)) if (record !== undefined) this.#learn(record);
  }

  async #endSession(): Promise<void> {
    if (this.#random.chance(0.5)) {
      await this.#client.ask({ kind: "close" });
    } else {
      this.#client.forsake();
    }
    this.#versions.clear();
  }

  #learn({ operation, outcome }: OperationRecord): void {
    if (!("path" in operation)) return;
    const version = outcome?.answer?.stat?.version;
    if (version !== undefined) this.#versions.set(operation.path, version);
    else this.#versions.delete(operation.path);
  }

  #operation(): Operation {
    const choice = this.#random.between(0, 99);
    const watch = this.#random.chance(0.5);
    if (choice < 24) return this.#set(this.#register());
    if (choice < 40) return { kind: "get", path: this.#register(), watch };
    if (choice < 47) return this.#create("/ephemeral", CreateFlag.ephemeral);
    if (choice < 52)
      return this.#create(
        "/sequence",
        this.#random.pick([CreateFlag.persistentSequential, CreateFlag.ephemeralSequential]),
      );
    if (choice < 60) return this.#create("/work", CreateFlag.persistent);
    if (choice < 66)
      return {
        kind: "delete",
        path: this.#somePath(),
        version: this.#random.chance(0.7) ? -1 : this.#random.between(0, 3),
      };
    if (choice < 74) return { kind: "exists", path: this.#somePath(), watch };
    if (choice < 82) return { kind: "children", path: this.#random.pick([...FOLDERS]), watch };
    if (choice < 94) return this.#multi();
    if (choice < 97) return { kind: "sync", path: "/" };
    return this.#set(this.#somePath());
  }

  #register(): string {
    return `/registers/${this.#random.between(0, this.#settings.registers - 1)}`;
  }

  #somePath(): string {
    return `${this.#random.pick(["/ephemeral", "/work"])}/${this.#random.pick(NAMES)}`;
  }

  #set(path: string): WriteOperation {
    const known = this.#versions.get(path);
    const version = known !== undefined && this.#random.chance(0.6) ? known : -1;
    return { kind: "set", path, data: this.#data(), version };
  }

  #create(folder: string, flags: number): WriteOperation {
    const name = (flags & CreateFlag.persistentSequential) === 0 ? this.#random.pick(NAMES) : "n-";
    return { kind: "create", path: `${folder}/${name}`, data: this.#data(), flags };
  }

  #multi(): Operation {
    const parts: WriteOperation[] = [];
    const count = this.#random.between(2, 5);
    for (let at = 0; at < count; at++) {
      const choice = this.#random.between(0, 9);
      if (choice < 6) parts.push(this.#set(this.#register()));
      else if (choice < 8) parts.push(this.#create("/work", CreateFlag.persistent));
      else if (choice < 9) parts.push({ kind: "delete", path: this.#somePath(), version: -1 });
      else parts.push({ kind: "check", path: this.#register(), version: this.#random.chance(0.8) ? -1 : 0 });
    }
    return { kind: "multi", parts };
  }

  /** A value of its own each time, so that a read tells which write it saw. */
  #data(): Uint8Array {
    const text = `${this.#client.name}-${this.#value++}`;
    const length = this.#random.chance(0.3)
      ? this.#random.between(text.length, Math.max(text.length, this.#settings.dataBytesMax))
      : text.length;
    const data = Buffer.alloc(length, text);
    return new Uint8Array(data.buffer, data.byteOffset, data.length);
  }
}
