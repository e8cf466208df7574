import type { Clock, Disk, Listener, Log, Net, NetAddress, Random, Resolver } from "@ordinal/io";

import type { QuorumConfig } from "../config/quorum-config.ts";
import type { ServerConfig } from "../config/server-config.ts";
import { Storage } from "../log/storage.ts";
import { Standalone } from "../peer/standalone.ts";
import { AccessControl } from "../processing/access-control.ts";
import { accessOptions } from "./access-options.ts";
import { listenAt } from "./client-listener.ts";
import { ClientService } from "./client-service.ts";
import { answerWord } from "./four-letter/answer-word.ts";
import type { ClientLimits } from "./limits.ts";
import type { Machine } from "./machine.ts";
import { ServerMetrics } from "./metrics/server-metrics.ts";
import { ServerStats } from "./server-stats.ts";
import { DEFAULT_TRACE_MASK, type ServerView } from "./server-view.ts";

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
  /** What `envi` and `mntr` tell of the process; without it they leave it out. */
  readonly machine?: Machine;
}

/** A server that runs until `stop`. */
export interface RunningServer {
  /** What it listens on, with the ports that were chosen where the configuration says 0. */
  readonly addresses: ServerAddresses;
  /** For the operator's windows, and for tests. */
  readonly view: ServerView;
  /** Closes listeners and connections, finishes what is under way on the disk. */
  stop(): Promise<void>;
  /** Resolves when the server has ended by itself: a disk that failed, an invariant that broke. Never rejects. */
  readonly failed: Promise<Error>;
}

/** Undefined: not listened on. */
export interface ServerAddresses {
  readonly client: NetAddress | undefined;
  readonly secureClient: NetAddress | undefined;
  readonly admin: NetAddress | undefined;
  readonly metrics: NetAddress | undefined;
}

/**
 * Starts one ZooKeeper server: recovers its data directory, opens the client ports, and serves alone or as a member of its
 * ensemble. Resolves once the client ports are open. Rejects where the configuration, the data directory or a port makes a
 * start impossible; nothing is left open then.
 */
export async function startZooKeeper(options: ServerOptions): Promise<RunningServer> {
  const { config, log, ports } = options;
  const { disk, clock, random, net, resolver } = ports;
  const startedMs = clock.monotonic();
  const { storage, database } = await Storage.open(storageOptions(options, { disk, clock, random, log }));
  const closers: (() => Promise<void> | void)[] = [() => storage.close()];
  const closeAll = async (): Promise<void> => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    const metrics = new ServerMetrics();
    const stats = new ServerStats(metrics);
    const access = new AccessControl(accessOptions(config));
    const service = new ClientService({
      clock,
      log,
      database,
      limits: clientLimits(config),
      access,
      metrics,
      stats,
      localSessionsEnabled: config.localSessionsEnabled,
      answerWord: (word, argument, from) => answerWord(view, word, argument, from),
      beginSasl: () => ({ evaluate: () => ({ token: undefined }) }),
      mayAsk: () => true,
    });
    let client: Listener | undefined;
    const view: ServerView = {
      service,
      config,
      storage,
      clock,
      metrics,
      stats,
      machine: options.machine,
      startedMs,
      quorum: (): QuorumConfig | undefined => config.quorum,
      clientAddress: () => client?.address,
      secureClientAddress: () => undefined,
      traceMask: DEFAULT_TRACE_MASK,
    };
    closers.push(() => service.stop());
    service.start();
    if (config.clientPort !== undefined) {
      const at = { host: config.clientPortAddress, port: config.clientPort };
      client = await listenAt({ net, resolver, log }, at, (connection) => {
        service.accept(connection, { isSecure: false });
      });
      const listener = client;
      closers.push(() => listener.close());
    }
    let fail: (error: Error) => void = () => {};
    const failed = new Promise<Error>((resolve) => {
      fail = resolve;
    });
    const standalone = new Standalone({ clock, log, config, access, storage, serverSide: service, onFailed: fail });
    closers.push(() => standalone.close());
    standalone.start();
    return {
      addresses: { client: client?.address, secureClient: undefined, admin: undefined, metrics: undefined },
      view,
      failed,
      stop: closeAll,
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

function storageOptions(
  { config }: ServerOptions,
  ports: { readonly disk: Disk; readonly clock: Clock; readonly random: Random; readonly log: Log },
): Parameters<typeof Storage.open>[0] {
  return {
    ...ports,
    dataDir: config.dataDir,
    dataLogDir: config.dataLogDir,
    snapCount: config.snapCount,
    snapSizeLimitKb: config.snapSizeLimitInKb,
    txnLogSizeLimitKb: config.txnLogSizeLimitInKb,
    preAllocSizeKb: config.preAllocSizeKb,
    forceSync: config.forceSync,
    purge: config.purgeIntervalMs !== 0,
    retainCount: config.snapRetainCount,
    trustEmptySnapshot: config.snapshotTrustEmpty,
    standalone: config.quorum === undefined,
  };
}

function clientLimits(config: ServerConfig): ClientLimits {
  return {
    frameBytesMax: config.juteMaxBuffer,
    connectionsPerAddressMax: config.maxClientCnxns,
    connectionsMax: config.maxCnxns,
    minSessionTimeoutMs: config.minSessionTimeout,
    maxSessionTimeoutMs: config.maxSessionTimeout,
    outstandingMax: config.globalOutstandingLimit,
  };
}
