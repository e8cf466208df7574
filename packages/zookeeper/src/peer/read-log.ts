import { RefusedError } from "@ordinal/kit";

import type { Txn } from "../jute/txn-records.ts";
import { counterOf, mustBeZxid, type Zxid } from "../jute/zxid.ts";
import type { PeerParts } from "./peer-parts.ts";

/** `zookeeper.snapshotSizeFactor`: beyond this part of a snapshot's size the snapshot is the cheaper way. */
export const SNAPSHOT_SIZE_FACTOR = 0.33;
/** What a node takes in a snapshot beside its path and data. */
const NODE_BYTES = 80;

/**
 * The transactions on disk that a learner may lack, from the last one that it has on. Undefined where the log does not tell: it
 * begins later, does not hold the learner's last one, or there is more of it than a snapshot is worth.
 */
export async function readLogFor(parts: PeerParts, from: Zxid): Promise<Txn[] | undefined> {
  const { storage, serverSide, config, log } = parts;
  const { tree } = serverSide.database;
  const factor = snapshotSizeFactor(config.properties.get("zookeeper.snapshotSizeFactor"));
  const limitBytes = Math.floor((tree.approximateDataSize + tree.nodeCount * NODE_BYTES) * factor);
  // The learner's own last transaction must be seen to be in this log, else the learner has what was never committed. A counter
  // of 0 is no transaction.
  const isTxn = counterOf(from) !== 0;
  const txns: Txn[] = [];
  try {
    for await (const txn of storage.txnsAfter(mustBeZxid(isTxn ? from - 1 : from), limitBytes)) {
      if (isTxn && txns.length === 0 && txn.header.zxid !== from) return undefined;
      txns.push(txn);
    }
  } catch (error) {
    // A log that cannot be read keeps nobody from a snapshot.
    if (!(error instanceof RefusedError)) log.warn("log-not-read", { from: from.toString(16), error });
    return undefined;
  }
  return txns;
}

export function snapshotSizeFactor(text: string | undefined): number {
  const factor = text === undefined ? SNAPSHOT_SIZE_FACTOR : Number(text);
  return Number.isNaN(factor) || factor > 1 ? SNAPSHOT_SIZE_FACTOR : factor;
}
