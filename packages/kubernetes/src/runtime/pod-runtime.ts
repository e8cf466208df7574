import type { Duplex } from "node:stream";

import type { Image } from "@ordinal/images";

import type { ContainerSession, ExecOptions } from "../api/node.ts";

/** One pod's shared surroundings: hostname, address, name resolution. */
export interface SandboxConfig {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly hostname: string;
  /** `web-0.nginx.default.svc.cluster.local` when the pod has a subdomain; the short name otherwise. */
  readonly fqdn: string;
  /** IPv4 address of the pod inside the lab's subnet, chosen by the kubelet. */
  readonly address: string;
  /** The whole text of /etc/hosts and /etc/resolv.conf. */
  readonly hostsFile: string;
  readonly resolvFile: string;
  /** The pod's own folder under the lab's home; removed by the kubelet after `stop`. */
  readonly directory: string;
  /** Node the pod runs on: its link hangs on that node's, so that a node can be cut. */
  readonly nodeName: string;
}

export interface Mount {
  /** Folder or file of the machine. */
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

export interface ContainerConfig {
  readonly name: string;
  /** Restart count: distinguishes the container's runs. */
  readonly attempt: number;
  readonly image: Image;
  /** The final argv: command and args with variables expanded. Never empty. */
  readonly argv: readonly string[];
  /** The final environment, later entries win; the runtime adds PATH, HOSTNAME and HOME when absent. */
  readonly env: readonly (readonly [name: string, value: string])[];
  readonly workingDirectory: string;
  readonly mounts: readonly Mount[];
  readonly runAsUser: number | undefined;
  readonly runAsGroup: number | undefined;
  /** Group of the pod's volumes: the processes' group when `runAsGroup` is not given. */
  readonly fsGroup?: number | undefined;
  readonly readOnlyRootFilesystem: boolean;
  readonly stdin: boolean;
  /** Close stdin after the first attach ended. */
  readonly stdinOnce: boolean;
  readonly tty: boolean;
  /** Log file of this run; the runtime writes and rotates it. */
  readonly logPath: string;
}

export interface ContainerExit {
  /** 128 + signal number when a signal ended it. */
  readonly exitCode: number;
  readonly signal?: number;
}

export interface RunningContainer {
  /** `ordinal://<64 hex>` without the scheme: unique per run. */
  readonly id: string;
  /** Milliseconds of wall time. */
  readonly startedAt: number;
  readonly exited: Promise<ContainerExit>;
  /** Sends to the container's PID 1; SIGKILL ends every process of the container. */
  kill(signal: "SIGTERM" | "SIGQUIT" | "SIGINT" | "SIGKILL"): void;
  /** Rejects with a StatusError-free Error whose message is what an OCI runtime would say when the command cannot start. */
  exec(options: Omit<ExecOptions, "container">): Promise<ContainerSession>;
  attach(options: Omit<ExecOptions, "container" | "command">): Promise<ContainerSession>;
}

export interface PodSandbox {
  readonly address: string;
  /** Rejects when the program cannot be started (e.g. not found): becomes RunContainerError / StartError. */
  startContainer(config: ContainerConfig): Promise<RunningContainer>;
  /** Connects to a TCP port inside the pod as localhost there (port-forward). */
  connectLocal(port: number): Promise<Duplex>;
  /** Ends every process of the pod and takes its address away. Idempotent. */
  stop(): Promise<void>;
}

/** How pods become processes. Versions: `namespaces`, `processes`, `fake`, under one contract suite. */
export interface PodRuntime {
  readonly kind: "namespaces" | "processes" | "fake";
  createSandbox(config: SandboxConfig): Promise<PodSandbox>;
  /** Ends everything this runtime started. */
  close(): Promise<void>;
}
