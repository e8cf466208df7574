import { realClock, realNet, realRandom, realResolver } from "@ordinal/io";

import { type ClientOptions, ZooKeeperClient } from "./zookeeper-client.ts";

/**
 * A client of an ensemble on this machine's network. Resolves once it has a session; until then it tries the servers again and
 * again. `close` ends the session.
 *
 * @param connectString `HOST:PORT,HOST:PORT/chroot`
 */
export async function connect(
  connectString: string,
  options: Omit<ClientOptions, "ports"> = {},
): Promise<ZooKeeperClient> {
  const ports = { net: realNet, clock: realClock, random: realRandom, resolver: realResolver };
  const client = new ZooKeeperClient(connectString, { ...options, ports });
  await client.connected();
  return client;
}
