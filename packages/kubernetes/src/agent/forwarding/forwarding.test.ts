import { connect, createServer, type Server, type Socket } from "node:net";
import { text } from "node:stream/consumers";

import { realClock } from "@ordinal/io";
import { afterEach, describe, expect, test } from "vitest";

import { SILENT } from "../../kubelet/testing/test-lab.ts";
import { Balancer } from "./balancer.ts";
import { Forwarder } from "./forwarder.ts";
import { HostListeners, listenNear } from "./host-listeners.ts";
import { type ForwardRule, forwardRules } from "./rules.ts";

const service = (name: string, spec: object) => ({ metadata: { name, namespace: "default" }, spec });
const slice = (
  name: string,
  endpoints: { addresses: string[]; conditions?: { ready: boolean } }[],
  ports: object[] = [{ name: "web", port: 80, protocol: "TCP" }],
) => ({
  metadata: { name: `${name}-x`, namespace: "default", labels: { "kubernetes.io/service-name": name } },
  addressType: "IPv4",
  endpoints,
  ports,
});
const ports = [{ name: "web", port: 80, protocol: "TCP", targetPort: "web", nodePort: 30_080 }];
const same = { podPorts: true, podPort: (port: number) => port };

describe("rules", () => {
  test("a service leads to its ready endpoints, by port name, at its ClusterIP and node port", () => {
    const endpoints = [
      { addresses: ["127.16.0.10"], conditions: { ready: true } },
      { addresses: ["127.16.0.11"], conditions: { ready: false } },
      { addresses: ["127.16.0.12"] },
    ];
    const rules = forwardRules(
      {
        services: [service("web", { clusterIP: "127.16.240.5", ports })],
        slices: [
          slice("web", endpoints, [
            { name: "web", port: 8080 },
            { name: "x", port: 9 },
          ]),
        ],
        pods: [],
      },
      same,
    );
    const backends = [
      { address: "127.16.0.10", port: 8080 },
      { address: "127.16.0.12", port: 8080 },
    ];
    expect([...rules.values()]).toEqual([
      {
        key: "clusterIP/127.16.240.5:80",
        kind: "clusterIP",
        address: "127.16.240.5",
        port: 80,
        target: "default/web:web",
        backends,
        affinitySeconds: undefined,
      },
      {
        key: "nodePort/30080",
        kind: "nodePort",
        address: "127.0.0.1",
        port: 30_080,
        target: "default/web:web",
        backends,
        affinitySeconds: undefined,
      },
    ]);
  });

  test("headless, external and UDP services have none; the API's leads to the API", () => {
    const services = [
      service("headless", { clusterIP: "None", ports }),
      service("external", { type: "ExternalName", externalName: "x", clusterIP: "" }),
      service("dns", { clusterIP: "127.16.240.10", ports: [{ port: 53, protocol: "UDP" }] }),
      service("kubernetes", { clusterIP: "127.16.240.1", ports: [{ name: "https", port: 443, targetPort: 6443 }] }),
    ];
    const rules = forwardRules({ services, slices: [], pods: [] }, same);
    expect([...rules.values()].map(({ key, backends }) => [key, backends])).toEqual([
      ["clusterIP/127.16.240.1:443", [{ address: "api", port: 6443 }]],
    ]);
  });

  test("a ready pod is reached at each port it declares, only where pods have networks", () => {
    const pod = (name: string, ready: string) => ({
      metadata: { name, namespace: "default" },
      spec: {
        containers: [
          { name: "a", ports: [{ containerPort: 80 }, { containerPort: 53, protocol: "UDP" }] },
          { name: "b", ports: [{ containerPort: 80 }, { containerPort: 81 }] },
        ],
      },
      status: { podIP: "127.16.0.10", conditions: [{ type: "Ready", status: ready }] },
    });
    const keys = (pods: object[], podPorts: boolean) => [
      ...forwardRules({ services: [], slices: [], pods: pods as never }, { ...same, podPorts }).keys(),
    ];
    expect(keys([pod("web-0", "True")], true)).toEqual(["pod/127.16.0.10:80", "pod/127.16.0.10:81"]);
    expect(keys([pod("web-0", "False")], true)).toEqual([]);
    expect(keys([pod("web-0", "True")], false)).toEqual([]);
  });
});

describe("balancing", () => {
  const backends = ["a", "b", "c"].map((address) => ({ address, port: 1 }));
  const rule: ForwardRule = {
    key: "k",
    kind: "clusterIP",
    address: "x",
    port: 1,
    target: "t",
    backends,
    affinitySeconds: undefined,
  };
  const firsts = (balancer: Balancer, given: ForwardRule, count: number, now: number) =>
    Array.from({ length: count }, () => balancer.order(given, "client", now)[0]?.address).join("");

  test("round robin, every endpoint once per try", () => {
    const balancer = new Balancer();
    expect(firsts(balancer, rule, 6, 0)).toBe("abcabc");
    expect(
      balancer
        .order(rule, "client", 0)
        .map(({ address }) => address)
        .toSorted(),
    ).toEqual(["a", "b", "c"]);
    expect(balancer.order({ ...rule, backends: [] }, "client", 0)).toEqual([]);
  });

  test("session affinity keeps a client at its endpoint until its time is over", () => {
    const sticky = { ...rule, affinitySeconds: 10 };
    const balancer = new Balancer();
    balancer.connected(sticky, "client", { address: "b", port: 1 }, 0);
    expect(firsts(balancer, sticky, 4, 9_999)).toBe("bbbb");
    expect(new Set(firsts(balancer, sticky, 3, 10_000))).toEqual(new Set(["a", "b", "c"]));
  });
});

const opened: Server[] = [];
afterEach(() => {
  for (const server of opened.splice(0)) server.close();
});

function listen(onConnection: (socket: Socket) => void): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer({ allowHalfOpen: true }, onConnection);
    opened.push(server);
    server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
  });
}

describe("forwarding", () => {
  const start = async (backends: ForwardRule["backends"]) => {
    const forwarder = new Forwarder({ clock: realClock, log: SILENT, api: { host: "127.0.0.1" }, listenAt: () => [] });
    const server = createServer({ allowHalfOpen: true });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    forwarder.accept(1, "k", server);
    forwarder.setRules(
      new Map([
        [
          "k",
          {
            key: "k",
            kind: "clusterIP",
            address: "127.0.0.1",
            port: 1,
            target: "t",
            backends,
            affinitySeconds: undefined,
          },
        ],
      ]),
    );
    return { forwarder, port: (server.address() as { port: number }).port };
  };
  const free = async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    return port;
  };

  test("dead endpoints are skipped, and a half-closed question gets its whole answer", async () => {
    const alive = await listen((socket) => {
      let bytes = 0;
      socket.on("data", (chunk: Buffer) => (bytes += chunk.length));
      socket.on("end", () => socket.end(`${bytes} `.padEnd(2_000_000, "y")));
    });
    const { forwarder, port } = await start([
      { address: "127.0.0.1", port: await free() },
      { address: "127.0.0.1", port: alive },
    ]);
    for (let round = 0; round < 4; round++) {
      const client = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
      client.end("x".repeat(1_000_000));
      const answer = await text(client);
      expect(answer.length).toBe(2_000_000);
      expect(answer.slice(0, 9)).toBe("1000000 y");
    }
    forwarder.close();
  });

  test("without an endpoint the connection is reset", async () => {
    const { forwarder, port } = await start([]);
    const client = connect({ port, host: "127.0.0.1" });
    const error = await new Promise<NodeJS.ErrnoException>((resolve) => client.once("error", resolve));
    expect(error.code).toBe("ECONNRESET");
    forwarder.close();
  });

  test("an answer that nobody reads is held back", async () => {
    let written = 0;
    const flood = await listen((socket) => {
      socket.on("error", () => {});
      const more = (): void => {
        while (socket.write(Buffer.alloc(65_536))) written += 65_536;
        socket.once("drain", more);
      };
      more();
    });
    const { forwarder, port } = await start([{ address: "127.0.0.1", port: flood }]);
    const client = connect({ port, host: "127.0.0.1" });
    client.on("error", () => {});
    client.pause();
    await new Promise((resolve) => client.once("connect", resolve));
    // Until the flood stands still: buffers of sockets, a few MiB.
    for (let before = -1; before !== written;) {
      before = written;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(written).toBeGreaterThan(0);
    expect(written).toBeLessThan(64 * 1024 * 1024);
    client.destroy();
    forwarder.close();
  });
});

describe("the host's listeners", () => {
  test("a taken port gets a stated one 8000 above", async () => {
    const taken = await new Promise<Server>((resolve) => {
      const server = createServer();
      server.listen(0, "127.0.0.1", () => resolve(server));
    });
    opened.push(taken);
    const { port } = taken.address() as { port: number };
    const near = await listenNear("127.0.0.1", port);
    if (near === undefined) throw new Error("no port");
    opened.push(near);
    const other = (near.address() as { port: number }).port;
    expect(Math.abs(other - port)).toBeGreaterThanOrEqual(8000 - 100);
    expect(Math.abs(other - port)).toBeLessThanOrEqual(8100);
  });

  test("they follow the rules, and the table says where each leads", async () => {
    const given = new Map<number, string>();
    const tables: string[] = [];
    const listeners: HostListeners = new HostListeners({
      give: async (key, serial, server) => {
        given.set(serial, key);
        await new Promise((resolve) => server.close(resolve));
      },
      take: (serial) => given.delete(serial),
      addressesOf: () => ["127.0.0.1"],
      onForwards: (forwards) => tables.push(forwards.map(({ target }) => target).join()),
      log: SILENT,
    });
    const rule = (key: string, target: string): [string, ForwardRule] => [
      key,
      { key, kind: "pod", address: "127.0.0.1", port: 0, target, backends: [], affinitySeconds: undefined },
    ];
    const settled = async (count: number) => {
      for (let round = 0; round < 200 && tables.length < count; round++)
        await new Promise((resolve) => setTimeout(resolve, 2));
    };
    listeners.setRules(new Map([rule("a", "t1"), rule("b", "t2")]));
    await settled(1);
    expect([...given.values()]).toEqual(["a", "b"]);
    listeners.setRules(new Map([rule("b", "t3")]));
    await settled(2);
    expect([...given.values()]).toEqual(["b"]);
    expect(tables).toEqual(["t1,t2", "t3"]);
  });
});
