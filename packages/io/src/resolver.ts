import { lookup } from "node:dns/promises";

/** Names to addresses as a port: production asks the system (hosts file, then DNS), the simulator a table. */
export interface Resolver {
  /** The IP addresses of a host name, at least one, an address being its own; rejects with `ENOTFOUND` or `EAI_AGAIN`. */
  resolve(name: string): Promise<readonly string[]>;
}

/** The system's resolver. Nothing is remembered: a name that changed its address is found at the next call. */
export const realResolver: Resolver = {
  async resolve(name) {
    return (await lookup(name, { all: true })).map((found) => found.address);
  },
};
