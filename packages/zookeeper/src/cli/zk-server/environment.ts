/**
 * What zkServer.sh takes from its surroundings: variables, and the files `zookeeper-env.sh` and `java.env` beside zoo.cfg.
 *
 * Source: bin/zkEnv.sh of the original.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { splitFlags } from "../../config/system-properties.ts";
import { MAIN_CLASS } from "./server-process.ts";

export interface ServerCommand {
  readonly configFile: string;
  /** As a JVM's: options, the main class, the configuration. */
  readonly args: readonly string[];
  /** The console's log of a server in the background. */
  readonly outFile: string;
}

/** Where the configuration is looked for when nothing says otherwise. */
const CONFIG_FOLDERS = ["conf", "/etc/zookeeper/conf", "/opt/zookeeper/conf"];
const ASSIGNMENT = /^\s*(?:export\s+)?([A-Za-z_]\w*)=(?:"([^"]*)"|'([^']*)'|(\S*))\s*$/;

/** @param config the command's argument: a path, or a name within the folder of configurations */
export function serverCommand(
  config: string | undefined,
  environment: NodeJS.ProcessEnv,
  exists: (path: string) => boolean,
): ServerCommand {
  const configFile = configFileOf(config, environment, exists);
  const variables = { ...environment };
  for (const file of ["zookeeper-env.sh", "java.env"]) readAssignments(join(dirname(configFile), file), variables);
  const logDir = variables["ZOO_LOG_DIR"] ?? ".";
  const host = variables["HOSTNAME"] ?? "localhost";
  const outFile = join(logDir, `zookeeper-${variables["USER"] ?? "user"}-server-${host}.out`);
  const args = [
    `-Dzookeeper.log.dir=${logDir}`,
    `-Dzookeeper.root.logger=${variables["ZOO_LOG4J_PROP"] ?? "INFO,CONSOLE"}`,
    ...(variables["ZOO_DATADIR_AUTOCREATE_DISABLE"] ? ["-Dzookeeper.datadir.autocreate=false"] : []),
    ...splitFlags(variables["SERVER_JVMFLAGS"]),
    ...splitFlags(variables["JVMFLAGS"]),
    MAIN_CLASS,
    configFile,
  ];
  return { configFile, args, outFile };
}

/** The zoo.cfg that a command means: the one it was given, that of the variables, or the first that is there. */
export function configFileOf(
  config: string | undefined,
  environment: NodeJS.ProcessEnv,
  exists: (path: string) => boolean,
): string {
  const folder =
    environment["ZOOCFGDIR"] ?? CONFIG_FOLDERS.find((candidate) => exists(join(candidate, "zoo.cfg"))) ?? "conf";
  const name = config ?? environment["ZOOCFG"] ?? "zoo.cfg";
  return name.includes("/") ? name : join(folder, name);
}

/** Lines `NAME=value`, with or without `export`; the files are shell, of which people write nothing else there. */
function readAssignments(file: string, variables: Record<string, string | undefined>): void {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return;
  }
  for (const line of text.split("\n")) {
    const [, name, ...values] = ASSIGNMENT.exec(line) ?? [];
    if (name === undefined) continue;
    const value = values.find((candidate) => candidate !== undefined) ?? "";
    variables[name] = value.replace(/\$(?:\{(\w+)\}|(\w+))/g, (_whole, braced?: string, plain?: string) => {
      return variables[braced ?? plain ?? ""] ?? "";
    });
  }
}
