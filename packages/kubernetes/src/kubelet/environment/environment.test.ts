import type { Container, Pod } from "kubernetes-types/core/v1.d.ts";
import { describe, expect, test } from "vitest";

import { ConfigError, containerArgv, containerEnvironment, type EnvironmentContext } from "./environment.ts";
import { expand } from "./expansion.ts";
import { fieldValue } from "./field-ref.ts";
import { resourceValue } from "./resource-ref.ts";
import { serviceEnvironment } from "./service-environment.ts";

const FACTS = { nodeName: "node-1", hostIP: "127.16.0.1", podIP: "127.16.0.10" };
const ALLOCATABLE = { cpu: "4", memory: "16Gi", "ephemeral-storage": "0" };
const POD: Pod = {
  metadata: {
    name: "web-0",
    namespace: "default",
    uid: "u1",
    labels: { b: "2", a: 'say "hi"' },
    annotations: { "x/y": "z" },
  },
  spec: { containers: [{ name: "a", resources: { limits: { cpu: "1500m" } } }], serviceAccountName: "default" },
};

describe("expansion", () => {
  // The table of kubernetes third_party/forked/golang/expansion/expand_test.go, in part.
  test.each([
    ["$(VAR_A)", "A"],
    ["___$(VAR_B)___", "___B___"],
    ["$(VAR_A)-$(VAR_A)", "A-A"],
    ["$(NOPE)", "$(NOPE)"],
    ["$$(VAR_A)_$(VAR_A)", "$(VAR_A)_A"],
    ["$$$(VAR_A)", "$A"],
    ["foo$", "foo$"],
    ["$VAR_A", "$VAR_A"],
    ["$(VAR_A", "$(VAR_A"],
    ["$(VAR_A$(VAR_B)", "$(VAR_A$(VAR_B)"],
    ["$()", "$()"],
    ["", ""],
  ])("%s is %s", (text, result) => {
    expect(expand(text, (name) => ({ VAR_A: "A", VAR_B: "B" })[name])).toBe(result);
  });
});

describe("the downward API", () => {
  test.each([
    ["metadata.name", "web-0"],
    ["metadata.uid", "u1"],
    ["metadata.labels['b']", "2"],
    ["metadata.annotations['x/y']", "z"],
    ["metadata.labels['none']", ""],
    ["metadata.labels", 'a="say \\"hi\\""\nb="2"'],
    ["spec.nodeName", "node-1"],
    ["spec.serviceAccountName", "default"],
    ["status.podIP", "127.16.0.10"],
    ["status.hostIP", "127.16.0.1"],
  ])("%s", (path, value) => {
    expect(fieldValue(POD, path, FACTS)).toBe(value);
  });

  test.each([
    ["limits.cpu", undefined, "2"],
    ["limits.cpu", "1m", "1500"],
    ["limits.memory", "1Mi", "16384"],
    ["requests.cpu", undefined, "0"],
  ])("%s in units of %s", (resource, divisor, value) => {
    const container: Container = { name: "a", resources: { limits: { cpu: "1500m" } } };
    expect(resourceValue(container, { resource, ...(divisor === undefined ? {} : { divisor }) }, ALLOCATABLE)).toBe(
      value,
    );
  });
});

test("services become variables, headless ones do not", () => {
  const services = [
    {
      metadata: { name: "my-web", namespace: "default" },
      spec: {
        clusterIP: "127.16.240.5",
        ports: [
          { name: "http", port: 80 },
          { name: "dns", port: 53, protocol: "UDP" },
        ],
      },
    },
    { metadata: { name: "headless", namespace: "default" }, spec: { clusterIP: "None", ports: [{ port: 80 }] } },
  ];
  expect(Object.fromEntries(serviceEnvironment(services))).toEqual({
    MY_WEB_SERVICE_HOST: "127.16.240.5",
    MY_WEB_SERVICE_PORT: "80",
    MY_WEB_SERVICE_PORT_HTTP: "80",
    MY_WEB_SERVICE_PORT_DNS: "53",
    MY_WEB_PORT: "tcp://127.16.240.5:80",
    MY_WEB_PORT_80_TCP: "tcp://127.16.240.5:80",
    MY_WEB_PORT_80_TCP_PROTO: "tcp",
    MY_WEB_PORT_80_TCP_PORT: "80",
    MY_WEB_PORT_80_TCP_ADDR: "127.16.240.5",
    MY_WEB_PORT_53_UDP: "udp://127.16.240.5:53",
    MY_WEB_PORT_53_UDP_PROTO: "udp",
    MY_WEB_PORT_53_UDP_PORT: "53",
    MY_WEB_PORT_53_UDP_ADDR: "127.16.240.5",
  });
});

describe("a container's environment", () => {
  const context: EnvironmentContext = {
    facts: FACTS,
    allocatable: ALLOCATABLE,
    source: {
      configMap: (_namespace, name) => (name === "cfg" ? { data: { a: "1", b: "2" } } : undefined),
      secret: (_namespace, name) =>
        name === "sec" ? { data: { pw: Buffer.from("geheim").toString("base64") } } : undefined,
      services: () => [
        {
          metadata: { name: "kubernetes", namespace: "default" },
          spec: { clusterIP: "127.16.240.1", ports: [{ port: 443 }] },
        },
        {
          metadata: { name: "elsewhere", namespace: "other" },
          spec: { clusterIP: "127.16.240.2", ports: [{ port: 1 }] },
        },
        { metadata: { name: "own", namespace: "default" }, spec: { clusterIP: "127.16.240.3", ports: [{ port: 1 }] } },
      ],
    },
  };
  const of = (container: Partial<Container>, pod = POD, image = {}) =>
    containerEnvironment(pod, { name: "a", ...container }, image, context);

  test("later sources win over earlier ones and over the image, and may refer to what came before", () => {
    const environment = of(
      {
        envFrom: [{ configMapRef: { name: "cfg" } }, { secretRef: { name: "sec" }, prefix: "S_" }],
        env: [
          { name: "b", value: "$(a)-$(S_pw)-$(later)-$(OWN_SERVICE_HOST)" },
          { name: "later", valueFrom: { secretKeyRef: { name: "sec", key: "pw" } } },
          { name: "IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
        ],
      },
      POD,
      { PATH: "/image", a: "image" },
    );
    expect(environment.get("a")).toBe("1");
    expect(environment.get("b")).toBe("1-geheim-$(later)-127.16.240.3");
    expect(environment.get("later")).toBe("geheim");
    expect(environment.get("IP")).toBe("127.16.0.10");
    expect(environment.get("PATH")).toBe("/image");
  });

  test("services of other namespaces are unknown; without links only the API's is known", () => {
    expect([...of({}).keys()].filter((name) => name.endsWith("_SERVICE_HOST"))).toEqual([
      "KUBERNETES_SERVICE_HOST",
      "OWN_SERVICE_HOST",
    ]);
    const unlinked = of({}, { ...POD, spec: { containers: [], enableServiceLinks: false } });
    expect([...unlinked.keys()].filter((name) => name.endsWith("_SERVICE_HOST"))).toEqual(["KUBERNETES_SERVICE_HOST"]);
  });

  test.each([
    [{ configMapKeyRef: { name: "none", key: "a" } }, 'configmap "none" not found'],
    [{ configMapKeyRef: { name: "cfg", key: "z" } }, "couldn't find key z in ConfigMap default/cfg"],
    [{ secretKeyRef: { name: "none", key: "a" } }, 'secret "none" not found'],
    [{ secretKeyRef: { name: "sec", key: "z" } }, "couldn't find key z in Secret default/sec"],
  ])("%j is refused unless it is optional", (valueFrom, message) => {
    expect(() => of({ env: [{ name: "x", valueFrom }] })).toThrow(new ConfigError(message));
    const [kind, reference] = Object.entries(valueFrom)[0] ?? [];
    expect(of({ env: [{ name: "x", valueFrom: { [kind ?? ""]: { ...reference, optional: true } } }] }).has("x")).toBe(
      false,
    );
  });

  test.each([
    [undefined, undefined, ["/entry", "serve"]],
    [undefined, ["$(A)"], ["/entry", "1"]],
    [["sh", "-c"], undefined, ["sh", "-c"]],
    [["sh"], ["$(A)", "$$(A)"], ["sh", "1", "$(A)"]],
  ])("command %j and args %j make argv %j", (command, args, argv) => {
    const container: Container = {
      name: "a",
      ...(command === undefined ? {} : { command }),
      ...(args === undefined ? {} : { args }),
    };
    expect(containerArgv(container, { entrypoint: ["/entry"], command: ["serve"] }, new Map([["A", "1"]]))).toEqual(
      argv,
    );
  });
});
