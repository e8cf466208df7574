import { createHash, randomBytes } from "node:crypto";
import { lstatSync, mkdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { mkdir, rm, symlink } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";

import type { Log } from "@ordinal/io";

import { ContainerLog } from "./container-log.ts";
import { ContainerOutput, warnOnce } from "./container-output.ts";
import { LeftoverGuard } from "./leftover-guard.ts";
import { findTool } from "./machine-tools.ts";
import { startFailure } from "./oci-words.ts";
import { PipePool } from "./pipe-pool.ts";
import { CONTAINER_MARK, HOME_MARK, POD_MARK, RUN_MARK } from "./pod-marks.ts";
import type { ContainerConfig, PodRuntime, PodSandbox, RunningContainer, SandboxConfig } from "./pod-runtime.ts";
import { plainEnvironment, ProcessesContainer, startPlainProcess } from "./processes-container.ts";
import { relocateContainer } from "./relocation.ts";
import { SandboxContainers } from "./sandbox-containers.ts";
import { StartedContainer } from "./started-container.ts";

/** Added to a privileged port where the lab's user may not bind it: 80 becomes 8080. */
const PORT_SHIFT = 8000;

export interface ProcessesRuntimeOptions {
  /** The lab's home: the mark by which `sweepLeftovers` knows its processes. */
  readonly home: string;
  readonly log: Log;
}

/** What a port is shifted by here: 0 when this user may bind privileged ports. */
export function portShift(): number {
  if (process.getuid?.() === 0) return 0;
  try {
    return Number(readFileSync("/proc/sys/net/ipv4/ip_unprivileged_port_start", "utf8")) <= 80 ? 0 : PORT_SHIFT;
  } catch {
    return PORT_SHIFT;
  }
}

/** The port of the machine that a container's port became. */
export function shiftedPort(port: number, shift: number): number {
  return port < 1024 ? port + shift : port;
}

/**
 * Pods as plain processes on the machine's own network, where namespaces are refused. The package's README says what that
 * costs.
 */
export class ProcessesRuntime implements PodRuntime {
  readonly kind = "processes";
  /** 0, or what the images add to privileged ports. */
  readonly portShift = portShift();
  readonly log: Log;
  readonly home: string;
  readonly setpriv = findTool("setpriv");
  readonly pipes: PipePool;
  readonly compileCache: string;
  /** Value of the mark that all pods of this runtime carry. */
  readonly run = randomBytes(16).toString("hex");
  readonly guard: LeftoverGuard;
  readonly #sandboxes = new Set<ProcessesSandbox>();

  constructor(options: ProcessesRuntimeOptions) {
    this.home = realpathSync(options.home);
    this.log = options.log;
    this.compileCache = join(this.home, "runtime", "compile-cache");
    const shell = findTool("sh") ?? "sh";
    this.pipes = new PipePool(shell);
    this.guard = new LeftoverGuard(shell, this.home, this.run);
  }

  async createSandbox(config: SandboxConfig): Promise<PodSandbox> {
    await mkdir(config.directory, { recursive: true });
    const sandbox = new ProcessesSandbox(config, this);
    this.#sandboxes.add(sandbox);
    void sandbox.stopped.then(() => this.#sandboxes.delete(sandbox));
    return sandbox;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#sandboxes].map((sandbox) => sandbox.stop()));
    this.pipes.drain();
    await this.guard.release();
  }
}

class ProcessesSandbox implements PodSandbox {
  readonly address: string;
  readonly stopped: Promise<void>;
  readonly #config: SandboxConfig;
  readonly #runtime: ProcessesRuntime;
  readonly #containers = new SandboxContainers();
  #stopping: Promise<void> | undefined;
  #markStopped: () => void = () => {};

  constructor(config: SandboxConfig, runtime: ProcessesRuntime) {
    this.address = config.address;
    this.#config = config;
    this.#runtime = runtime;
    this.stopped = new Promise((resolve) => (this.#markStopped = resolve));
  }

  startContainer(config: ContainerConfig): Promise<RunningContainer> {
    return this.#containers.start(() => this.#start(config));
  }

  async connectLocal(port: number): Promise<Duplex> {
    const ports = [...new Set([shiftedPort(port, this.#runtime.portShift), port])];
    let refusal: unknown;
    for (const candidate of ports) {
      try {
        return await dial(this.address, candidate);
      } catch (error) {
        refusal = error;
      }
    }
    throw refusal;
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #start(config: ContainerConfig): Promise<StartedContainer> {
    const sandbox = this.#config;
    const runDirectory = join(sandbox.directory, "containers", `${config.name}-${config.attempt}`);
    const root = shortName(runDirectory);
    await rm(runDirectory, { recursive: true, force: true });
    await rm(root, { force: true });
    mkdirSync(runDirectory, { recursive: true });
    await symlink(runDirectory, root);
    const { compileCache } = this.#runtime;
    const { image, mounts } = config;
    const relocation = relocateContainer({ root, sandbox, image, mounts, compileCache });
    const mark = randomBytes(16).toString("hex");
    const { env, path } = plainEnvironment(
      config,
      { hostname: sandbox.hostname, home: root, programs: relocation.programs },
      {
        [HOME_MARK]: this.#runtime.home,
        [POD_MARK]: sandbox.uid,
        [CONTAINER_MARK]: mark,
        [RUN_MARK]: this.#runtime.run,
        ORDINAL_ROOT: root,
        ORDINAL_PATH_MAP: JSON.stringify(relocation.pathMap),
        ORDINAL_RESOLV_CONF: join(root, "etc/resolv.conf"),
        ORDINAL_BIND_ADDRESS: sandbox.address,
        ORDINAL_PORT_SHIFT: String(this.#runtime.portShift),
      },
    );
    const cwd = workingFolder(root, relocation.relocate(config.workingDirectory));
    const { setpriv, pipes, guard } = this.#runtime;
    const options = { env, path, cwd, setpriv, pipes };
    const runDirectories = [runDirectory, root];
    const log = await ContainerLog.open(config.logPath);
    const process = await startPlainProcess({
      ...options,
      argv: config.argv.map((word) => relocation.relocate(word)),
      stdin: config.stdin,
      tty: config.tty,
    }).catch(async (error: unknown) => {
      await log.close();
      for (const directory of runDirectories) await rm(directory, { recursive: true, force: true });
      throw startFailure(error instanceof Error ? error.message : String(error));
    });
    const output = new ContainerOutput(log, warnOnce(this.#runtime.log, config.logPath));
    return new StartedContainer(
      new ProcessesContainer({ config, process, output, relocation, options, mark, runDirectories, guard }),
    );
  }

  async #stop(): Promise<void> {
    await this.#containers.end();
    await rm(join(this.#config.directory, "containers"), { recursive: true, force: true });
    this.#markStopped();
  }
}

/** A link that stands for a folder in command lines: without blanks, and short. */
export function shortName(directory: string): string {
  const temporary = [tmpdir(), "/tmp", "/var/tmp"].find((path) => /^[\w./-]+$/.test(path)) ?? "/tmp";
  // Stays when it is empty: another lab of this user may be about to use it.
  const folder = join(temporary, `ordinal-${process.getuid?.() ?? 0}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // Others can write where it lies: theirs, or a link of theirs, would decide where the programs of pods come from.
  const stat = lstatSync(folder);
  if (!stat.isDirectory() || stat.uid !== process.getuid?.() || (stat.mode & 0o022) !== 0)
    throw new Error(`${folder} is not a folder of this user's alone: remove it`);
  return join(folder, createHash("sha256").update(directory).digest("hex").slice(0, 16));
}

/** The container's working directory: its own where it has one, else the machine's, else made. */
function workingFolder(root: string, workingDirectory: string): string {
  const own = workingDirectory.startsWith(root) ? workingDirectory : join(root, workingDirectory);
  for (const folder of [own, workingDirectory]) {
    if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return folder;
  }
  mkdirSync(own, { recursive: true });
  return own;
}

function dial(host: string, port: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, allowHalfOpen: true });
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.off("error", reject);
      resolve(socket);
    });
  });
}
