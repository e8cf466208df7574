import { randomBytes } from "node:crypto";
import { connect as connectTcp } from "node:net";
import type { Socket } from "node:net";
import { connect as connectTls } from "node:tls";

import { afterAll, beforeAll, expect, it } from "vitest";

import { startTestServer, type TestServer } from "../../packages/kubernetes/src/api/testing/test-server.ts";

const TOTAL_BYTES = 10 * 1024 * 1024;
const GROWTH_BYTES_MAX = 192 * 1024 * 1024;

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server.close());

/** Sends and waits until the server closes, or has had half a second. */
function shout(socket: Socket, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => socket.destroy(), 500);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      clearTimeout(timer);
      resolve();
    });
    socket.on("data", () => undefined);
    socket.write(bytes);
  });
}

function tls(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectTls(
      { host: "127.0.0.1", port: server.api.port, ca: server.ca, servername: "localhost" },
      () => resolve(socket),
    );
    socket.on("error", reject);
  });
}

function requests(): Buffer[] {
  const head = (line: string, more = ""): string =>
    `${line} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${server.token}\r\n${more}`;
  const body = JSON.stringify({ metadata: { name: "x" }, spec: { parts: [{ name: "p" }] } });
  const post = `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const upgrade =
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: v5.channel.k8s.io\r\n\r\n";
  const frames = Buffer.concat([Buffer.from([0x82, 0x85, 1, 2, 3, 4]), Buffer.from([1, 0x60, 0x61, 0x62, 0x63])]);
  return [
    Buffer.from(head("POST /apis/test.example.com/v1/namespaces/default/widgets", post)),
    Buffer.from(head("GET /api/v1/pods?watch=true&timeoutSeconds=1", "\r\n")),
    Buffer.from(
      head(
        "PATCH /apis/test.example.com/v1/namespaces/default/widgets/x",
        post.replace("application/json", "application/strategic-merge-patch+json"),
      ),
    ),
    Buffer.concat([
      Buffer.from(head("GET /api/v1/namespaces/default/pods/p/exec?command=cat&stdin=true&stdout=true", upgrade)),
      frames,
    ]),
  ];
}

function mutated(bytes: Buffer): Buffer {
  const result = Buffer.concat([bytes, randomBytes(Math.floor(Math.random() * 20_000))]);
  for (let count = Math.floor(Math.random() * 12); count > 0; count--) {
    result.writeUInt8(Math.floor(Math.random() * 256), Math.floor(Math.random() * bytes.length));
  }
  return result.subarray(0, Math.ceil(Math.random() * result.length));
}

it("takes ten megabytes of hostile bytes with a healthy client beside them, within a bound of memory", async () => {
  const pod = {
    metadata: { name: "p", namespace: "default" },
    spec: { nodeName: "n", containers: [{ name: "c", image: "i" }] },
  };
  await server.client.create("pods", pod);
  const recordings = requests();
  const before = process.memoryUsage().rss;
  let sent = 0;
  let healthy = 0;
  let done = false;
  const healthyClient = (async () => {
    while (!done) {
      const answer = await server.call("GET", "/api/v1/namespaces/default/pods/p");
      expect(answer.code).toBe(200);
      healthy++;
    }
  })();
  while (sent < TOTAL_BYTES) {
    const batch = Array.from({ length: 24 }, async (_, index) => {
      // Half of it past the handshake, as sessions that were valid once.
      const past = index % 2 === 0;
      const recording = recordings[Math.floor(Math.random() * recordings.length)] ?? Buffer.alloc(0);
      const bytes = past ? mutated(recording) : randomBytes(40_000);
      sent += bytes.length;
      const socket = past ? await tls() : connectTcp(server.api.port, "127.0.0.1");
      await shout(socket, bytes);
    });
    await Promise.all(batch);
  }
  done = true;
  await healthyClient;
  expect(healthy).toBeGreaterThan(10);
  expect(process.memoryUsage().rss - before).toBeLessThan(GROWTH_BYTES_MAX);
  expect((await server.call("GET", "/readyz")).code).toBe(200);
});
