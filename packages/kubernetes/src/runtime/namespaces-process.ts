import { closeSync, constants, openSync } from "node:fs";
import { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";

import type { MachineTools } from "./machine-tools.ts";
import type { PipePool } from "./pipe-pool.ts";
import { spawnPiped } from "./piped-process.ts";
import type { ContainerExit } from "./pod-runtime.ts";
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
  readonly tools: MachineTools;
  readonly pipes: PipePool;
}

/** What setup scripts see of the environment: the tools' folders and nothing of the lab's. */
const SETUP_ENV = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" };

/** Starts `argv`, whose script reports on descriptor 3. Rejects with `SetupError` when the script refuses. */
export function startPodProcess(options: PodProcessOptions): Promise<PodProcess> {
  return options.tty ? startOnTerminal(options) : startOnPipes(options);
}

async function startOnPipes({ argv, stdin, pipes }: PodProcessOptions): Promise<PodProcess> {
  const process = await spawnPiped({ argv, stdin, env: SETUP_ENV, cwd: "/", report: true }, pipes);
  const { child, exited } = process;
  const report = await readSetupReport(child.stdio[3] as Readable, child);
  return { ...process, pid: child.pid ?? 0, report, resize: () => {}, exited };
}

/** The terminal's library passes no other descriptors on, so the report comes through a named pipe. */
async function startOnTerminal(options: PodProcessOptions): Promise<PodProcess> {
  const { tools, argv, pipes } = options;
  const [pipe = -1] = await pipes.take(1);
  const report = new Socket({
    fd: openSync(`/proc/self/fd/${pipe}`, constants.O_RDONLY | constants.O_NONBLOCK),
    readable: true,
    writable: false,
  });
  let open = true;
  const closeOurs = () => {
    if (open) closeSync(pipe);
    open = false;
  };
  try {
    const path = `/proc/${process.pid}/fd/${pipe}`;
    const terminal = openTerminal(tools.sh, ["-c", 'exec 3>"$0"; exec "$@"', path, ...argv], {
      env: SETUP_ENV,
      cwd: "/",
    });
    // The report ends when nobody can add to it.
    void terminal.exited.then(closeOurs);
    const said = await readSetupReport(report, undefined);
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
    closeOurs();
    report.destroy();
  }
}
