import type { Clock, Log, Random } from "@ordinal/io";

import type { Client } from "../../api/client.ts";
import { createLocalClient } from "../../api/local-client.ts";
import type { KubeObject } from "../../api/object.ts";
import type { Registry, RegistryOptions } from "../../api/registry.ts";
import { MemoryStore } from "../../api/testing/memory-store.ts";
import { createKinds, NODE_PORT_RANGE } from "../../kinds/index.ts";
import { startScheduler } from "../../scheduler/index.ts";
import { ensureBootstrapObjects } from "../bootstrap.ts";
import { startControllers } from "../start-controllers.ts";
import type { StoredPod, StoredStatefulSet } from "../view.ts";
import { FakeKubelet } from "./fake-kubelet.ts";
import { type Trouble, unreliable } from "./unreliable-client.ts";

const KINDS = createKinds({ clusterIPRange: "127.1.240.0/20", nodePortRange: NODE_PORT_RANGE });

export const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} };

export const VOLUMES = "/lab/volumes";

/** Virtual time, as the simulator's `World` has it. */
export interface TestWorld {
  readonly clock: Clock;
  /** Lets this much time pass, and everything happen that waits only for promises. */
  run(forMs: number): Promise<void>;
}

const API_SERVER = { clusterIP: "127.1.240.1", targetPort: 6443 };

/** The API, controllers, scheduler and fake kubelets under virtual time. */
export class TestLab {
  readonly world: TestWorld;
  readonly registry: Registry;
  /** A person's: goes through no trouble. */
  readonly client: Client;
  readonly kubelet: FakeKubelet;
  /** Between the controllers and the API. */
  readonly trouble: Trouble = {};
  /** The controllers' writes. */
  readonly journal: string[] = [];
  readonly removedVolumes: string[] = [];
  readonly warnings: string[] = [];
  /** Images whose pods never become ready. */
  readonly broken = new Set<string>();
  /** Milliseconds until the fake kubelets have started or stopped a pod. */
  delayMs: () => number = () => 1000;
  #parts: { stop(): void }[] = [];

  private constructor(world: TestWorld, registry: Registry) {
    this.world = world;
    this.registry = registry;
    this.client = createLocalClient(registry, "kubectl");
    this.kubelet = new FakeKubelet({
      client: createLocalClient(registry, "kubelet"),
      clock: world.clock,
      delayMs: () => this.delayMs(),
      works: (image) => !this.broken.has(image),
    });
  }

  /** `openRegistry` is `createRegistry`, which reads the real clock unless it is given one. */
  static async start(
    world: TestWorld,
    random: Random,
    openRegistry: (options: RegistryOptions) => Promise<Registry>,
  ): Promise<TestLab> {
    const registry = await openRegistry({ kinds: KINDS, store: new MemoryStore(), clock: world.clock, random });
    const lab = new TestLab(world, registry);
    const names = Array.from({ length: 4 }, (_, index) => ({ name: `node-${index}`, address: "127.1.0.1" }));
    const nodeInfo = {
      architecture: "amd64",
      kernelVersion: "6",
      osImage: "Linux",
      kubeletVersion: "v1.32.13",
      containerRuntimeVersion: "ordinal://0",
    };
    await ensureBootstrapObjects(lab.client, {
      nodes: names,
      nodeInfo,
      apiServer: API_SERVER,
      dnsClusterIP: "127.1.240.10",
    });
    for (const { name } of names) {
      const status = { conditions: [{ type: "Ready", status: "True" }] };
      await lab.client.patch("nodes", "", name, { status }, { type: "merge", subresource: "status" });
    }
    lab.startControllers();
    await world.run(0);
    return lab;
  }

  startControllers(): void {
    const { clock } = this.world;
    const log: Log = { ...SILENT, warn: (event, fields) => this.warnings.push(`${event} ${JSON.stringify(fields)}`) };
    const client = (manager: string): Client =>
      unreliable(createLocalClient(this.registry, manager), clock, this.trouble, this.journal);
    const removeVolume = async (path: string): Promise<void> => void this.removedVolumes.push(path);
    this.#parts = [
      startControllers({
        client: client("kube-controller-manager"),
        clock,
        log,
        kinds: KINDS,
        volumesDirectory: VOLUMES,
        removeVolume,
        rootCa: "CA",
        apiServer: API_SERVER,
      }),
      startScheduler({ client: client("kube-scheduler"), clock, log, instance: "default-scheduler-test" }),
    ];
  }

  /** As when the lab's process ends: what was decided and not written is lost. */
  stopControllers(): void {
    for (const part of this.#parts) part.stop();
    this.#parts = [];
  }

  async stop(): Promise<void> {
    this.stopControllers();
    this.kubelet.stop();
    await this.registry.close();
  }

  all(resource: string): readonly KubeObject[] {
    return this.registry.peekAll(resource);
  }

  find(resource: string, name: string, namespace = "default"): KubeObject | undefined {
    return this.registry.peek(resource, namespace, name);
  }

  pods(): StoredPod[] {
    return this.all("pods") as unknown as StoredPod[];
  }

  pod(name: string): StoredPod | undefined {
    return this.registry.peek("pods", "default", name) as unknown as StoredPod | undefined;
  }

  set(name = "web"): StoredStatefulSet {
    return this.registry.peek("statefulsets.apps", "default", name) as unknown as StoredStatefulSet;
  }

  /** `Normal SuccessfulCreate statefulset-controller: create Pod …`, in order. */
  events(): string[] {
    return this.all("events").map((event: KubeObject) => {
      const component = (event["source"] as { component?: string }).component ?? String(event["reportingComponent"]);
      return `${String(event["type"])} ${String(event["reason"])} ${component}: ${String(event["message"])}`;
    });
  }
}

/** The StatefulSet of the tutorial's web.yaml. */
export function webSet(spec: object = {}): object {
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: "web", namespace: "default" },
    spec: {
      replicas: 2,
      serviceName: "nginx",
      selector: { matchLabels: { app: "nginx" } },
      template: {
        metadata: { labels: { app: "nginx" } },
        spec: {
          containers: [
            {
              name: "nginx",
              image: "k8s.gcr.io/nginx-slim:0.8",
              ports: [{ name: "web", containerPort: 80 }],
              volumeMounts: [{ name: "www", mountPath: "/usr/share/nginx/html" }],
            },
          ],
        },
      },
      volumeClaimTemplates: [
        {
          metadata: { name: "www" },
          spec: {
            accessModes: ["ReadWriteOnce"],
            resources: { requests: { storage: "1Gi" } },
          },
        },
      ],
      ...spec,
    },
  };
}

export function nginxService(spec: object = {}): object {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "nginx", namespace: "default", labels: { app: "nginx" } },
    spec: {
      clusterIP: "None",
      ipFamilies: ["IPv4"],
      selector: { app: "nginx" },
      ports: [{ name: "web", port: 80, targetPort: 80, protocol: "TCP" }],
      ...spec,
    },
  };
}
