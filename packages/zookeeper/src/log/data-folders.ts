import { resolve } from "node:path";

import type { Disk } from "@ordinal/io";
import { hasCode, RefusedError } from "@ordinal/kit";

/** Source: org.apache.zookeeper.server.persistence.FileTxnSnapLog, its constructor. */

export interface DataFolders {
  readonly snapshots: string;
  readonly logs: string;
}

/** Finds or makes both `version-2` folders, and refuses what shows that they were exchanged. */
export async function openDataFolders(
  disk: Disk,
  dataDir: string,
  dataLogDir: string,
  autocreate: boolean,
): Promise<DataFolders> {
  const folders = { snapshots: `${resolve(dataDir)}/version-2`, logs: `${resolve(dataLogDir)}/version-2` };
  const logNames = await openFolder(disk, folders.logs, "data", autocreate);
  if (folders.logs === folders.snapshots) return folders;
  const snapshotNames = await openFolder(disk, folders.snapshots, "snap", autocreate);
  if (logNames.some((name) => name.startsWith("snapshot."))) {
    throw new RefusedError(
      "FOLDERS_EXCHANGED",
      `Log directory has snapshot files. Check if dataLogDir and dataDir configuration is correct. (${folders.logs})`,
    );
  }
  if (snapshotNames.some((name) => name.startsWith("log."))) {
    throw new RefusedError(
      "FOLDERS_EXCHANGED",
      `Snapshot directory has log files. Check if dataLogDir and dataDir configuration is correct. (${folders.snapshots})`,
    );
  }
  return folders;
}

async function openFolder(disk: Disk, path: string, what: string, autocreate: boolean): Promise<string[]> {
  try {
    return await disk.list(path);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
  if (!autocreate) {
    throw new RefusedError(
      "NO_DATA_DIR",
      `Missing ${what} directory ${path}, automatic data directory creation is disabled (zookeeper.datadir.autocreate is false). ` +
        "Please create this directory manually.",
    );
  }
  await disk.makeDirectory(path);
  return disk.list(path);
}
