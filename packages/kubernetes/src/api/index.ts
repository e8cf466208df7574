export type {
  Client,
  DeleteOptions,
  ListOptions,
  PatchOptions,
  ResourceName,
  WatchEvent,
  WatchHandle,
} from "./client.ts";
export { type ApiServer, type ApiServerOptions, startApiServer } from "./http/server.ts";
export { type KubeconfigOptions, writeKubeconfig } from "./kubeconfig.ts";
export { createLocalClient } from "./local-client.ts";
export type { ContainerSession, ExecOptions, LogOptions, NodeConnection, PodRef } from "./node.ts";
export type { KubeObject } from "./object.ts";
export { ensurePki, type Pki, type PkiOptions } from "./pki.ts";
export { qualifiedResource } from "./refusals.ts";
export { createRegistry, type Registry, type RegistryOptions } from "./registry.ts";
export { isStatus, StatusError } from "./status-error.ts";
