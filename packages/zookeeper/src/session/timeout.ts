// Source: org.apache.zookeeper.server.ZooKeeperServer (processConnectRequest).

/** The session timeout that a client gets for the one it asks for. All in milliseconds. */
export function negotiateTimeout(wantedMs: number, minMs: number, maxMs: number): number {
  return Math.min(Math.max(wantedMs, minMs), maxMs);
}
