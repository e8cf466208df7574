import { CONNECT_TIMEOUT_MS, type Connection, type Listener, type Net, type NetAddress } from "@ordinal/io";
import type { SeededRandom } from "@ordinal/kit";

import type { Range } from "./disk-device.ts";
import type { EventQueue } from "./event-queue.ts";
import type { Life } from "./life.ts";
import { Link } from "./link.ts";
import { Pipe } from "./pipe.ts";
import { SimulatedConnection } from "./simulated-connection.ts";
import { systemError } from "./system-error.ts";

interface NetworkParts {
  readonly events: EventQueue;
  readonly random: SeededRandom;
  readonly note: (event: string, fields?: object) => void;
  /** The machine at this address, if there is one. */
  readonly host: (address: string) => { readonly isUp: boolean } | undefined;
}

interface Port {
  readonly life: Life;
  readonly accept: (connection: Connection) => void;
}

const EVERY_INTERFACE: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);
const FIRST_EPHEMERAL_PORT = 49_152;

/** All links between all hosts, and their faults. */
export class SimulatedNetwork {
  /** The delay of links that have none of their own, each way. */
  delayMs: Range = [0.1, 2];
  readonly #parts: NetworkParts;
  readonly #links = new Map<string, Link>();
  readonly #ports = new Map<string, Port>();
  readonly #connections = new Set<SimulatedConnection>();
  #nextPort = FIRST_EPHEMERAL_PORT;

  constructor(parts: NetworkParts) {
    this.#parts = parts;
  }

  /** The way from one host to another. */
  link(from: string, to: string): Link {
    const name = `${from}>${to}`;
    let link = this.#links.get(name);
    if (link === undefined) {
      link = new Link(this.#parts.events, this.#parts.random.fork(name), this.delayMs);
      this.#links.set(name, link);
    }
    return link;
  }

  /** Cuts both directions between the hosts of one group and those of the other. Connections stay and wait. */
  cut(one: string | readonly string[], other: string | readonly string[]): void {
    this.#parts.note("network-cut", { one, other });
    this.#between(one, other, (link) => link.cut());
  }

  heal(one: string | readonly string[], other: string | readonly string[]): void {
    this.#parts.note("network-healed", { one, other });
    this.#between(one, other, (link) => link.heal());
  }

  healAll(): void {
    this.#parts.note("network-healed");
    for (const link of this.#links.values()) link.heal();
  }

  /** Breaks all connections between two hosts, for both ends. */
  reset(one: string, other: string): void {
    this.#parts.note("network-reset", { one, other });
    for (const end of this.#connections) {
      if (end.local.host === one && end.remote.host === other) end.take({ kind: "reset" });
      if (end.local.host === other && end.remote.host === one) end.take({ kind: "reset" });
    }
  }

  #between(one: string | readonly string[], other: string | readonly string[], act: (link: Link) => void): void {
    for (const from of [one].flat()) {
      for (const to of [other].flat()) {
        act(this.link(from, to));
        act(this.link(to, from));
      }
    }
  }

  /** The network as a process on this host sees it. */
  netOf(host: string, life: Life): Net {
    return {
      listen: (address, accept) => this.#listen(host, life, address, accept),
      connect: (address, options) => this.#connect(host, life, address, options?.timeoutMs ?? CONNECT_TIMEOUT_MS),
    };
  }

  async #listen(host: string, life: Life, address: NetAddress, accept: Port["accept"]): Promise<Listener> {
    await life.sleep(0);
    if (address.host !== host && !EVERY_INTERFACE.has(address.host)) {
      throw systemError("EADDRNOTAVAIL", "listen", `${address.host}:${address.port}`);
    }
    const port = address.port === 0 ? this.#nextPort++ : address.port;
    const name = `${host}:${port}`;
    if (this.#ports.get(name)?.life.alive === true) throw systemError("EADDRINUSE", "listen", name);
    const open = { life, accept };
    this.#ports.set(name, open);
    this.#parts.note("listening", { address: name });
    return {
      address: { host: address.host, port },
      close: () => {
        if (this.#ports.get(name) === open) this.#ports.delete(name);
        return Promise.resolve();
      },
    };
  }

  async #connect(host: string, life: Life, to: NetAddress, timeoutMs: number): Promise<Connection> {
    const name = `${to.host}:${to.port}`;
    return new Promise((resolve, reject) => {
      let waiting = true;
      const timer = this.#parts.events.plan(timeoutMs, () => {
        waiting = false;
        if (life.alive) reject(systemError("ETIMEDOUT", "connect", name));
      });
      const settle = (act: () => void): boolean => {
        timer.cancel();
        if (waiting && life.alive) act();
        waiting = false;
        return true;
      };
      this.link(host, to.host).send(() => {
        if (!waiting || !life.alive) return true;
        if (this.#parts.host(to.host)?.isUp !== true) return false;
        const port = this.#ports.get(name);
        if (port === undefined || !port.life.alive) {
          this.link(to.host, host).send(() => settle(() => reject(systemError("ECONNREFUSED", "connect", name))));
          return true;
        }
        const [near, far] = this.#join({ host, port: this.#nextPort++ }, life, to, port.life);
        this.#parts.note("connected", { from: near.local, to: near.remote });
        port.accept(far);
        this.link(to.host, host).send(() => {
          if (!waiting || !life.alive) near.reset();
          return settle(() => resolve(near));
        });
        return true;
      });
    });
  }

  #join(
    local: NetAddress,
    life: Life,
    remote: NetAddress,
    remoteLife: Life,
  ): [SimulatedConnection, SimulatedConnection] {
    const { events } = this.#parts;
    const random = this.#parts.random.fork(`${local.host}:${local.port}`);
    const near = new SimulatedConnection({ local, remote, life, random: random.fork("near") });
    const far = new SimulatedConnection({ local: remote, remote: local, life: remoteLife, random: random.fork("far") });
    for (const [from, to] of [[near, far] as const, [far, near] as const]) {
      const link = this.link(from.local.host, to.local.host);
      const deliver = (item: Parameters<SimulatedConnection["take"]>[0]): boolean => {
        if (this.#parts.host(to.local.host)?.isUp !== true) return false;
        const what = item.kind === "bytes" ? item.bytes.length : item.kind;
        this.#parts.note("arrived", { from: from.local, to: to.local, what });
        to.take(item);
        if (to.isOver) this.#connections.delete(to);
        return true;
      };
      from.join(new Pipe({ events, random: random.fork(from.local.host), link, deliver }), to);
      this.#connections.add(from);
    }
    return [near, far];
  }

  /** The process of this life is dead: its system resets its connections, unless the machine went down with it. */
  lifeEnded(life: Life, tellPeers: boolean): void {
    for (const end of this.#connections) {
      if (end.life !== life) continue;
      if (tellPeers) end.reset();
      else end.vanish();
      this.#connections.delete(end);
    }
  }

  /** A machine is up again: what waited for it is sent once more. */
  hostUp(address: string): void {
    for (const [name, link] of this.#links) if (name.endsWith(`>${address}`) && !link.isCut) link.retry();
  }
}
