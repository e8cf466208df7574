import type { Txn } from "../jute/txn-records.ts";
import type { PeerParts } from "./peer-parts.ts";

/**
 * At the end of a role the log may hold what was proposed and never known to be committed. It stays: a quorum may have it. The tree
 * gets it too, so that this server's vote and its promises to a leader are about all that it has. Rejects when the disk fails.
 *
 * Source: org.apache.zookeeper.server.ZooKeeperServer.shutdown (fastForwardDataBase).
 *
 * @param outstanding what was handed to the log and not applied, in order. It is asked when all of it is
 * on disk, since some may be committed by that
 */
export async function settleDatabase(parts: PeerParts, outstanding: () => readonly Txn[]): Promise<void> {
  const { storage, serverSide, committed } = parts;
  await storage.flush();
  // A leader may take these back. A snapshot that is under way would keep them.
  if (outstanding().length > 0) await storage.abandonSnapshot();
  for (const txn of outstanding()) {
    serverSide.database.apply(txn);
    committed.add(txn);
  }
}

/** The tree's node of the ensemble's configuration, which no transaction wrote where nobody has reconfigured. */
export function putConfig(parts: PeerParts): void {
  const { current } = parts.membership;
  const text = new TextEncoder().encode(current.toString());
  parts.serverSide.database.tree.setConfig(text, current.version, parts.clock.now());
}
