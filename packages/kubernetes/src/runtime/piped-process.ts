import { spawn, type ChildProcess } from "node:child_process";
import { closeSync } from "node:fs";
import type { Readable, Writable } from "node:stream";

import { exitStatus } from "./exit-status.ts";
import { openPipe, type PipePool } from "./pipe-pool.ts";
import type { ContainerExit } from "./pod-runtime.ts";

export interface PipedProcess {
  readonly child: ChildProcess;
  readonly stdin: Writable | undefined;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly exited: Promise<ContainerExit>;
}

export interface PipedProcessOptions {
  readonly argv: readonly string[];
  readonly stdin: boolean;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** A further descriptor, number 3, on which the process reports. */
  readonly report: boolean;
}

/** Spawns a program in a process group of its own, its standard streams on pipes of `pool`. */
export async function spawnPiped(options: PipedProcessOptions, pool: PipePool): Promise<PipedProcess> {
  const [out = -1, err = -1, into] = await pool.take(options.stdin ? 3 : 2);
  const stdout = openPipe(out, "from the program");
  const stderr = openPipe(err, "from the program");
  const stdin = into === undefined ? undefined : openPipe(into, "to the program");
  // A program that stopped reading is no error of ours.
  for (const pipe of [stdin, stdout, stderr]) pipe?.stream.on("error", () => {});
  try {
    const [file = "", ...args] = options.argv;
    const child = spawn(file, args, {
      stdio: [stdin?.fd ?? "ignore", stdout.fd, stderr.fd, ...(options.report ? (["pipe"] as const) : [])],
      env: options.env,
      cwd: options.cwd,
      detached: true,
    });
    const exited = new Promise<ContainerExit>((resolve) => {
      child.once("exit", (code, signal) => resolve(exitStatus(code, signal)));
      child.once("error", () => resolve({ exitCode: 128 }));
    });
    return { child, stdin: stdin?.stream, stdout: stdout.stream, stderr: stderr.stream, exited };
  } finally {
    for (const pipe of [stdin, stdout, stderr]) if (pipe !== undefined) closeSync(pipe.fd);
  }
}
