import type { Disk } from "@ordinal/io";
import { hasCode, RefusedError } from "@ordinal/kit";

import { readTextFile } from "./atomic-file.ts";

/** Source: org.apache.zookeeper.server.quorum.QuorumPeerConfig.setupMyId. Undefined where there is no file. */
export async function readMyId(disk: Disk, dataDir: string): Promise<number | undefined> {
  const path = `${dataDir}/myid`;
  let text: string;
  try {
    text = await readTextFile(disk, path);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
  const line = text.split("\n", 1)[0] ?? "";
  if (!/^-?\d{1,19}$/.test(line.trim()) || !Number.isSafeInteger(Number(line))) {
    throw new RefusedError("BAD_MYID", `serverid ${line.slice(0, 40)} is not a number (in ${path})`);
  }
  return Number(line);
}
