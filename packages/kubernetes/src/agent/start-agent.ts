import { type ChildProcess, fork } from "node:child_process";
import type { Socket as UdpSocket } from "node:dgram";
import { chmodSync, rmSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import type { Log } from "@ordinal/io";

import type { Client } from "../api/client.ts";
import type { NodeConnection } from "../api/node.ts";
import { startInLabNamespaces } from "../runtime/lab-namespaces.ts";
import { firstChild } from "../runtime/process-tree.ts";
import { portShift, shiftedPort } from "../runtime/processes-runtime.ts";
import { VERSION } from "../version.ts";
import { ClientServer } from "./client-server.ts";
import { followRules } from "./forwarding/follow-rules.ts";
import { join as joinSockets } from "./forwarding/forwarder.ts";
import { type Forward, HostListeners } from "./forwarding/host-listeners.ts";
import type { AgentConfig, FromAgent, ToAgent } from "./messages.ts";
import { connectNode } from "./node-client.ts";
import { AGENT_SOCKET, API_SOCKET, socketPath } from "./socket-path.ts";

/** Longer than the pods' grace when the lab stops; then the agent is killed, and every pod with it. */
const STOP_TIMEOUT_MS = 15_000;

export interface AgentOptions {
  readonly home: { readonly directory: string; readonly pods: string; readonly logs: string; readonly cache: string };
  readonly subnet: { readonly number: number; readonly gateway: string; readonly dnsAddress: string };
  readonly runtime: "namespaces" | "processes";
  readonly nodes: readonly string[];
  readonly client: Client;
  /** The host's side of DNS: listening, bound. The agent takes both over. */
  readonly dns: { readonly tcp: Server; readonly udp: UdpSocket | undefined };
  readonly userImagesFile?: string;
  readonly log: Log;
  /** Told at every change of `forwards()`. */
  readonly onForwards?: (forwards: readonly Forward[]) => void;
  /** Told the agent's own process before it may start a pod. */
  readonly onStarted?: (pid: number) => void;
}

export interface Agent {
  readonly node: NodeConnection;
  /** Of the process started here; with namespaces its child is the agent. */
  readonly pid: number;
  /** Resolves with the reason when the agent is gone, asked to or not. Never rejects. */
  readonly ended: Promise<string>;
  /** Where the host reaches pods and services now. */
  forwards(): readonly Forward[];
  /** Ends every pod and the agent. Idempotent. */
  stop(): Promise<void>;
}

/** Starts the agent of a lab. Resolves when its nodes are Ready and the pods that were bound to them have been taken up; rejects with what kept it from that. */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { home, subnet, runtime, log } = options;
  const api = runtime === "namespaces" ? await serveApiSocket(home.directory, options.client) : undefined;
  const child = startProcess(runtime, home.cache);
  const send = (message: ToAgent, handle?: Server | UdpSocket) => {
    if (child.connected) child.send(message, handle, () => {});
  };
  const server = new ClientServer(options.client, send);
  const accepted = new Map<string, () => void>();
  const started = Promise.withResolvers<void>();
  const ready = Promise.withResolvers<void>();
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(`it cannot be started: ${error.message}`));
    child.once("exit", (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
  });
  child.on("message", (message) => {
    const from = message as FromAgent;
    if (server.receive(from)) return;
    if (from.kind === "started") started.resolve();
    else if (from.kind === "ready") ready.resolve();
    else if (from.kind === "failed") ready.reject(new Error(`the lab's agent failed to start: ${from.message}`));
    else if (from.kind === "accepted") accepted.get(from.what)?.();
  });
  const give = async (message: ToAgent, what: string, handle: Server | UdpSocket): Promise<void> => {
    await Promise.race([
      new Promise<void>((resolve) => {
        accepted.set(what, resolve);
        send(message, handle);
      }),
      ended,
    ]);
    accepted.delete(what);
    // The agent holds it now. Two holders would share its connections.
    handle.close();
  };
  const died = ended.then((why) => Promise.reject(new Error(`the lab's agent ended while starting (${why})`)));
  died.catch(() => {});
  ready.promise.catch(() => {});
  try {
    await Promise.race([started.promise, died]);
    const pid = child.pid ?? 0;
    options.onStarted?.(runtime === "namespaces" ? (firstChild(pid) ?? pid) : pid);
    send({ kind: "configure", config: agentConfig(options) });
    await Promise.race([ready.promise, died]);
    await give({ kind: "dns", transport: "tcp" }, "dns tcp", options.dns.tcp);
    if (options.dns.udp !== undefined) await give({ kind: "dns", transport: "udp" }, "dns udp", options.dns.udp);
  } catch (error) {
    server.stop();
    api?.close();
    child.kill("SIGKILL");
    throw error;
  }
  const listeners = new HostListeners({
    give: (key, serial, listener) => give({ kind: "listener", key, serial }, `listener ${serial}`, listener),
    take: (serial) => send({ kind: "closeListener", serial }),
    addressesOf: (rule) => {
      // The resolver has sockets of its own on the host.
      if (rule.address === subnet.dnsAddress) return [];
      return rule.kind === "nodePort" ? ["127.0.0.1", subnet.gateway] : [rule.address];
    },
    onForwards: options.onForwards ?? (() => {}),
    log,
  });
  const shift = runtime === "namespaces" ? 0 : portShift();
  const rules = followRules(
    options.client,
    { podPorts: runtime === "namespaces", podPort: (port) => shiftedPort(port, shift) },
    (next) => listeners.setRules(next),
  );
  let stopping: Promise<void> | undefined;
  return {
    node: connectNode(socketPath(home.directory, AGENT_SOCKET)),
    pid: child.pid ?? 0,
    ended,
    forwards: () => listeners.forwards(),
    stop: () => (stopping ??= stop()),
  };

  async function stop(): Promise<void> {
    rules.stop();
    listeners.stop();
    send({ kind: "stop" });
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
    await ended;
    clearTimeout(timer);
    server.stop();
    api?.close();
    for (const name of [AGENT_SOCKET, API_SOCKET]) rmSync(join(home.directory, name), { force: true });
  }
}

function agentConfig({ home, subnet, runtime, nodes, userImagesFile }: AgentOptions): AgentConfig {
  return {
    home: home.directory,
    podsDirectory: home.pods,
    logsDirectory: home.logs,
    runtimeDirectory: join(home.cache, "runtime"),
    subnet: subnet.number,
    hostIP: subnet.gateway,
    clusterDNS: subnet.dnsAddress,
    runtime,
    nodes,
    userImagesFile,
    version: VERSION,
  };
}

function startProcess(runtime: "namespaces" | "processes", cache: string): ChildProcess {
  const main = fileURLToPath(new URL("./main.ts", import.meta.url));
  const env = { ...process.env, NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"] ?? join(cache, "node") };
  if (runtime === "namespaces") return startInLabNamespaces([process.execPath, main], { env });
  return fork(main, [], { stdio: ["ignore", "inherit", "inherit", "ipc"], execArgv: [], env });
}

/** Pods reach the API through this: the agent's network ends at the lab, a socket in a folder does not. */
async function serveApiSocket(directory: string, client: Client): Promise<Server> {
  const path = socketPath(directory, API_SOCKET);
  rmSync(join(directory, API_SOCKET), { force: true });
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => {});
    void client.get("services", "default", "kubernetes").then(
      (service) => {
        const { ports } = service["spec"] as { ports: { port: number; targetPort?: number | string }[] };
        const upstream = connect({
          host: "127.0.0.1",
          port: Number(ports[0]?.targetPort ?? ports[0]?.port),
          allowHalfOpen: true,
        });
        upstream.on("error", () => {});
        joinSockets(socket, upstream);
      },
      () => socket.destroy(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  chmodSync(join(directory, API_SOCKET), 0o600);
  return server;
}
