import type { PersistentVolumeClaim, Pod, Service, ServicePort } from "kubernetes-types/core/v1.d.ts";
import { describe, expect, test } from "vitest";

import type { KubeObject } from "../api/object.ts";
import { StatusError } from "../api/status-error.ts";
import { createKinds, type ServiceRanges } from "./index.ts";
import type { Kind, StrategyContext } from "./kind.ts";
import { captured, context, kindOf } from "./testdata/read.ts";

/** What a create makes of an object, or the message of its refusal. */
function created<T = KubeObject>(object: object, server: StrategyContext = context()): T {
  const copy = structuredClone(object) as KubeObject;
  copy.metadata.namespace ??= "default";
  copy.metadata.uid = `uid-of-${copy.metadata.name}`;
  const kind = kindOf(copy);
  if (!kind.namespaced) delete copy.metadata.namespace;
  kind.defaults(copy);
  kind.strategy.prepareForCreate?.(copy, server);
  expect(kind.strategy.validate(copy, server)).toEqual([]);
  return copy as unknown as T;
}

function updated<T = KubeObject>(old: object, change: (object: T) => void, server: StrategyContext = context()): T {
  const copy = structuredClone(old) as KubeObject;
  change(copy as unknown as T);
  const kind = kindOf(copy);
  kind.defaults(copy);
  kind.strategy.prepareForUpdate?.(copy, old as KubeObject, server);
  return copy as unknown as T;
}

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof StatusError) return `${error.code} ${error.message}`;
    throw error;
  }
  return "none";
}

function service(spec: Service["spec"] & object, name = "s"): Service {
  return { apiVersion: "v1", kind: "Service", metadata: { name, namespace: "default" }, spec };
}

function pod(spec: object): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p" },
    spec: { containers: [{ name: "c", image: "i:1" }], ...spec },
  };
}

const HTTP: ServicePort[] = [{ port: 80 }];

describe("a new pod", () => {
  const account = captured("ServiceAccount", "default");

  test("of a StatefulSet becomes what the original made of it", () => {
    const stored = captured("Pod", "web-0");
    const { spec, metadata } = structuredClone(stored) as unknown as Pod & { spec: NonNullable<Pod["spec"]> };
    const template = (captured("StatefulSet", "web")["spec"] as { template: { spec: NonNullable<Pod["spec"]> } })
      .template.spec;
    const wanted = {
      ...template,
      hostname: "web-0",
      subdomain: "nginx",
      volumes: [{ name: "www", persistentVolumeClaim: { claimName: "www-web-0" } }],
    };
    const result = created<Pod>({ apiVersion: "v1", kind: "Pod", metadata, spec: wanted }, context([account]));
    // The suffix of the token's volume is any, and the scheduler has not been here.
    delete spec.nodeName;
    const token = result.spec?.volumes?.[1]?.name ?? "";
    expect(token).toMatch(/^kube-api-access-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    expect(JSON.parse(JSON.stringify(result.spec).replaceAll(token, "kube-api-access-p6ltx"))).toEqual(spec);
    expect(result.status).toEqual({ phase: "Pending", qosClass: "BestEffort" });
  });

  test("loses the status that a client sends", () => {
    const result = created<Pod>({ ...pod({}), status: { phase: "Running", podIP: "127.10.0.10" } });
    expect(result.status).toEqual({ phase: "Pending", qosClass: "BestEffort" });
  });

  test.each([
    ["BestEffort", {}],
    ["Burstable", { requests: { cpu: "1" } }],
    ["Burstable", { requests: { cpu: "1", memory: "1Gi" }, limits: { cpu: "1", memory: "2Gi" } }],
    ["Guaranteed", { limits: { cpu: "1", memory: "1Gi" } }],
    ["Guaranteed", { requests: { cpu: "1000m", memory: "1024Mi" }, limits: { cpu: "1", memory: "1Gi" } }],
  ])("has the quality of service %s with %o", (quality, resources) => {
    expect(created<Pod>(pod({ containers: [{ name: "c", image: "i", resources }] })).status?.qosClass).toBe(quality);
  });

  test("gets no token when its account or itself says so", () => {
    const shy = { ...account, automountServiceAccountToken: false };
    expect(created<Pod>(pod({}), context([shy])).spec?.volumes).toBeUndefined();
    expect(
      created<Pod>(pod({ automountServiceAccountToken: false }), context([account])).spec?.volumes,
    ).toBeUndefined();
    expect(created<Pod>(pod({ automountServiceAccountToken: true }), context([shy])).spec?.volumes).toHaveLength(1);
  });

  test("keeps its own tolerations of lost nodes", () => {
    const own = { key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoExecute", tolerationSeconds: 5 };
    const added = {
      key: "node.kubernetes.io/unreachable",
      operator: "Exists",
      effect: "NoExecute",
      tolerationSeconds: 300,
    };
    expect(created<Pod>(pod({ tolerations: [own] })).spec?.tolerations).toEqual([own, added]);
    expect(created<Pod>(pod({ tolerations: [{ operator: "Exists" }] })).spec?.tolerations).toEqual([
      { operator: "Exists" },
    ]);
  });

  test("is refused with an account or a priority that does not exist", () => {
    expect(refusal(() => created(pod({ serviceAccountName: "robot" })))).toBe(
      '403 pods "p" is forbidden: error looking up service account default/robot: serviceaccount "robot" not found',
    );
    expect(refusal(() => created(pod({ priorityClassName: "high" })))).toBe(
      '403 pods "p" is forbidden: no PriorityClass with name high was found',
    );
  });

  test("waits when it has scheduling gates", () => {
    const { status } = created<Pod>(pod({ schedulingGates: [{ name: "a.b/c" }] }));
    expect(status?.conditions).toMatchObject([{ type: "PodScheduled", status: "False", reason: "SchedulingGated" }]);
  });
});

describe("the grace of a pod", () => {
  const grace = (spec: object, phase: string, requested?: number): number | undefined => {
    const object = { ...pod(spec), status: { phase } } as unknown as KubeObject;
    return kindOf(object).strategy.graceSeconds?.(object, requested);
  };

  test.each([
    ["what is requested", { nodeName: "n", terminationGracePeriodSeconds: 30 }, "Running", 5, 5],
    ["what the pod says", { nodeName: "n", terminationGracePeriodSeconds: 45 }, "Running", undefined, 45],
    ["zero when requested", { nodeName: "n", terminationGracePeriodSeconds: 30 }, "Running", 0, 0],
    ["nothing before it has a node", { terminationGracePeriodSeconds: 30 }, "Pending", 20, 0],
    ["nothing once it has failed", { nodeName: "n", terminationGracePeriodSeconds: 30 }, "Failed", undefined, 0],
    ["nothing once it has succeeded", { nodeName: "n", terminationGracePeriodSeconds: 30 }, "Succeeded", 20, 0],
    ["a second when negative", { nodeName: "n", terminationGracePeriodSeconds: -1 }, "Running", undefined, 1],
  ])("is %s", (_rule, spec, phase, requested, seconds) => {
    expect(grace(spec, phase, requested)).toBe(seconds);
  });
});

describe("the addresses of services", () => {
  test("are given out above the part that is left to who asks by number", () => {
    const { spec } = created<Service>(service({ ports: HTTP }));
    expect(spec).toMatchObject({ ipFamilies: ["IPv4"], ipFamilyPolicy: "SingleStack", clusterIPs: [spec?.clusterIP] });
    const [, , third, fourth] = (spec?.clusterIP ?? "").split(".").map(Number);
    const offset = ((third ?? 0) - 240) * 256 + (fourth ?? 0);
    expect(offset).toBeGreaterThan(256);
    expect(offset).toBeLessThan(4095);
  });

  test("differ between services, until all are taken", () => {
    const server: KubeObject[] = [];
    const addresses = new Set<string>();
    const small = { clusterIPRange: "127.10.240.0/28", nodePortRange: { first: 30_000, last: 30_001 } };
    for (let index = 0; index < 14; index++) {
      const object = service({ ports: HTTP }, `s${index}`) as unknown as KubeObject;
      const kind = smallKind(small);
      kind.defaults(object);
      kind.strategy.prepareForCreate?.(object, context(server));
      addresses.add((object["spec"] as { clusterIP: string }).clusterIP);
      server.push(object);
    }
    expect(addresses.size).toBe(14);
    expect(addresses).not.toContain("127.10.240.0");
    expect(addresses).not.toContain("127.10.240.15");
    const last = service({ ports: HTTP }, "last") as unknown as KubeObject;
    expect(refusal(() => smallKind(small).strategy.prepareForCreate?.(last, context(server)))).toContain(
      "range is full",
    );
  });

  test("are none for headless services and external names", () => {
    expect(created<Service>(service({ clusterIP: "None", ports: HTTP, selector: { a: "b" } })).spec).toMatchObject({
      clusterIP: "None",
      clusterIPs: ["None"],
      ipFamilies: ["IPv4"],
      ipFamilyPolicy: "SingleStack",
    });
    expect(created<Service>(service({ clusterIP: "None" })).spec).toMatchObject({
      ipFamilies: ["IPv4", "IPv6"],
      ipFamilyPolicy: "RequireDualStack",
    });
    expect(created<Service>(service({ type: "ExternalName", externalName: "a.b" })).spec).not.toHaveProperty(
      "clusterIP",
    );
  });

  test("may be asked for", () => {
    expect(created<Service>(service({ clusterIP: "127.10.240.10", ports: HTTP })).spec?.clusterIPs).toEqual([
      "127.10.240.10",
    ]);
  });

  test.each([
    [
      "10.96.0.7",
      '422 Service "s" is invalid: spec.clusterIPs: Invalid value: []string{"10.96.0.7"}: failed to allocate IP 10.96.0.7: the provided IP (10.96.0.7) is not in the valid range. The range of valid IPs is 127.10.240.0/20',
    ],
    [
      "127.10.240.1",
      '422 Service "s" is invalid: spec.clusterIPs: Invalid value: []string{"127.10.240.1"}: failed to allocate IP 127.10.240.1: provided IP is already allocated',
    ],
    [
      "somewhere",
      '422 Service "s" is invalid: spec.clusterIPs[0]: Invalid value: "somewhere": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    ],
  ])("are refused when %s is asked for", (clusterIP, message) => {
    const first = created(service({ clusterIP: "127.10.240.1", ports: HTTP }, "kubernetes"));
    expect(refusal(() => created(service({ clusterIP, ports: HTTP }), context([first])))).toBe(message);
  });

  test("are kept by updates that leave them out", () => {
    const old = created<Service>(service({ ports: HTTP }));
    const changed = updated<Service>(old, (object) => {
      delete object.spec?.clusterIP;
      delete object.spec?.clusterIPs;
    });
    expect(changed.spec).toEqual(old.spec);
  });
});

describe("node ports", () => {
  test("are given out, one for a port number over several protocols", () => {
    const ports = [
      { name: "a", port: 53, protocol: "TCP" },
      { name: "b", port: 53, protocol: "UDP" },
      { name: "c", port: 80 },
    ];
    const result =
      created<Service>(service({ type: "NodePort", ports })).spec?.ports?.map(({ nodePort }) => nodePort ?? 0) ?? [];
    expect(result[0]).toBe(result[1]);
    expect(new Set(result).size).toBe(2);
    for (const port of result) expect(port >= 30_000 && port <= 32_767).toBe(true);
  });

  test.each([
    [
      80,
      '422 Service "s" is invalid: spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767',
    ],
    [
      30_080,
      '422 Service "s" is invalid: spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated',
    ],
  ])("are refused when %d is asked for", (nodePort, message) => {
    const other = created(service({ type: "NodePort", ports: [{ port: 80, nodePort: 30_080 }] }, "other"));
    expect(
      refusal(() => created(service({ type: "NodePort", ports: [{ port: 80, nodePort }] }), context([other]))),
    ).toBe(message);
  });

  test("are kept by an update of the same ports and go with the type", () => {
    const old = created<Service>(service({ type: "NodePort", ports: [{ name: "web", port: 80 }] }));
    const same = updated<Service>(old, ({ spec }) => {
      if (spec !== undefined) spec.ports = [{ name: "web", port: 8080 }];
    });
    expect(same.spec?.ports?.[0]?.nodePort).toBe(old.spec?.ports?.[0]?.nodePort);
    const inner = updated<Service>(old, ({ spec }) => {
      if (spec !== undefined) spec.type = "ClusterIP";
    });
    expect(inner.spec?.ports?.[0]).not.toHaveProperty("nodePort");
    expect(inner.spec).not.toHaveProperty("externalTrafficPolicy");
    expect(inner.spec?.clusterIP).toBe(old.spec?.clusterIP);
  });

  test("are given for the health of a local load balancer", () => {
    const { spec } = created<Service>(service({ type: "LoadBalancer", externalTrafficPolicy: "Local", ports: HTTP }));
    expect(spec?.healthCheckNodePort).toBeGreaterThanOrEqual(30_000);
    expect(spec?.healthCheckNodePort).not.toBe(spec?.ports?.[0]?.nodePort);
  });

  test("an external name has neither ports nor addresses of the type before", () => {
    const old = created<Service>(service({ type: "NodePort", ports: HTTP }));
    const named = updated<Service>(old, ({ spec }) =>
      Object.assign(spec ?? {}, { type: "ExternalName", externalName: "a.b" }),
    );
    expect(named.spec).toEqual({
      type: "ExternalName",
      externalName: "a.b",
      ports: [{ port: 80, protocol: "TCP", targetPort: 80 }],
      sessionAffinity: "None",
      internalTrafficPolicy: "Cluster",
    });
  });
});

describe("a new claim", () => {
  const claim = {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: "c" },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
  };
  const standard = captured("StorageClass", "standard");
  const className = (object: object, server: KubeObject[]) =>
    created<PersistentVolumeClaim>(object, context(server)).spec?.storageClassName;

  test("gets the newest default class", () => {
    const other = structuredClone(standard);
    other.metadata.name = "fast";
    other.metadata.creationTimestamp = "2026-11-23T21:00:00Z";
    expect(className(claim, [standard])).toBe("standard");
    expect(className(claim, [standard, other])).toBe("fast");
    expect(className(claim, [])).toBeUndefined();
  });

  test("keeps the class it names, none included", () => {
    for (const storageClassName of ["slow", ""]) {
      expect(className({ ...claim, spec: { ...claim.spec, storageClassName } }, [standard])).toBe(storageClassName);
    }
  });

  test("is protected and pending", () => {
    const { metadata, status } = created<PersistentVolumeClaim>({ ...claim, status: { phase: "Bound" } });
    expect(metadata?.finalizers).toEqual(["kubernetes.io/pvc-protection"]);
    expect(status).toEqual({ phase: "Pending" });
  });
});

describe("other new objects", () => {
  test("a volume is protected, after the finalizers it brings", () => {
    const stored = captured("PersistentVolume", "pvc-3b6c8e06-a982-4d46-bb97-48f0e340ca40");
    const bare = structuredClone(stored);
    bare.metadata.finalizers = ["kubernetes.io/pv-controller"];
    const volume = created(bare);
    expect(volume.metadata.finalizers).toEqual(stored.metadata.finalizers);
    expect(volume["status"]).toEqual({ phase: "Pending", lastPhaseTransitionTime: "2026-11-23T20:24:26Z" });
  });

  test("a namespace is active and finalized by the server", () => {
    const space = created({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: "n" },
      spec: { finalizers: ["a.b/c"] },
    });
    expect(space).toMatchObject({ spec: { finalizers: ["a.b/c", "kubernetes"] }, status: { phase: "Active" } });
  });

  test("a node takes no pods before it is ready", () => {
    const node = created({ apiVersion: "v1", kind: "Node", metadata: { name: "n" } });
    expect(node["spec"]).toEqual({ taints: [{ key: "node.kubernetes.io/not-ready", effect: "NoSchedule" }] });
  });

  test("a StatefulSet's status is the server's, and so is the alpha field", () => {
    const stored = captured("StatefulSet", "web");
    (stored["spec"] as { updateStrategy: object }).updateStrategy = { rollingUpdate: { maxUnavailable: 2 } };
    const set = created(stored);
    expect(set["status"]).toEqual({ replicas: 0, availableReplicas: 0 });
    expect(set["spec"]).toMatchObject({ updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 0 } } });
    expect(JSON.stringify(set)).not.toContain("maxUnavailable");
  });
});

describe("an update", () => {
  test.each([
    "StatefulSet web",
    "Pod web-0",
    "PersistentVolumeClaim www-web-0",
    "Node node-0",
    "PodDisruptionBudget zk-pdb",
  ])("of %s keeps the status", (which) => {
    const [kind = "", name = ""] = which.split(" ");
    const old = captured(kind, name);
    expect(updated(old, (object: KubeObject) => delete object["status"])["status"]).toEqual(old["status"]);
  });

  test("of a pod's status keeps the spec and the quality of service", () => {
    const old = captured("Pod", "web-0");
    const object = structuredClone(old);
    object["status"] = { phase: "Failed" };
    object["spec"] = { containers: [] };
    kindOf(object).strategy.prepareForStatusUpdate?.(object, old, context());
    expect(object["spec"]).toEqual(old["spec"]);
    expect(object["status"]).toEqual({ phase: "Failed", qosClass: "BestEffort" });
  });

  test("of an EndpointSlice counts changes of its content alone", () => {
    const old = captured("EndpointSlice", "nginx-s5pmz");
    const annotated = updated(old, ({ metadata }: KubeObject) => (metadata.annotations = {}));
    expect(annotated.metadata.generation).toBe(3);
    expect(updated(old, (object: KubeObject) => (object["endpoints"] = [])).metadata.generation).toBe(4);
  });
});

function smallKind(ranges: ServiceRanges): Kind {
  const found = createKinds(ranges).find(({ kind }) => kind === "Service");
  if (found === undefined) throw new Error("no services");
  return found;
}
