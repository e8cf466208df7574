import { existsSync, readFileSync, rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import type { Server } from "node:net";
import { release } from "node:os";
import { dirname } from "node:path";

import { loadUserImages, UserImagesError } from "@ordinal/images";
import { createLog, type Log, openStore, realClock, StoreError } from "@ordinal/io";

import { type Forward, startAgent } from "../agent/index.ts";
import {
  type Client,
  createLocalClient,
  createRegistry,
  ensurePki,
  startApiServer,
  writeKubeconfig,
} from "../api/index.ts";
import { ensureBootstrapObjects, startControllers } from "../controllers/index.ts";
import { createKinds, NODE_PORT_RANGE } from "../kinds/index.ts";
import { KUBELET_VERSION } from "../kubelet/index.ts";
import { sweepLeftovers } from "../runtime/index.ts";
import { probeNamespaces } from "../runtime/lab-namespaces.ts";
import { startScheduler } from "../scheduler/index.ts";
import { VERSION } from "../version.ts";
import { watchHome } from "./home-watch.ts";
import {
  type Home,
  homeDirectory,
  isRunning,
  type LabState,
  openHome,
  processStart,
  readState,
  writeForwards,
  writeState,
} from "./home.ts";
import { LabError } from "./lab-error.ts";
import { endLeftovers } from "./leftovers.ts";
import { choosePort } from "./ports.ts";
import { readdressServices } from "./readdress.ts";
import { claimSubnet } from "./subnet.ts";

const NODE_MAJOR = 26;
const NODES = ["node-0", "node-1", "node-2", "node-3"];
const API_PORT = 6443;
const DNS_PORT = 5300;

export interface LabOptions {
  /** The lab's folder; `ORDINAL_HOME` or `~/.ordinal` unless given. */
  readonly home?: string;
  /** Port of the API on 127.0.0.1. A taken one is an error when given, else the next free one is used. Default 6443. */
  readonly port?: number;
  /** Port of DNS on 127.0.0.1, UDP and TCP; likewise. Default 5300. */
  readonly dnsPort?: number;
  /** How pods become processes; `auto` takes namespaces where the machine allows them. Default `auto`. */
  readonly runtime?: "auto" | "namespaces" | "processes";
  /** YAML file that declares own images; default `images.yaml` in the home, when it exists. */
  readonly images?: string;
  readonly log?: Log;
}

/** A running lab: API, controllers, scheduler, and the agent with the pods. */
export interface Lab {
  readonly home: Home;
  readonly kubeconfig: string;
  readonly url: string;
  readonly apiPort: number;
  readonly dnsPort: number;
  readonly runtime: "namespaces" | "processes";
  /** The API, in process. */
  readonly client: Client;
  /** What the user should know: what is weaker here than it could be, and how to get the rest. */
  readonly notes: readonly string[];
  /** Where the host reaches pods and services now. */
  forwards(): readonly Forward[];
  /** Tells the commands beside the lab that its first pods are Ready. */
  markReady(): void;
  /** Resolves with a sentence when the lab can no longer go on, e.g. because its agent died. Never rejects. */
  readonly failed: Promise<string>;
  /** Ends every pod, then the lab. Objects, volumes and logs stay. */
  stop(): Promise<void>;
}

/**
 * Starts the lab of a home, and resolves once the API answers and the nodes are Ready; the pods of an earlier run come back by
 * themselves. Throws `HomeError`, `LabError` or `PortError`.
 */
export async function startLab(options: LabOptions = {}): Promise<Lab> {
  requireNode();
  const home = openHome(homeDirectory(options.home));
  const log = options.log ?? createLog({ component: "lab", level: "warn" });
  const previous = readState(home);
  if (isRunning(previous) && previous.pid !== process.pid)
    throw new LabError(
      `A lab is running in ${home.directory} already (process ${previous.pid}). \`ordinal stop\` ends it; a second lab needs a home of its own: --home DIR.`,
    );
  // LevelDB's own lock decides between two starts at once; nothing of the home is touched before it is held.
  const store = await openStore(home.store, { log }).catch((error: unknown) => {
    throw storeRefusal(error, home);
  });
  const undo: (() => unknown)[] = [() => store.close()];
  // Whoever asks finds a lab from now on until nothing of it is left.
  let state: LabState = {
    subnet: 0,
    apiPort: 0,
    dnsPort: 0,
    runtime: "namespaces",
    ...previous,
    format: 1,
    pid: process.pid,
    pidStart: processStart(process.pid) ?? "",
    starting: true,
    ready: false,
  };
  const update = (change: Partial<LabState>): void => writeState(home, (state = { ...state, ...change }));
  try {
    update({});
    undo.push(
      () => update({ pid: 0, pidStart: "", starting: false, ready: false }),
      () => rmSync(home.forwards, { force: true }),
    );
    await endLeftovers(home, previous);
    const userImages = readUserImages(options, home);
    const { runtime, notes } = await chooseRuntime(options.runtime ?? "auto", home);
    const { subnet, claim } = await claimSubnet(previous?.subnet);
    undo.push(() => close(claim));
    const api = await choosePort("API", {
      wanted: options.port,
      previous: previous?.apiPort || undefined,
      fallback: API_PORT,
      udp: false,
    });
    undo.push(() => api.close());
    const dns = await choosePort("DNS", {
      wanted: options.dnsPort,
      previous: previous?.dnsPort || undefined,
      fallback: DNS_PORT,
      udp: true,
    });
    undo.push(() => dns.close());

    const pki = await ensurePki(home.pki, { names: [subnet.kubernetesAddress] });
    const kinds = createKinds({ clusterIPRange: subnet.clusterIPRange, nodePortRange: NODE_PORT_RANGE });
    const registry = await createRegistry({ kinds, store, log });
    undo[0] = () => registry.close();
    const client = createLocalClient(registry, "ordinal");
    await readdressServices(client, subnet);
    const apiServer = { clusterIP: subnet.kubernetesAddress, targetPort: api.port };
    await ensureBootstrapObjects(client, {
      nodes: NODES.map((name) => ({ name, address: subnet.gateway })),
      apiServer,
      dnsClusterIP: subnet.dnsAddress,
      nodeInfo: nodeInfo(),
    });

    const addresses = { apiPort: api.port, dnsPort: dns.port, subnet: subnet.number, runtime };
    if (runtime === "processes") undo.push(() => sweepLeftovers(home.directory));
    const agent = await startAgent({
      home,
      subnet,
      runtime,
      nodes: NODES,
      client: createLocalClient(registry, "kubelet"),
      dns,
      ...(userImages === undefined ? {} : { userImagesFile: userImages }),
      log,
      onForwards: (forwards) => writeForwards(home, forwards),
      onStarted: (pid) => update({ ...addresses, agentPid: pid, agentPidStart: processStart(pid) ?? "" }),
    });
    undo.push(() => agent.stop());
    const server = await startApiServer({
      registry,
      node: agent.node,
      pki: { certificate: pki.certificate, key: pki.key },
      token: pki.token,
      server: api.tcp,
      hosts: [subnet.kubernetesAddress],
      log,
    });
    undo.push(() => server.close());
    const url = `https://127.0.0.1:${api.port}`;
    writeKubeconfig(home.kubeconfig, { server: url, caCertificate: pki.caCertificate, token: pki.token });
    const parts = { clock: realClock, log };
    const controllers = startControllers({
      ...parts,
      client: createLocalClient(registry, "kube-controller-manager"),
      kinds,
      volumesDirectory: home.volumes,
      removeVolume: (path) => removeVolume(home, path),
      rootCa: pki.caCertificate,
      apiServer,
    });
    undo.push(() => controllers.stop());
    const scheduler = startScheduler({ ...parts, client: createLocalClient(registry, "kube-scheduler") });
    undo.push(() => scheduler.stop());

    const watch = watchHome(home.directory);
    undo.push(() => watch.stop());
    update({ starting: false });
    return {
      home,
      kubeconfig: home.kubeconfig,
      url,
      apiPort: api.port,
      dnsPort: dns.port,
      runtime,
      client,
      notes,
      forwards: () => agent.forwards(),
      markReady: () => update({ ready: true }),
      failed: Promise.race([
        agent.ended.then(
          (why) =>
            `The lab's agent has ended (${why}); every pod ended with it. \`ordinal start\` resumes. ${home.directory}/lab.log may tell more.`,
        ),
        watch.gone,
      ]),
      stop: once(() => unwind(undo, log)),
    };
  } catch (error) {
    await unwind(undo, log);
    throw storeRefusal(error, home);
  }
}

/** Deletes a volume's folder. Only folders directly in the home's `volumes` are volumes, whatever an object says. */
async function removeVolume(home: Home, path: string): Promise<void> {
  if (dirname(path) !== home.volumes) return;
  await rm(path, { recursive: true, force: true });
}

/** Commands find the right Node by themselves; a program that imports this package may run on any. */
function requireNode(): void {
  if (Number(process.versions.node.split(".")[0]) >= NODE_MAJOR) return;
  throw new LabError(
    `A lab needs Node ${NODE_MAJOR} or later, and this is ${process.versions.node}. One comes with the package: run the program from an npm script, or as node_modules/.bin/node PROGRAM.`,
  );
}

function nodeInfo(): {
  architecture: string;
  kernelVersion: string;
  osImage: string;
  kubeletVersion: string;
  containerRuntimeVersion: string;
} {
  const osImage =
    /^PRETTY_NAME="?([^"\n]*)/m.exec(
      existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf8") : "",
    )?.[1] ?? "Linux";
  return {
    architecture: process.arch === "x64" ? "amd64" : process.arch,
    kernelVersion: release(),
    osImage,
    kubeletVersion: KUBELET_VERSION,
    containerRuntimeVersion: `ordinal://${VERSION}`,
  };
}

function readUserImages(options: LabOptions, home: Home): string | undefined {
  const file = options.images ?? (existsSync(home.images) ? home.images : undefined);
  // Read here for its errors: a mistake in the file stops the start, and not each pod.
  try {
    if (file !== undefined) loadUserImages(file);
  } catch (error) {
    if (error instanceof UserImagesError) throw new LabError(`Images cannot be declared like this:\n${error.message}`);
    throw new LabError(`Cannot read the images of ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
  return file;
}

async function chooseRuntime(
  wanted: "auto" | "namespaces" | "processes",
  home: Home,
): Promise<{ runtime: "namespaces" | "processes"; notes: string[] }> {
  if (wanted === "processes") return { runtime: "processes", notes: [plainProcesses("it was asked for")] };
  const probe = await probeNamespaces(home.pods);
  if (probe.ok) return { runtime: "namespaces", notes: [] };
  if (wanted === "namespaces")
    throw new LabError(`Pods out of namespaces are not possible here: ${probe.reason}. Remedy: ${probe.remedy}.`);
  return { runtime: "processes", notes: [`${plainProcesses(probe.reason)} To get the rest: ${probe.remedy}.`] };
}

function plainProcesses(reason: string): string {
  return (
    `pods run as plain processes, without namespaces (${reason}). They share the machine's hostname, files and localhost; each binds its own address, ` +
    "and ports below 1024 are shifted where they may not be bound."
  );
}

function storeRefusal(error: unknown, home: Home): unknown {
  const code = (error as { code?: string }).code;
  if (code === "STORE_LOCKED")
    return new LabError(
      `Another process is using ${home.directory}: a lab is just starting or stopping there. Wait a moment, or name another home with --home DIR.`,
    );
  // Its sentence says what is damaged and what to do; where in the code it was noticed helps nobody.
  if (error instanceof StoreError) return new LabError(`${error.message.replace(/^t/, "T")}.`);
  return error;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

/** Newest first; one failure does not keep the rest from ending. */
async function unwind(undo: (() => unknown)[], log: Log): Promise<void> {
  for (const step of undo.splice(0).toReversed())
    try {
      await step();
    } catch (error) {
      log.warn("lab.stop.failed", { error: String(error) });
    }
}

function once(action: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => (running ??= action());
}
