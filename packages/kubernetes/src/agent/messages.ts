import type { DeleteOptions, ListOptions, PatchOptions, ResourceName, WatchEvent } from "../api/client.ts";
import type { KubeObject } from "../api/object.ts";
import { StatusError, type StatusDetails } from "../api/status-error.ts";

/** What the agent needs to know at its start. */
export interface AgentConfig {
  readonly home: string;
  readonly podsDirectory: string;
  readonly logsDirectory: string;
  readonly runtimeDirectory: string;
  /** N of 127.N.0.0/16. */
  readonly subnet: number;
  readonly hostIP: string;
  readonly clusterDNS: string;
  readonly runtime: "namespaces" | "processes";
  readonly nodes: readonly string[];
  readonly userImagesFile: string | undefined;
  readonly version: string;
}

/** A `Client` call: its name and arguments. */
export type ClientCall =
  | { readonly method: "get"; readonly args: readonly [ResourceName, string, string] }
  | { readonly method: "list"; readonly args: readonly [ResourceName, ListOptions | undefined] }
  | {
      readonly method: "create";
      readonly args: readonly [ResourceName, object, { readonly manager?: string } | undefined];
    }
  | { readonly method: "update" | "updateStatus"; readonly args: readonly [ResourceName, object] }
  | { readonly method: "patch"; readonly args: readonly [ResourceName, string, string, unknown, PatchOptions] }
  | { readonly method: "delete"; readonly args: readonly [ResourceName, string, string, DeleteOptions | undefined] }
  | { readonly method: "bind"; readonly args: readonly [string, string, string] };

export interface WireError {
  readonly code: number | undefined;
  readonly reason: string | undefined;
  readonly message: string;
  readonly details: StatusDetails | undefined;
}

/** From the lab to its agent. Some carry a handle: a listening server or a bound socket. */
export type ToAgent =
  | { readonly kind: "configure"; readonly config: AgentConfig }
  | {
      readonly kind: "answer";
      readonly id: number;
      readonly value: KubeObject | { items: KubeObject[]; resourceVersion: string } | undefined;
    }
  | { readonly kind: "refusal"; readonly id: number; readonly error: WireError }
  | { readonly kind: "events"; readonly id: number; readonly events: readonly WatchEvent[] }
  /** Handle: a server for the rule with this key. */
  | { readonly kind: "listener"; readonly key: string; readonly serial: number }
  | { readonly kind: "closeListener"; readonly serial: number }
  /** Handle: the host's side of DNS. */
  | { readonly kind: "dns"; readonly transport: "tcp" | "udp" }
  | { readonly kind: "stop" };

/** From the agent to its lab. */
export type FromAgent =
  /** Waiting for `configure`. */
  | { readonly kind: "started" }
  | { readonly kind: "ready" }
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "call"; readonly id: number; readonly call: ClientCall }
  | { readonly kind: "watch"; readonly id: number; readonly resource: ResourceName; readonly options: ListOptions }
  | { readonly kind: "unwatch"; readonly id: number }
  /** A batch of events was taken; the next may follow. */
  | { readonly kind: "taken"; readonly id: number }
  /** A listener or DNS socket is the agent's now. */
  | { readonly kind: "accepted"; readonly what: string };

export function toWire(error: unknown): WireError {
  if (error instanceof StatusError)
    return { code: error.code, reason: error.reason, message: error.message, details: error.details };
  return {
    code: undefined,
    reason: undefined,
    message: error instanceof Error ? error.message : String(error),
    details: undefined,
  };
}

export function fromWire(error: WireError): Error {
  return error.code === undefined
    ? new Error(error.message)
    : new StatusError(error.code, error.reason, error.message, error.details);
}
