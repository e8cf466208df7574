import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Duplex, Readable } from "node:stream";

import { ContainerLog } from "./container-log.ts";
import { ContainerOutput, warnOnce } from "./container-output.ts";
import { containerEnvironment } from "./exec-environment.ts";
import { LocalConnector } from "./local-connector.ts";
import { NamespacesContainer } from "./namespaces-container.ts";
import type { NamespacesContext } from "./namespaces-context.ts";
import { startPodProcess } from "./namespaces-process.ts";
import { startFailure } from "./oci-words.ts";
import type { ContainerConfig, PodSandbox, RunningContainer, SandboxConfig } from "./pod-runtime.ts";
import { prepareRootFileSystem } from "./root-file-system.ts";
import { runTool } from "./run-tool.ts";
import { SandboxContainers } from "./sandbox-containers.ts";
import { readSetupReport, SetupError } from "./setup-report.ts";
import { SANDBOX_SCRIPT, START_SCRIPT } from "./setup-scripts.ts";
import { StartedContainer } from "./started-container.ts";

/** The lab's whole range: every pod reaches every other one directly. */
const PREFIX_LENGTH = 16;

/**
 * A pod's network, UTS and IPC namespaces, held by a shell that waits for its standard input to end.
 */
export class NamespacesSandbox implements PodSandbox {
  readonly address: string;
  /** Resolves when nothing of the pod is left. */
  readonly stopped: Promise<void>;
  readonly #config: SandboxConfig;
  readonly #context: NamespacesContext;
  readonly #link: string;
  readonly #holder: ChildProcess;
  readonly #holderGone: Promise<void>;
  readonly #containers = new SandboxContainers();
  readonly #connector: LocalConnector;
  #stopping: Promise<void> | undefined;
  #markStopped: () => void = () => {};

  private constructor(config: SandboxConfig, context: NamespacesContext, link: string, holder: ChildProcess) {
    this.address = config.address;
    this.#config = config;
    this.#context = context;
    this.#link = link;
    this.#holder = holder;
    this.#holderGone = new Promise((resolve) => holder.once("exit", () => resolve()));
    this.stopped = new Promise((resolve) => (this.#markStopped = resolve));
    this.#connector = new LocalConnector([context.tools.nsenter, `--net=/proc/${holder.pid}/ns/net`, "--"]);
  }

  static async create(config: SandboxConfig, context: NamespacesContext): Promise<NamespacesSandbox> {
    const { tools } = context;
    const bridge = await context.nodeBridge(config.nodeName);
    const sharedMemory = join(config.directory, "shm");
    mkdirSync(sharedMemory, { recursive: true });
    const link = context.nextLinkName();
    const namespaces = ["--net", "--uts", "--ipc", "--mount", "--"];
    const script = [tools.sh, "-c", SANDBOX_SCRIPT, "sandbox", config.hostname, config.address, String(PREFIX_LENGTH)];
    script.push(hardwareAddress(config.address), link, bridge, String(process.pid), sharedMemory);
    const holder = spawn(tools.unshare, [...namespaces, ...script], {
      stdio: ["pipe", "ignore", "ignore", "pipe"],
      env: { PATH: process.env["PATH"] },
      detached: true,
    });
    holder.stdin?.on("error", () => {});
    try {
      await readSetupReport(holder.stdio[3] as Readable, holder);
    } catch (error) {
      holder.kill("SIGKILL");
      throw new Error(`failed to create the sandbox of pod ${config.namespace}/${config.name}`, { cause: error });
    }
    return new NamespacesSandbox(config, context, link, holder);
  }

  startContainer(config: ContainerConfig): Promise<RunningContainer> {
    return this.#containers.start(() => this.#start(config));
  }

  connectLocal(port: number): Promise<Duplex> {
    return this.#connector.connect(port);
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #start(config: ContainerConfig): Promise<StartedContainer> {
    const { tools, pipes, log } = this.#context;
    const layer = await this.#context.layerOf(config.image);
    const runDirectory = join(this.#config.directory, "containers", `${config.name}-${config.attempt}`);
    await rm(runDirectory, { recursive: true, force: true });
    const user = config.runAsUser ?? config.image.user;
    const group = config.runAsGroup ?? config.fsGroup ?? 0;
    const { home } = prepareRootFileSystem({
      directory: runDirectory,
      sandbox: this.#config,
      container: config,
      user,
      group,
      layer,
      sharedMemory: join(this.#config.directory, "shm"),
      machine: this.#context,
    });
    const containerLog = await ContainerLog.open(config.logPath);
    const environment = containerEnvironment(config.env, {
      hostname: this.#config.hostname,
      home,
      tty: config.tty,
    });
    const enter = [tools.nsenter, `--target=${this.#holder.pid}`, "--mount", "--net", "--uts", "--ipc", "--"];
    enter.push(tools.unshare, "--mount", "--pid", "--");
    const setup = [tools.sh, "-c", START_SCRIPT, "container", runDirectory, config.workingDirectory];
    setup.push(config.readOnlyRootFilesystem ? "ro" : "rw", String(user), String(group));
    const program = [config.argv[0] ?? "", environment.path, ...environment.assignments, ...config.argv];
    const process = await startPodProcess({
      argv: [...enter, ...setup, ...program],
      stdin: config.stdin,
      tty: config.tty,
      tools,
      pipes,
    }).catch(async (error: unknown) => {
      await containerLog.close();
      await rm(runDirectory, { recursive: true, force: true });
      throw error instanceof SetupError ? startFailure(error.detail) : error;
    });
    const output = new ContainerOutput(containerLog, warnOnce(log, config.logPath));
    return new StartedContainer(
      new NamespacesContainer({
        config,
        process,
        output,
        hostname: this.#config.hostname,
        home,
        runDirectory,
        tools,
        pipes,
      }),
    );
  }

  async #stop(): Promise<void> {
    this.#connector.close();
    await this.#containers.end();
    // The kernel removes the link with the namespace, but only some time after; a new pod may want the address at once.
    await runTool(this.#context.tools.ip, ["link", "delete", this.#link]).catch(() => {});
    this.#holder.kill("SIGKILL");
    await this.#holderGone;
    for (const name of ["shm", "containers"]) {
      await rm(join(this.#config.directory, name), { recursive: true, force: true });
    }
    this.#markStopped();
  }
}

/** The same address always has the same hardware address, so that neighbours' caches stay true when a pod returns. */
function hardwareAddress(address: string): string {
  const hex = address.split(".").map((part) => Number(part).toString(16).padStart(2, "0"));
  return ["02", "00", ...hex].join(":");
}
