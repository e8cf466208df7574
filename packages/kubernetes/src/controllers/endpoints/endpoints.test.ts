import { World } from "@ordinal/simulator";
import { expect, test } from "vitest";

import { createRegistry } from "../../api/registry.ts";
import { nginxService, TestLab, webSet } from "../testing/test-lab.ts";
import type { StoredEndpoints, StoredSlice, View } from "../view.ts";
import { endpointsController } from "./endpoints.ts";

async function start(service: object = nginxService(), set: object = {}): Promise<TestLab> {
  const world = new World(1);
  const lab = await TestLab.start(world, world.random.fork("api"), createRegistry);
  await lab.client.create("services", service);
  await lab.client.create("statefulsets.apps", webSet(set));
  return lab;
}

const slices = (lab: TestLab): StoredSlice[] =>
  (lab.all("endpointslices.discovery.k8s.io") as unknown as StoredSlice[]).filter(
    (slice) => slice.metadata.labels?.["kubernetes.io/service-name"] === "nginx",
  );
const endpoints = (lab: TestLab): StoredEndpoints => lab.find("endpoints", "nginx") as unknown as StoredEndpoints;
const conditions = (lab: TestLab): string[] =>
  slices(lab).flatMap((slice) =>
    (slice.endpoints ?? []).map(
      ({ conditions: is, hostname = "" }) => `${hostname} ${is?.ready} ${is?.serving} ${is?.terminating}`,
    ),
  );

test("a slice and an Endpoints object tell of the pods as the original's do", async () => {
  const lab = await start();
  await lab.world.run(0);
  expect(slices(lab)).toHaveLength(1);
  const name = slices(lab)[0]?.metadata.name ?? "";
  expect(name).toMatch(/^nginx-[a-z0-9]{5}$/);
  await lab.world.run(5000);
  expect(slices(lab)).toHaveLength(1);
  const [slice] = slices(lab);
  expect(slice).toMatchObject({
    metadata: {
      name,
      generateName: "nginx-",
      labels: {
        app: "nginx",
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
        "kubernetes.io/service-name": "nginx",
        "service.kubernetes.io/headless": "",
      },
      ownerReferences: [
        { apiVersion: "v1", kind: "Service", name: "nginx", controller: true, blockOwnerDeletion: true },
      ],
    },
    addressType: "IPv4",
    ports: [{ name: "web", port: 80, protocol: "TCP" }],
  });
  expect(slice?.endpoints).toEqual(
    [0, 1].map((ordinal) => ({
      addresses: [lab.pod(`web-${ordinal}`)?.status?.podIP],
      conditions: { ready: true, serving: true, terminating: false },
      hostname: `web-${ordinal}`,
      nodeName: `node-${ordinal}`,
      targetRef: {
        kind: "Pod",
        namespace: "default",
        name: `web-${ordinal}`,
        uid: lab.pod(`web-${ordinal}`)?.metadata.uid,
      },
    })),
  );
  expect(endpoints(lab).metadata.labels).toEqual({ app: "nginx", "service.kubernetes.io/headless": "" });
  expect(endpoints(lab).subsets).toMatchObject([
    {
      addresses: [
        { hostname: "web-0", nodeName: "node-0" },
        { hostname: "web-1", nodeName: "node-1" },
      ],
      ports: [{ name: "web", port: 80, protocol: "TCP" }],
    },
  ]);
});

test("a terminating pod still serves and is not ready; then it is gone", async () => {
  const lab = await start();
  await lab.world.run(5000);
  await lab.client.delete("pods", "default", "web-1");
  await lab.world.run(0);
  expect(conditions(lab)).toEqual(["web-0 true true false", "web-1 false true true"]);
  expect(endpoints(lab).subsets?.[0]?.addresses).toHaveLength(1);
  await lab.world.run(1000);
  expect(conditions(lab)).toEqual(["web-0 true true false"]);
});

test("publishNotReadyAddresses: every pod with an address is ready to clients", async () => {
  const lab = await start(nginxService({ publishNotReadyAddresses: true }));
  await lab.world.run(5000);
  await lab.client.patch(
    "pods",
    "default",
    "web-1",
    { status: { conditions: [{ type: "Ready", status: "False" }] } },
    { type: "merge", subresource: "status" },
  );
  await lab.world.run(0);
  expect(conditions(lab)).toEqual(["web-0 true true false", "web-1 true false false"]);
  expect(endpoints(lab).subsets?.[0]?.addresses).toHaveLength(2);
});

test("a pod that is not ready is told apart", async () => {
  const lab = await start();
  await lab.world.run(5000);
  await lab.client.patch(
    "pods",
    "default",
    "web-0",
    { status: { conditions: [{ type: "Ready", status: "False" }] } },
    { type: "merge", subresource: "status" },
  );
  await lab.world.run(0);
  expect(conditions(lab)).toEqual(["web-0 false false false", "web-1 true true false"]);
  expect(endpoints(lab).subsets?.[0]?.notReadyAddresses).toMatchObject([{ hostname: "web-0" }]);
});

test("a named target port is the pod's own; without such a port the pod gives none", async () => {
  const ports = [
    { name: "a", port: 8080, targetPort: "web", protocol: "TCP" },
    { name: "b", port: 9090, targetPort: "metrics", protocol: "TCP" },
  ];
  const lab = await start(nginxService({ ports }));
  await lab.world.run(5000);
  expect(slices(lab).map((slice) => slice.ports)).toEqual([[{ name: "a", port: 80, protocol: "TCP" }]]);
});

test("a slice holds at most 100 endpoints", async () => {
  const lab = await start(nginxService(), {
    replicas: 130,
    podManagementPolicy: "Parallel",
    volumeClaimTemplates: [],
    template: podTemplate(),
  });
  await lab.world.run(10_000);
  expect(slices(lab).map((slice) => slice.endpoints?.length)).toEqual([100, 30]);
});

test("a service without pods has one empty slice; slices and Endpoints go with the service", async () => {
  const lab = await start(nginxService(), { replicas: 0 });
  await lab.world.run(0);
  expect(slices(lab).map((slice) => slice.endpoints ?? [])).toEqual([[]]);
  expect(endpoints(lab).subsets ?? []).toEqual([]);
  await lab.client.delete("services", "default", "nginx");
  await lab.world.run(1000);
  expect(slices(lab)).toEqual([]);
  expect(endpoints(lab)).toBeUndefined();
});

test("a service without a selector is left alone", async () => {
  const service = {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "nginx", namespace: "default" },
    spec: { ports: [{ port: 80 }] },
  };
  const lab = await start(service);
  await lab.world.run(5000);
  expect(slices(lab)).toEqual([]);
  expect(endpoints(lab)).toBeUndefined();
});

function podTemplate(): object {
  return {
    metadata: { labels: { app: "nginx" } },
    spec: { containers: [{ name: "c", image: "i", ports: [{ name: "web", containerPort: 80 }] }] },
  };
}

test("an Endpoints object holds 1000 addresses, ready ones first, and says that there are more", () => {
  const service = {
    ...nginxService(),
    metadata: { name: "nginx", namespace: "default", uid: "s", creationTimestamp: "2026-01-01T00:00:00Z" },
  };
  const pods = Array.from({ length: 1010 }, (_, index) => ({
    metadata: { name: `p-${index}`, namespace: "default", uid: `u-${index}`, labels: { app: "nginx" } },
    spec: { containers: [] },
    status: {
      phase: "Running",
      podIP: `127.1.${index >> 8}.${index & 255}`,
      conditions: [{ type: "Ready", status: index < 20 ? "False" : "True" }],
    },
  }));
  const view = {
    get: (resource: string) => (resource === "services" ? service : undefined),
    list: (resource: string) => (resource === "pods" ? pods : []),
  } as unknown as View;
  const [step] = endpointsController.reconcile(view, "default/nginx", 0).steps;
  const made = (step?.kind === "create" ? step.object : undefined) as StoredEndpoints | undefined;
  expect(made?.metadata.annotations?.["endpoints.kubernetes.io/over-capacity"]).toBe("truncated");
  expect(made?.subsets?.map((subset) => [subset.addresses?.length, subset.notReadyAddresses?.length])).toEqual([
    [990, 10],
  ]);
});
