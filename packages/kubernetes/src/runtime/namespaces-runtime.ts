import { mkdir } from "node:fs/promises";
import { join } from "node:path";

import type { Image } from "@ordinal/images";
import type { Log } from "@ordinal/io";

import { CompileCache } from "./compile-cache.ts";
import { buildImageLayer, type ImageLayer } from "./image-layer.ts";
import { LAB_BRIDGE } from "./lab-network.ts";
import { inspectMachineRoot, type MachineRoot } from "./machine-root.ts";
import { requireMachineTools, type MachineTools } from "./machine-tools.ts";
import type { NamespacesContext } from "./namespaces-context.ts";
import { NamespacesSandbox } from "./namespaces-sandbox.ts";
import { PipePool } from "./pipe-pool.ts";
import type { PodRuntime, PodSandbox, SandboxConfig } from "./pod-runtime.ts";
import { runTool } from "./run-tool.ts";
import { RUNTIME_SETUP } from "./setup-scripts.ts";

export interface NamespacesRuntimeOptions {
  /** Folder of this runtime under the lab's home; what an earlier start left in it is replaced. */
  readonly directory: string;
  readonly log: Log;
}

/**
 * Pods out of namespaces. Runs in the lab's namespaces (`startInLabNamespaces`) after `setUpLabNetwork`.
 */
export class NamespacesRuntime implements PodRuntime, NamespacesContext {
  readonly kind = "namespaces";
  readonly tools: MachineTools;
  readonly root: MachineRoot;
  readonly devices: string;
  readonly sysfs: "own" | "machine";
  readonly compileCache: CompileCache;
  readonly pipes: PipePool;
  readonly log: Log;
  readonly #directory: string;
  readonly #layers = new Map<string, Promise<ImageLayer>>();
  readonly #bridges = new Map<string, Promise<string>>();
  readonly #sandboxes = new Set<NamespacesSandbox>();
  #links = 0;

  private constructor(options: NamespacesRuntimeOptions, tools: MachineTools, sysfs: "own" | "machine") {
    this.log = options.log;
    this.#directory = options.directory;
    this.devices = join(options.directory, "dev");
    this.compileCache = new CompileCache(join(options.directory, "compiled"), options.log);
    this.pipes = new PipePool(tools.sh);
    this.tools = tools;
    this.root = inspectMachineRoot();
    this.sysfs = sysfs;
  }

  static async create(options: NamespacesRuntimeOptions): Promise<NamespacesRuntime> {
    const tools = requireMachineTools();
    await mkdir(join(options.directory, "images"), { recursive: true });
    const setup = await runTool(tools.sh, ["-c", RUNTIME_SETUP, "setup", join(options.directory, "dev")]);
    return new NamespacesRuntime(options, tools, setup.includes("sysfs") ? "own" : "machine");
  }

  async createSandbox(config: SandboxConfig): Promise<PodSandbox> {
    const sandbox = await NamespacesSandbox.create(config, this);
    this.#sandboxes.add(sandbox);
    void sandbox.stopped.then(() => this.#sandboxes.delete(sandbox));
    return sandbox;
  }

  /** Cuts a node's pods off from all others, or connects them again: a real partition. */
  async setNodeLink(nodeName: string, state: "up" | "down"): Promise<void> {
    const bridge = await this.nodeBridge(nodeName);
    await runTool(this.tools.ip, ["link", "set", `${bridge}up`, state]);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#sandboxes].map((sandbox) => sandbox.stop()));
    this.compileCache.close();
    this.pipes.drain();
  }

  layerOf(image: Image): Promise<ImageLayer> {
    this.compileCache.fill(image);
    const key = image.digest.replace(/[^a-z0-9]/gi, "-");
    const directory = join(this.#directory, "images", key);
    return remember(this.#layers, key, () => buildImageLayer(image, directory, this.root, this.tools));
  }

  nodeBridge(nodeName: string): Promise<string> {
    return remember(this.#bridges, nodeName, async () => {
      const bridge = `node${this.#bridges.size}`;
      const batch = [
        `link add ${bridge} type bridge forward_delay 0`,
        `link add ${bridge}up type veth peer name ${bridge}lab`,
        `link set ${bridge}up master ${bridge} up`,
        `link set ${bridge}lab master ${LAB_BRIDGE} up`,
        `link set ${bridge} up`,
      ];
      await runTool(this.tools.ip, ["-batch", "-"], `${batch.join("\n")}\n`);
      return bridge;
    });
  }

  nextLinkName(): string {
    this.#links += 1;
    return `pod${this.#links}`;
  }
}

/** The value under `key`, made once; a failure is not remembered. */
function remember<V>(map: Map<string, Promise<V>>, key: string, make: () => Promise<V>): Promise<V> {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  made.catch(() => map.delete(key));
  return made;
}
