import { dirname } from "node:path";

import type { Disk, Log } from "@ordinal/io";
import { simulate, type World } from "@ordinal/simulator";

import type { ServerConfig } from "../../config/server-config.ts";
import { parseZooCfg } from "../../config/zoo-cfg.ts";
import { AccessControl } from "../../processing/access-control.ts";
import { Database } from "../../tree/database.ts";
import { accessOptions } from "../access-options.ts";
import { Rate } from "../admin/rate.ts";
import { ClientAuthentication } from "../client-authentication.ts";
import { ClientService } from "../client-service.ts";
import { answerWord } from "../four-letter/answer-word.ts";
import type { ClientLimits } from "../limits.ts";
import { ServerMetrics } from "../metrics/server-metrics.ts";
import { clientLimits } from "../server-settings.ts";
import { ServerStats } from "../server-stats.ts";
import { DEFAULT_TRACE_MASK, type ServerView } from "../server-view.ts";
import { HeldReplica } from "./held-replica.ts";
import { RawClient } from "./raw-client.ts";

export interface LoggedLine {
  readonly event: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The client side of a server in a simulated world, and clients to talk to it. */
export interface ServiceFixture {
  readonly world: World;
  readonly service: ClientService;
  readonly replica: HeldReplica;
  readonly view: ServerView;
  /** The server's host. */
  readonly ports: ReturnType<ReturnType<World["host"]>["start"]>;
  readonly logged: LoggedLine[];
  /** @param from the address that the client has */
  open(from?: string): Promise<RawClient>;
  /** A client with a session. */
  connect(from?: string): Promise<RawClient>;
  /** Lets everything happen that happens within this many virtual milliseconds. */
  pass(ms: number): Promise<void>;
}

export const SERVER_HOST = "10.0.0.1";
const CLIENT_HOST = "10.0.0.9";
const PORT = 2181;

export async function withService(
  body: (fixture: ServiceFixture) => Promise<void>,
  options: {
    readonly seed?: number;
    readonly limits?: Partial<ClientLimits>;
    readonly serving?: boolean;
    /** Of zoo.cfg. */
    readonly lines?: readonly string[];
    /** Given with -D. */
    readonly properties?: ReadonlyMap<string, string>;
    /** On the server's disk, by path. */
    readonly files?: Readonly<Record<string, string>>;
  } = {},
): Promise<void> {
  await simulate(options.seed ?? 1, async (world) => {
    const ports = world.host(SERVER_HOST).start();
    const { clock } = ports;
    const address = { host: SERVER_HOST, port: PORT };
    const logged: LoggedLine[] = [];
    const config = testConfig(options.lines, options.properties);
    for (const [path, text] of Object.entries(options.files ?? {})) await writeFile(ports.disk, path, text);
    const access = new AccessControl(accessOptions(config));
    const metrics = new ServerMetrics();
    const stats = new ServerStats(metrics);
    const authentication = await ClientAuthentication.load({
      config,
      disk: ports.disk,
      log: noting(logged),
      random: ports.random,
      schemes: access.schemeNames,
    });
    const service = new ClientService({
      clock,
      log: noting(logged),
      database: new Database(),
      limits: { ...clientLimits(config), connectionsPerAddressMax: 0, ...options.limits },
      access,
      metrics,
      stats,
      localSessionsEnabled: false,
      answerWord: (word, argument, from) => answerWord(view, word, argument, from),
      beginSasl: (client) => authentication.beginSasl(client),
      mayAsk: (client) => authentication.mayAsk(client),
    });
    const pass = (ms: number): Promise<void> =>
      new Promise((resolve) => {
        clock.setTimer(ms, resolve);
      });
    const view: ServerView = {
      service,
      config,
      storage: {
        sizes: () => pass(20).then(() => ({ snapshotBytes: 424, logBytes: 67_108_880 })),
        lastSnapshot: undefined,
      },
      clock,
      metrics,
      stats,
      machine: undefined,
      startedMs: clock.monotonic(),
      quorum: () => config.quorum,
      clientAddress: () => address,
      secureClientAddress: () => undefined,
      traceMask: DEFAULT_TRACE_MASK,
      snapshotRate: new Rate(),
    };
    const replica = new HeldReplica(clock, service, access);
    service.start();
    if (options.serving !== false) service.serve(replica);
    const listener = await ports.net.listen(address, (connection) => {
      service.accept(connection, { isSecure: false });
    });
    const hosts = new Map<string, ReturnType<ReturnType<World["host"]>["start"]>>();
    const open = async (from = CLIENT_HOST): Promise<RawClient> => {
      let host = hosts.get(from);
      if (host === undefined) hosts.set(from, (host = world.host(from).start()));
      return RawClient.open(host.net, address);
    };
    const connect = async (from?: string): Promise<RawClient> => {
      const client = await open(from);
      await client.handshake();
      return client;
    };
    try {
      await body({ world, service, replica, view, ports, logged, open, connect, pass });
    } finally {
      service.stop();
      await listener.close();
    }
  });
}

/** What a zoo.cfg with these lines means. */
export function testConfig(
  lines: readonly string[] = [],
  properties: ReadonlyMap<string, string> = new Map(),
): ServerConfig {
  const text = ["tickTime=2000", "dataDir=/data", "clientPort=2181", ...lines].join("\n");
  const { config, problems } = parseZooCfg({
    file: "zoo.cfg",
    text,
    properties,
    myid: undefined,
    dynamic: undefined,
    dynamicNext: undefined,
  });
  if (config === undefined) throw new Error(problems.map(({ message }) => message).join("; "));
  return config;
}

async function writeFile(disk: Disk, path: string, text: string): Promise<void> {
  await disk.makeDirectory(dirname(path));
  const file = await disk.open(path, "create");
  await file.append(new TextEncoder().encode(text));
  await file.close();
}

function noting(lines: LoggedLine[]): Log {
  const note = (event: string, fields: Readonly<Record<string, unknown>> = {}): void => {
    const { message } = fields;
    lines.push({ event, message: typeof message === "string" ? message : "", fields });
  };
  return { debug: note, info: note, warn: note, error: note };
}
