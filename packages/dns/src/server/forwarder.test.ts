/** Names that are somebody else's, with a small server of our own in the part of that somebody. */
import { createSocket } from "node:dgram";
import { once } from "node:events";

import { afterEach, describe, expect, it } from "vitest";

import { askMessage, readAnswer } from "../testing/packet-text.ts";
import { silentLog } from "../testing/silent-log.ts";
import { smallCluster } from "../testing/small-cluster.ts";
import { frame, StreamClient } from "../testing/stream-client.ts";
import { createZone } from "../zone/zone.ts";
import { Forwarder, parseForwardTarget } from "./forwarder.ts";
import { startDnsServer } from "./server.ts";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

type Reply = (message: Buffer, reply: (answer: Buffer) => void) => void;

/** A datagram server that does what it is told with each question. */
async function upstream(onQuestion: Reply): Promise<string> {
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  socket.on("message", (message, remote) =>
    onQuestion(message, (answer) => socket.send(answer, remote.port, remote.address)),
  );
  closers.push(() => socket.close());
  return `127.0.0.1:${socket.address().port}`;
}

/** A real server of zone `example.com`, whose service `www.default` has one address or many. */
async function exampleCom(endpointCount = 1): Promise<string> {
  const zone = createZone({ zone: "com", reverseZones: ["8.10.in-addr.arpa"] });
  zone.upsert("Namespace", { metadata: { name: "default" } });
  zone.upsert("Service", { metadata: { name: "www" }, spec: { clusterIP: "None" } });
  const endpoints = Array.from({ length: endpointCount }, (_, index) => ({
    addresses: [`10.8.0.${index + 1}`],
    hostname: `h-${index}`,
  }));
  zone.upsert("EndpointSlice", {
    metadata: { name: "www", labels: { "kubernetes.io/service-name": "www" } },
    endpoints,
  });
  zone.synced();
  const tcp = await startDnsServer({ zone, tcp: { address: "127.0.0.1", port: 0 }, log: silentLog() });
  const port = tcp.tcpAddresses[0]?.port ?? 0;
  const udp = await startDnsServer({ zone, udp: { address: "127.0.0.1", port }, log: silentLog() });
  closers.push(
    () => tcp.close(),
    () => udp.close(),
  );
  return `127.0.0.1:${port}`;
}

async function ask(
  forward: string,
  question: string,
  options: { readonly by?: "tcp"; readonly timeoutMs?: number } = {},
) {
  const zone = smallCluster();
  const alias = { type: "ExternalName", externalName: "www.default.svc.com" };
  zone.upsert("Service", { metadata: { name: "example" }, spec: alias });
  const listen = { address: "127.0.0.1", port: 0 };
  const server = await startDnsServer({
    zone,
    udp: listen,
    tcp: listen,
    forward,
    forwardTimeoutMs: options.timeoutMs ?? 3000,
    log: silentLog(),
  });
  closers.push(() => server.close());
  if (options.by === "tcp") {
    const client = await StreamClient.open(server.tcpAddresses[0]?.port ?? 0);
    closers.push(() => client.socket.destroy());
    client.socket.end(frame(askMessage(question, { id: 321 })));
    const [answer] = await client.read(1);
    return readAnswer(answer ?? Buffer.alloc(0));
  }
  const socket = createSocket("udp4");
  closers.push(() => socket.close());
  socket.send(askMessage(question, { id: 321 }), server.udpAddresses[0]?.port ?? 0, "127.0.0.1");
  const [answer] = (await once(socket, "message")) as [Buffer];
  return readAnswer(answer);
}

describe("a name outside the zones", () => {
  it.each(["udp", "tcp"] as const)("is relayed by %s with the asker's id", async (by) => {
    const answer = await ask(await exampleCom(), "www.default.svc.com A", by === "tcp" ? { by } : {});
    expect(answer).toMatchObject({ id: 321, code: "NOERROR", answer: ["www.default.svc.com 5 A 10.8.0.1"] });
  });

  it("is relayed cut as it came, for the asker to try by stream", async () => {
    const forward = await exampleCom(60);
    expect((await ask(forward, "www.default.svc.com A")).flags).toContain("tc");
    expect((await ask(forward, "www.default.svc.com A", { by: "tcp" })).answer).toHaveLength(60);
  });

  it("is SERVFAIL if the other server is silent, or not there", async () => {
    const silent = await upstream(() => {});
    expect(await ask(silent, "www.example.com A", { timeoutMs: 30 })).toMatchObject({
      id: 321,
      code: "SERVFAIL",
      answer: [],
    });
    const socket = createSocket("udp4").bind(0, "127.0.0.1");
    await once(socket, "listening");
    const { port } = socket.address();
    socket.close();
    expect((await ask(`127.0.0.1:${port}`, "www.example.com A", { timeoutMs: 2000 })).code).toBe("SERVFAIL");
    expect((await ask(`127.0.0.1:${port}`, "www.example.com A", { timeoutMs: 2000, by: "tcp" })).code).toBe("SERVFAIL");
  });

  it("is not answered by what answers something else", async () => {
    const forward = await upstream((message, reply) => {
      const response = Buffer.from(message);
      response[2] = 0x84;
      const otherId = Buffer.from(response);
      otherId.writeUInt16BE((message.readUInt16BE(0) + 1) & 0xffff);
      const otherName = Buffer.from(response);
      otherName[13] = 0x78;
      for (const wrong of [Buffer.alloc(3), message, otherId, otherName]) reply(wrong);
      response[3] = 3;
      reply(response);
    });
    expect((await ask(forward, "www.example.com A")).code).toBe("NXDOMAIN");
  });
});

describe("with somebody to ask", () => {
  it("an alias that leads outside is completed", async () => {
    const answer = await ask(await exampleCom(), "example.default.svc.cluster.local A");
    expect(answer).toMatchObject({
      flags: "qr aa rd",
      answer: ["example.default.svc.cluster.local 5 CNAME www.default.svc.com", "www.default.svc.com 5 A 10.8.0.1"],
    });
  });

  it("an alias stands alone if its target is unknown there or nobody answers", async () => {
    const alone = ["outside.default.svc.cluster.local 5 CNAME WWW.example.com"];
    expect(await ask(await exampleCom(), "outside.default.svc.cluster.local A")).toMatchObject({
      code: "NOERROR",
      answer: alone,
    });
    const silent = await upstream(() => {});
    expect(await ask(silent, "outside.default.svc.cluster.local A", { timeoutMs: 30 })).toMatchObject({
      code: "NOERROR",
      answer: alone,
    });
  });

  it("a reverse name that the zone does not have is asked for, one that it has is not", async () => {
    const forward = await exampleCom();
    expect((await ask(forward, "1.0.8.10.in-addr.arpa PTR")).answer).toEqual([
      "1.0.8.10.in-addr.arpa 5 PTR h-0.www.default.svc.com",
    ]);
    expect((await ask(forward, "1.0.96.10.in-addr.arpa PTR")).answer).toEqual([
      "1.0.96.10.in-addr.arpa 5 PTR web.default.svc.cluster.local",
    ]);
  });

  it("a missing name of the zone itself is nobody else's", async () => {
    expect((await ask(await upstream(() => expect.unreachable()), "gone.default.svc.cluster.local A")).code).toBe(
      "NXDOMAIN",
    );
  });
});

describe("Forwarder", () => {
  it("holds no more questions than its bound: one more fails at once", async () => {
    const forward = await upstream(() => {});
    const forwarder = new Forwarder({ target: parseForwardTarget(forward), log: silentLog(), outstandingMax: 3 });
    const failed = Buffer.from("failed");
    const done: number[] = [];
    for (let index = 0; index < 5; index++) {
      const referral = {
        query: askMessage("a.example A"),
        transport: "udp" as const,
        unresolved: null,
        otherwise: failed,
        complete: () => failed,
      };
      forwarder.resolve(referral, () => void done.push(index));
    }
    expect(done).toEqual([3, 4]);
    forwarder.close();
    expect(done.sort()).toEqual([0, 1, 2, 3, 4]);
  });
});

describe("parseForwardTarget", () => {
  it.each([
    ["127.0.0.11", { address: "127.0.0.11", port: 53 }],
    ["127.0.0.1:5353", { address: "127.0.0.1", port: 5353 }],
    ["::1", { address: "::1", port: 53 }],
    ["[::1]:5353", { address: "::1", port: 5353 }],
  ])("reads %s", (text, target) => {
    expect(parseForwardTarget(text)).toEqual(target);
  });

  it.each(["", "example.com", "example.com:53", "127.0.0.1:0", "127.0.0.1:70000", "127.0.0.1:", "[::1"])(
    "refuses %j",
    (text) => {
      expect(() => parseForwardTarget(text)).toThrow(RangeError);
    },
  );
});
