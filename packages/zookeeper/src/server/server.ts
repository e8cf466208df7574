import type { Clock, Disk, Listener, Log, Net, NetAddress, Random, Resolver } from "@ordinal/io";

import type { QuorumConfig } from "../config/quorum-config.ts";
import type { ServerConfig } from "../config/server-config.ts";
import { Storage } from "../log/storage.ts";
import { QuorumPeer } from "../peer/quorum-peer.ts";
import { Standalone } from "../peer/standalone.ts";
import { AccessControl } from "../processing/access-control.ts";
import { CommittedLog } from "../zab/committed-log.ts";
import { accessOptions } from "./access-options.ts";
import { startAdminServer } from "./admin/admin-server.ts";
import { Rate } from "./admin/rate.ts";
import { ClientAuthentication } from "./client-authentication.ts";
import { ClientPort } from "./client-port.ts";
import { ClientService } from "./client-service.ts";
import { answerWord } from "./four-letter/answer-word.ts";
import type { Http, HttpListener } from "./http/http-port.ts";
import type { Machine } from "./machine.ts";
import { metricsAddress, startMetricsServer } from "./metrics/prometheus.ts";
import { ServerMetrics } from "./metrics/server-metrics.ts";
import { clientLimits, storageSettings } from "./server-settings.ts";
import { ServerStats } from "./server-stats.ts";
import { DEFAULT_TRACE_MASK, type ServerView } from "./server-view.ts";
import type { SecureNet } from "./tls/secure-net.ts";

/** What a server needs of its machine; the simulator gives its own. */
export interface ServerPorts {
  readonly net: Net;
  readonly clock: Clock;
  readonly random: Random;
  readonly disk: Disk;
  readonly resolver: Resolver;
  /** Needed for a secure client port. */
  readonly secureNet?: SecureNet;
  /** Without it there is no admin server and no endpoint for metrics. */
  readonly http?: Http;
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
  const closers = new Closers();
  try {
    const server = await assemble(options, closers);
    return { ...server, stop: () => closers.close() };
  } catch (error) {
    await closers.close();
    throw error;
  }
}

/** What was opened, to be closed in the opposite order. */
class Closers {
  readonly #closers: (() => Promise<void> | void)[] = [];

  add(close: () => Promise<void> | void): void {
    this.#closers.push(close);
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close();
  }
}

async function assemble(options: ServerOptions, closers: Closers): Promise<Omit<RunningServer, "stop">> {
  const { config, log, ports } = options;
  const { disk, clock, random, net, resolver } = ports;
  const startedMs = clock.monotonic();
  // What a restarted server replays is what learners lack most often; alone it has none.
  const committed = config.quorum === undefined ? undefined : new CommittedLog(config.commitLogCount);
  const { storage, database } = await Storage.open({
    ...storageSettings(config),
    disk,
    clock,
    random,
    log,
    ...(committed !== undefined && { onReplayed: (txn) => committed.add(txn) }),
  });
  closers.add(() => storage.close());
  const metrics = new ServerMetrics();
  const stats = new ServerStats(metrics);
  const access = new AccessControl(accessOptions(config));
  const authentication = await ClientAuthentication.load({ config, disk, log, random, schemes: access.schemeNames });
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
    beginSasl: (client) => authentication.beginSasl(client),
    mayAsk: (client) => authentication.mayAsk(client),
  });
  const clientPort = new ClientPort({ net, resolver, log }, service);
  let peer: QuorumPeer | undefined;
  let secureClient: Listener | undefined;
  const view: ServerView = {
    service,
    config,
    storage,
    clock,
    metrics,
    stats,
    machine: options.machine,
    startedMs,
    quorum: () => peer?.membership.current,
    clientAddress: () => clientPort.address,
    secureClientAddress: () => secureClient?.address,
    traceMask: DEFAULT_TRACE_MASK,
    snapshotRate: new Rate(),
  };
  closers.add(() => service.stop());
  service.start();
  closers.add(() => clientPort.close());
  if (config.clientPort !== undefined) {
    await clientPort.open({ host: config.clientPortAddress, port: config.clientPort });
  }
  if (config.secureClientPort !== undefined) {
    const at = { host: config.secureClientPortAddress, port: config.secureClientPort };
    const { openSecureClientPort } = await import("./tls/secure-client-port.ts");
    secureClient = await openSecureClientPort({ ...ports, properties: config.properties, service }, at);
    const listener = secureClient;
    closers.add(() => listener.close());
  }
  const { admin, prometheus } = await openWindows(ports.http, view, closers);
  const failure = Promise.withResolvers<Error>();
  const parts = { clock, log, config, access, storage, serverSide: service, onFailed: failure.resolve };
  if (committed === undefined) {
    const standalone = new Standalone(parts);
    closers.add(() => standalone.close());
    standalone.start();
  } else {
    const { myid } = config;
    const onConfig = (next: QuorumConfig): void => void (myid !== undefined && clientPort.follow(next, myid));
    const member = new QuorumPeer({ ...parts, committed, net, disk, resolver, onConfig });
    peer = member;
    closers.add(() => member.close());
    await member.start();
  }
  const addresses = {
    client: clientPort.address,
    secureClient: secureClient?.address,
    admin: admin?.address,
    metrics: prometheus?.address,
  };
  return { addresses, view, failed: failure.promise };
}

/** The operator's windows that take a port of their own. */
async function openWindows(
  http: Http | undefined,
  view: ServerView,
  closers: Closers,
): Promise<{ readonly admin?: HttpListener | undefined; readonly prometheus?: HttpListener | undefined }> {
  if (http === undefined) return {};
  const admin = view.config.adminEnabled ? await startAdminServer(http, view) : undefined;
  if (admin !== undefined) closers.add(() => admin.close());
  const address = metricsAddress(view.config);
  if (address === undefined) return { admin };
  const prometheus = await startMetricsServer(http, view, address);
  closers.add(() => prometheus.close());
  return { admin, prometheus };
}
