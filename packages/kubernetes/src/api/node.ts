import type { Duplex, Readable, Writable } from "node:stream";

export interface PodRef {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface ExecOptions {
  readonly container: string;
  readonly command: readonly string[];
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

export interface LogOptions {
  readonly container: string;
  readonly follow: boolean;
  readonly previous: boolean;
  readonly timestamps: boolean;
  readonly tailLines?: number;
  readonly sinceSeconds?: number;
  readonly sinceTime?: string;
  readonly limitBytes?: number;
}

/** A running command or an attached container. Back-pressure is the streams' own. */
export interface ContainerSession {
  /** End it to half-close the command's standard input. Undefined when stdin was not asked for. */
  readonly stdin: Writable | undefined;
  readonly stdout: Readable | undefined;
  readonly stderr: Readable | undefined;
  /** Terminal size in characters; ignored without a terminal and for zero sizes. */
  resize(columns: number, rows: number): void;
  /** Resolves when the command ended and both outputs are drained. For attach it is the container's exit. */
  readonly exited: Promise<{ readonly exitCode: number }>;
  /** The client went away: an exec'd command is killed, an attached container goes on. */
  close(): void;
}

/** What the API server asks of the kubelet that runs a pod. Refusals throw `StatusError` (e.g. container not found). */
export interface NodeConnection {
  exec(pod: PodRef, options: ExecOptions): Promise<ContainerSession>;
  attach(pod: PodRef, options: Omit<ExecOptions, "command">): Promise<ContainerSession>;
  /** One connection to a port inside the pod's network. */
  portForward(pod: PodRef, port: number): Promise<Duplex>;
  logs(pod: PodRef, options: LogOptions): Promise<Readable>;
}
