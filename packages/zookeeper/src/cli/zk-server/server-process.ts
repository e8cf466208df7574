/**
 * One server as a process of its own. Source: org.apache.zookeeper.server.quorum.QuorumPeerMain, ZooKeeperServerMain; org.apache.
 * zookeeper.server.ExitCode.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { dirname, join } from "node:path";

import { explainSystemError, type Log, realClock, realNetWithFaults } from "@ordinal/io";

import { loadServerConfig } from "../../config/load-shell.ts";
import { consoleThreshold } from "../../config/log4j-properties.ts";
import { parseJvmFlags, type SystemProperties } from "../../config/system-properties.ts";
import { formatProblem, type ParsedConfig, parseZooCfg } from "../../config/zoo-cfg.ts";
import { realMachine } from "../../server/real-machine.ts";
import { realServerPorts } from "../../server/real-ports.ts";
import { startZooKeeper } from "../../server/server.ts";
import { keepHeapSmall } from "../../server/small-heap.ts";
import { createLog4jLog } from "../log4j-log.ts";

export const MAIN_CLASS = "org.apache.zookeeper.server.quorum.QuorumPeerMain";

const USAGE = `Usage: ${MAIN_CLASS} configfile | port datadir [ticktime] [maxcnxns]`;
const EXIT_UNEXPECTED = 1;
const EXIT_INVALID = 2;
const EXIT_CANNOT_START = 3;
/** As the shell tells of a process that a signal ended. */
const EXIT_BY_SIGNAL = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
/** What is under way on the disk has this long to end after a signal. */
const STOP_TIMEOUT_MS = 5000;
/** After the start compiled code is kept for the next one, when the haste is over. */
const KEEP_COMPILED_MS = 1000;

/**
 * Runs a server until it ends. Arguments as a JVM's: options (`-Dname=value`; others, `-Xmx512m` and the like, are skipped), the
 * main class, and then zoo.cfg, or a port and a data directory.
 *
 * @returns the exit code
 */
export async function runServer(args: readonly string[]): Promise<number> {
  const mainAt = args.indexOf(MAIN_CLASS);
  const properties = parseJvmFlags(mainAt < 0 ? args.filter((arg) => arg.startsWith("-")) : args.slice(0, mainAt));
  const operands = mainAt < 0 ? args.filter((arg) => !arg.startsWith("-")) : args.slice(mainAt + 1);
  if (operands.length === 0 || operands.length > 4) {
    process.stderr.write(`Invalid arguments, exiting abnormally\n${USAGE}\n`);
    return EXIT_INVALID;
  }
  nameProcess(args);
  const parsed = await load(operands, properties);
  const log = openLog(parsed, operands[0] ?? "", properties);
  for (const warning of parsed.warnings) log.warn("config", { message: formatProblem(warning) });
  if (parsed.config === undefined) {
    log.error("config", { message: "Invalid config, exiting abnormally" });
    for (const problem of parsed.problems) process.stderr.write(`${formatProblem(problem)}\n`);
    process.stderr.write("Invalid config, exiting abnormally\n");
    return EXIT_INVALID;
  }
  const ended = untilSignal();
  try {
    const ports = { ...realServerPorts, net: await realNetWithFaults(process.env) };
    const server = await startZooKeeper({ ports, config: parsed.config, log, machine: realMachine });
    keepHeapSmall(); // not before: what a start reads from disk comes quicker into a heap that may grow
    // At its end a process that is killed cannot do it.
    const keeping = realClock.setTimer(KEEP_COMPILED_MS, flushCompileCache);
    const code = await Promise.race([ended, server.failed]);
    keeping.cancel();
    if (typeof code === "number") {
      await Promise.race([server.stop(), delay(STOP_TIMEOUT_MS)]);
      return code;
    }
    tellFatal(log, code);
    return EXIT_UNEXPECTED;
  } catch (error) {
    tellFatal(log, error);
    return EXIT_CANNOT_START;
  }
}

async function load(operands: readonly string[], properties: SystemProperties): Promise<ParsedConfig> {
  const [file = "", dataDir, tickTime, maxClientCnxns] = operands;
  if (dataDir === undefined) return loadServerConfig(realServerPorts.disk, file, properties);
  const lines = [`clientPort=${file}`, `dataDir=${dataDir}`];
  if (tickTime !== undefined) lines.push(`tickTime=${tickTime}`);
  if (maxClientCnxns !== undefined) lines.push(`maxClientCnxns=${maxClientCnxns}`);
  return parseZooCfg({ file: "arguments", text: lines.join("\n"), properties, myid: undefined });
}

function openLog(parsed: ParsedConfig, configFile: string, properties: SystemProperties): Log {
  let text: string | undefined;
  try {
    text = readFileSync(properties.get("log4j.configuration") ?? join(dirname(configFile), "log4j.properties"), "utf8");
  } catch {
    text = undefined; // without one, what the properties say
  }
  return createLog4jLog({
    myid: parsed.config?.myid,
    threshold: consoleThreshold(text, properties),
    clock: realClock,
    write: (line) => process.stdout.write(line),
  });
}

function tellFatal(log: Log, error: unknown): void {
  const reason = explainSystemError(error, "run the server");
  log.error("exiting", { message: `${reason}; exiting abnormally` });
  process.stderr.write(`${reason}\n`);
}

/**
 * Seen as `java` by `pkill`, and with the original's main class by `ps`: people's scripts look for both. A title has no more room
 * than the command line that the process was started with; what does not fit loses its options.
 */
function nameProcess(args: readonly string[]): void {
  const room = [process.execPath, ...process.execArgv, ...process.argv.slice(1)].join(" ").length;
  const full = `java ${args.join(" ")}`;
  process.title = full.length <= room ? full : `java ${args.slice(Math.max(0, args.indexOf(MAIN_CLASS))).join(" ")}`;
  try {
    writeFileSync("/proc/self/comm", "java");
  } catch {
    // Elsewhere than on Linux the title has to do.
  }
}

function untilSignal(): Promise<number> {
  return new Promise((resolve) => {
    for (const [signal, code] of Object.entries(EXIT_BY_SIGNAL)) {
      process.once(signal, () => {
        resolve(code);
        process.once(signal, () => process.exit(code)); // who asks twice will not wait
      });
    }
  });
}

function delay(forMs: number): Promise<void> {
  return new Promise((resolve) => void realClock.setTimer(forMs, resolve));
}
