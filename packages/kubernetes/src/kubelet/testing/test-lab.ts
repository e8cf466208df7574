import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { resolve, unknownImageMessage } from "@ordinal/images";
import type { Log } from "@ordinal/io";
import type { Pod } from "kubernetes-types/core/v1.d.ts";

import type { Client } from "../../api/client.ts";
import { createLocalClient } from "../../api/local-client.ts";
import { createRegistry, type Registry } from "../../api/registry.ts";
import { MemoryStore } from "../../api/testing/memory-store.ts";
import { settle, VirtualClock } from "../../api/testing/virtual-clock.ts";
import { createKinds, NODE_PORT_RANGE } from "../../kinds/index.ts";
import { FakeRuntime } from "../../runtime/fake-runtime.ts";
import { type Kubelet, startKubelet } from "../kubelet.ts";

export const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** The real API over memory, a kubelet, believed pods and a clock that stands still. */
export class TestLab {
  readonly clock = new VirtualClock(Date.UTC(2026, 10, 23, 20, 0, 0));
  readonly log: Log;
  readonly problems: string[] = [];
  readonly directory: string;
  readonly registry: Registry;
  readonly client: Client;
  runtime: FakeRuntime;
  kubelet: Kubelet | undefined;

  private constructor(directory: string, registry: Registry) {
    this.directory = directory;
    this.registry = registry;
    this.client = createLocalClient(registry, "kubelet");
    this.runtime = this.#newRuntime();
    this.log = { ...SILENT, error: (event, fields) => this.problems.push(`${event} ${JSON.stringify(fields)}`) };
  }

  static async create(): Promise<TestLab> {
    const directory = await mkdtemp(join(tmpdir(), "ordinal kubelet "));
    const kinds = createKinds({ clusterIPRange: "127.16.240.0/20", nodePortRange: NODE_PORT_RANGE });
    const registry = await createRegistry({ kinds, store: new MemoryStore(), log: SILENT });
    return new TestLab(directory, registry);
  }

  async start(): Promise<Kubelet> {
    this.kubelet = await startKubelet({
      client: this.client,
      runtime: this.runtime,
      clock: this.clock,
      log: this.log,
      images: {
        resolve: (reference) => resolve(reference),
        unknownMessage: (reference) => unknownImageMessage(reference),
      },
      nodes: ["node-0", "node-1"],
      subnet: 16,
      hostIP: "127.16.0.1",
      clusterDNS: "127.16.240.10",
      podsDirectory: join(this.directory, "pods"),
      logsDirectory: join(this.directory, "logs"),
      version: "0.1.0",
    });
    return this.kubelet;
  }

  /** The lab is killed: nothing ends in good order. */
  kill(): void {
    this.kubelet?.stop();
    this.runtime = this.#newRuntime();
  }

  /** `stubborn` ends by SIGKILL alone. */
  #newRuntime(): FakeRuntime {
    return new FakeRuntime({ clock: this.clock, programs: { stubborn: () => new Promise(() => {}) } });
  }

  async end(): Promise<void> {
    this.kubelet?.stop();
    await this.runtime.close();
    await settle();
    await this.registry.close();
    await rm(this.directory, { recursive: true, force: true });
  }

  async createPod(name: string, spec: object, metadata: object = {}): Promise<Pod> {
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, namespace: "default", ...metadata },
      spec: { nodeName: "node-0", automountServiceAccountToken: false, ...spec },
    };
    return (await this.client.create("pods", pod)) as unknown as Pod;
  }

  async pod(name: string): Promise<Pod> {
    return (await this.client.get("pods", "default", name)) as unknown as Pod;
  }

  /** Lets real work happen, without letting time pass, until `holds`. */
  async until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
    for (let round = 0; round < 500; round++) {
      if (await holds().valueOf()) return;
      await new Promise((resolve) => setImmediate(resolve));
      if (round > 100) await new Promise((resolve) => setTimeout(resolve, 2));
    }
    throw new Error(`not reached: ${what}; ${this.problems.join("; ")}`);
  }

  async untilRunning(name: string): Promise<Pod> {
    await this.until(`${name} running`, async () => (await this.pod(name)).status?.phase === "Running");
    return this.pod(name);
  }

  async events(name: string): Promise<string[]> {
    const { items } = await this.client.list("events", { namespace: "default" });
    const own = items.filter((event) => (event["involvedObject"] as { name?: string }).name === name);
    return own.map((event) => `${event["type"]} ${event["reason"]} ${event["message"]} x${event["count"]}`);
  }
}
