/**
 * Throughput beside the original: both serve the same files under the same configuration, wrk asks them in alternating pairs, and
 * the ratio of each pair counts, so that a machine that gets busier or slower does not. Prints the median ratio for each size.
 *
 *     node packages/nginx/bench/static.ts [--seconds 2] [--pairs 5] [--log]
 */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { nginxProgram } from "../src/index.ts";

const SIZES: readonly (readonly [name: string, octets: number])[] = [
  ["20 B", 20],
  ["1 KB", 1024],
  ["100 KB", 102_400],
  ["10 MB", 10_485_760],
];

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "2" },
    pairs: { type: "string", default: "5" },
    log: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function isInstalled(program: string): boolean {
  return spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;
}

interface Contender {
  readonly port: number;
  readonly process: ChildProcess;
}

async function start(
  command: readonly string[],
  home: string,
  root: string,
  port: number,
  cached: boolean,
): Promise<Contender> {
  mkdirSync(home);
  const conf = join(home, "n.conf");
  writeFileSync(
    conf,
    `daemon off; worker_processes 1; pid ${home}/pid; error_log ${home}/error.log;
     events { worker_connections 1024; }
     http { access_log ${values.log ? `${home}/access.log` : "off"}; sendfile on; tcp_nopush on; keepalive_requests 1000000000;
       client_body_temp_path ${home}/b;
       ${cached ? "open_file_cache max=1000;" : ""} server { listen 127.0.0.1:${port}; root ${root}; } }`,
  );
  const [program = "", ...args] = command;
  const child = spawn(program, [...args, "-c", conf, "-e", join(home, "early.log")], { stdio: "inherit" });
  for (let tries = 0; tries < 200; tries++) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => {
        socket.destroy();
        resolve(true);
      });
      socket.once("error", () => resolve(false));
    });
    if (open) return { port, process: child };
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`${program} does not listen on ${port}`);
}

/** Requests per second. */
function ask(port: number, octets: number): number {
  const target = `http://127.0.0.1:${port}/${octets}`;
  const result = spawnSync("wrk", ["-t1", "-c64", `-d${values.seconds}s`, target], { encoding: "utf8" });
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(result.stdout)?.[1] ?? "0");
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

async function main(): Promise<void> {
  if (values.help) {
    say("node packages/nginx/bench/static.ts [--seconds 2] [--pairs 5] [--log]");
    return;
  }
  const missing = ["wrk", "nginx"].filter((program) => !isInstalled(program));
  if (missing.length > 0) {
    say(`static: skipped, not installed: ${missing.join(", ")}`);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), "nginx-bench-"));
  // The original serves as another user when root starts it.
  chmodSync(folder, 0o755);
  const root = join(folder, "root");
  mkdirSync(root);
  for (const [, octets] of SIZES) writeFileSync(join(root, String(octets)), Buffer.alloc(octets, "x"));
  const contenders: Contender[] = [];
  try {
    const ours = await start(nginxProgram, join(folder, "ours"), root, 18_471, false);
    contenders.push(ours);
    const theirs = await start(["nginx"], join(folder, "theirs"), root, 18_472, false);
    contenders.push(theirs);
    const cached = await start(["nginx"], join(folder, "cached"), root, 18_473, true);
    contenders.push(cached);
    say(
      `access log ${values.log ? "on" : "off"}, 64 connections, ${values.pairs} rounds of ${values.seconds} s; requests/s are medians`,
    );
    for (const [name, octets] of SIZES) {
      const rounds: (readonly [number, number, number])[] = [];
      ask(ours.port, octets);
      for (let i = 0; i < Number(values.pairs); i++)
        rounds.push([ask(ours.port, octets), ask(theirs.port, octets), ask(cached.port, octets)]);
      const rate = (k: 0 | 1 | 2): string => String(Math.round(median(rounds.map((round) => round[k]))));
      const ratio = (k: 1 | 2): string => median(rounds.map((round) => round[0] / round[k])).toFixed(2);
      say(
        `${name.padEnd(7)} ours ${rate(0)}, nginx ${rate(1)} (ratio ${ratio(1)}), nginx with open_file_cache ${rate(2)} (ratio ${ratio(2)})`,
      );
    }
  } finally {
    for (const contender of contenders) contender.process.kill("SIGTERM");
    await Promise.all(
      contenders.map(({ process: child }) =>
        child.exitCode === null ? new Promise((resolve) => child.once("exit", resolve)) : undefined,
      ),
    );
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
