/** The agent's process: kubelet, DNS and forwarding of one lab, inside the lab's namespaces where there are any. */
import { Socket as UdpSocket } from "node:dgram";
import { mkdirSync } from "node:fs";
import { Server } from "node:net";

import { createZone, type DnsServer, startDnsServer, type Zone } from "@ordinal/dns";
import { loadUserImages, resolve, unknownImageMessage } from "@ordinal/images";
import { createLog, type Log, realClock } from "@ordinal/io";

import type { Client } from "../api/client.ts";
import { type Kubelet, startKubelet } from "../kubelet/index.ts";
import { setUpLabNetwork } from "../runtime/lab-network.ts";
import { NamespacesRuntime } from "../runtime/namespaces-runtime.ts";
import type { PodRuntime } from "../runtime/pod-runtime.ts";
import { ProcessesRuntime, portShift, shiftedPort } from "../runtime/processes-runtime.ts";
import { feedZone } from "./feed-zone.ts";
import { followRules } from "./forwarding/follow-rules.ts";
import { Forwarder } from "./forwarding/forwarder.ts";
import type { AgentConfig, FromAgent, ToAgent } from "./messages.ts";
import { serveNode } from "./node-server.ts";
import { RemoteClient } from "./remote-client.ts";
import { shareWatches } from "./shared-watches.ts";
import { AGENT_SOCKET, API_SOCKET, socketPath } from "./socket-path.ts";

/** How long pods may take to end in good order when the lab stops; then they are killed. */
const STOP_GRACE_MS = 3000;

const log = createLog({ component: "agent", level: "warn" });

function send(message: FromAgent): void {
  // A channel that is gone means that this process is about to be.
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}

interface Parts {
  readonly kubelet: Kubelet;
  readonly runtime: PodRuntime;
  readonly forwarder: Forwarder;
  readonly zone: Zone;
  readonly dns: DnsServer[];
}

let parts: Parts | undefined;
let ending = false;
const remote = new RemoteClient(send);
const client = shareWatches(remote);

async function start(config: AgentConfig): Promise<Parts> {
  const inNamespaces = config.runtime === "namespaces";
  if (inNamespaces) await setUpLabNetwork({ subnet: `127.${config.subnet}.0.0/16` });
  mkdirSync(config.runtimeDirectory, { recursive: true });
  const runtime: PodRuntime = inNamespaces
    ? await NamespacesRuntime.create({ directory: config.runtimeDirectory, log })
    : new ProcessesRuntime({ home: config.home, log });
  const shift = inNamespaces ? 0 : portShift();
  const podPort = (port: number) => shiftedPort(port, shift);
  const { zone, dns } = await startDns(config, log, client);
  const forwarder = new Forwarder({
    clock: realClock,
    log,
    api: inNamespaces ? { path: socketPath(config.home, API_SOCKET) } : { host: "127.0.0.1" },
    listenAt: (rule) => {
      if (!inNamespaces || rule.kind === "pod" || rule.address === config.clusterDNS) return [];
      return [rule.kind === "nodePort" ? config.hostIP : rule.address];
    },
  });
  followRules(client, { podPorts: inNamespaces, podPort }, (rules) => forwarder.setRules(rules));
  const userImages = config.userImagesFile === undefined ? [] : loadUserImages(config.userImagesFile);
  const kubelet = await startKubelet({
    client,
    runtime,
    clock: realClock,
    log,
    images: {
      resolve: (reference) => resolve(reference, userImages),
      unknownMessage: (reference) => unknownImageMessage(reference, userImages),
    },
    nodes: config.nodes,
    subnet: config.subnet,
    hostIP: config.hostIP,
    clusterDNS: config.clusterDNS,
    podsDirectory: config.podsDirectory,
    logsDirectory: config.logsDirectory,
    version: config.version,
    podPort,
  });
  await serveNode(kubelet.node, socketPath(config.home, AGENT_SOCKET), log);
  return { kubelet, runtime, forwarder, zone, dns };
}

/** The resolver that pods ask. Plain processes ask the machine's own, so that without rights to port 53 little is lost. */
async function startDns(
  config: AgentConfig,
  dnsLog: Log,
  dnsClient: Client,
): Promise<{ zone: Zone; dns: DnsServer[] }> {
  const zone = createZone({ dnsServiceAddress: config.clusterDNS });
  const place = { address: config.clusterDNS, port: 53 };
  const dns: DnsServer[] = [];
  try {
    dns.push(await startDnsServer({ zone, udp: place, tcp: place, log: dnsLog }));
  } catch (error) {
    if (config.runtime === "namespaces") throw error;
    dnsLog.debug("no-cluster-dns", { error: String(error) });
  }
  // Questions that come before everything is known are answered with SERVFAIL, and asked again.
  void feedZone(zone, dnsClient);
  return { zone, dns };
}

async function receive(message: ToAgent, handle: unknown): Promise<void> {
  if (remote.receive(message)) return;
  switch (message.kind) {
    case "configure":
      parts = await start(message.config);
      send({ kind: "ready" });
      return;
    case "listener":
      if (handle instanceof Server) parts?.forwarder.accept(message.serial, message.key, handle);
      send({ kind: "accepted", what: `listener ${message.serial}` });
      return;
    case "closeListener":
      parts?.forwarder.release(message.serial);
      return;
    case "dns":
      if (parts !== undefined && handle instanceof Server)
        parts.dns.push(await startDnsServer({ zone: parts.zone, tcp: handle, log }));
      if (parts !== undefined && handle instanceof UdpSocket)
        parts.dns.push(await startDnsServer({ zone: parts.zone, udp: handle, log }));
      send({ kind: "accepted", what: `dns ${message.transport}` });
      return;
    case "stop":
      await end(STOP_GRACE_MS);
      return;
    default:
      return;
  }
}

/** Pods first; then this process, and with it, where it is PID 1 of the lab, whatever is left. */
async function end(graceMs: number): Promise<void> {
  if (ending) return;
  ending = true;
  try {
    await parts?.kubelet.shutDown(graceMs);
    await parts?.runtime.close();
  } catch (error) {
    log.error("agent-stop-failed", { error: String(error) });
  }
  process.exit(0);
}

// A log on a full disk must not end the pods.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
process.on("message", (message, handle) => {
  receive(message as ToAgent, handle).catch((error: unknown) => {
    log.error("agent-failed", { error: String(error instanceof Error ? error.stack : error) });
    send({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
  });
});
// The lab is gone: nobody is left to tell, and its pods must not outlive it.
process.on("disconnect", () => void end(0));
// Ctrl-C reaches the whole group of the terminal; it is the lab that decides what it means.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => {});
send({ kind: "started" });
