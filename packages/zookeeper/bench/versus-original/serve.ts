/** One of our servers as a process: `node serve.ts zoo.cfg`. */
import { flushCompileCache } from "node:module";

import { realClock } from "@ordinal/io";

import { createLog4jLog } from "../../src/cli/log4j-log.ts";
import { loadServerConfig } from "../../src/config/load-shell.ts";
import { realServerPorts } from "../../src/server/real-ports.ts";
import { startZooKeeper } from "../../src/server/server.ts";

process.on("SIGTERM", () => process.exit(143));
const ports = realServerPorts;
const { config, problems } = await loadServerConfig(ports.disk, process.argv[2] ?? "zoo.cfg");
if (config === undefined) throw new Error(problems.map(({ message }) => message).join("\n"));
const log = createLog4jLog({
  myid: config.myid,
  threshold: "info",
  clock: realClock,
  write: (line) => process.stdout.write(line),
});
const server = await startZooKeeper({ ports, config, log });
setTimeout(flushCompileCache, 1000).unref(); // who is killed cannot do it at the end
throw await server.failed;
