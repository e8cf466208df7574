/** Ten thousand idle sessions, and a thousand clients that ask for much and never read: a healthy client is served as before. */
import { readFileSync, mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { realClock, realNet, realRandom, realResolver } from "@ordinal/io";
import { afterAll, beforeAll, expect, it } from "vitest";

import { ZooKeeperClient } from "../../packages/zookeeper/src/client/zookeeper-client.ts";
import { zkServerProgram } from "../../packages/zookeeper/src/container-files.ts";
import { JuteWriter } from "../../packages/zookeeper/src/jute/jute-writer.ts";
import { OpCode } from "../../packages/zookeeper/src/jute/op-code.ts";
import { writeConnectRequest, writeWatchableRequest } from "../../packages/zookeeper/src/jute/proto-records.ts";
import { ZERO_ZXID } from "../../packages/zookeeper/src/jute/zxid.ts";
import { OriginalServer, takeMemberAddresses } from "../../packages/zookeeper/src/testing/original.ts";

const MB = 1024 * 1024;
const IDLE_SESSIONS = 10_000;
const GREEDY_CLIENTS = 1_000;
const REQUESTS_A_GREEDY_CLIENT = 100;
const NODE_BYTES = 100_000;
const MEMORY_BYTES_MAX = 700 * MB;
const SAMPLES = 1500;
/** What a loaded machine may add to a median, beside the factor of two. */
const SCHEDULING_MS = 0.5;

let folder: string;
let server: OriginalServer;
let release: () => Promise<void>;
const sockets: Socket[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "ordinal-many-"));
  const { members, block } = await takeMemberAddresses(1);
  release = () => block.release();
  const [self] = members;
  if (self === undefined) throw new Error("no address");
  const program = [
    zkServerProgram[0] ?? "",
    join(import.meta.dirname, "../../packages/zookeeper/src/cli/zk-server/server-entry.ts"),
  ] as const;
  server = new OriginalServer({
    self,
    directory: folder,
    lines: ["maxClientCnxns=0", "maxSessionTimeout=300000"],
    program,
  });
  server.start();
  await server.ready();
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await server.kill();
  await release();
  rmSync(folder, { recursive: true, force: true });
});

function framed(write: (writer: JuteWriter) => void): Uint8Array {
  const writer = new JuteWriter();
  writer.int32(0);
  write(writer);
  writer.setUint32(0, writer.length - 4);
  return writer.written().slice();
}

const CONNECT = framed((writer) =>
  writeConnectRequest(writer, {
    protocolVersion: 0,
    lastZxidSeen: ZERO_ZXID,
    timeoutMs: 300_000,
    sessionId: 0n,
    password: new Uint8Array(16),
    readOnly: false,
  }),
);

/** Opens a session; resolves when the server has answered. */
function openSession(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(server.clientPort, "127.0.0.1");
    sockets.push(socket);
    socket.once("error", reject);
    socket.once("data", () => resolve(socket));
    socket.write(CONNECT);
  });
}

async function openAll(count: number, then: (socket: Socket) => void): Promise<void> {
  for (let opened = 0; opened < count; opened += 100) {
    const batch = await Promise.all(Array.from({ length: Math.min(100, count - opened) }, openSession));
    for (const socket of batch) then(socket);
  }
}

const residentBytes = (): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, "utf8"))?.[1] ?? 0) * 1024;

async function medianMs(client: ZooKeeperClient): Promise<number> {
  const times: number[] = [];
  for (let sample = 0; sample < SAMPLES; sample++) {
    const from = performance.now();
    await client.getData("/small");
    times.push(performance.now() - from);
  }
  return times.sort((a, b) => a - b)[SAMPLES >> 1] ?? 0;
}

it("a healthy client keeps its latency and the server its memory", async () => {
  await using client = new ZooKeeperClient(`127.0.0.1:${server.clientPort}`, {
    ports: { net: realNet, clock: realClock, random: realRandom, resolver: realResolver },
  });
  await client.create("/small", Buffer.from("x"));
  await client.create("/large", Buffer.alloc(NODE_BYTES));
  await medianMs(client); // both sides compile what they need
  const before = await medianMs(client);

  await openAll(IDLE_SESSIONS, () => undefined);
  const idle = await medianMs(client);

  const ask = framed((writer) => {
    writer.int32(1);
    writer.int32(OpCode.getData);
    writeWatchableRequest(writer, { path: "/large", watch: false });
  });
  const asks = Buffer.concat(Array.from({ length: REQUESTS_A_GREEDY_CLIENT }, () => ask));
  await openAll(GREEDY_CLIENTS, (socket) => {
    socket.pause();
    socket.on("error", () => undefined); // the server may end who takes nothing
    socket.write(asks);
  });
  const greedy = await medianMs(client);

  expect(residentBytes() / MB).toBeLessThan(MEMORY_BYTES_MAX / MB);
  expect(idle).toBeLessThan(before * 2 + SCHEDULING_MS);
  expect(greedy).toBeLessThan(before * 2 + SCHEDULING_MS);
  expect((await client.exists("/large"))?.dataLength).toBe(NODE_BYTES);
});
