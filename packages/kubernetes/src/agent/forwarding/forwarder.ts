import { connect, createServer, type Server, type Socket } from "node:net";

import type { Clock, Log } from "@ordinal/io";

import { Balancer } from "./balancer.ts";
import { forwardableConnections } from "./descriptor-limit.ts";
import { API_BACKEND, type Backend, type ForwardRule } from "./rules.ts";

/** Connections being forwarded at once, where the limit of open files allows so many; further ones are closed. */
const CONNECTIONS_MAX = 8192;
/** An endpoint that does not answer in this time is passed over for the next. */
const DIAL_TIMEOUT_MS = 5000;

export interface ForwarderOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Where the API is reached from here. */
  readonly api: { readonly path: string } | { readonly host: string };
  /** Addresses to listen on inside the lab for a rule; none where the host's listeners serve the pods too. */
  listenAt(rule: ForwardRule): readonly string[];
}

/** Accepts connections for the rules and leads them to their endpoints. */
export class Forwarder {
  readonly #options: ForwarderOptions;
  #rules: ReadonlyMap<string, ForwardRule> = new Map();
  readonly #balancers = new Map<string, Balancer>();
  readonly #own = new Map<string, Server>();
  readonly #given = new Map<number, Server>();
  readonly #open = new Set<Socket>();
  readonly #connectionsMax = forwardableConnections(CONNECTIONS_MAX);

  constructor(options: ForwarderOptions) {
    this.#options = options;
  }

  /** From now on these hold; connections that are open go on. */
  setRules(rules: ReadonlyMap<string, ForwardRule>): void {
    this.#rules = rules;
    for (const key of this.#balancers.keys()) if (!rules.has(key)) this.#balancers.delete(key);
    const wanted = new Map<string, { readonly rule: ForwardRule; readonly address: string }>();
    for (const rule of rules.values())
      for (const address of this.#options.listenAt(rule)) wanted.set(`${address}:${rule.port}`, { rule, address });
    for (const [place, server] of this.#own) {
      if (wanted.has(place)) continue;
      server.close();
      this.#own.delete(place);
    }
    for (const [place, { rule, address }] of wanted) if (!this.#own.has(place)) this.#listen(place, rule, address);
  }

  /** Takes a listener of the host for the rule with this key. */
  accept(serial: number, key: string, server: Server): void {
    this.#given.set(serial, server);
    server.on("connection", (socket) => this.#forward(key, socket));
    server.on("error", (error) => this.#options.log.warn("forward-listener-failed", { key, error: String(error) }));
  }

  release(serial: number): void {
    this.#given.get(serial)?.close();
    this.#given.delete(serial);
  }

  close(): void {
    for (const server of [...this.#own.values(), ...this.#given.values()]) server.close();
    for (const socket of this.#open) socket.destroy();
  }

  #listen(place: string, rule: ForwardRule, address: string): void {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#forward(rule.key, socket));
    server.on("error", (error) => {
      this.#options.log.warn("forward-not-listening", { place, error: String(error) });
      if (this.#own.get(place) === server) this.#own.delete(place);
    });
    this.#own.set(place, server);
    server.listen({ host: address, port: rule.port });
  }

  #forward(key: string, client: Socket): void {
    const rule = this.#rules.get(key);
    client.on("error", () => {});
    if (rule === undefined || this.#open.size >= this.#connectionsMax) {
      client.resetAndDestroy();
      return;
    }
    // Servers that were handed over accept with their own settings.
    client.allowHalfOpen = true;
    this.#open.add(client);
    client.on("close", () => this.#open.delete(client));
    void this.#dial(rule, client);
  }

  async #dial(rule: ForwardRule, client: Socket): Promise<void> {
    const balancer = this.#balancers.get(rule.key) ?? new Balancer();
    this.#balancers.set(rule.key, balancer);
    const from = client.remoteAddress ?? "";
    for (const backend of balancer.order(rule, from, this.#options.clock.now())) {
      const upstream = await this.#connect(backend);
      if (client.destroyed) {
        upstream?.destroy();
        return;
      }
      if (upstream === undefined) continue;
      balancer.connected(rule, from, backend, this.#options.clock.now());
      join(client, upstream);
      return;
    }
    // As a machine without a listener would: refused rather than ended.
    client.resetAndDestroy();
  }

  #connect({ address, port }: Backend): Promise<Socket | undefined> {
    const { api } = this.#options;
    const place =
      address !== API_BACKEND ? { host: address, port } : "path" in api ? { path: api.path } : { host: api.host, port };
    return new Promise((resolve) => {
      const socket = connect({ ...place, allowHalfOpen: true, noDelay: true });
      const timer = setTimeout(() => socket.destroy(new Error("timeout")), DIAL_TIMEOUT_MS);
      socket.once("connect", () => {
        clearTimeout(timer);
        resolve(socket);
      });
      socket.on("error", () => {});
      socket.once("close", () => {
        clearTimeout(timer);
        resolve(undefined);
      });
    });
  }
}

/** Two sockets as one. Each direction ends by itself; a reset of one side resets the other. */
export function join(left: Socket, right: Socket): void {
  for (const [from, to] of [
    [left, right],
    [right, left],
  ] as const) {
    from.pipe(to);
    from.on("error", () => to.resetAndDestroy());
    from.on("close", () => to.destroySoon());
  }
}
