import { fileURLToPath } from "node:url";

export const COMMANDS_FILE = "zk-cli-commands.txt";
export const SHELLS_FILE = "zk-cli-shells.txt";

/** Debian's package `zookeeper`. */
export const ORIGINAL_CLI = ["/usr/share/zookeeper/bin/zkCli.sh"];
export const OUR_CLI = [
  process.execPath,
  fileURLToPath(new URL("../../../packages/zookeeper/src/cli/zk-cli/entry.ts", import.meta.url)),
];

/** Times to live exist, and hard quotas are hard. */
export const SERVER_LINES = ["extendedTypesEnabled=true", "enforceQuota=true", "reconfigEnabled=true"];
