import type { Log } from "@ordinal/io";
import { simulate, type World } from "@ordinal/simulator";

import { AccessControl } from "../../processing/access-control.ts";
import { Database } from "../../tree/database.ts";
import { ClientService } from "../client-service.ts";
import { type ClientLimits, FRAME_BYTES_DEFAULT, OUTSTANDING_DEFAULT } from "../limits.ts";
import { ServerMetrics } from "../metrics/server-metrics.ts";
import { ServerStats } from "../server-stats.ts";
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
  options: { readonly seed?: number; readonly limits?: Partial<ClientLimits>; readonly serving?: boolean } = {},
): Promise<void> {
  await simulate(options.seed ?? 1, async (world) => {
    const ports = world.host(SERVER_HOST).start();
    const { clock } = ports;
    const logged: LoggedLine[] = [];
    const access = new AccessControl();
    const metrics = new ServerMetrics();
    const service = new ClientService({
      clock,
      log: noting(logged),
      database: new Database(),
      limits: {
        frameBytesMax: FRAME_BYTES_DEFAULT,
        connectionsPerAddressMax: 0,
        connectionsMax: 0,
        minSessionTimeoutMs: 4000,
        maxSessionTimeoutMs: 40_000,
        outstandingMax: OUTSTANDING_DEFAULT,
        ...options.limits,
      },
      access,
      metrics,
      stats: new ServerStats(metrics),
      localSessionsEnabled: false,
      answerWord: (word) => `you said ${word}\n`,
      beginSasl: () => ({ evaluate: () => ({ token: undefined }) }),
      mayAsk: () => true,
    });
    const replica = new HeldReplica(clock, service, access);
    service.start();
    if (options.serving !== false) service.serve(replica);
    const address = { host: SERVER_HOST, port: PORT };
    const listener = await ports.net.listen(address, (connection) => {
      service.accept(connection, { isSecure: false });
    });
    const hosts = new Map<string, ReturnType<ReturnType<World["host"]>["start"]>>();
    const open = async (from = CLIENT_HOST): Promise<RawClient> => {
      let host = hosts.get(from);
      if (host === undefined) hosts.set(from, (host = world.host(from).start()));
      return RawClient.open(host.net, address);
    };
    const pass = (ms: number): Promise<void> =>
      new Promise((resolve) => {
        clock.setTimer(ms, resolve);
      });
    const connect = async (from?: string): Promise<RawClient> => {
      const client = await open(from);
      await client.handshake();
      return client;
    };
    try {
      await body({ world, service, replica, logged, open, connect, pass });
    } finally {
      service.stop();
      await listener.close();
    }
  });
}

function noting(lines: LoggedLine[]): Log {
  const note = (event: string, fields: Readonly<Record<string, unknown>> = {}): void => {
    const { message } = fields;
    lines.push({ event, message: typeof message === "string" ? message : "", fields });
  };
  return { debug: note, info: note, warn: note, error: note };
}
