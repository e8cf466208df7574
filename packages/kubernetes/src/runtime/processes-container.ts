import { rm } from "node:fs/promises";

import type { ContainerOutput } from "./container-output.ts";
import type { SessionProcess } from "./container-session.ts";
import { containerEnvironment } from "./exec-environment.ts";
import { findExecutable } from "./find-executable.ts";
import type { LeftoverGuard } from "./leftover-guard.ts";
import { execFailure } from "./oci-words.ts";
import type { PipePool } from "./pipe-pool.ts";
import { spawnPiped } from "./piped-process.ts";
import { CONTAINER_MARK, killAll, marked, ofSessions } from "./pod-marks.ts";
import type { ContainerConfig } from "./pod-runtime.ts";
import { descendantsOf, sendSignal, statFields } from "./process-tree.ts";
import type { Relocation } from "./relocation.ts";
import type { CommandOptions, ContainerDriver, ContainerSignal } from "./started-container.ts";
import { openTerminal } from "./terminal.ts";

export type PlainProcess = Omit<SessionProcess, "killAll"> & { readonly pid: number };

export interface PlainProcessOptions {
  readonly argv: readonly string[];
  readonly stdin: boolean;
  readonly tty: boolean;
  readonly env: Readonly<Record<string, string>>;
  readonly path: string;
  readonly cwd: string;
  /** `setpriv`, if the machine has it: the process then ends with the lab, whatever ended that. */
  readonly setpriv: string | undefined;
  readonly pipes: PipePool;
}

/** Starts a program in a process group of its own. Throws the words of an OCI runtime's detail when there is none. */
export async function startPlainProcess(options: PlainProcessOptions): Promise<PlainProcess> {
  const { argv, env, cwd, setpriv } = options;
  const file = findExecutable(argv[0] ?? "", options.path, cwd);
  const command = [...(setpriv === undefined ? [] : [setpriv, "--pdeathsig", "KILL", "--"]), file, ...argv.slice(1)];
  if (options.tty) {
    const terminal = openTerminal(command[0] ?? file, command.slice(1), { env, cwd });
    const { pid, input, output, exited } = terminal;
    return { pid, stdin: input, stdout: output, stderr: undefined, exited, resize: terminal.resize };
  }
  const piped = await spawnPiped({ argv: command, stdin: options.stdin, env, cwd, report: false }, options.pipes);
  const { child } = piped;
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (error) => reject(new Error(`exec: "${argv[0]}": ${error.message}`)));
  });
  return { ...piped, pid: child.pid ?? 0, resize: () => {} };
}

export interface ProcessesContainerInput {
  readonly config: ContainerConfig;
  readonly process: PlainProcess;
  readonly output: ContainerOutput;
  readonly relocation: Relocation;
  readonly options: Omit<PlainProcessOptions, "argv" | "stdin" | "tty">;
  /** Value of the mark that all of the container's processes carry. */
  readonly mark: string;
  readonly runDirectories: readonly string[];
  readonly guard: LeftoverGuard;
}

/** A container that is a group of plain processes. */
export class ProcessesContainer implements ContainerDriver {
  readonly config: ContainerConfig;
  readonly process: PlainProcess;
  readonly output: ContainerOutput;
  readonly #input: ProcessesContainerInput;
  /** Start times of what descended from the program when it was last signalled, by process. */
  readonly #descendants = new Map<number, string | undefined>();

  constructor(input: ProcessesContainerInput) {
    this.config = input.config;
    this.process = input.process;
    this.output = input.output;
    this.#input = input;
    input.guard.begin(input.process.pid);
  }

  signal(signal: ContainerSignal): void {
    for (const pid of descendantsOf(this.process.pid)) this.#descendants.set(pid, startOf(pid));
    sendSignal(this.process.pid, signal);
  }

  async startCommand(options: CommandOptions): Promise<SessionProcess> {
    const argv = options.command.map((word) => this.#input.relocation.relocate(word));
    const env = options.tty ? { TERM: "xterm", ...this.#input.options.env } : this.#input.options.env;
    const process = await startPlainProcess({
      ...this.#input.options,
      env,
      argv,
      stdin: options.stdin,
      tty: options.tty,
    }).catch((error: unknown) => {
      throw execFailure(error instanceof Error ? error.message : String(error));
    });
    return {
      ...process,
      killAll: () => {
        for (const pid of [...descendantsOf(process.pid), process.pid]) sendSignal(pid, "SIGKILL");
      },
    };
  }

  /** What PID 1 of a namespace takes with it. */
  async endRest(): Promise<void> {
    const { mark, guard, process } = this.#input;
    const carriers = marked({ [CONTAINER_MARK]: mark });
    const session = new Set([process.pid]);
    const descendants = () =>
      [...this.#descendants].flatMap(([pid, start]) => (start !== undefined && startOf(pid) === start ? [pid] : []));
    await killAll(() => [...carriers(), ...ofSessions(session), ...descendants()]);
    guard.end(process.pid);
  }

  async cleanUp(): Promise<void> {
    for (const directory of this.#input.runDirectories) await rm(directory, { recursive: true, force: true });
  }
}

/** Tells a process from a later one of the same number. */
function startOf(pid: number): string | undefined {
  return statFields(pid)?.[19];
}

/** The environment of a container's plain processes. Marks come last: a container cannot take them off. */
export function plainEnvironment(
  config: ContainerConfig,
  pod: { readonly hostname: string; readonly home: string; readonly programs: string },
  marks: Readonly<Record<string, string>>,
): { readonly env: Readonly<Record<string, string>>; readonly path: string } {
  const { assignments, path } = containerEnvironment(config.env, { ...pod, tty: config.tty });
  const variables = assignments.map((assignment): [string, string] => {
    const equals = assignment.indexOf("=");
    return [assignment.slice(0, equals), assignment.slice(equals + 1)];
  });
  const ownPath = `${pod.programs}:${path}`;
  return { env: { ...Object.fromEntries(variables), PATH: ownPath, ...marks }, path: ownPath };
}
