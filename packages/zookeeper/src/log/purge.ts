import type { Disk, Log } from "@ordinal/io";

import type { DataFolders } from "./data-folders.ts";
import { logsAmong, snapshotsAmong } from "./file-names.ts";
import { logsFrom } from "./recovery.ts";
import { looksComplete } from "./snapshot-file.ts";

/** The least number of snapshots that a purge leaves, as in the original. */
export const RETAIN_COUNT_MIN = 3;

/**
 * Removes what none of the newest `retainCount` snapshots needs: older snapshots, and logs that end before the oldest of them
 * begins. The newest log that begins before that one stays, since it may go on after it.
 *
 * Source: org.apache.zookeeper.server.PurgeTxnLog.
 *
 * @returns the paths that are gone
 */
export async function purge(disk: Disk, folders: DataFolders, retainCount: number, log: Log): Promise<string[]> {
  const snapshots = snapshotsAmong(await disk.list(folders.snapshots));
  const retained = [];
  for (const snapshot of snapshots) {
    if (await looksComplete(disk, `${folders.snapshots}/${snapshot.name}`, snapshot)) retained.push(snapshot);
    if (retained.length === Math.max(RETAIN_COUNT_MIN, retainCount)) break;
  }
  const oldest = retained.at(-1);
  if (oldest === undefined || retained.length < RETAIN_COUNT_MIN) return [];
  const logs = logsAmong(await disk.list(folders.logs));
  const needed = new Set(logsFrom(logs, oldest.zxid));
  const paths = [
    ...logs.filter((name) => !needed.has(name)).map(({ name }) => `${folders.logs}/${name}`),
    ...snapshots.filter(({ zxid }) => zxid < oldest.zxid).map(({ name }) => `${folders.snapshots}/${name}`),
  ];
  // The oldest first, and snapshots last: at any moment what is left fits together.
  for (const path of paths) {
    await disk.remove(path);
    log.info("file-purged", { file: path });
  }
  return paths;
}
