import type { Log } from "@ordinal/io";

import type { KubeObject } from "../../api/object.ts";
import { startScheduler } from "../../scheduler/index.ts";
import { ensureBootstrapObjects } from "../bootstrap.ts";
import type { CollectedKind } from "../garbage-collector.ts";
import { startControllers } from "../start-controllers.ts";
import type { StoredPod, StoredStatefulSet } from "../view.ts";
import { FakeKubelet } from "./fake-kubelet.ts";
import { MemoryClient } from "./memory-client.ts";
import { VirtualClock } from "./virtual-clock.ts";

export const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} };

const kind = (group: string, name: string, resource: string, namespaced = true): CollectedKind => ({
  group,
  kind: name,
  resource,
  namespaced,
});

export const KINDS: readonly CollectedKind[] = [
  kind("", "Pod", "pods"),
  kind("", "Service", "services"),
  kind("", "Endpoints", "endpoints"),
  kind("", "Event", "events"),
  kind("", "ConfigMap", "configmaps"),
  kind("", "Secret", "secrets"),
  kind("", "ServiceAccount", "serviceaccounts"),
  kind("", "PersistentVolumeClaim", "persistentvolumeclaims"),
  kind("", "PersistentVolume", "persistentvolumes", false),
  kind("", "Namespace", "namespaces", false),
  kind("", "Node", "nodes", false),
  kind("apps", "StatefulSet", "statefulsets"),
  kind("apps", "ControllerRevision", "controllerrevisions"),
  kind("discovery.k8s.io", "EndpointSlice", "endpointslices"),
  kind("storage.k8s.io", "StorageClass", "storageclasses", false),
];

export const VOLUMES = "/lab/volumes";

/** Controllers, scheduler and fake kubelets on an API in memory, under virtual time. */
export class TestLab {
  readonly clock: VirtualClock;
  readonly client: MemoryClient;
  readonly kubelet: FakeKubelet;
  readonly removedVolumes: string[] = [];
  readonly warnings: string[] = [];
  /** Images whose pods never become ready. */
  readonly broken = new Set<string>();
  /** Milliseconds until the fake kubelets have started or stopped a pod. */
  delayMs: () => number = () => 1000;
  #parts: { stop(): void }[] = [];

  constructor(settle: () => Promise<void>) {
    this.clock = new VirtualClock(settle);
    this.client = new MemoryClient(() => this.clock.now());
    this.kubelet = new FakeKubelet({
      client: this.client,
      clock: this.clock,
      delayMs: () => this.delayMs(),
      works: (image) => !this.broken.has(image),
    });
  }

  async start(nodes = 4): Promise<void> {
    const names = Array.from({ length: nodes }, (_, index) => ({ name: `node-${index}`, address: "127.1.0.1" }));
    const nodeInfo = {
      architecture: "amd64",
      kernelVersion: "6",
      osImage: "Linux",
      kubeletVersion: "v1.32.13",
      containerRuntimeVersion: "ordinal://0",
    };
    const apiServer = { clusterIP: "127.1.240.1", targetPort: 6443 };
    await ensureBootstrapObjects(this.client, { nodes: names, nodeInfo, apiServer, dnsClusterIP: "127.1.240.10" });
    for (const { name } of names) {
      const status = { conditions: [{ type: "Ready", status: "True" }] };
      await this.client.patch("nodes", "", name, { status }, { type: "merge", subresource: "status" });
    }
    this.startControllers();
    await this.clock.advance(0);
  }

  startControllers(): void {
    const log: Log = { ...SILENT, warn: (event, fields) => this.warnings.push(`${event} ${JSON.stringify(fields)}`) };
    const ports = { client: this.client, clock: this.clock, log };
    const removeVolume = async (path: string): Promise<void> => void this.removedVolumes.push(path);
    this.#parts = [
      startControllers({ ...ports, kinds: KINDS, volumesDirectory: VOLUMES, removeVolume, rootCa: "CA" }),
      startScheduler({ ...ports, instance: "default-scheduler-test" }),
    ];
  }

  /** As when the lab's process ends: what was decided and not written is lost. */
  stopControllers(): void {
    for (const part of this.#parts) part.stop();
    this.#parts = [];
  }

  pods(): StoredPod[] {
    return this.client.all("pods") as unknown as StoredPod[];
  }

  pod(name: string): StoredPod | undefined {
    return this.client.find("pods", "default", name) as unknown as StoredPod | undefined;
  }

  set(name = "web"): StoredStatefulSet {
    return this.client.find("statefulsets.apps", "default", name) as unknown as StoredStatefulSet;
  }

  /** `Normal SuccessfulCreate statefulset-controller: create Pod …`, in order. */
  events(): string[] {
    return this.client.all("events").map((event: KubeObject) => {
      const component = (event["source"] as { component?: string }).component ?? String(event["reportingComponent"]);
      return `${String(event["type"])} ${String(event["reason"])} ${component}: ${String(event["message"])}`;
    });
  }
}

/** The tutorial's web.yaml after defaulting. */
export function webSet(spec: object = {}): object {
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: "web", namespace: "default" },
    spec: {
      replicas: 2,
      serviceName: "nginx",
      podManagementPolicy: "OrderedReady",
      revisionHistoryLimit: 10,
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 0 } },
      selector: { matchLabels: { app: "nginx" } },
      template: {
        metadata: { labels: { app: "nginx" } },
        spec: {
          terminationGracePeriodSeconds: 30,
          containers: [{ name: "nginx", image: "nginx:1", ports: [{ name: "web", containerPort: 80 }] }],
        },
      },
      volumeClaimTemplates: [
        {
          metadata: { name: "www" },
          spec: {
            accessModes: ["ReadWriteOnce"],
            resources: { requests: { storage: "1Gi" } },
            storageClassName: "standard",
            volumeMode: "Filesystem",
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
