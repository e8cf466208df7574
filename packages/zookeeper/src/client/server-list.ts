import type { Random, Resolver } from "@ordinal/io";

import type { ServerAddress } from "./connect-string.ts";

// Source: org.apache.zookeeper.client.StaticHostProvider.

/** The servers of a connect string in an order drawn once, so that clients spread over an ensemble. */
export class ServerList {
  readonly #servers: ServerAddress[];
  readonly #resolver: Resolver;
  readonly #random: Random;
  #at = -1;
  /** Tried since the last connection that became a session. */
  #tried = 0;

  constructor(servers: readonly ServerAddress[], resolver: Resolver, random: Random) {
    this.#servers = [...servers];
    this.#resolver = resolver;
    this.#random = random;
    for (let last = this.#servers.length - 1; last > 0; last--) {
      const other = random.between(0, last);
      const [one, two] = [this.#servers[last], this.#servers[other]];
      if (one !== undefined && two !== undefined) [this.#servers[last], this.#servers[other]] = [two, one];
    }
  }

  get size(): number {
    return this.#servers.length;
  }

  /** Whole rounds through the list that brought no session. */
  get roundsFailed(): number {
    return Math.floor(this.#tried / this.#servers.length);
  }

  /** The next server; after the one that worked comes the one behind it. */
  next(): ServerAddress {
    this.#at = (this.#at + 1) % this.#servers.length;
    this.#tried++;
    const server = this.#servers[this.#at];
    if (server === undefined) throw new RangeError("a list of servers is never empty");
    return server;
  }

  /** A session was established: the next failure starts a new round. */
  onConnected(): void {
    this.#tried = 0;
  }

  /** One of the server's addresses, looked up now: what a name means may have changed since. Rejects as `Resolver` does. */
  async resolve(server: ServerAddress): Promise<ServerAddress> {
    const addresses = await this.#resolver.resolve(server.host);
    const at = addresses.length > 1 ? this.#random.between(0, addresses.length - 1) : 0;
    const host = addresses[at] ?? server.host;
    return { host, port: server.port };
  }
}
