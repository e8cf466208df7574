import { createServer, type Server } from "node:net";

import type { Log } from "@ordinal/io";

import type { ForwardRule } from "./rules.ts";

/** A listener of the host that leads into the lab. */
export interface Forward {
  readonly kind: "pod" | "clusterIP" | "nodePort";
  /** Address of the host that is listened at. */
  readonly address: string;
  /** Port as the pod or service declares it. */
  readonly port: number;
  /** Port of the host; another one where `port` may not be bound. */
  readonly hostPort: number;
  /** `default/web-0` or `default/nginx:web`. */
  readonly target: string;
}

/** Host listeners of one lab; what is beyond is not reachable from the host and told in the log. */
const LISTENERS_MAX = 2048;
/** Where a port that may not be bound is looked for instead: 8000 above, then the next free ones. */
const SHIFT = 8000;
const TRIES = 100;

interface Listener {
  readonly serial: number;
  readonly forward: Forward;
}

/**
 * Opens the host's listeners of the rules and gives them away, one change at a time. `give` takes a listening server over
 * (resolves once this process need not hold it any more), `take` closes one that was given.
 */
export class HostListeners {
  readonly #give: (key: string, serial: number, server: Server) => Promise<void>;
  readonly #take: (serial: number) => void;
  readonly #addressesOf: (rule: ForwardRule) => readonly string[];
  readonly #onForwards: (forwards: readonly Forward[]) => void;
  readonly #log: Log;
  readonly #listeners = new Map<string, Listener>();
  #serial = 1;
  #wanted: ReadonlyMap<string, ForwardRule> | undefined;
  #working = false;
  #stopped = false;

  constructor(options: {
    readonly give: (key: string, serial: number, server: Server) => Promise<void>;
    readonly take: (serial: number) => void;
    /** Addresses of the host at which a rule is listened for. */
    readonly addressesOf: (rule: ForwardRule) => readonly string[];
    readonly onForwards: (forwards: readonly Forward[]) => void;
    readonly log: Log;
  }) {
    this.#give = options.give;
    this.#take = options.take;
    this.#addressesOf = options.addressesOf;
    this.#onForwards = options.onForwards;
    this.#log = options.log;
  }

  setRules(rules: ReadonlyMap<string, ForwardRule>): void {
    this.#wanted = rules;
    if (!this.#working) void this.#work();
  }

  /** Sorted by kind, target and port. */
  forwards(): readonly Forward[] {
    const order = (forward: Forward) =>
      `${forward.kind} ${forward.target} ${String(forward.port).padStart(5, "0")} ${forward.address}`;
    return [...this.#listeners.values()]
      .map(({ forward }) => forward)
      .toSorted((left, right) => (order(left) < order(right) ? -1 : 1));
  }

  stop(): void {
    this.#stopped = true;
  }

  async #work(): Promise<void> {
    this.#working = true;
    for (let rules = this.#wanted; rules !== undefined && !this.#stopped; rules = this.#wanted) {
      this.#wanted = undefined;
      try {
        if (await this.#reach(rules)) this.#onForwards(this.forwards());
      } catch (error) {
        this.#log.warn("host-listeners-failed", { error: String(error) });
      }
    }
    this.#working = false;
  }

  /** True when something changed. */
  async #reach(rules: ReadonlyMap<string, ForwardRule>): Promise<boolean> {
    let changed = false;
    const places = new Map<string, { readonly rule: ForwardRule; readonly address: string }>();
    for (const rule of rules.values())
      for (const address of this.#addressesOf(rule)) places.set(`${rule.key}@${address}`, { rule, address });
    for (const [place, { serial }] of this.#listeners) {
      if (places.has(place)) continue;
      this.#take(serial);
      this.#listeners.delete(place);
      changed = true;
    }
    for (const [place, { rule, address }] of places) {
      const known = this.#listeners.get(place);
      if (known !== undefined) {
        if (known.forward.target === rule.target) continue;
        this.#listeners.set(place, { ...known, forward: { ...known.forward, target: rule.target } });
        changed = true;
        continue;
      }
      if (this.#stopped || this.#listeners.size >= LISTENERS_MAX) break;
      const server = await listenNear(address, rule.port);
      if (server === undefined) {
        this.#log.warn("no-host-port", { address, port: rule.port, target: rule.target });
        continue;
      }
      const { port: hostPort } = server.address() as { port: number };
      const serial = this.#serial++;
      await this.#give(rule.key, serial, server);
      this.#listeners.set(place, {
        serial,
        forward: { kind: rule.kind, address, port: rule.port, hostPort, target: rule.target },
      });
      changed = true;
    }
    return changed;
  }
}

/** Listens at the port, or when that may not be had at the first free one from 8000 above it. The same result at every start of an idle machine. */
export async function listenNear(address: string, port: number): Promise<Server | undefined> {
  const above = port + SHIFT + TRIES <= 65_535 ? port + SHIFT : port - SHIFT;
  for (const candidate of [port, ...Array.from({ length: TRIES }, (_, index) => above + index)]) {
    const server = await tryListen(address, candidate);
    if (server !== undefined) return server;
  }
  return undefined;
}

function tryListen(address: string, port: number): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EACCES" || error.code === "EADDRINUSE" || error.code === "EADDRNOTAVAIL") resolve(undefined);
      else reject(error);
    });
    server.listen({ host: address, port, exclusive: true }, () => resolve(server));
  });
}
