import { rm } from "node:fs/promises";

import type { ContainerOutput } from "./container-output.ts";
import type { SessionProcess } from "./container-session.ts";
import { containerEnvironment } from "./exec-environment.ts";
import type { MachineTools } from "./machine-tools.ts";
import { startPodProcess, type PodProcess } from "./namespaces-process.ts";
import { execFailure } from "./oci-words.ts";
import type { PipePool } from "./pipe-pool.ts";
import type { ContainerConfig } from "./pod-runtime.ts";
import { descendantsOf, sendSignal } from "./process-tree.ts";
import { SetupError } from "./setup-report.ts";
import { ENTER_SCRIPT, EXEC_SCRIPT } from "./setup-scripts.ts";
import type { CommandOptions, ContainerDriver, ContainerSignal } from "./started-container.ts";

export interface NamespacesContainerInput {
  readonly config: ContainerConfig;
  readonly process: PodProcess;
  readonly output: ContainerOutput;
  readonly hostname: string;
  readonly home: string;
  /** The folder of this run, which goes when the run ends. */
  readonly runDirectory: string;
  readonly tools: MachineTools;
  readonly pipes: PipePool;
}

/** A container with PID and mount namespaces of its own: the end of its PID 1 is the end of all its processes. */
export class NamespacesContainer implements ContainerDriver {
  readonly config: ContainerConfig;
  readonly process: PodProcess;
  readonly output: ContainerOutput;
  readonly #input: NamespacesContainerInput;
  /** PID 1 of the container as the agent sees it. */
  readonly #init: number;

  constructor(input: NamespacesContainerInput) {
    this.config = input.config;
    this.process = input.process;
    this.output = input.output;
    this.#input = input;
    this.#init = Number(input.process.report.words[0]);
  }

  signal(signal: ContainerSignal): void {
    sendSignal(this.#init, signal);
  }

  async startCommand(options: CommandOptions): Promise<SessionProcess> {
    const { config, tools, pipes } = this.#input;
    const environment = containerEnvironment(config.env, { ...this.#input, tty: options.tty });
    const target = `--target=${this.#init}`;
    const enter = [tools.nsenter, target, "--pid", "--no-fork", "--", tools.sh, "-c", ENTER_SCRIPT, "enter"];
    enter.push(tools.nsenter, target, "--mount", "--uts", "--ipc", "--net", "--user", "--preserve-credentials");
    enter.push("--", "/bin/sh", "-c", EXEC_SCRIPT, "exec");
    const command = [config.workingDirectory, options.command[0] ?? "", environment.path];
    command.push(...environment.assignments, ...options.command);
    const process = await startPodProcess({
      argv: [...enter, ...command],
      stdin: options.stdin,
      tty: options.tty,
      tools,
      pipes,
    }).catch((error: unknown) => {
      throw error instanceof SetupError ? execFailure(error.detail) : error;
    });
    return {
      ...process,
      // The shell that waits ends by itself when its child does, and so leaves no zombie.
      killAll: () => {
        for (const pid of descendantsOf(process.pid)) sendSignal(pid, "SIGKILL");
      },
    };
  }

  endRest(): void {
    // The kernel did it with PID 1.
  }

  cleanUp(): Promise<void> {
    return rm(this.#input.runDirectory, { recursive: true, force: true });
  }
}
