import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { constants, openSync } from "node:fs";
import { rm } from "node:fs/promises";
import { Socket } from "node:net";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";

import { exitStatus } from "./exit-status.ts";
import { heldOutput } from "./held-output.ts";
import type { MachineTools } from "./machine-tools.ts";
import type { ContainerExit } from "./pod-runtime.ts";
import { runTool } from "./run-tool.ts";
import { readSetupReport, type SetupReport } from "./setup-report.ts";
import { openTerminal } from "./terminal.ts";

/** A process of a pod, started through `nsenter`, with its streams. */
export interface PodProcess {
  /** The waiting parent (`nsenter`) outside the container. */
  readonly pid: number;
  readonly report: SetupReport;
  readonly stdin: Writable | undefined;
  readonly stdout: Readable;
  /** Undefined with a terminal, which has one output. */
  readonly stderr: Readable | undefined;
  resize(columns: number, rows: number): void;
  /** The process ended; its outputs may still hold bytes. */
  readonly exited: Promise<ContainerExit>;
}

export interface PodProcessOptions {
  readonly argv: readonly string[];
  readonly stdin: boolean;
  readonly tty: boolean;
  /** A folder for the pipe over which a script behind a terminal reports. */
  readonly directory: string;
  readonly tools: MachineTools;
}

/** What setup scripts see of the environment: the tools' folders and nothing of the lab's. */
const SETUP_ENV = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" };

/** Starts `argv`, whose script reports on descriptor 3. Rejects with `SetupError` when the script refuses. */
export function startPodProcess(options: PodProcessOptions): Promise<PodProcess> {
  return options.tty ? startOnTerminal(options) : startOnPipes(options);
}

async function startOnPipes({ argv, stdin }: PodProcessOptions): Promise<PodProcess> {
  const [file = "", ...args] = argv;
  const child = spawn(file, args, {
    stdio: [stdin ? "pipe" : "ignore", "pipe", "pipe", "pipe"],
    env: SETUP_ENV,
    cwd: "/",
    detached: true,
  });
  const exited = new Promise<ContainerExit>((resolve) => {
    child.once("exit", (code, signal) => resolve(exitStatus(code, signal)));
    child.once("error", () => resolve({ exitCode: 128 }));
  });
  const stdout = heldOutput(child.stdout);
  const stderr = heldOutput(child.stderr);
  child.stdin?.on("error", () => {});
  const report = await readSetupReport(child.stdio[3] as Readable, child);
  return { pid: child.pid ?? 0, report, stdin: child.stdin ?? undefined, stdout, stderr, resize: () => {}, exited };
}

/** The terminal's library passes no other descriptors on, so the report comes through a named pipe. */
async function startOnTerminal(options: PodProcessOptions): Promise<PodProcess> {
  const { tools, argv } = options;
  const fifo = join(options.directory, `report-${randomUUID()}`);
  await runTool(tools.mkfifo, ["-m", "0600", fifo]);
  try {
    // Opened without waiting for the other side, which comes next.
    const fd = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    const report = new Socket({ fd, readable: true, writable: false });
    const terminal = openTerminal(tools.sh, ["-c", 'exec 3>"$0"; exec "$@"', fifo, ...argv], {
      env: SETUP_ENV,
      cwd: "/",
    });
    const said = await readSetupReport(report, undefined).finally(() => report.destroy());
    return {
      pid: terminal.pid,
      report: said,
      stdin: terminal.input,
      stdout: terminal.output,
      stderr: undefined,
      resize: terminal.resize,
      exited: terminal.exited,
    };
  } finally {
    await rm(fifo, { force: true });
  }
}
