import { readFileSync } from "node:fs";
import { arch, release } from "node:os";

import type { Clock, Log, Timer } from "@ordinal/io";
import type { Node, NodeCondition } from "kubernetes-types/core/v1.d.ts";

import type { Client } from "../api/client.ts";
import { isStatus } from "../api/status-error.ts";
import { apiMicroTime, apiTime } from "../kinds/api-time.ts";
import type { NodeAllocatable } from "./environment/resource-ref.ts";
import type { KubeletEvents } from "./events.ts";

/** What the control plane this lab follows calls itself. */
export const KUBELET_VERSION = "v1.32.13";

/** Every node's capacity: nominal, for the scheduler's arithmetic; limits are recorded, not enforced. */
export const NODE_CAPACITY = { cpu: "4", memory: "16Gi", pods: "110" } as const;
export const NODE_ALLOCATABLE: NodeAllocatable = { ...NODE_CAPACITY, "ephemeral-storage": "0" };

/** What `kubectl describe node` should say beside the figures. */
const ANNOTATIONS = {
  "node.alpha.kubernetes.io/ttl": "0",
  "ordinal.dev/capacity": "nominal: the scheduler counts with it, requests and limits are recorded and not enforced",
};

/** The original's: leases tell every 10 s that a node lives, its status every 5 minutes what it is. */
const LEASE_RENEW_MS = 10_000;
const LEASE_DURATION_SECONDS = 40;
const STATUS_MS = 300_000;
const LEASES = "leases.coordination.k8s.io";
const LEASE_NAMESPACE = "kube-node-lease";

export interface NodeKeeperOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  readonly events: KubeletEvents;
  readonly nodes: readonly string[];
  readonly hostIP: string;
  /** Of this software: `ordinal://0.1.0` is the container runtime's version. */
  readonly version: string;
}

/** Keeps Node objects and their leases: what makes them Ready. */
export class NodeKeeper {
  readonly #options: NodeKeeperOptions;
  readonly #timers = new Map<string, Timer>();
  readonly #readySince = new Map<string, string>();
  #leases = true;
  #stopped = false;

  constructor(options: NodeKeeperOptions) {
    this.#options = options;
  }

  /** Registers every node and posts its first status. */
  async start(): Promise<void> {
    const { nodes, events, client } = this.#options;
    for (const name of nodes) {
      await this.#register(name);
      await this.#renewLease(name);
      const node = await client.get("nodes", "", name);
      const tell = (reason: string, message: string) =>
        events.record(
          { kind: "Node", namespace: "", name, uid: node.metadata.uid, host: name },
          "Normal",
          reason,
          message,
        );
      tell("Starting", "Starting kubelet.");
      for (const reason of ["NodeHasSufficientMemory", "NodeHasNoDiskPressure", "NodeHasSufficientPID", "NodeReady"])
        tell(reason, `Node ${name} status is now: ${reason}`);
    }
    this.#repeat("lease", LEASE_RENEW_MS, (name) => this.#renewLease(name));
    this.#repeat("status", STATUS_MS, (name) => this.#register(name));
  }

  #repeat(what: string, everyMs: number, action: (name: string) => Promise<void>): void {
    if (this.#stopped) return;
    const { nodes, clock, log } = this.#options;
    const again = async () => {
      for (const name of nodes)
        await action(name).catch((error: unknown) =>
          log.warn("node-heartbeat-failed", { node: name, what, error: String(error) }),
        );
      this.#repeat(what, everyMs, action);
    };
    this.#timers.set(
      what,
      clock.setTimer(everyMs, () => void again()),
    );
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers.values()) timer.cancel();
  }

  async #register(name: string): Promise<void> {
    const { client } = this.#options;
    try {
      await client.create("nodes", nodeObject(name), { manager: "kubelet" });
    } catch (error) {
      if (!isStatus(error, "AlreadyExists")) throw error;
    }
    await client.patch("nodes", "", name, { metadata: { annotations: ANNOTATIONS } }, { type: "merge" });
    await client.patch("nodes", "", name, { status: this.#status(name) }, { type: "merge", subresource: "status" });
  }

  #status(name: string): Node["status"] {
    const { clock, hostIP, version } = this.#options;
    const now = apiTime(clock.now());
    const since = this.#readySince.get(name) ?? now;
    this.#readySince.set(name, since);
    return {
      addresses: [
        { address: hostIP, type: "InternalIP" },
        { address: name, type: "Hostname" },
      ],
      allocatable: { ...NODE_CAPACITY },
      capacity: { ...NODE_CAPACITY },
      conditions: nodeConditions(now, since),
      daemonEndpoints: { kubeletEndpoint: { Port: 0 } },
      nodeInfo: {
        architecture: goArch(),
        bootID: machineFile("/proc/sys/kernel/random/boot_id"),
        containerRuntimeVersion: `ordinal://${version}`,
        kernelVersion: release(),
        kubeProxyVersion: KUBELET_VERSION,
        kubeletVersion: KUBELET_VERSION,
        machineID: machineFile("/etc/machine-id"),
        operatingSystem: process.platform,
        osImage: osImage(),
        systemUUID: "",
      },
    };
  }

  async #renewLease(name: string): Promise<void> {
    if (!this.#leases) return;
    const { client, clock } = this.#options;
    const renewTime = apiMicroTime(clock.now());
    try {
      await client.patch(LEASES, LEASE_NAMESPACE, name, { spec: { renewTime } }, { type: "merge" });
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error;
      const node = await client.get("nodes", "", name);
      const owner = { apiVersion: "v1", kind: "Node", name, uid: node.metadata.uid };
      const lease = {
        apiVersion: "coordination.k8s.io/v1",
        kind: "Lease",
        metadata: { name, namespace: LEASE_NAMESPACE, ownerReferences: [owner] },
        spec: { holderIdentity: name, leaseDurationSeconds: LEASE_DURATION_SECONDS, renewTime },
      };
      try {
        await client.create(LEASES, lease, { manager: "kubelet" });
      } catch (refusal) {
        if (!isStatus(refusal, "NotFound")) throw refusal;
        // An API without leases, or without their namespace: nodes are kept by their status alone.
        this.#leases = false;
        this.#options.log.debug("no-leases", { error: String(refusal) });
      }
    }
  }
}

function nodeObject(name: string): object {
  const labels = {
    "beta.kubernetes.io/arch": goArch(),
    "beta.kubernetes.io/os": process.platform,
    "kubernetes.io/arch": goArch(),
    "kubernetes.io/hostname": name,
    "kubernetes.io/os": process.platform,
  };
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels, annotations: ANNOTATIONS },
    spec: { providerID: `ordinal://${name}` },
  };
}

function nodeConditions(now: string, since: string): NodeCondition[] {
  const condition = (type: string, status: string, reason: string, message: string): NodeCondition => ({
    lastHeartbeatTime: now,
    lastTransitionTime: since,
    message,
    reason,
    status,
    type,
  });
  return [
    condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    condition("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
  ];
}

function goArch(): string {
  return arch() === "x64" ? "amd64" : arch();
}

function osImage(): string {
  const name = /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(machineFile("/etc/os-release"))?.[1];
  return name ?? process.platform;
}

function machineFile(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
}
