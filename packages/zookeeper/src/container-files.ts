/** What a container image of a server has in it, laid out as in the image of the tutorials. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { nodeBinary } from "@ordinal/io";

export { DOCKER_ENTRYPOINT, DOCKER_ENVIRONMENT } from "./docker-entrypoint.ts";

/** This file lies in `src`, or in `dist` once it is packed; the scripts are beside either. */
const SCRIPTS = fileURLToPath(new URL("../bin/", import.meta.url));

/** How to run `zkServer.sh`: an absolute Node 26 and the program; arguments follow. */
export const zkServerProgram: readonly string[] = program(new URL("./cli/zk-server/entry.ts", import.meta.url));

/** Likewise all commands, by name. */
export const zookeeperPrograms: Readonly<Record<string, readonly string[]>> = {
  "zkServer.sh": zkServerProgram,
  "zkCli.sh": program(new URL("./cli/zk-cli/entry.ts", import.meta.url)),
  "zkCleanup.sh": program(new URL("./cli/zk-cleanup/entry.ts", import.meta.url)),
  "zkServer-initialize.sh": program(new URL("./cli/zk-server-initialize/entry.ts", import.meta.url)),
  "zkTxnLogToolkit.sh": program(new URL("./cli/zk-txn-log-toolkit/entry.ts", import.meta.url)),
  "zkSnapShotToolkit.sh": program(new URL("./cli/zk-snapshot-toolkit/entry.ts", import.meta.url)),
};

/** Scripts of plain sh, by the name they have in the image. */
export const zookeeperScripts: ReadonlyMap<string, string> = new Map([
  ["start-zookeeper", join(SCRIPTS, "start-zookeeper")],
  ["zkGenConfig.sh", join(SCRIPTS, "start-zookeeper")],
  ["zookeeper-ready", join(SCRIPTS, "zookeeper-ready")],
]);

/** The image's own log4j.properties; the one beside zoo.cfg is written at each start. */
export const LOG4J_PROPERTIES = `zookeeper.root.logger=CONSOLE
zookeeper.console.threshold=INFO
log4j.rootLogger=\${zookeeper.root.logger}
log4j.appender.CONSOLE=org.apache.log4j.ConsoleAppender
log4j.appender.CONSOLE.Threshold=\${zookeeper.console.threshold}
log4j.appender.CONSOLE.layout=org.apache.log4j.PatternLayout
log4j.appender.CONSOLE.layout.ConversionPattern=%d{ISO8601} [myid:%X{myid}] - %-5p [%t:%C{1}@%L] - %m%n
`;

function program(entry: URL): readonly string[] {
  return [nodeBinary(SCRIPTS), fileURLToPath(entry)];
}
