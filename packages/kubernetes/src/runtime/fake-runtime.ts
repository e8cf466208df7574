import { PassThrough, type Duplex } from "node:stream";

import { defaultArgv } from "@ordinal/images";
import type { Clock } from "@ordinal/io";

import type { ContainerSession } from "../api/node.ts";
import { attachedStdin, execSession, type SessionProcess } from "./container-session.ts";
import { FAKE_PROGRAMS, fakeServer, type FakeProgram } from "./fake-programs.ts";
import { execFailure, startFailure } from "./oci-words.ts";
import type {
  ContainerConfig,
  ContainerExit,
  PodRuntime,
  PodSandbox,
  RunningContainer,
  SandboxConfig,
} from "./pod-runtime.ts";

export interface FakeRuntimeOptions {
  readonly clock: Clock;
  /** Time from creation to running of every sandbox and container; 0 unless said otherwise. */
  readonly startDelayMs?: number;
  /** Programs by name, beside those of `FAKE_PROGRAMS`. An image's own main program runs until it is told to stop. */
  readonly programs?: Readonly<Record<string, FakeProgram>>;
  /** Answers connections to a pod's localhost. */
  readonly connectLocal?: (sandbox: SandboxConfig, port: number) => Promise<Duplex>;
}

/** Pods that are only believed: no process, no file, no clock but the one it is given. */
export class FakeRuntime implements PodRuntime {
  readonly kind = "fake";
  readonly #options: FakeRuntimeOptions;
  readonly #sandboxes = new Map<string, FakeSandbox>();
  #containers = 0;

  constructor(options: FakeRuntimeOptions) {
    this.#options = options;
  }

  async createSandbox(config: SandboxConfig): Promise<PodSandbox> {
    await this.delay();
    const sandbox = new FakeSandbox(config, this, this.#options);
    this.#sandboxes.set(config.uid, sandbox);
    return sandbox;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#sandboxes.values()].map((sandbox) => sandbox.stop()));
  }

  /** Ends a running container as if its program did. False when there is no such one. */
  endContainer(podUid: string, containerName: string, exitCode: number): boolean {
    return this.#sandboxes.get(podUid)?.endContainer(containerName, exitCode) ?? false;
  }

  delay(): Promise<void> {
    const { clock, startDelayMs = 0 } = this.#options;
    return new Promise((resolve) => clock.setTimer(startDelayMs, resolve));
  }

  nextContainerId(): string {
    this.#containers += 1;
    return this.#containers.toString(16).padStart(64, "0");
  }
}

class FakeSandbox implements PodSandbox {
  readonly address: string;
  readonly #config: SandboxConfig;
  readonly #runtime: FakeRuntime;
  readonly #options: FakeRuntimeOptions;
  readonly #containers = new Map<string, FakeContainer>();
  #stopped = false;

  constructor(config: SandboxConfig, runtime: FakeRuntime, options: FakeRuntimeOptions) {
    this.address = config.address;
    this.#config = config;
    this.#runtime = runtime;
    this.#options = options;
  }

  async startContainer(config: ContainerConfig): Promise<RunningContainer> {
    if (this.#stopped) throw new Error("the pod is being stopped");
    await this.#runtime.delay();
    if (this.#stopped) throw new Error("the pod is being stopped");
    const container = new FakeContainer(config, this.#runtime.nextContainerId(), this.#options);
    this.#containers.set(config.name, container);
    return container;
  }

  connectLocal(port: number): Promise<Duplex> {
    const { connectLocal } = this.#options;
    if (connectLocal !== undefined && !this.#stopped) return connectLocal(this.#config, port);
    return Promise.reject(new Error(`connect ECONNREFUSED 127.0.0.1:${port}`));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    const containers = [...this.#containers.values()];
    for (const container of containers) container.kill("SIGKILL");
    await Promise.all(containers.map(({ exited }) => exited));
  }

  endContainer(name: string, exitCode: number): boolean {
    return this.#containers.get(name)?.end({ exitCode }) ?? false;
  }
}

class FakeContainer implements RunningContainer {
  readonly id: string;
  readonly startedAt: number;
  readonly exited: Promise<ContainerExit>;
  readonly #config: ContainerConfig;
  readonly #options: FakeRuntimeOptions;
  readonly #main: RunningFake;
  readonly #commands = new Set<RunningFake>();
  readonly #taps = new Set<PassThrough>();
  #ended = false;

  constructor(config: ContainerConfig, id: string, options: FakeRuntimeOptions) {
    this.#config = config;
    this.#options = options;
    this.id = id;
    this.startedAt = options.clock.now();
    this.#main = this.#run(config.argv, startFailure);
    if (!config.stdin) this.#main.stdin.end();
    for (const output of [this.#main.stdout, this.#main.stderr]) {
      output.on("data", (chunk: Buffer) => {
        for (const tap of this.#taps) tap.write(chunk);
      });
    }
    this.exited = this.#main.exited.then((exit) => {
      this.#ended = true;
      for (const command of this.#commands) command.end({ exitCode: 137, signal: 9 });
      for (const tap of this.#taps) tap.end();
      return exit;
    });
  }

  kill(signal: Parameters<RunningContainer["kill"]>[0]): void {
    if (signal === "SIGKILL") this.#main.end({ exitCode: 137, signal: 9 });
    else this.#main.signal(signal);
  }

  end(exit: ContainerExit): boolean {
    return this.#main.end(exit);
  }

  async exec(options: Parameters<RunningContainer["exec"]>[0]): Promise<ContainerSession> {
    if (this.#ended) throw new Error("cannot exec in a stopped container");
    const command = this.#run(options.command, execFailure);
    this.#commands.add(command);
    void command.exited.then(() => this.#commands.delete(command));
    if (!options.stdin) command.stdin.end();
    const process: SessionProcess = {
      stdin: command.stdin,
      stdout: command.stdout,
      stderr: command.stderr,
      exited: command.exited,
      resize: () => {},
      killAll: () => command.end({ exitCode: 137, signal: 9 }),
    };
    return Promise.resolve(execSession(process, options));
  }

  attach(options: Parameters<RunningContainer["attach"]>[0]): Promise<ContainerSession> {
    if (this.#ended) return Promise.reject(new Error("cannot attach to a stopped container"));
    const tap = new PassThrough();
    this.#taps.add(tap);
    const stdin =
      options.stdin && this.#config.stdin
        ? attachedStdin(this.#main.stdin, this.#config.stdinOnce, () => {})
        : undefined;
    return Promise.resolve({
      stdin,
      stdout: options.stdout ? tap : undefined,
      stderr: undefined,
      resize: () => {},
      exited: this.exited.then(({ exitCode }) => ({ exitCode })),
      close: () => {
        this.#taps.delete(tap);
        tap.destroy();
        stdin?.destroy();
      },
    });
  }

  #run(argv: readonly string[], failure: (detail: string) => Error): RunningFake {
    const name = argv[0] ?? "";
    const own = [...Object.keys(this.#config.image.programs), defaultArgv(this.#config.image)[0]];
    const program =
      this.#options.programs?.[name] ?? FAKE_PROGRAMS[name] ?? (own.includes(name) ? fakeServer : undefined);
    if (program === undefined) throw failure(`exec: "${name}": executable file not found in $PATH`);
    return new RunningFake(program, argv, this.#options.clock);
  }
}

/** One fake program that runs. */
class RunningFake {
  readonly stdin = new PassThrough();
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();
  readonly exited: Promise<ContainerExit>;
  #resolve: (exit: ContainerExit) => void = () => {};
  #signal: (signal: "SIGTERM" | "SIGQUIT" | "SIGINT") => void = () => {};
  #over = false;

  constructor(program: FakeProgram, argv: readonly string[], clock: Clock) {
    const signalled = new Promise<"SIGTERM" | "SIGQUIT" | "SIGINT">((resolve) => (this.#signal = resolve));
    this.exited = new Promise((resolve) => (this.#resolve = resolve));
    const { stdin, stdout, stderr } = this;
    void program({ argv, stdin, stdout, stderr, clock, signalled }).then(
      (exitCode) => this.end({ exitCode }),
      () => this.end({ exitCode: 255 }),
    );
  }

  signal(signal: "SIGTERM" | "SIGQUIT" | "SIGINT"): void {
    this.#signal(signal);
  }

  /** False when it had ended before. */
  end(exit: ContainerExit): boolean {
    if (this.#over) return false;
    this.#over = true;
    this.stdout.end();
    this.stderr.end();
    this.#resolve(exit);
    return true;
  }
}
