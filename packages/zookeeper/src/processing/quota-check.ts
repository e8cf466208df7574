import type { DataTree } from "../tree/data-tree.ts";
import { limitsPath, StatsTrack, statsPath } from "../tree/quota.ts";

// Source: ZooKeeperServer.checkQuota.

export type QuotaNote = (event: string, fields: Readonly<Record<string, string | number>>) => void;

/**
 * Whether a change keeps to the hard limits of the quota that it falls under, as far as the tree knows now: what is under
 * way is not counted, as in the original. Every limit that is passed is noted, soft ones too.
 *
 * @param bytes by which the data under the quota grows; negative where it shrinks  @param count of nodes that come, 0 or 1
 */
export function checkQuota(tree: DataTree, path: string, bytes: number, count: number, note: QuotaNote): boolean {
  const quotaPath = tree.quotaPathOf(path);
  if (quotaPath === undefined) return true;
  const limitsNode = tree.node(limitsPath(quotaPath));
  const statsNode = tree.node(statsPath(quotaPath));
  if (limitsNode === undefined || statsNode === undefined) return true;
  const limits = StatsTrack.parse(limitsNode.data);
  const used = StatsTrack.parse(statsNode.data);
  return (
    (count === 0 || isWithin("count", "countHardLimit", used.get("count") + count, limits, quotaPath, note)) &&
    (bytes === 0 || isWithin("bytes", "byteHardLimit", used.get("bytes") + bytes, limits, quotaPath, note))
  );
}

function isWithin(
  what: "count" | "bytes",
  hardWhat: "countHardLimit" | "byteHardLimit",
  current: number,
  limits: StatsTrack,
  path: string,
  note: QuotaNote,
): boolean {
  const isHard = limits.get(hardWhat) > -1;
  const limit = limits.get(isHard ? hardWhat : what);
  if (limit <= -1 || current <= limit) return true;
  note("quota-exceeded", { path, what, current, limit, kind: isHard ? "hard" : "soft" });
  return !isHard;
}
