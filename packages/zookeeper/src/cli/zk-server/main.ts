/** The command `zkServer.sh`. Source: bin/zkServer.sh of the original. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { explainSystemError, realDisk } from "@ordinal/io";

import { loadServerConfig } from "../../config/load-shell.ts";
import { parseJvmFlags } from "../../config/system-properties.ts";
import { formatProblem } from "../../config/zoo-cfg.ts";
import { modeOf } from "../../ensemble/four-letter-word.ts";
import { FULL_VERSION } from "../../server/version.ts";
import { type ServerCommand, serverCommand } from "./environment.ts";

const SERVER_ENTRY = fileURLToPath(new URL("./server-entry.ts", import.meta.url));
const USAGE =
  "Usage: zkServer.sh [--config <conf-dir>] {start|start-foreground|stop|version|restart|status|print-cmd} [zoo.cfg]";
/** A server that cannot start says so within this time. */
const START_MS = 1000;
const STOP_TIMEOUT_MS = 10_000;
const POLL_MS = 50;

/** @returns the exit code */
export async function main(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> {
  let rest = args;
  const variables = { ...environment };
  if (rest[0] === "--config") {
    if (rest[1] === undefined || !existsSync(rest[1])) {
      tell(`--config wants a folder with zoo.cfg in it${rest[1] === undefined ? "" : `, and there is no ${rest[1]}`}`);
      return 1;
    }
    variables["ZOOCFGDIR"] = rest[1];
    rest = rest.slice(2);
  }
  const [verb, config] = rest;
  if (verb === "version") {
    process.stdout.write(`Apache ZooKeeper, version ${FULL_VERSION}\n`);
    return 0;
  }
  const verbs = new Map<string | undefined, (command: ServerCommand) => Promise<number>>([
    ["start", start],
    ["start-foreground", startForeground],
    ["stop", stop],
    ["restart", restart],
    ["status", status],
    ["print-cmd", printCommand],
  ]);
  const run = verbs.get(verb);
  if (run === undefined || rest.length > 2) {
    tell(USAGE);
    return 1;
  }
  const command = serverCommand(config, variables, existsSync);
  tell(`Using config: ${command.configFile}`);
  if (!existsSync(command.configFile)) {
    tell(`${command.configFile} file is missing. Name one, or set ZOOCFGDIR to the folder that has a zoo.cfg.`);
    return 2;
  }
  return run(command);
}

async function startForeground({ args }: ServerCommand): Promise<number> {
  const { runServer } = await import("./server-process.ts");
  return runServer(args);
}

async function start(command: ServerCommand): Promise<number> {
  process.stdout.write("Starting zookeeper ... ");
  const pidFile = await pidFileOf(command);
  if (pidFile === undefined) return 1;
  const running = readPid(pidFile);
  if (running !== undefined && isAlive(running)) {
    process.stdout.write(`already running as process ${running}.\n`);
    return 1;
  }
  try {
    mkdirSync(dirname(command.outFile), { recursive: true });
    mkdirSync(dirname(pidFile), { recursive: true });
    const out = openSync(command.outFile, "w", 0o644);
    const server = spawn(process.execPath, [SERVER_ENTRY, ...command.args], {
      detached: true,
      stdio: ["ignore", out, out],
    });
    const ended = new Promise<true>((resolve) => server.once("exit", () => resolve(true)));
    writeFileSync(pidFile, String(server.pid));
    server.unref();
    if (await Promise.race([ended, delay(START_MS)])) {
      process.stdout.write("FAILED TO START\n");
      tell(`Its last words are in ${command.outFile}`);
      return 1;
    }
  } catch (error) {
    process.stdout.write("FAILED TO START\n");
    tell(explainSystemError(error, "start the server"));
    return 1;
  }
  process.stdout.write("STARTED\n");
  return 0;
}

async function stop(command: ServerCommand): Promise<number> {
  process.stdout.write("Stopping zookeeper ... ");
  const pidFile = await pidFileOf(command);
  const pid = pidFile === undefined ? undefined : readPid(pidFile);
  if (pidFile === undefined || pid === undefined) {
    process.stdout.write(`no zookeeper to stop (could not find file ${pidFile ?? "zookeeper_server.pid"})\n`);
    return 0;
  }
  if (isAlive(pid)) {
    process.kill(pid, "SIGTERM");
    const deadline = Date.now() + STOP_TIMEOUT_MS;
    while (isAlive(pid) && Date.now() < deadline) await delay(POLL_MS);
  }
  rmSync(pidFile, { force: true });
  process.stdout.write(isAlive(pid) ? `process ${pid} does not end\n` : "STOPPED\n");
  return 0;
}

async function restart(command: ServerCommand): Promise<number> {
  await stop(command);
  return start(command);
}

async function status(command: ServerCommand): Promise<number> {
  const config = await configOf(command);
  if (config?.clientPort === undefined) {
    process.stdout.write("Unable to find an unsecure client port in any configs. Terminating.\n");
    return 1;
  }
  const { clientPort } = config;
  const host = config.clientPortAddress === "0.0.0.0" ? "localhost" : config.clientPortAddress;
  process.stdout.write(`Client port found: ${clientPort}. Client address: ${host}. Client SSL: false.\n`);
  const mode = await modeOf(clientPort, START_MS * 5, host === "localhost" ? "127.0.0.1" : host);
  if (mode === undefined) {
    process.stdout.write("Error contacting service. It is probably not running.\n");
    return 1;
  }
  process.stdout.write(`Mode: ${mode}\n`);
  return 0;
}

function printCommand({ args, outFile }: ServerCommand): Promise<number> {
  const words = [process.execPath, SERVER_ENTRY, ...args].map((word) =>
    /[^\w./:=@,%+-]/.test(word) ? `"${word}"` : word,
  );
  process.stdout.write(`${words.join(" ")} > "${outFile}" 2>&1 < /dev/null\n`);
  return Promise.resolve(0);
}

async function configOf(command: ServerCommand) {
  const properties = parseJvmFlags(command.args);
  const { config, problems } = await loadServerConfig(realDisk, command.configFile, properties);
  for (const problem of problems) tell(formatProblem(problem));
  return config;
}

async function pidFileOf(command: ServerCommand): Promise<string | undefined> {
  const named = process.env["ZOOPIDFILE"];
  if (named !== undefined && named !== "") return named;
  const config = await configOf(command);
  return config === undefined ? undefined : join(config.dataDir, "zookeeper_server.pid");
}

function readPid(file: string): number | undefined {
  try {
    const pid = Number(readFileSync(file, "utf8").trim());
    return Number.isSafeInteger(pid) && pid > 1 ? pid : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function delay(forMs: number): Promise<false> {
  return new Promise((resolve) => void setTimeout(() => resolve(false), forMs));
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}
