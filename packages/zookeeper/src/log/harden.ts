import type { Disk } from "@ordinal/io";

import type { DataFolders } from "./data-folders.ts";
import { BATCH_BYTES_MAX } from "./limits.ts";

/** Of the newest log: from where on it is not known to be on disk, and where its last entry ends. */
export interface Unproven {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/**
 * Makes durable what a fresh start read, before anybody relies on it. It may be in the system's memory only: the process before was
 * killed between a write and its sync, or its sync failed, after which the system shows what it dropped and takes it for written.
 * So it is written once more, the same bytes to the same place, and synced; names likewise.
 */
export async function harden(disk: Disk, folders: DataFolders, unproven: Unproven | undefined): Promise<void> {
  if (unproven !== undefined) await writeAgain(disk, `${folders.logs}/${unproven.name}`, unproven);
  await disk.syncDirectory(folders.logs);
  if (folders.snapshots !== folders.logs) await disk.syncDirectory(folders.snapshots);
}

async function writeAgain(disk: Disk, path: string, { from, to }: Unproven): Promise<void> {
  const file = await disk.open(path, "append");
  try {
    for (let at = from; at < to; at += BATCH_BYTES_MAX) {
      await file.write(at, await file.read(at, Math.min(BATCH_BYTES_MAX, to - at)));
    }
    await file.sync();
  } finally {
    await file.close();
  }
}
