import type { Image } from "@ordinal/images";
import type { Clock, Log } from "@ordinal/io";
import type {
  ConfigMap,
  PersistentVolume,
  PersistentVolumeClaim,
  Secret,
  Service,
  ServiceAccountTokenProjection,
} from "kubernetes-types/core/v1.d.ts";

import type { Client } from "../api/client.ts";
import type { PodRuntime } from "../runtime/pod-runtime.ts";
import type { NodeAllocatable } from "./environment/resource-ref.ts";
import type { KubeletEvents } from "./events.ts";
import type { PodAddresses } from "./network/pod-addresses.ts";

/** The objects that pods refer to, as they are now. */
export interface PodObjects {
  configMap(namespace: string, name: string): ConfigMap | undefined;
  secret(namespace: string, name: string): Secret | undefined;
  services(): Iterable<Service>;
  claim(namespace: string, name: string): PersistentVolumeClaim | undefined;
  volume(name: string): PersistentVolume | undefined;
}

/** What images are; see `resolve` and `unknownImageMessage` of `@ordinal/images`. */
export interface ImageSource {
  /** Undefined when nobody knows it. Throws `InvalidReferenceError`. */
  resolve(reference: string): Image | undefined;
  unknownMessage(reference: string): string;
}

/** What all pods of a kubelet share. */
export interface PodContext {
  readonly client: Client;
  readonly runtime: PodRuntime;
  readonly clock: Clock;
  readonly log: Log;
  readonly events: KubeletEvents;
  readonly objects: PodObjects;
  readonly images: ImageSource;
  readonly addresses: PodAddresses;
  readonly allocatable: NodeAllocatable;
  readonly hostIP: string;
  readonly clusterDomain: string;
  readonly clusterDNS: string;
  /** `pods/` and `logs/` of the lab's home. */
  readonly podsDirectory: string;
  readonly logsDirectory: string;
  /** Images that a node has had before: `node/reference`. */
  readonly presentImages: Set<string>;
  /** Where a pod's declared port is really reached. */
  podPort(port: number): number;
  /** A token for a service account; undefined when the lab gives none out. */
  token(namespace: string, serviceAccount: string, projection: ServiceAccountTokenProjection): string | undefined;
}
