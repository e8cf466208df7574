/**
 * The command `zkCleanup.sh`: removes snapshots and logs that the newest snapshots do not need, of a server that runs or not.
 *
 * Source: bin/zkCleanup.sh, org.apache.zookeeper.server.PurgeTxnLog.
 */
import { existsSync } from "node:fs";
import { resolve } from "node:path";

import { explainSystemError, type Log, realClock, realDisk } from "@ordinal/io";

import { loadServerConfig } from "../../config/load-shell.ts";
import { formatProblem } from "../../config/zoo-cfg.ts";
import { openDataFolders } from "../../log/data-folders.ts";
import { purge, RETAIN_COUNT_MIN } from "../../log/purge.ts";
import { createLog4jLog } from "../log4j-log.ts";
import { configFileOf } from "../zk-server/environment.ts";

const USAGE = `Usage:
PurgeTxnLog dataLogDir [snapDir] -n count
\tdataLogDir -- path to the txn log directory
\tsnapDir -- path to the snapshot directory
\tcount -- the number of old snaps/logs you want to keep, value should be greater than or equal to 3
`;

interface Request {
  readonly dataLogDir: string;
  readonly dataDir: string;
  readonly count: number;
}

/**
 * `-n COUNT` purges the folders of zoo.cfg; folders may be given instead of it: dataLogDir, and dataDir where it is another.
 *
 * @returns the exit code
 */
export async function main(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> {
  try {
    const request = await readRequest(args, environment);
    if (request === undefined) {
      process.stdout.write(USAGE);
      return 1;
    }
    const folders = await openDataFolders(realDisk, request.dataDir, request.dataLogDir, false);
    for (const path of await purge(realDisk, folders, request.count, quietLog())) {
      process.stdout.write(`Removing file: ${path}\n`);
    }
    return 0;
  } catch (error) {
    process.stderr.write(`${explainSystemError(error, "purge the data directory")}\n`);
    return 1;
  }
}

/** Undefined where the usage says more; the reason is told then. */
async function readRequest(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<Request | undefined> {
  const [option, text = ""] = args.slice(-2);
  const folders = args.slice(0, -2);
  if (option !== "-n" || folders.length > 2) return undefined;
  const count = Number(text);
  if (!/^[+-]?\d{1,9}$/.test(text)) return tell(`'${text}' can not be parsed to integer.`);
  if (count < RETAIN_COUNT_MIN) return tell("count should be greater than or equal to 3");
  const missing = folders.find((folder) => !existsSync(folder));
  if (missing !== undefined) return tell(`Path '${resolve(missing)}' does not exist. `);
  const [dataLogDir, dataDir = dataLogDir] = folders;
  if (dataLogDir !== undefined && dataDir !== undefined) return { dataLogDir, dataDir, count };
  const file = configFileOf(undefined, environment, existsSync);
  const { config, problems } = await loadServerConfig(realDisk, file);
  if (config !== undefined) return { dataLogDir: config.dataLogDir, dataDir: config.dataDir, count };
  return tell(problems.map(formatProblem).join("\n"));
}

function tell(line: string): undefined {
  process.stderr.write(`${line}\n`);
  return undefined;
}

/** What is removed is told once, on standard output. */
function quietLog(): Log {
  const write = (line: string): void => void process.stderr.write(line);
  return createLog4jLog({ myid: undefined, threshold: "warn", clock: realClock, write });
}
