import { randomBytes } from "node:crypto";

import type { ContainerSession } from "../api/node.ts";
import type { ContainerOutput } from "./container-output.ts";
import { attachedStdin, execSession, type SessionProcess } from "./container-session.ts";
import type { ContainerConfig, ContainerExit, RunningContainer } from "./pod-runtime.ts";

export type ContainerSignal = Parameters<RunningContainer["kill"]>[0];
export type CommandOptions = Parameters<RunningContainer["exec"]>[0];

/** What differs between runtimes once a container's program runs. */
export interface ContainerDriver {
  readonly config: ContainerConfig;
  readonly process: Omit<SessionProcess, "killAll">;
  readonly output: ContainerOutput;
  signal(signal: ContainerSignal): void;
  /** Starts a command beside the program. Rejects with what an OCI runtime would say. */
  startCommand(options: CommandOptions): Promise<SessionProcess>;
  /** Ends what the program left running; its outputs are read to their end after this. */
  endRest(): void | Promise<void>;
  /** Removes what the run leaves on disk. Called once, when nothing of it runs any more. */
  cleanUp(): Promise<void>;
}

/** A container whose program was started: its streams, its end, and the clients that join it. */
export class StartedContainer implements RunningContainer {
  readonly id = randomBytes(32).toString("hex");
  readonly startedAt = Date.now();
  readonly exited: Promise<ContainerExit>;
  /** Settles when nothing of the run is left: no process, no mount, no file but its log. */
  readonly gone: Promise<void>;
  readonly #driver: ContainerDriver;
  #ended = false;
  #stdinTaken = false;

  constructor(driver: ContainerDriver) {
    this.#driver = driver;
    driver.output.carry(driver.process.stdout, "stdout");
    if (driver.process.stderr !== undefined) driver.output.carry(driver.process.stderr, "stderr");
    this.exited = this.#watch();
    this.gone = this.exited.then(() => driver.cleanUp());
    this.gone.catch(() => {});
  }

  kill(signal: ContainerSignal): void {
    if (!this.#ended) this.#driver.signal(signal);
  }

  async exec(options: CommandOptions): Promise<ContainerSession> {
    if (this.#ended) throw new Error("cannot exec in a stopped container");
    return execSession(await this.#driver.startCommand(options), options);
  }

  attach(options: Parameters<RunningContainer["attach"]>[0]): Promise<ContainerSession> {
    const { config, process, output } = this.#driver;
    if (this.#ended) return Promise.reject(new Error("cannot attach to a stopped container"));
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
    const exit = await this.#driver.process.exited;
    this.#ended = true;
    await this.#driver.endRest();
    await this.#driver.output.finish();
    return exit;
  }
}
