/** Any bytes on any port of an ensemble: nobody crashes, memory stays bounded, and a healthy client is served beside them. */
import { readFileSync, mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { realClock, realNet, realRandom, realResolver } from "@ordinal/io";
import { SeededRandom } from "@ordinal/kit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { ZooKeeperClient } from "../../packages/zookeeper/src/client/zookeeper-client.ts";
import { zkServerProgram } from "../../packages/zookeeper/src/container-files.ts";
import { JuteWriter } from "../../packages/zookeeper/src/jute/jute-writer.ts";
import { OpCode } from "../../packages/zookeeper/src/jute/op-code.ts";
import {
  writeConnectRequest,
  writeCreateRequest,
  writeSetWatchesRequest,
  writeWatchableRequest,
} from "../../packages/zookeeper/src/jute/proto-records.ts";
import { makeTxn } from "../../packages/zookeeper/src/jute/txn-records.ts";
import { makeZxid, ZERO_ZXID } from "../../packages/zookeeper/src/jute/zxid.ts";
import { OriginalServer, takeMemberAddresses } from "../../packages/zookeeper/src/testing/original.ts";

const MB = 1024 * 1024;
const BYTES_A_PORT = 10 * MB;
/** What a server may grow by under all of it. */
const GROWTH_BYTES_MAX = 220 * MB;
const CHUNK_BYTES_MAX = 64 * 1024;
const SEED = Number(process.env["ORDINAL_SEED"] ?? 20_261);
const random = new SeededRandom(SEED);

const PROGRAM: readonly [string, ...string[]] = [
  zkServerProgram[0] ?? "",
  join(import.meta.dirname, "../../packages/zookeeper/src/cli/zk-server/server-entry.ts"),
];

let folder: string;
let servers: OriginalServer[];
let release: () => Promise<void>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "ordinal-hostile-"));
  const { members, block } = await takeMemberAddresses(3);
  release = () => block.release();
  servers = members.map(
    (self) => new OriginalServer({ self, members, directory: join(folder, `server-${self.sid}`), program: PROGRAM }),
  );
  for (const server of servers) server.start();
  for (const server of servers) await server.ready();
});
afterAll(async () => {
  for (const server of servers) await server.kill();
  await release();
  rmSync(folder, { recursive: true, force: true });
});

// Valid sessions, as one byte stream each, to be changed.

function framed(write: (writer: JuteWriter) => void): Uint8Array {
  const writer = new JuteWriter();
  writer.int32(0);
  write(writer);
  writer.setUint32(0, writer.length - 4);
  return writer.written().slice();
}

function request(xid: number, type: number, write: (writer: JuteWriter) => void = () => undefined): Uint8Array {
  return framed((writer) => {
    writer.int32(xid);
    writer.int32(type);
    write(writer);
  });
}

const CONNECT = framed((writer) =>
  writeConnectRequest(writer, {
    protocolVersion: 0,
    lastZxidSeen: ZERO_ZXID,
    timeoutMs: 4000,
    sessionId: 0n,
    password: new Uint8Array(16),
    readOnly: false,
  }),
);
const ACL = [{ perms: 31, id: { scheme: "world", id: "anyone" } }];
const CLIENT_SESSION: readonly Uint8Array[] = [
  request(1, OpCode.exists, (writer) => writeWatchableRequest(writer, { path: "/healthy", watch: true })),
  request(2, OpCode.create, (writer) =>
    writeCreateRequest(writer, { path: "/hostile-", data: new Uint8Array(30), acl: ACL, flags: 3, ttl: undefined }),
  ),
  request(3, OpCode.getChildren2, (writer) => writeWatchableRequest(writer, { path: "/", watch: true })),
  request(-8, OpCode.setWatches2, (writer) =>
    writeSetWatchesRequest(
      writer,
      {
        relativeZxid: ZERO_ZXID,
        dataWatches: ["/a", "/b"],
        existWatches: ["/c"],
        childWatches: ["/"],
        persistentWatches: ["/healthy"],
        persistentRecursiveWatches: ["/"],
      },
      true,
    ),
  ),
  request(4, OpCode.multi, (writer) => {
    writer.int32(OpCode.check);
    writer.boolean(false);
    writer.int32(-1);
    writer.ustring("/");
    writer.int32(0);
    writer.int32(-1);
    writer.boolean(true);
    writer.int32(-1);
  }),
  request(-4, OpCode.auth, (writer) => {
    writer.int32(0);
    writer.ustring("digest");
    writer.buffer(Buffer.from("user:password"));
  }),
  request(5, OpCode.sasl, (writer) => writer.buffer(new Uint8Array(40))),
  request(-2, OpCode.ping),
];

function packet(type: number, zxid: number, data: Uint8Array | null): Uint8Array {
  const writer = new JuteWriter();
  writer.int32(type);
  writer.long(zxid);
  writer.buffer(data);
  writer.int32(-1);
  return writer.written().slice();
}

const learnerInfo = (): Uint8Array => {
  const writer = new JuteWriter();
  writer.long(7);
  writer.int32(0x10000);
  writer.long(0);
  return writer.written().slice();
};
const txn = makeTxn(
  { sessionId: 1n, cxid: 1, zxid: makeZxid(1, 1), timeMs: 1, type: OpCode.delete },
  { type: OpCode.delete, path: "/healthy" },
);
const LEARNER_START = packet(16, 0, learnerInfo()); // as an observer, of whom nobody's quorum depends
const LEARNER_SESSION: readonly Uint8Array[] = [
  packet(18, 0, new Uint8Array(4)),
  packet(3, makeZxid(1, 0), null),
  packet(1, -1, new Uint8Array(40)),
  packet(5, 0, new Uint8Array(24)),
  packet(6, 0, new Uint8Array(12)),
  packet(2, makeZxid(1, 1), txn.bytes),
  packet(3, makeZxid(1, 1), null),
];

const ELECTION_START = ((): Uint8Array => {
  const writer = new JuteWriter();
  writer.long(-65536);
  writer.long(9);
  writer.buffer(Buffer.from("127.0.0.1:3888"));
  return writer.written().slice();
})();
const ELECTION_SESSION: readonly Uint8Array[] = [
  framed((writer) => {
    writer.int32(0);
    for (const value of [3, 0, 1, 0]) writer.long(value);
    writer.int32(2);
    writer.buffer(Buffer.from("version=0"));
  }),
];

function mutated(parts: readonly Uint8Array[]): Uint8Array {
  const picked = Array.from({ length: random.between(1, 12) }, () => parts[random.between(0, parts.length - 1)]);
  const bytes = Buffer.concat(picked.map((part) => part ?? new Uint8Array(0)));
  for (let times = random.between(0, 6); times > 0; times--) {
    const at = random.between(0, bytes.length - 1);
    if (random.chance(0.2)) bytes.writeInt32BE(random.between(-5, 0x7fff_ffff), Math.min(at, bytes.length - 4));
    else bytes[at] = random.between(0, 255);
  }
  return random.chance(0.2) ? bytes.subarray(0, random.between(0, bytes.length)) : bytes;
}

function noise(): Uint8Array {
  return Buffer.from(Array.from({ length: random.between(1, 2000) }, () => random.between(0, 255)));
}

/** Sends `total` bytes to a port, over as many connections as it takes; half of it are changed sessions past their beginning. */
async function attack(port: number, start: Uint8Array, session: readonly Uint8Array[], total: number): Promise<void> {
  let sent = 0;
  while (sent < total) {
    const socket = connect(port, "127.0.0.1");
    let isOver = false;
    socket.on("error", () => (isOver = true));
    socket.on("close", () => (isOver = true));
    socket.resume();
    const isSession = random.chance(0.5);
    if (isSession) socket.write(start);
    const end = sent + random.between(1000, CHUNK_BYTES_MAX * 4);
    while (!isOver && sent < end) {
      const chunk = isSession ? mutated(session) : noise();
      sent += chunk.length;
      socket.write(chunk);
      await new Promise((resolve) => setImmediate(resolve));
    }
    sent += 100; // a port that refuses at once must not be tried for ever
    socket.destroy();
  }
}

function residentBytes(server: OriginalServer): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
}

describe("10 MB of hostile bytes", () => {
  const ports = [
    {
      name: "the client port",
      port: (server: OriginalServer) => server.clientPort,
      start: CONNECT,
      session: CLIENT_SESSION,
    },
    {
      name: "the quorum port",
      port: (server: OriginalServer) => server.quorumPort,
      start: LEARNER_START,
      session: LEARNER_SESSION,
    },
    {
      name: "the election port",
      port: (server: OriginalServer) => server.electionPort,
      start: ELECTION_START,
      session: ELECTION_SESSION,
    },
  ];

  it.each(ports)("to $name leave a healthy client served and memory bounded", async ({ port, start, session }) => {
    const before = servers.map(residentBytes);
    const pids = servers.map((server) => server.pid);
    await using client = new ZooKeeperClient(servers.map((server) => `127.0.0.1:${server.clientPort}`).join(","), {
      ports: { net: realNet, clock: realClock, random: realRandom, resolver: realResolver },
      sessionTimeoutMs: 20_000,
    });
    await client.connected();
    if ((await client.exists("/healthy")) === undefined) await client.create("/healthy", Buffer.from("0"));
    let isOver = false;
    const attacks = Promise.all(
      servers.map((server) => attack(port(server), start, session, BYTES_A_PORT / 3)),
    ).finally(() => (isOver = true));
    let writes = 0;
    while (!isOver) {
      const text = `${++writes}`;
      await client.setData("/healthy", Buffer.from(text));
      expect(Buffer.from((await client.getData("/healthy")).data ?? []).toString()).toBe(text);
      for (const [index, server] of servers.entries()) {
        expect(
          (residentBytes(server) - (before[index] ?? 0)) / MB,
          `growth of server ${server.sid} (seed ${SEED})`,
        ).toBeLessThan(GROWTH_BYTES_MAX / MB);
      }
    }
    await attacks;
    expect(writes).toBeGreaterThan(5);
    expect(servers.map((server) => server.pid)).toEqual(pids);
    for (const server of servers) expect(server.isRunning, server.log().slice(-2000)).toBe(true);
    for (const server of servers) expect(await server.ready()).toMatch(/leader|follower/);
  });
});
