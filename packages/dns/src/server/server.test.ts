/** The server on real sockets of the loopback: datagrams, streams, handed-over sockets, errors of binding. */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";

import { afterEach, describe, expect, it } from "vitest";

import { askMessage, readAnswer } from "../testing/packet-text.ts";
import { silentLog } from "../testing/silent-log.ts";
import { smallCluster } from "../testing/small-cluster.ts";
import { frame, StreamClient } from "../testing/stream-client.ts";
import { createZone } from "../zone/zone.ts";
import { type DnsServer, type DnsServerOptions, startDnsServer } from "./server.ts";

const LOOPBACK = { address: "127.0.0.1", port: 0 };
const QUESTION = "web.default.svc.cluster.local A";
const ANSWER = ["web.default.svc.cluster.local 5 A 10.96.0.1"];

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(options: Partial<DnsServerOptions> = {}): Promise<DnsServer & { readonly port: number }> {
  const server = await startDnsServer({
    zone: smallCluster(),
    udp: LOOPBACK,
    tcp: LOOPBACK,
    log: silentLog(),
    ...options,
  });
  closers.push(() => server.close());
  return { ...server, port: server.tcpAddresses[0]?.port ?? 0 };
}

async function client(port: number): Promise<StreamClient> {
  const opened = await StreamClient.open(port);
  closers.push(() => opened.socket.destroy());
  return opened;
}

async function askUdp(port: number, message: Buffer): Promise<Buffer> {
  const socket = createSocket("udp4");
  closers.push(() => socket.close());
  socket.send(message, port, "127.0.0.1");
  const [answer] = (await once(socket, "message")) as [Buffer];
  return answer;
}

describe("by datagram", () => {
  it("answers on every address it was given", async () => {
    const server = await start({ udp: [LOOPBACK, { address: "127.0.0.2", port: 0 }] });
    expect(server.udpAddresses.map(({ address }) => address)).toEqual(["127.0.0.1", "127.0.0.2"]);
    const answer = await askUdp(server.udpAddresses[0]?.port ?? 0, askMessage(QUESTION, { id: 99 }));
    expect(readAnswer(answer)).toMatchObject({ id: 99, answer: ANSWER });
  });

  it("goes on answering after messages that deserve silence", async () => {
    const server = await start();
    const port = server.udpAddresses[0]?.port ?? 0;
    const socket = createSocket("udp4");
    closers.push(() => socket.close());
    const response = askMessage(QUESTION);
    response[2] = 0x80;
    for (const message of [Buffer.alloc(0), Buffer.alloc(5), response]) socket.send(message, port, "127.0.0.1");
    socket.send(askMessage(QUESTION, { id: 3 }), port, "127.0.0.1");
    const [first] = (await once(socket, "message")) as [Buffer];
    expect(readAnswer(first).id).toBe(3);
  });

  it("answers IPv6 askers", async () => {
    const server = await start({ udp: { address: "::1", port: 0 } });
    const socket = createSocket("udp6");
    closers.push(() => socket.close());
    socket.send(askMessage(QUESTION), server.udpAddresses[0]?.port ?? 0, "::1");
    const [answer] = (await once(socket, "message")) as [Buffer];
    expect(readAnswer(answer).answer).toEqual(ANSWER);
  });
});

describe("by stream", () => {
  it("answers a question that arrives split at any octet", async () => {
    const { port } = await start();
    const message = frame(askMessage(QUESTION, { ednsSize: 1232 }));
    const opened = await client(port);
    for (let cut = 1; cut < message.length; cut++) {
      opened.socket.write(message.subarray(0, cut));
      // A turn of the loop, so that the halves are two reads on the other side more often than not.
      await new Promise((resolve) => setImmediate(resolve));
      opened.socket.write(message.subarray(cut));
      const [answer] = await opened.read(1);
      expect(readAnswer(answer ?? Buffer.alloc(0)).answer).toEqual(ANSWER);
    }
  });

  it("answers questions sent without waiting, all of them, in one piece or octet by octet", async () => {
    const { port } = await start();
    const messages = Array.from({ length: 200 }, (_, id) => frame(askMessage(QUESTION, { id })));
    const opened = await client(port);
    opened.socket.write(Buffer.concat(messages));
    expect((await opened.read(200)).map((answer) => answer.readUInt16BE(0))).toEqual(messages.map((_, id) => id));
    for (const octet of frame(askMessage(QUESTION, { id: 7 }))) opened.socket.write(Buffer.of(octet));
    expect((await opened.read(1))[0]?.readUInt16BE(0)).toBe(7);
  });

  it("sends what is due to a peer that has already ended its side", async () => {
    const { port } = await start();
    const opened = await client(port);
    opened.socket.end(frame(askMessage(QUESTION)));
    expect(await opened.read(1)).toHaveLength(1);
    await once(opened.socket, "close");
  });

  it("skips a message that deserves silence and answers the next", async () => {
    const { port } = await start();
    const opened = await client(port);
    opened.socket.write(
      Buffer.concat([frame(Buffer.alloc(0)), frame(Buffer.alloc(11)), frame(askMessage(QUESTION, { id: 8 }))]),
    );
    expect((await opened.read(1))[0]?.readUInt16BE(0)).toBe(8);
  });

  it("closes a connection on which no whole question arrives in time, however much drips in", async () => {
    const { port } = await start({ tcpLimits: { idleTimeoutMs: 60 } });
    const opened = await client(port);
    const drip = setInterval(() => opened.socket.write(Buffer.of(0)), 10);
    closers.push(() => clearInterval(drip));
    opened.socket.write(Buffer.of(255, 255));
    await once(opened.socket, "close");
  });

  it("at its cap makes room by closing the connection that has been idle for longest", async () => {
    const { port } = await start({ tcpLimits: { connectionsMax: 2 } });
    const [first, second] = [await client(port), await client(port)];
    for (const opened of [second, first]) {
      opened.socket.write(frame(askMessage(QUESTION)));
      await opened.read(1);
    }
    const third = await client(port);
    await once(second.socket, "close");
    for (const opened of [first, third]) {
      opened.socket.write(frame(askMessage(QUESTION)));
      expect(await opened.read(1)).toHaveLength(1);
    }
  });

  it("stops taking questions from a peer that takes no answers", async () => {
    const zone = createZone();
    zone.upsert("Namespace", { metadata: { name: "default" } });
    zone.upsert("Service", { metadata: { name: "many" }, spec: { clusterIP: "None" } });
    const endpoints = Array.from({ length: 4000 }, (_, index) => ({
      addresses: [`10.0.${index >>> 8}.${index & 255}`],
    }));
    zone.upsert("EndpointSlice", {
      metadata: { name: "many", labels: { "kubernetes.io/service-name": "many" } },
      endpoints,
    });
    const tcp = createServer({ allowHalfOpen: true });
    tcp.listen(0, "127.0.0.1");
    let unsentMax = 0;
    tcp.on("connection", (socket) => {
      const write = socket.write.bind(socket) as (chunk: Buffer) => boolean;
      socket.write = (chunk: unknown) => {
        const taken = write(chunk as Buffer);
        unsentMax = Math.max(unsentMax, socket.writableLength);
        return taken;
      };
    });
    const { port } = await start({ zone, tcp });
    const opened = await client(port);
    opened.socket.pause();
    const questions = Array.from({ length: 500 }, (_, id) =>
      frame(askMessage("many.default.svc.cluster.local A", { id })),
    );
    // 500 answers of 64 kB would be 32 MB.
    opened.socket.write(Buffer.concat(questions));
    await askUdp((await start()).udpAddresses[0]?.port ?? 0, askMessage(QUESTION));
    opened.socket.resume();
    expect(await opened.read(500)).toHaveLength(500);
    expect(unsentMax).toBeGreaterThan(64_000);
    expect(unsentMax).toBeLessThan(1024 * 1024 + 70_000);
  });
});

describe("a server's sockets", () => {
  it("may be handed over, bound or about to be", async () => {
    const bound: Socket = createSocket("udp4").bind(0, "127.0.0.1");
    await once(bound, "listening");
    const binding = createSocket("udp4").bind(0, "127.0.0.1");
    const tcp = createServer().listen(0, "127.0.0.1");
    const server = await start({ udp: [bound, binding], tcp });
    for (const { port } of server.udpAddresses)
      expect(readAnswer(await askUdp(port, askMessage(QUESTION))).answer).toEqual(ANSWER);
    const opened = await client(server.port);
    opened.socket.write(frame(askMessage(QUESTION)));
    expect(await opened.read(1)).toHaveLength(1);
    await server.close();
    expect(tcp.listening).toBe(false);
    expect(() => bound.address()).toThrow();
  });

  it("that cannot be bound fail the start by their code and leave nothing open", async () => {
    const taken = await start();
    const udp = createSocket("udp4").bind(0, "127.0.0.1");
    await once(udp, "listening");
    const again = startDnsServer({
      zone: smallCluster(),
      udp,
      tcp: { address: "127.0.0.1", port: taken.port },
      log: silentLog(),
    });
    await expect(again).rejects.toMatchObject({ code: "EADDRINUSE" });
    expect(() => udp.address()).toThrow();
    const udpPort = taken.udpAddresses[0]?.port ?? 0;
    const third = startDnsServer({
      zone: smallCluster(),
      udp: { address: "127.0.0.1", port: udpPort },
      log: silentLog(),
    });
    await expect(third).rejects.toMatchObject({ code: "EADDRINUSE" });
  });

  it("close with connections open, and closing twice is harmless", async () => {
    const server = await start();
    const opened = await client(server.port);
    await Promise.all([server.close(), once(opened.socket, "close")]);
    await server.close();
  });
});
