import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";

import type { Clock, Log } from "@ordinal/io";
import type {
  ConfigMap,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  Secret,
  Service,
  ServiceAccountTokenProjection,
} from "kubernetes-types/core/v1.d.ts";

import type { Client, WatchHandle } from "../api/client.ts";
import type { NodeConnection } from "../api/node.ts";
import type { KubeObject } from "../api/object.ts";
import type { PodRuntime } from "../runtime/pod-runtime.ts";
import { KubeletEvents } from "./events.ts";
import { PodAddresses } from "./network/pod-addresses.ts";
import { kubeletConnection } from "./node-connection.ts";
import { NODE_ALLOCATABLE, NodeKeeper } from "./node-status.ts";
import type { ImageSource, PodContext } from "./pod-context.ts";
import { PodShell } from "./pod-shell.ts";
import { WatchCache } from "./watch-cache.ts";

export interface KubeletOptions {
  readonly client: Client;
  readonly runtime: PodRuntime;
  readonly clock: Clock;
  readonly log: Log;
  readonly images: ImageSource;
  /** Names of the nodes it serves; pods bound to others are not its own. */
  readonly nodes: readonly string[];
  /** N of the lab's 127.N.0.0/16. */
  readonly subnet: number;
  /** Address of the nodes, `127.N.0.1`. */
  readonly hostIP: string;
  /** Address of the resolver that pods ask, `127.N.240.10`. */
  readonly clusterDNS: string;
  /** Default `cluster.local`. */
  readonly clusterDomain?: string;
  /** `pods/` and `logs/` of the lab's home. */
  readonly podsDirectory: string;
  readonly logsDirectory: string;
  readonly version: string;
  /** The port at which a pod's declared port is really reached: another one for privileged ports of plain processes. */
  readonly podPort?: (port: number) => number;
  /** A service account's token; leave out when the lab gives none out. */
  readonly token?: (
    namespace: string,
    serviceAccount: string,
    projection: ServiceAccountTokenProjection,
  ) => string | undefined;
}

export interface Kubelet {
  readonly node: NodeConnection;
  /** As `stop`, and asks the containers to end, waiting for them at most `graceMs`. Their pods come back at the next start. */
  shutDown(graceMs: number): Promise<void>;
  /** Stops watching and leaves everything as it is; the runtime's `close` ends the pods. */
  stop(): void;
}

/** Registers the nodes and runs their pods. Resolves when the nodes are Ready and the pods that were there have been taken up. */
export async function startKubelet(options: KubeletOptions): Promise<Kubelet> {
  const { client, clock, log } = options;
  const events = new KubeletEvents(client, clock, log);
  const keeper = new NodeKeeper({ ...options, events });
  await mkdir(options.podsDirectory, { recursive: true });
  const hostFile = await readFile("/etc/resolv.conf", "utf8").catch(() => "");
  await keeper.start();

  const shells = new Map<string, PodShell>();
  const onConfig = (namespace: string) => {
    for (const shell of shells.values()) {
      if (namespace === "" || shell.pod.metadata?.namespace === namespace)
        shell.configChanged().catch((error: unknown) => log.warn("volumes-not-refreshed", { error: String(error) }));
    }
  };
  const cache = (resource: string, tellPods: boolean) =>
    new WatchCache(client, resource, {}, (object) => tellPods && onConfig(object.metadata.namespace ?? ""));
  const configMaps = cache("configmaps", true);
  const secrets = cache("secrets", true);
  const claims = cache("persistentvolumeclaims", true);
  const volumes = cache("persistentvolumes", true);
  const services = cache("services", false);
  const caches = [configMaps, secrets, claims, volumes, services];
  await Promise.all(caches.map(({ synced }) => synced));

  const context: PodContext = {
    client,
    runtime: options.runtime,
    clock,
    log,
    events,
    images: options.images,
    addresses: new PodAddresses(options.subnet),
    allocatable: NODE_ALLOCATABLE,
    hostIP: options.hostIP,
    clusterDomain: options.clusterDomain ?? "cluster.local",
    clusterDNS: options.clusterDNS,
    podsDirectory: options.podsDirectory,
    logsDirectory: options.logsDirectory,
    presentImages: new Set(),
    podPort: options.podPort ?? ((port) => port),
    token: options.token ?? (() => undefined),
    objects: {
      configMap: (namespace, name) => configMaps.get(namespace, name) as ConfigMap | undefined,
      secret: (namespace, name) => secrets.get(namespace, name) as Secret | undefined,
      claim: (namespace, name) => claims.get(namespace, name) as PersistentVolumeClaim | undefined,
      volume: (name) => volumes.get("", name) as PersistentVolume | undefined,
      services: () => services.all() as Iterable<Service>,
    },
  };
  const pods = new PodTable(context, hostFile, new Set(options.nodes), shells);
  const watch = await pods.follow(client);
  await removeOrphans(options.podsDirectory, shells, log);

  const stop = () => {
    watch.stop();
    keeper.stop();
    events.stop();
    for (const each of caches) each.stop();
    for (const shell of shells.values()) shell.halt();
  };
  return {
    node: kubeletConnection(shells, context),
    stop,
    async shutDown(graceMs) {
      stop();
      const ended = Promise.all([...shells.values()].map((shell) => shell.askToEnd()));
      await Promise.race([ended, new Promise<void>((resolve) => clock.setTimer(graceMs, resolve))]);
    },
  };
}

/** Which pods run here. A pod begins only once the one of the same name before it is over: one process for one ordinal, always. */
class PodTable {
  readonly #context: PodContext;
  readonly #hostFile: string;
  readonly #nodes: ReadonlySet<string>;
  readonly #shells: Map<string, PodShell>;
  /** Pods by uid that wait for their predecessor. */
  readonly #waiting = new Map<string, Pod>();

  constructor(context: PodContext, hostFile: string, nodes: ReadonlySet<string>, shells: Map<string, PodShell>) {
    this.#context = context;
    this.#hostFile = hostFile;
    this.#nodes = nodes;
    this.#shells = shells;
  }

  /** Resolves when the pods of the first list have been begun. Their addresses are theirs before any new one is given. */
  follow(client: Client): Promise<WatchHandle> {
    return new Promise((resolve) => {
      let first: Pod[] | undefined = [];
      const handle = client.watch("pods", {}, (event) => {
        if (event.kind === "SYNCED") {
          const present = first ?? [];
          first = undefined;
          const shells = present.map((pod) => this.#add(pod));
          for (const shell of shells) shell?.begin();
          // `handle` is assigned by then even when the watch delivers synchronously.
          queueMicrotask(() => resolve(handle));
          return;
        }
        const pod = event.object as KubeObject as Pod;
        if (!this.#nodes.has(pod.spec?.nodeName ?? "")) return;
        if (first !== undefined) {
          if (event.kind === "ADDED") first.push(pod);
          return;
        }
        if (event.kind === "DELETED") this.#delete(pod);
        else this.#change(pod);
      });
    });
  }

  #change(pod: Pod): void {
    const uid = pod.metadata?.uid ?? "";
    const shell = this.#shells.get(uid);
    if (shell !== undefined) shell.update(pod);
    else this.#add(pod)?.begin();
  }

  #add(pod: Pod): PodShell | undefined {
    const uid = pod.metadata?.uid ?? "";
    if (this.#predecessor(pod)) {
      this.#waiting.set(uid, pod);
      return undefined;
    }
    const shell: PodShell = new PodShell(pod, this.#context, this.#hostFile, () => this.#over(uid));
    this.#shells.set(uid, shell);
    return shell;
  }

  #predecessor(pod: Pod): boolean {
    const { namespace, name, uid } = pod.metadata ?? {};
    for (const { pod: other } of this.#shells.values()) {
      if (other.metadata?.uid !== uid && other.metadata?.name === name && other.metadata?.namespace === namespace)
        return true;
    }
    return false;
  }

  #delete(pod: Pod): void {
    const uid = pod.metadata?.uid ?? "";
    this.#waiting.delete(uid);
    this.#shells.get(uid)?.removed();
  }

  #over(uid: string): void {
    this.#shells.delete(uid);
    for (const [waitingUid, pod] of this.#waiting) {
      if (this.#predecessor(pod)) continue;
      this.#waiting.delete(waitingUid);
      this.#add(pod)?.begin();
    }
  }
}

/** Folders of pods that went away while no kubelet looked. */
async function removeOrphans(directory: string, shells: ReadonlyMap<string, PodShell>, log: Log): Promise<void> {
  for (const uid of await readdir(directory)) {
    if (shells.has(uid)) continue;
    await rm(join(directory, uid), { recursive: true, force: true }).catch((error: unknown) =>
      log.warn("orphan-not-removed", { uid, error: String(error) }),
    );
  }
}
