import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync, statfsSync } from "node:fs";
import { dirname, join } from "node:path";

import { homeDirectory, homePaths, isRunning, readState } from "@ordinal/kubernetes/lab-home";

import { parse, text } from "../arguments.ts";

/** `fail`: no lab can run. `weak`: it runs with the stated cost. */
interface Finding {
  readonly level: "ok" | "weak" | "fail";
  readonly what: string;
  readonly remedy?: string;
}

const FREE_WANTED_BYTES = 256 * 1024 * 1024;
const FREE_NEEDED_BYTES = 16 * 1024 * 1024;
/** A lab of 100 pods: sockets, logs and pipes of the agent. */
const OPEN_FILES_WANTED = 4096;
const INOTIFY_INSTANCES_WANTED = 16;

export async function run(args: readonly string[]): Promise<number> {
  const home = homePaths(homeDirectory(text(parse(args), "home")));
  const findings = [
    platform(),
    await namespaces(home.directory),
    ...tools(),
    lowPorts(),
    await freePort("API", 6443, home.directory, readState(home)?.apiPort),
    openFiles(),
    inotify(),
    disk(home.directory),
    homeState(home.directory),
  ];
  const marks = { ok: "ok  ", weak: "weak", fail: "FAIL" };
  for (const finding of findings) {
    process.stdout.write(`${marks[finding.level]}  ${finding.what}\n`);
    if (finding.remedy !== undefined) process.stdout.write(`      ${finding.remedy}\n`);
  }
  const failed = findings.filter((finding) => finding.level === "fail").length;
  process.stdout.write(
    failed === 0
      ? "\nA lab can run here.\n"
      : `\nNo lab can run here: ${failed} finding${failed === 1 ? "" : "s"} to mend.\n`,
  );
  return failed === 0 ? 0 : 1;
}

function platform(): Finding {
  if (process.platform === "linux") return { level: "ok", what: `Linux ${process.arch}, Node ${process.version}` };
  return {
    level: "fail",
    what: `${process.platform}: pods need Linux`,
    remedy: "Use `docker compose up` instead: each pod becomes a container.",
  };
}

async function namespaces(directory: string): Promise<Finding> {
  const { probeNamespaces } = await import("@ordinal/kubernetes");
  const result = await probeNamespaces(existingFolder(directory));
  if (result.ok) return { level: "ok", what: "user namespaces: each pod gets its own network, hostname and files" };
  return {
    level: "weak",
    what: `no namespaces (${result.reason}): pods run as plain processes on the machine's network`,
    remedy: result.remedy,
  };
}

function tools(): Finding[] {
  const missing = (name: string): boolean =>
    !(process.env["PATH"] ?? "").split(":").some((folder) => executable(join(folder, name)));
  const findings: Finding[] = [];
  for (const [name, cost, remedy] of [
    [
      "kubectl",
      "`ordinal get|logs|exec|apply|delete` do without it",
      "Install kubectl 1.31 or later to drive the lab as a cluster.",
    ],
    [
      "curl",
      "the tutorial's `kubectl exec web-0 -- curl localhost` needs it: pods use the machine's own tools",
      "Install curl.",
    ],
    ["tar", "`kubectl cp` needs it: pods use the machine's own tools", "Install tar."],
  ] as const)
    findings.push(missing(name) ? { level: "weak", what: `no ${name}: ${cost}`, remedy } : { level: "ok", what: name });
  return findings;
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function lowPorts(): Finding {
  const floor = Number(readText("/proc/sys/net/ipv4/ip_unprivileged_port_start") ?? "1024");
  if (process.getuid?.() === 0 || floor <= 80)
    return { level: "ok", what: "ports below 1024 may be bound: the host reaches pods at their own ports" };
  return {
    level: "weak",
    what: `ports below ${floor} are root's: the host reaches a pod's port 80 at port 8080 of the pod's address (inside the lab it stays 80)`,
    remedy: "For the real port: `sudo sysctl net.ipv4.ip_unprivileged_port_start=80`.",
  };
}

async function freePort(
  what: string,
  port: number,
  homeDirectoryPath: string,
  own: number | undefined,
): Promise<Finding> {
  if (own === port && isRunning(readState(homePaths(homeDirectoryPath))))
    return { level: "ok", what: `port ${port} (${what}) is this lab's own` };
  const { tryListen } = await import("@ordinal/kubernetes");
  const server = await tryListen("127.0.0.1", port);
  if (server === undefined)
    return {
      level: "weak",
      what: `port ${port} (${what}) is taken; a lab will use the next free one`,
      remedy: "Name one with `ordinal start --port N`.",
    };
  server.close();
  return { level: "ok", what: `port ${port} (${what}) is free` };
}

function openFiles(): Finding {
  const limit = /Max open files\s+(\d+)/.exec(readText("/proc/self/limits") ?? "")?.[1];
  if (limit === undefined || Number(limit) >= OPEN_FILES_WANTED)
    return { level: "ok", what: `open files: ${limit ?? "no limit known"}` };
  return {
    level: "weak",
    what: `at most ${limit} open files a process: enough for about ${Math.floor(Number(limit) / 30)} pods`,
    remedy: `\`ulimit -n ${OPEN_FILES_WANTED}\` before the start.`,
  };
}

function inotify(): Finding {
  const instances = Number(readText("/proc/sys/fs/inotify/max_user_instances") ?? "128");
  if (instances >= INOTIFY_INSTANCES_WANTED) return { level: "ok", what: `inotify instances: ${instances}` };
  return {
    level: "weak",
    what: `only ${instances} inotify instances`,
    remedy: "`sudo sysctl fs.inotify.max_user_instances=128`.",
  };
}

/** The folder itself, or the nearest one above it that exists. */
function existingFolder(directory: string): string {
  let folder = directory;
  while (!existsSync(folder)) folder = dirname(folder);
  return folder;
}

function disk(directory: string): Finding {
  const stats = statfsSync(existingFolder(directory));
  const free = stats.bavail * stats.bsize;
  const shown = `${Math.floor(free / 1024 / 1024)} MiB free for ${directory}`;
  if (free < FREE_NEEDED_BYTES)
    return { level: "fail", what: shown, remedy: "Free some space, or choose another folder with --home." };
  if (free < FREE_WANTED_BYTES)
    return { level: "weak", what: shown, remedy: "A full disk stops writes to the API. Free some space." };
  return { level: "ok", what: shown };
}

function homeState(directory: string): Finding {
  const home = homePaths(directory);
  const state = readState(home);
  if (isRunning(state)) return { level: "ok", what: `a lab is running in ${directory} (process ${state.pid})` };
  if (!existsSync(directory)) return { level: "ok", what: `${directory} will be made at the first start` };
  try {
    accessSync(directory, constants.W_OK);
    return { level: "ok", what: `${directory} is ours` };
  } catch {
    return {
      level: "fail",
      what: `${directory} cannot be written by ${userName()}`,
      remedy: "Choose a folder of your own with --home DIR.",
    };
  }
}

function userName(): string {
  try {
    return execFileSync("id", ["-un"], { encoding: "utf8" }).trim();
  } catch {
    return `uid ${process.getuid?.() ?? "?"}`;
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}
