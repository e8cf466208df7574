import { describe, expect, it } from "vitest";

import type { ZoneKind, ZoneObject } from "../zone/objects.ts";
import { createZone } from "../zone/zone.ts";
import { parseManifest } from "./parse.ts";
import { podsOf } from "./pods.ts";
import { ZoneFeed } from "./zone-feed.ts";
import { zoneObjects } from "./zone-objects.ts";

const WEB = `apiVersion: v1
kind: Service
metadata: {name: nginx}
spec: {clusterIP: None, selector: {app: nginx}, ports: [{name: web, port: 80, targetPort: http}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  serviceName: nginx
  replicas: 2
  template:
    metadata: {labels: {app: nginx}}
    spec: {containers: [{name: nginx, ports: [{name: http, containerPort: 8080}]}]}
`;

function objectsOf(text: string) {
  const parsed = parseManifest(text);
  if ("problems" in parsed) throw new Error(JSON.stringify(parsed.problems));
  return parsed.objects;
}

function problemsOf(text: string): string[] {
  const parsed = parseManifest(text);
  return "problems" in parsed ? parsed.problems.map(({ line, message }) => `${line}: ${message}`) : [];
}

/** What is placed in the zone for a manifest: its slices' endpoints as `service hostname address ready port…`. */
function endpointsOf(text: string, followed: Readonly<Record<string, string>> = {}): string[] {
  const addresses = new Map(Object.entries(followed).map(([pod, address]) => [pod, [address]]));
  return zoneObjects(objectsOf(text), { followed: addresses, dnsServiceAddress: undefined })
    .filter(({ kind }) => kind === "EndpointSlice")
    .flatMap(({ object }) => {
      const { metadata, endpoints, ports } = object as unknown as {
        metadata: { labels: Record<string, string> };
        endpoints: { addresses: string[]; hostname?: string; conditions?: { ready?: boolean } }[];
        ports: { port: number }[];
      };
      const service = metadata.labels["kubernetes.io/service-name"];
      return endpoints.map((each) =>
        [service, each.hostname, ...each.addresses, each.conditions?.ready, ...ports.map(({ port }) => port)].join(" "),
      );
    });
}

const pod = (name: string, more: string, spec = "{hostname: web-0, subdomain: nginx}") =>
  `---\nkind: Pod\nmetadata: {name: ${name}, labels: {app: nginx}}\nspec: ${spec}\nstatus: ${more}\n`;

describe("a manifest", () => {
  it("is several documents, lists of objects, or JSON", () => {
    const names = (text: string) => objectsOf(text).map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(names(WEB)).toEqual(["Service nginx", "StatefulSet web"]);
    const list = {
      kind: "List",
      items: [
        { kind: "Pod", metadata: { name: "a" } },
        { kind: "PodList", items: [{ kind: "Pod", metadata: { name: "b" } }] },
      ],
    };
    expect(names(JSON.stringify(list))).toEqual(["Pod a", "Pod b"]);
    expect(names("---\n# nothing\n---\n")).toEqual([]);
    expect(names("")).toEqual([]);
  });

  it("reports everything that is wrong, with its line", () => {
    const text = `kind: Service
metadata:
  name: a
spec:
  clusterIP: nowhere
  ports:
  - {port: 80}
  - {port: eighty}
---
kind: Pod
metadata: {labels: {}}
---
metadata: {name: x}
---
kind: EndpointSlice
metadata: {name: s}
endpoints:
- addresses: [10.0.0.300]
- hostname: h
---
kind: StatefulSet
metadata: {name: huge}
spec: {replicas: 1000000000}
---
just words
`;
    expect(problemsOf(text)).toEqual([
      "8: Service a: spec.ports.1: port must be 1 to 65535",
      '5: Service a: spec.clusterIP: "nowhere" is not an IP address',
      "11: Pod: metadata.name is missing",
      "13: kind is missing",
      '18: EndpointSlice s: endpoints.0.addresses.0: "10.0.0.300" is not an IP address',
      "19: EndpointSlice s: endpoints.1: addresses is missing",
      "23: StatefulSet huge: spec.replicas: must be 0 to 10000",
      "25: not an object: a manifest has kind and metadata",
    ]);
    expect(problemsOf("a: [b\nc: d\n")[0]).toMatch(/^2: /);
    expect(
      problemsOf(
        "a: &a [x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c]\n",
      ),
    ).toHaveLength(1);
  });
});

describe("a service without EndpointSlices", () => {
  it("is answered from its ready pods, at the port that they call by its name", () => {
    expect(endpointsOf(WEB, { "default/web-0": "10.0.0.5" })).toEqual(["nginx web-0 10.0.0.5 true 8080"]);
  });

  it.each([
    [
      "a Ready condition that is False",
      pod("web-0", "{podIP: 10.0.0.1, conditions: [{type: Ready, status: 'False'}]}"),
      ["nginx web-0 10.0.0.1 false "],
    ],
    [
      "a Ready condition that is True",
      pod("web-0", "{podIP: 10.0.0.1, conditions: [{type: Ready, status: 'True'}]}"),
      ["nginx web-0 10.0.0.1 true "],
    ],
    ["an address alone", pod("web-0", "{podIP: 10.0.0.1}"), ["nginx web-0 10.0.0.1 true "]],
    [
      "two families",
      pod("web-0", "{podIPs: [{ip: 10.0.0.1}, {ip: 'fd00::1'}]}"),
      ["nginx web-0 10.0.0.1 fd00::1 true "],
    ],
    ["no hostname", pod("web-0", "{podIP: 10.0.0.1}", "{subdomain: nginx}"), ["nginx  10.0.0.1 true "]],
    [
      "another subdomain",
      pod("web-0", "{podIP: 10.0.0.1}", "{hostname: web-0, subdomain: other}"),
      ["nginx  10.0.0.1 true "],
    ],
    ["an end", pod("web-0", "{podIP: 10.0.0.1, phase: Succeeded}"), []],
    ["no address", pod("web-0", "{}"), []],
  ])("counts a pod with %s", (_what, text, expected) => {
    const service = "kind: Service\nmetadata: {name: nginx}\nspec: {clusterIP: None, selector: {app: nginx}}\n";
    expect(endpointsOf(service + text).map((line) => line.padEnd(expected[0]?.length ?? 0))).toEqual(expected);
  });

  it("with publishNotReadyAddresses has its pods before they are ready", () => {
    const service =
      "kind: Service\nmetadata: {name: nginx}\nspec: {clusterIP: None, publishNotReadyAddresses: true, selector: {app: nginx}}\n";
    const text = service + pod("web-0", "{podIP: 10.0.0.1, conditions: [{type: Ready, status: 'False'}]}");
    expect(endpointsOf(text)).toEqual(["nginx web-0 10.0.0.1 true"]);
  });

  it("has pods of its own namespace that match all of its selector", () => {
    const service =
      "kind: Service\nmetadata: {name: nginx, namespace: NS}\nspec: {clusterIP: None, selector: {app: nginx, tier: x}}\n";
    expect(endpointsOf(service.replace("NS", "default") + pod("web-0", "{podIP: 10.0.0.1}"))).toEqual([]);
    expect(
      endpointsOf(service.replace(", tier: x", "").replace("NS", "other") + pod("web-0", "{podIP: 10.0.0.1}")),
    ).toEqual([]);
  });

  it("keeps the slices it has, if it has any", () => {
    const slice =
      "---\nkind: EndpointSlice\nmetadata: {name: s, labels: {kubernetes.io/service-name: nginx}}\nports: []\nendpoints: [{addresses: [10.1.1.1]}]\n";
    expect(endpointsOf(WEB + slice, { "default/web-0": "10.0.0.5" })).toEqual(["nginx  10.1.1.1 "]);
  });
});

describe("the pods of a manifest", () => {
  it("are those listed, and those of its StatefulSets from their first ordinal on", () => {
    const text = WEB.replace("replicas: 2", "replicas: 2\n  ordinals: {start: 5}") + pod("web-5", "{podIP: 10.0.0.9}");
    expect(
      podsOf(objectsOf(text)).map(({ name, subdomain, addresses }) => [name, subdomain, ...addresses].join(" ")),
    ).toEqual(["web-5 nginx 10.0.0.9", "web-6 nginx"]);
  });
});

describe("what the zone is told", () => {
  it("includes the namespaces in use, and the DNS service at its address unless somebody else has it", () => {
    const placed = (text: string) =>
      zoneObjects(objectsOf(text), { followed: new Map(), dnsServiceAddress: "10.96.0.10" }).map(
        ({ kind, object }) => `${kind} ${object.metadata.name}`,
      );
    expect(placed("kind: Namespace\nmetadata: {name: empty}\n")).toEqual([
      "Namespace default",
      "Namespace kube-system",
      "Namespace empty",
      "Service kube-dns",
    ]);
    expect(placed("kind: Service\nmetadata: {name: mine}\nspec: {clusterIP: 10.96.0.10}\n")).toEqual([
      "Namespace default",
      "Service mine",
    ]);
  });

  it("names a service without an address of its own by its pods", () => {
    const [service] = zoneObjects(objectsOf("kind: Service\nmetadata: {name: db}\nspec: {selector: {a: b}}\n"), {
      followed: new Map(),
      dnsServiceAddress: undefined,
    })
      .filter(({ kind }) => kind === "Service")
      .map(({ object }) => object["spec"]);
    expect(service).toEqual({ selector: { a: "b" }, clusterIP: "None" });
  });

  it("is only what differs from before", () => {
    const told: string[] = [];
    const zone = { ...createZone(), version: 0 };
    zone.upsert = (kind: ZoneKind, object: ZoneObject) => void told.push(`+${kind} ${object.metadata?.name}`);
    zone.remove = (kind: ZoneKind, object: ZoneObject) => void told.push(`-${kind} ${object.metadata?.name}`);
    const feed = new ZoneFeed(zone);
    const apply = (followed: Readonly<Record<string, string>>) => {
      const addresses = new Map(Object.entries(followed).map(([name, address]) => [name, [address]]));
      feed.apply(zoneObjects(objectsOf(WEB), { followed: addresses, dnsServiceAddress: undefined }));
      return told.splice(0);
    };
    expect(apply({})).toEqual(["+Namespace default", "+Service nginx", "+Pod web-0", "+Pod web-1"]);
    expect(apply({})).toEqual([]);
    expect(apply({ "default/web-0": "10.0.0.5" })).toEqual(["+EndpointSlice nginx-0", "+Pod web-0"]);
    expect(apply({})).toEqual(["-EndpointSlice nginx-0", "+Pod web-0"]);
  });
});
