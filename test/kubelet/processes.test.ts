import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";

import { afterAll, beforeAll, expect, test } from "vitest";

import { portShift } from "../../packages/kubernetes/src/runtime/processes-runtime.ts";
import { until } from "../eventually.ts";
import { type AgentLab, startAgentLab } from "./agent-lab.ts";

/** What pods as plain processes do the same: run, be probed at their shifted port, be reached through services, end. */
let lab: AgentLab;
beforeAll(async () => (lab = await startAgentLab("processes")));
afterAll(() => lab.end());

const read = (stream: Readable | undefined) => (stream === undefined ? "" : text(stream));

test("a pod is Ready by probe at the port it really has, and a ClusterIP leads there", async () => {
  const server = `const http=require("http");http.createServer((q,r)=>r.end("here")).listen(80+${portShift()},process.env.ORDINAL_BIND_ADDRESS)`;
  const containers = [
    {
      name: "web",
      image: "busybox",
      command: [process.execPath, "-e", server],
      ports: [{ containerPort: 80 }],
      readinessProbe: { tcpSocket: { port: 80 }, periodSeconds: 1 },
    },
  ];
  await lab.createPod("web-0", { containers });
  const pod = await lab.ready("web-0");
  await lab.client.create("services", {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "web", namespace: "default" },
    spec: { ports: [{ port: 80 }] },
  });
  await lab.client.create("endpointslices.discovery.k8s.io", {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: "web-1", namespace: "default", labels: { "kubernetes.io/service-name": "web" } },
    addressType: "IPv4",
    ports: [{ name: "", port: 80, protocol: "TCP" }],
    endpoints: [{ addresses: [pod.status?.podIP], conditions: { ready: true } }],
  });
  const { address, hostPort } = await lab.forward("default/web:80");
  expect(await (await fetch(`http://${address}:${hostPort}/`)).text()).toBe("here");
  const ref = { namespace: "default", name: "web-0", uid: pod.metadata?.uid ?? "" };
  const session = await lab.agent.node.exec(ref, {
    container: "web",
    command: ["sh", "-c", "echo $HOSTNAME"],
    stdin: false,
    stdout: true,
    stderr: true,
    tty: false,
  });
  expect(await read(session.stdout)).toBe("web-0\n");
  await lab.client.delete("pods", "default", "web-0", { gracePeriodSeconds: 1 });
  await until("gone", () =>
    lab.pod("web-0").then(
      () => undefined,
      () => true,
    ),
  );
  await expect(fetch(`http://${address}:${hostPort}/`)).rejects.toThrow();
});
