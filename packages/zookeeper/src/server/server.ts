import type { Clock, Disk, Log, Net, Random, Resolver } from "@ordinal/io";

import type { ServerConfig } from "../config/server-config.ts";

/** What a server needs of its machine; the simulator gives its own. */
export interface ServerPorts {
  readonly net: Net;
  readonly clock: Clock;
  readonly random: Random;
  readonly disk: Disk;
  readonly resolver: Resolver;
}

export interface ServerOptions {
  readonly ports: ServerPorts;
  readonly config: ServerConfig;
  readonly log: Log;
}

/** A server that runs until `stop`. */
export interface RunningServer {
  /** What it listens on, with the ports that were chosen where the configuration says 0. */
  readonly addresses: ServerAddresses;
  /** Closes listeners and connections, finishes what is under way on the disk. */
  stop(): Promise<void>;
  /** Resolves when the server has ended by itself: a disk that failed, an invariant that broke. Never rejects. */
  readonly failed: Promise<Error>;
}

export interface ServerAddresses {
  readonly client: NetAddressText | undefined;
  readonly secureClient: NetAddressText | undefined;
  readonly admin: NetAddressText | undefined;
  readonly metrics: NetAddressText | undefined;
}

export interface NetAddressText {
  readonly host: string;
  readonly port: number;
}

/**
 * Starts one ZooKeeper server: recovers its data directory, opens the client ports, and serves alone or as a member of its
 * ensemble. Resolves once the client ports are open. Rejects where the configuration, the data directory or a port makes a
 * start impossible.
 */
export declare function startZooKeeper(options: ServerOptions): Promise<RunningServer>;
