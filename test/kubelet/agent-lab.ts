import { createSocket } from "node:dgram";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createLog, openStore } from "@ordinal/io";
import type { Pod } from "kubernetes-types/core/v1.d.ts";

import { type Agent, type Forward, startAgent } from "../../packages/kubernetes/src/agent/index.ts";
import { type Client, createLocalClient, createRegistry, isStatus } from "../../packages/kubernetes/src/api/index.ts";
import { createKinds, NODE_PORT_RANGE } from "../../packages/kubernetes/src/kinds/index.ts";
import { openHome } from "../../packages/kubernetes/src/lab/home.ts";
import { claimSubnet } from "../../packages/kubernetes/src/lab/subnet.ts";
import { until } from "../eventually.ts";

/** The API and an agent with real pods; no controllers, no scheduler: tests bind pods and write endpoints themselves. */
export interface AgentLab {
  readonly client: Client;
  readonly agent: Agent;
  readonly subnet: number;
  readonly directory: string;
  readonly dnsPort: number;
  createPod(name: string, spec: object, metadata?: object): Promise<Pod>;
  pod(name: string): Promise<Pod>;
  ready(name: string): Promise<Pod>;
  forward(target: string): Promise<Forward>;
  end(): Promise<void>;
}

/** In a new folder unless one is given; `end` removes it. */
export async function startAgentLab(runtime: "namespaces" | "processes", given?: string): Promise<AgentLab> {
  const directory = given ?? (await mkdtemp(join(tmpdir(), `ordinal agent ${"long ".repeat(20)}`)));
  const log = createLog({ component: "test", level: "warn" });
  const home = openHome(directory);
  const { subnet, claim } = await claimSubnet(undefined);
  const kinds = createKinds({ clusterIPRange: subnet.clusterIPRange, nodePortRange: NODE_PORT_RANGE });
  const registry = await createRegistry({ kinds, store: await openStore(home.store, { log }), log });
  const client = createLocalClient(registry, "kubelet");
  const tcp = await listening();
  const udp = createSocket("udp4");
  const { port: dnsPort } = tcp.address() as { port: number };
  await new Promise<void>((resolve) => udp.bind(dnsPort, "127.0.0.1", resolve));
  const agent = await startAgent({
    home,
    subnet,
    runtime,
    nodes: ["node-0", "node-1"],
    client,
    dns: { tcp, udp },
    log,
  });
  const pod = async (name: string) => (await client.get("pods", "default", name)) as unknown as Pod;
  return {
    client,
    agent,
    subnet: subnet.number,
    directory,
    dnsPort,
    pod,
    createPod: async (name, spec, metadata = {}) => {
      const object = {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name, namespace: "default", ...metadata },
        spec: { nodeName: "node-0", automountServiceAccountToken: false, ...spec },
      };
      return (await client.create("pods", object)) as unknown as Pod;
    },
    ready: (name) =>
      until(`${name} ready`, async () => {
        const found = await pod(name).catch((error: unknown) => {
          if (isStatus(error, "NotFound")) return undefined;
          throw error;
        });
        return found?.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true
          ? found
          : undefined;
      }),
    forward: (target) =>
      until(`forward ${target}`, () => agent.forwards().find((forward) => forward.target === target)),
    end: async () => {
      await agent.stop();
      await registry.close();
      await new Promise<void>((resolve) => claim.close(() => resolve()));
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function listening(): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => resolve(server));
  });
}
