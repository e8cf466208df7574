import type { StatefulSetSpec } from "kubernetes-types/apps/v1.d.ts";
import type { Container, PersistentVolumeClaim, Pod, PodSpec, ServiceSpec } from "kubernetes-types/core/v1.d.ts";
import { describe, expect, test } from "vitest";

import type { KubeObject } from "../../api/object.ts";
import { capturedObjects, captured, context, kindOf, readYaml } from "../testdata/read.ts";
import { imageTag } from "./image-tag.ts";

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

function defaulted<T>(object: object): T {
  const copy = structuredClone(object) as KubeObject;
  kindOf(copy).defaults(copy);
  return copy as unknown as T;
}

function podSpec(spec: Partial<PodSpec>): PodSpec {
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p" },
    spec: { containers: [{ name: "c", image: "i" }], ...spec },
  };
  return defaulted<{ spec: PodSpec }>(pod).spec;
}

function statefulSetSpec(spec: object): StatefulSetSpec {
  return defaulted<{ spec: StatefulSetSpec }>({
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: "s" },
    spec,
  }).spec;
}

function serviceSpec(spec: object): ServiceSpec {
  return defaulted<{ spec: ServiceSpec }>({ apiVersion: "v1", kind: "Service", metadata: { name: "s" }, spec }).spec;
}

describe("what was applied becomes what the original stored:", () => {
  const applied = capturedObjects().filter(
    ({ metadata, kind }) => kind !== "ControllerRevision" && metadata.annotations?.[LAST_APPLIED],
  );

  test("objects of several kinds are compared", () => {
    expect(applied.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
      "StatefulSet web",
      "Service nginx",
      "StorageClass standard",
      "Secret mysql-pass-5m26tmdb5k",
      "Service wordpress",
      "StatefulSet zk",
      "PodDisruptionBudget zk-pdb",
    ]);
  });

  test.each(applied.map((object) => [object.kind, object.metadata.name, object] as const))(
    "%s %s",
    (_kind, _name, stored) => {
      // Decoding brings quantities into canonical form, before defaults.
      const text = (stored.metadata.annotations?.[LAST_APPLIED] ?? "").replace('"cpu":"0.5"', '"cpu":"500m"');
      const manifest = JSON.parse(text) as KubeObject;
      const kind = kindOf(manifest);
      kind.defaults(manifest);
      // The services' addresses are what their allocation is told to give.
      const { metadata: _metadata, status: _status, ...expected } = stored;
      if (kind.kind === "Service") kind.strategy.prepareForCreate?.(withAllocated(manifest, stored), context());
      const { metadata: _own, status: _ownStatus, ...content } = manifest;
      expect(kind.kind === "Service" ? withRange(content) : content).toEqual(expected);
    },
  );

  test("web.yaml", () => {
    const [service, set] = readYaml("web.yaml").map((manifest) => defaulted<KubeObject>(manifest));
    expect(set?.["spec"]).toEqual(captured("StatefulSet", "web")["spec"]);
    expect(service?.["spec"]).toMatchObject({
      clusterIP: "None",
      ports: [{ name: "web", port: 80, protocol: "TCP", targetPort: 80 }],
    });
  });

  // The lab's range differs from that of the captured cluster, so their addresses are carried over.
  function withAllocated(manifest: KubeObject, stored: KubeObject): KubeObject {
    const own = manifest["spec"] as ServiceSpec;
    const { clusterIP, ports } = stored["spec"] as ServiceSpec;
    if (clusterIP !== "None")
      own.clusterIP = (clusterIP ?? "").replace(/^10\.96/, "127.10").replace(/\.189\./, ".245.");
    for (const [index, port] of (own.ports ?? []).entries()) {
      const nodePort = ports?.[index]?.nodePort;
      if (nodePort !== undefined) port.nodePort = nodePort;
    }
    return manifest;
  }

  function withRange(content: object): object {
    const text = JSON.stringify(content).replaceAll("127.10.245.", "10.96.189.");
    return JSON.parse(text) as object;
  }
});

describe("a StatefulSet's update strategy", () => {
  test("is a partitioned rolling update when absent", () => {
    expect(statefulSetSpec({}).updateStrategy).toEqual({ type: "RollingUpdate", rollingUpdate: { partition: 0 } });
  });

  test("gets no partition when its type alone is given", () => {
    expect(statefulSetSpec({ updateStrategy: { type: "RollingUpdate" } }).updateStrategy).toEqual({
      type: "RollingUpdate",
    });
    expect(statefulSetSpec({ updateStrategy: { type: "OnDelete" } }).updateStrategy).toEqual({ type: "OnDelete" });
  });

  test("gets a partition when its type and an empty rolling update are given", () => {
    const strategy = { type: "RollingUpdate", rollingUpdate: {} };
    expect(statefulSetSpec({ updateStrategy: strategy }).updateStrategy).toEqual({
      ...strategy,
      rollingUpdate: { partition: 0 },
    });
  });

  test("keeps a partition that is given, zero replicas and an empty history", () => {
    const spec = statefulSetSpec({
      replicas: 0,
      revisionHistoryLimit: 0,
      updateStrategy: { rollingUpdate: { partition: 2 } },
    });
    expect(spec).toMatchObject({
      replicas: 0,
      revisionHistoryLimit: 0,
      updateStrategy: { rollingUpdate: { partition: 2 } },
    });
  });

  test("a template gets nothing that pods alone have", () => {
    const spec = statefulSetSpec({
      template: { spec: { containers: [{ name: "c", resources: { limits: { cpu: "1" } } }] } },
    });
    expect(spec.template.spec).not.toHaveProperty("enableServiceLinks");
    expect(spec.template.spec?.containers[0]?.resources).toEqual({ limits: { cpu: "1" } });
  });
});

describe("a container's pull policy", () => {
  test.each([
    ["nginx", "latest"],
    ["nginx:latest", "latest"],
    ["nginx:1.27", "1.27"],
    ["k8s.gcr.io/nginx-slim:0.8", "0.8"],
    ["localhost:5000/nginx", "latest"],
    ["localhost:5000/nginx:v1", "v1"],
    [`nginx@sha256:${"a".repeat(64)}`, ""],
    [`nginx:1.27@sha256:${"a".repeat(64)}`, "1.27"],
    ["Not An Image", ""],
    ["", ""],
  ])("depends on the tag: that of %s is %s", (image, tag) => {
    expect(imageTag(image)).toBe(tag);
    const [container] = podSpec({ containers: [{ name: "c", image }] }).containers;
    expect(container?.imagePullPolicy).toBe(tag === "latest" ? "Always" : "IfNotPresent");
  });
});

describe("a pod", () => {
  test("asks for its limits where it names no requests", () => {
    const resources = { limits: { cpu: "2", memory: "1Gi" }, requests: { cpu: "1" } };
    const [container] = podSpec({ containers: [{ name: "c", image: "i", resources }] }).containers;
    expect(container?.resources?.requests).toEqual({ cpu: "1", memory: "1Gi" });
  });

  test("on the host's network has host ports", () => {
    const spec = podSpec({
      hostNetwork: true,
      containers: [{ name: "c", image: "i", ports: [{ containerPort: 80 }] }],
    });
    expect(spec.containers[0]?.ports).toEqual([{ containerPort: 80, hostPort: 80, protocol: "TCP" }]);
  });

  test("gets the probes' periods, paths and schemes", () => {
    const container: Container = {
      name: "c",
      image: "i",
      livenessProbe: { httpGet: { port: 80 }, timeoutSeconds: 0 },
      readinessProbe: { exec: { command: ["true"] }, periodSeconds: 5 },
      lifecycle: { preStop: { httpGet: { port: "web", path: "/quit" } } },
    };
    const counts = { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 };
    expect(podSpec({ containers: [container] }).containers[0]).toMatchObject({
      livenessProbe: { ...counts, httpGet: { port: 80, path: "/", scheme: "HTTP" } },
      readinessProbe: { ...counts, exec: { command: ["true"] }, periodSeconds: 5 },
      lifecycle: { preStop: { httpGet: { port: "web", path: "/quit", scheme: "HTTP" } } },
    });
  });

  test("gets the sources' modes, versions and types", () => {
    const { volumes } = podSpec({
      volumes: [
        { name: "nothing" },
        { name: "secret", secret: { secretName: "s" } },
        { name: "map", configMap: { name: "m", defaultMode: 0 } },
        { name: "down", downwardAPI: { items: [{ path: "labels", fieldRef: { fieldPath: "metadata.labels" } }] } },
        { name: "host", hostPath: { path: "/tmp" } },
        { name: "token", projected: { sources: [{ serviceAccountToken: { path: "token" } }] } },
      ],
    });
    expect(volumes).toEqual([
      { name: "nothing", emptyDir: {} },
      { name: "secret", secret: { secretName: "s", defaultMode: 420 } },
      { name: "map", configMap: { name: "m", defaultMode: 0 } },
      {
        name: "down",
        downwardAPI: {
          items: [{ path: "labels", fieldRef: { apiVersion: "v1", fieldPath: "metadata.labels" } }],
          defaultMode: 420,
        },
      },
      { name: "host", hostPath: { path: "/tmp", type: "" } },
      {
        name: "token",
        projected: { sources: [{ serviceAccountToken: { path: "token", expirationSeconds: 3600 } }], defaultMode: 420 },
      },
    ]);
  });

  test("keeps the two names of a service account alike", () => {
    expect(podSpec({ serviceAccount: "old" })).toMatchObject({ serviceAccount: "old", serviceAccountName: "old" });
    expect(podSpec({ serviceAccount: "old", serviceAccountName: "new" })).toMatchObject({
      serviceAccount: "new",
      serviceAccountName: "new",
    });
  });

  test("has its address in both forms", () => {
    const pod = { apiVersion: "v1", kind: "Pod", metadata: {}, spec: {}, status: { podIP: "127.10.0.10" } };
    expect(defaulted<Pod>(pod).status).toEqual({ podIP: "127.10.0.10", podIPs: [{ ip: "127.10.0.10" }] });
  });
});

describe("a Service", () => {
  test("of each type gets the fields of that type", () => {
    const ports = [{ port: 80 }];
    expect(serviceSpec({ ports })).toEqual({
      ports: [{ port: 80, protocol: "TCP", targetPort: 80 }],
      type: "ClusterIP",
      sessionAffinity: "None",
      internalTrafficPolicy: "Cluster",
    });
    expect(serviceSpec({ type: "NodePort", ports })).toMatchObject({ externalTrafficPolicy: "Cluster" });
    expect(serviceSpec({ type: "LoadBalancer", ports })).toMatchObject({ allocateLoadBalancerNodePorts: true });
    expect(serviceSpec({ type: "ExternalName", externalName: "a.b" })).toEqual({
      type: "ExternalName",
      externalName: "a.b",
      sessionAffinity: "None",
    });
  });

  test("keeps a target port by name and session affinity's timeout", () => {
    const spec = serviceSpec({ ports: [{ port: 80, targetPort: "web" }], sessionAffinity: "ClientIP" });
    expect(spec.ports?.[0]?.targetPort).toBe("web");
    expect(spec.sessionAffinityConfig).toEqual({ clientIP: { timeoutSeconds: 10_800 } });
  });
});

describe("amounts of resources", () => {
  test.each([
    ["500m", "500m"],
    ["1Gi", "1Gi"],
    ["100u", "1m"],
    ["1000001u", "1001m"],
    ["999999500n", "1"],
    ["-1500u", "-2m"],
  ])("%s is rounded up to thousandths: %s", (amount, rounded) => {
    const [container] = podSpec({
      containers: [{ name: "c", image: "i", resources: { requests: { cpu: amount } } }],
    }).containers;
    expect(container?.resources?.requests).toEqual({ cpu: rounded });
  });
});

describe("other kinds", () => {
  test("a claim is pending and a file system", () => {
    const claim = { apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { name: "c" }, spec: {} };
    expect(defaulted<PersistentVolumeClaim>(claim)).toMatchObject({
      spec: { volumeMode: "Filesystem" },
      status: { phase: "Pending" },
    });
  });

  test("a Secret's text becomes bytes and wins over bytes", () => {
    const secret = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "s" },
      data: { a: "eA==" },
      stringData: { a: "é", b: "2" },
    };
    expect(defaulted<object>(secret)).toEqual({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "s", creationTimestamp: null },
      data: { a: "w6k=", b: "Mg==" },
      type: "Opaque",
    });
  });

  test("a Namespace carries its name as a label", () => {
    const space = { apiVersion: "v1", kind: "Namespace", metadata: { name: "n", labels: { a: "b" } } };
    expect(defaulted<KubeObject>(space).metadata.labels).toEqual({ a: "b", "kubernetes.io/metadata.name": "n" });
  });

  test("a node offers what it has", () => {
    const node = { apiVersion: "v1", kind: "Node", metadata: { name: "n" }, status: { capacity: { cpu: "4" } } };
    expect(defaulted<KubeObject>(node)["status"]).toMatchObject({ allocatable: { cpu: "4" } });
  });

  test("endpoints are TCP, and slices' ports have names", () => {
    const endpoints = { apiVersion: "v1", kind: "Endpoints", metadata: {}, subsets: [{ ports: [{ port: 80 }] }] };
    expect(defaulted<KubeObject>(endpoints)["subsets"]).toEqual([{ ports: [{ port: 80, protocol: "TCP" }] }]);
    const slice = {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: {},
      addressType: "IPv4",
      ports: [{ port: 80 }],
    };
    expect(defaulted<KubeObject>(slice)["ports"]).toEqual([{ name: "", port: 80, protocol: "TCP" }]);
  });
});
