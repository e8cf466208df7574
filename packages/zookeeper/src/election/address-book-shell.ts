import type { Log, NetAddress, Resolver } from "@ordinal/io";

import type { HostPort } from "./initial-message.ts";

/**
 * Names of members to addresses, looked up anew each time, because pods come back at other addresses. The log says when a
 * member's name does not resolve, when it does again, and when its address changed.
 */
export class AddressBook {
  readonly #resolver: Resolver;
  readonly #log: Log;
  readonly #last = new Map<string, string>();

  constructor(resolver: Resolver, log: Log) {
    this.#resolver = resolver;
    this.#log = log;
  }

  /** The addresses of a member, none if its name does not resolve now. */
  async find(sid: number, { host, port }: HostPort): Promise<NetAddress[]> {
    const before = this.#last.get(host);
    let found: readonly string[];
    try {
      found = await this.#resolver.resolve(host);
    } catch (error) {
      if (before !== UNRESOLVED) this.#log.warn("member-unresolved", { sid, host, error });
      this.#last.set(host, UNRESOLVED);
      return [];
    }
    const addresses = found.join(",");
    if (before === UNRESOLVED) this.#log.info("member-resolved", { sid, host, addresses });
    else if (before !== undefined && before !== addresses) {
      this.#log.info("member-address-changed", { sid, host, before, addresses });
    }
    this.#last.set(host, addresses);
    return found.map((address) => ({ host: address, port }));
  }

  /** Forgets names that no member has any more. */
  keep(hosts: ReadonlySet<string>): void {
    for (const host of this.#last.keys()) if (!hosts.has(host)) this.#last.delete(host);
  }
}

const UNRESOLVED = "";
