import { SeededRandom } from "@ordinal/kit";

import { EventQueue } from "./event-queue.ts";
import { SimulatedClock } from "./simulated-clock.ts";
import { SimulatedHost } from "./simulated-host.ts";
import { SimulatedNetwork } from "./simulated-network.ts";
import { Trace } from "./trace.ts";

/**
 * Hosts, the network between them and time, all from one seed. Code under test gets a host's ports and runs as it is;
 * between two events everything that its promises can do is done, so a run depends on the seed alone, as long as the
 * code waits for nothing but the ports.
 */
export class World {
  readonly seed: number;
  /** For the scenario's own decisions. */
  readonly random: SeededRandom;
  readonly events = new EventQueue();
  /** The true time, which hosts' clocks may differ from. */
  readonly clock: SimulatedClock;
  readonly network: SimulatedNetwork;
  /** What host names resolve to, for every host; a name that is not there does not resolve. */
  readonly names = new Map<string, readonly string[]>();
  readonly #trace = new Trace();
  readonly #hosts = new Map<string, SimulatedHost>();
  readonly #hostSeeds: SeededRandom;

  constructor(seed: number) {
    this.seed = seed;
    const root = new SeededRandom(seed);
    this.random = root.fork("scenario");
    this.#hostSeeds = root.fork("hosts");
    this.clock = new SimulatedClock(this.events);
    this.network = new SimulatedNetwork({
      events: this.events,
      random: root.fork("network"),
      note: (event, fields) => this.note(event, fields),
      host: (address) => this.#hosts.get(address),
    });
  }

  /** The host with this IP address; made at the first call. */
  host(address: string): SimulatedHost {
    let host = this.#hosts.get(address);
    if (host === undefined) {
      const random = this.#hostSeeds.fork(address);
      const note = (event: string, fields?: object): void => this.note(event, { host: address, ...fields });
      const { events, network, names } = this;
      host = new SimulatedHost({ address, random, events, network, names, note });
      this.#hosts.set(address, host);
    }
    return host;
  }

  /** Writes to the trace: what happened, at the present virtual time. */
  note(event: string, fields: object = {}): void {
    this.#trace.note(`${this.events.nowMs.toFixed(3)} ${event} ${JSON.stringify(fields)}`);
  }

  /** Equal for two runs in which the same happened. */
  get digest(): string {
    return this.#trace.digest;
  }

  /** The end of the trace, for people. */
  get lastEvents(): readonly string[] {
    return this.#trace.lastLines;
  }

  /** Lets `forMs` virtual milliseconds pass with all that happens in them. */
  async run(forMs: number): Promise<void> {
    const endMs = this.events.nowMs + forMs;
    await promisesDone();
    for (
      let nextMs = this.events.nextAtMs();
      nextMs !== undefined && nextMs <= endMs;
      nextMs = this.events.nextAtMs()
    ) {
      this.events.step();
      await promisesDone();
    }
    this.events.advanceTo(endMs);
  }

  /**
   * Lets time pass until the promise settles and gives its result. Rejects if `limitMs` pass first, or if nothing is left to
   * happen while it still waits: a deadlock, or code that waits for something else than the ports.
   */
  async until<T>(promise: Promise<T>, limitMs = 3_600_000): Promise<T> {
    let settled = false;
    const settle = (): void => {
      settled = true;
    };
    promise.then(settle, settle);
    const endMs = this.events.nowMs + limitMs;
    await promisesDone();
    while (!settled) {
      const nextMs = this.events.nextAtMs();
      if (nextMs === undefined) throw new Error("nothing is left to happen, and it still waits");
      if (nextMs > endMs) throw new Error(`it still waits after ${limitMs} ms of virtual time`);
      this.events.step();
      await promisesDone();
    }
    return promise;
  }
}

/** Resolves when all promises have done what they can: an immediate runs after the last microtask. */
function promisesDone(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
