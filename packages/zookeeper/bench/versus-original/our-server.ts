import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { type MemberAddress, memberLines } from "../../src/testing/original.ts";

const ENTRY = fileURLToPath(new URL("../../src/cli/zk-server/server-entry.ts", import.meta.url));
/** Has the kernel end the server with us, however we end. */
const SETPRIV = "/usr/bin/setpriv";

/** As the launcher of the commands has it. */
const COMPILE_CACHE =
  process.env["NODE_COMPILE_CACHE"] ??
  join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "ordinal", "compile");

/** One of our servers in a process of its own, with the configuration that the original gets. */
export class OurServer {
  readonly clientPort: number;
  readonly #directory: string;
  readonly #configFile: string;
  #child: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();

  constructor(self: MemberAddress, members: readonly MemberAddress[], directory: string) {
    this.clientPort = self.clientPort;
    this.#directory = directory;
    this.#configFile = join(directory, "zoo.cfg");
    const dataDir = join(directory, "data");
    mkdirSync(dataDir, { recursive: true });
    writeFileSync(join(dataDir, "myid"), `${self.sid}\n`);
    const lines = [
      "tickTime=2000",
      "initLimit=10",
      "syncLimit=5",
      `dataDir=${dataDir}`,
      `clientPort=${self.clientPort}`,
      "clientPortAddress=127.0.0.1",
      "admin.enableServer=false",
      "4lw.commands.whitelist=*",
      ...memberLines(members),
    ];
    writeFileSync(this.#configFile, `${lines.join("\n")}\n`);
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  start(): void {
    const output = openSync(join(this.#directory, "server.log"), "a");
    const words = [process.execPath, ...profiling(this.#directory), ENTRY, this.#configFile];
    const command = existsSync(SETPRIV) ? [SETPRIV, "--pdeathsig", "KILL", ...words] : words;
    const child = spawn(command[0] ?? "", command.slice(1), {
      stdio: ["ignore", output, output],
      cwd: this.#directory,
      env: { ...process.env, NODE_COMPILE_CACHE: COMPILE_CACHE },
    });
    closeSync(output);
    this.#child = child;
    this.#exited = new Promise((resolve) => {
      child.once("exit", () => resolve());
      child.once("error", () => resolve());
    });
  }

  /** What it logged, for a benchmark that failed. */
  log(): string {
    return readFileSync(join(this.#directory, "server.log"), "utf8");
  }

  async kill(): Promise<void> {
    if (this.#child === undefined) return;
    // A profile is written by a process that ends by itself.
    this.#child.kill(process.env["BENCH_PROFILE"] === undefined ? "SIGKILL" : "SIGTERM");
    await this.#exited;
  }
}

/** `BENCH_PROFILE=folder` leaves processor profiles of our servers there. */
function profiling(directory: string): string[] {
  const folder = process.env["BENCH_PROFILE"];
  if (folder === undefined) return [];
  return [
    "--cpu-prof",
    `--cpu-prof-dir=${folder}`,
    `--cpu-prof-name=${directory.split("/").at(-1)}-${Date.now()}.cpuprofile`,
  ];
}
