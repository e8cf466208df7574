import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";

import type { ContainerSession } from "../api/node.ts";
import type { ContainerOutput } from "./container-output.ts";
import { attachedStdin, execSession } from "./container-session.ts";
import { containerEnvironment } from "./exec-environment.ts";
import type { MachineTools } from "./machine-tools.ts";
import { startPodProcess, type PodProcess } from "./namespaces-process.ts";
import { execFailure } from "./oci-words.ts";
import type { ContainerConfig, ContainerExit, RunningContainer } from "./pod-runtime.ts";
import { descendantsOf, sendSignal } from "./process-tree.ts";
import { SetupError } from "./setup-report.ts";
import { EXEC_SCRIPT } from "./setup-scripts.ts";

export interface NamespacesContainerInput {
  readonly config: ContainerConfig;
  readonly process: PodProcess;
  readonly output: ContainerOutput;
  /** Whether the container has a user namespace of its own. */
  readonly nestedUser: boolean;
  readonly hostname: string;
  readonly home: string;
  /** The pod's folder, and the one of this run that goes when the run ends. */
  readonly podDirectory: string;
  readonly runDirectory: string;
  readonly tools: MachineTools;
}

/** A container that runs in namespaces of its own. */
export class NamespacesContainer implements RunningContainer {
  readonly id = randomBytes(32).toString("hex");
  readonly startedAt = Date.now();
  readonly exited: Promise<ContainerExit>;
  /** Settles when nothing of the run is left: no process, no mount, no file but its log. */
  readonly gone: Promise<void>;
  readonly #input: NamespacesContainerInput;
  /** PID 1 of the container as the agent sees it. */
  readonly #init: number;
  #ended = false;
  #stdinTaken = false;

  constructor(input: NamespacesContainerInput) {
    this.#input = input;
    this.#init = Number(input.process.report.words[0]);
    this.exited = this.#watch();
    this.gone = this.exited.then(() => rm(input.runDirectory, { recursive: true, force: true }));
    this.gone.catch(() => {});
  }

  kill(signal: "SIGTERM" | "SIGQUIT" | "SIGINT" | "SIGKILL"): void {
    if (!this.#ended) sendSignal(this.#init, signal);
  }

  async exec(options: Parameters<RunningContainer["exec"]>[0]): Promise<ContainerSession> {
    const { config, tools, podDirectory, nestedUser } = this.#input;
    if (this.#ended) throw new Error("cannot exec in a stopped container");
    const environment = containerEnvironment(config.env, { ...this.#input, tty: options.tty });
    const process = await startPodProcess({
      argv: [
        tools.nsenter,
        `--target=${this.#init}`,
        ...(nestedUser ? ["--user", "--preserve-credentials"] : []),
        ...["--mount", "--uts", "--ipc", "--net", "--pid", "--", "/bin/sh", "-c", EXEC_SCRIPT, "exec"],
        ...[config.workingDirectory, options.command[0] ?? "", environment.path],
        ...environment.assignments,
        ...options.command,
      ],
      stdin: options.stdin,
      tty: options.tty,
      directory: podDirectory,
      tools,
    }).catch((error: unknown) => {
      throw error instanceof SetupError ? execFailure(error.detail) : error;
    });
    const killAll = () => {
      for (const pid of descendantsOf(process.pid)) sendSignal(pid, "SIGKILL");
    };
    return execSession({ ...process, killAll }, options);
  }

  attach(options: Parameters<RunningContainer["attach"]>[0]): Promise<ContainerSession> {
    const { config, process, output } = this.#input;
    const tap = output.tap({ stdout: options.stdout, stderr: options.stderr && !config.tty });
    let stdin = options.stdin && config.stdin && !this.#stdinTaken ? process.stdin : undefined;
    stdin &&= attachedStdin(stdin, config.stdinOnce, () => (this.#stdinTaken = true));
    return Promise.resolve({
      stdin,
      stdout: tap.stdout,
      stderr: tap.stderr,
      resize: (columns, rows) => process.resize(columns, rows),
      exited: this.exited.then(({ exitCode }) => ({ exitCode })),
      close: () => {
        tap.close();
        stdin?.destroy();
      },
    });
  }

  async #watch(): Promise<ContainerExit> {
    const exit = await this.#input.process.exited;
    this.#ended = true;
    await this.#input.output.finish();
    return exit;
  }
}
