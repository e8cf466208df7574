import { SeededRandom } from "@ordinal/kit";
import { describe, expect, test } from "vitest";

import { OpCode } from "../jute/op-code.ts";
import { writeCreateRequest, writeSetDataRequest, writeWatchableRequest } from "../jute/proto-records.ts";
import { OUTPUT_BYTES_ALL_MAX, OUTPUT_BYTES_MAX, OUTPUT_HIGH_BYTES } from "./limits.ts";
import { requestBytes } from "./testing/raw-client.ts";
import { withService } from "./testing/service-fixture.ts";

const OPEN_ACL = [{ perms: 31, id: { scheme: "world", id: "anyone" } }];
const exists = (xid: number, path = "/", watch = false): Uint8Array =>
  requestBytes(xid, OpCode.exists, (to) => writeWatchableRequest(to, { path, watch }));
const getData = (xid: number, path: string, watch = false): Uint8Array =>
  requestBytes(xid, OpCode.getData, (to) => writeWatchableRequest(to, { path, watch }));
const create = (xid: number, path: string, data: Uint8Array = new Uint8Array(0)): Uint8Array =>
  requestBytes(xid, OpCode.create, (to) =>
    writeCreateRequest(to, { path, data, acl: OPEN_ACL, flags: 0, ttl: undefined }),
  );
const int32 = (value: number): Uint8Array => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};

describe("connections", () => {
  test("one without a session ends after ten seconds, one with a session after its timeout of silence", () =>
    withService(async ({ open, pass, service }) => {
      const sessionless = await open();
      const silent = await open();
      await silent.handshake({ timeoutMs: 20_000 });
      await pass(9500);
      expect([sessionless.isClosed, silent.isClosed]).toEqual([false, false]);
      await pass(1500);
      expect([sessionless.isClosed, silent.isClosed]).toEqual([true, false]);
      await pass(10_000);
      expect(silent.isClosed).toBe(true);
      expect(service.metrics.sessionlessConnectionsExpired.value).toBe(1);
    }));

  test("one address may have so many, all together so many", () =>
    withService(
      async ({ connect, open, logged }) => {
        await connect("10.0.0.11");
        const second = await connect("10.0.0.11");
        await expect((await open("10.0.0.11")).handshake()).rejects.toThrow("closed");
        expect(logged.at(-1)?.message).toBe(
          "Error accepting new connection: Too many connections from /10.0.0.11 - max is 2",
        );
        await connect("10.0.0.12");
        await expect((await open("10.0.0.13")).handshake()).rejects.toThrow("closed");
        expect(logged.at(-1)?.message).toBe("Error accepting new connection: Too many connections max allowed is 3");
        second.connection.destroy();
        await second.until(() => second.isClosed);
        await expect.poll(async () => (await open("10.0.0.13")).handshake()).toMatchObject({ protocolVersion: 0 });
      },
      { limits: { connectionsPerAddressMax: 2, connectionsMax: 3 } },
    ));

  test("while the server has no role frames end the connection; when it loses it, all end", () =>
    withService(async ({ service, replica, open, connect }) => {
      const client = await connect();
      service.retire("an election");
      await client.until(() => client.isClosed);
      await expect((await open()).handshake()).rejects.toThrow("closed");
      service.serve(replica);
      await connect();
    }));
});

describe("frames", () => {
  test("one longer than jute.maxbuffer ends the connection, and the log says whose it was", () =>
    withService(
      async ({ open, logged, pass }) => {
        const client = await open();
        const { sessionId } = await client.handshake();
        client.connection.send(create(1, "/big", new Uint8Array(900)));
        expect(await client.reply()).toMatchObject({ xid: 1, error: 0 });
        client.connection.send(create(2, "/too/big", new Uint8Array(2000)));
        await client.until(() => client.isClosed);
        await pass(10);
        const line = logged.find(({ event }) => event === "frame-too-large");
        expect(line?.message).toContain(
          `Close of session 0x${sessionId.toString(16)}: Len error. A message from /10.0.0.9:`,
        );
        expect(line?.message).toContain("is greater than jute.maxbuffer=1000");
        expect(line?.fields).toMatchObject({ length: 2055, operation: "create", path: "/too/big" });
      },
      { limits: { frameBytesMax: 1000 } },
    ));

  test.each([-1, -(2 ** 31), 2 ** 31 - 1, 20_000])("a first frame of %i bytes ends the connection", (length) =>
    withService(async ({ open }) => {
      const client = await open();
      client.connection.send(int32(length));
      await client.until(() => client.isClosed);
      expect(client.frames).toHaveLength(0);
    }),
  );

  test("a request that arrives byte by byte is one request", () =>
    withService(async ({ connect, pass }) => {
      const client = await connect();
      for (const byte of Buffer.concat([create(1, "/a"), exists(2, "/a")])) {
        client.connection.send(new Uint8Array([byte]));
        await pass(1);
      }
      expect([(await client.reply()).xid, (await client.reply()).xid]).toEqual([1, 2]);
    }));

  test("a long request in many pieces is not lost, nor what comes behind it", () =>
    withService(async ({ connect }) => {
      const client = await connect();
      const data = new Uint8Array(1_000_000).map((_, at) => at % 251);
      const bytes = Buffer.concat([create(1, "/long", data), getData(2, "/long")]);
      for (let at = 0; at < bytes.length; at += 30_000) client.connection.send(bytes.subarray(at, at + 30_000));
      expect(await client.reply()).toMatchObject({ xid: 1, error: 0 });
      const { body } = await client.reply();
      expect(body.buffer()).toEqual(data);
    }));
});

describe("clients that do not read", () => {
  test("nothing more is taken from one, others do not notice, and its session's time runs out", () =>
    withService(async ({ open, connect, service, pass }) => {
      const healthy = await connect();
      healthy.connection.send(create(1, "/big", new Uint8Array(100_000)));
      await healthy.reply();
      const greedy = await open();
      await greedy.handshake({ timeoutMs: 4000 });
      greedy.connection.pause();
      const request = getData(1, "/big");
      // A gigabyte of answers, if somebody were to make them.
      for (let part = 0; part < 10; part++) {
        greedy.connection.send(Buffer.concat(Array.from({ length: 1000 }, () => request)));
      }
      await pass(2000);
      expect(service.heldBytes).toBeGreaterThan(0);
      expect(service.heldBytes).toBeLessThan(OUTPUT_HIGH_BYTES + 2 * 100_000);
      healthy.connection.send(exists(2));
      expect(await healthy.reply()).toMatchObject({ xid: 2 });
      await pass(5000);
      expect(service.connectionCount).toBe(1);
      expect(service.heldBytes).toBe(0);
    }));

  test("one that takes long for a reply keeps its session by pings", () =>
    withService(async ({ connect, pass, service }) => {
      const client = await connect();
      client.connection.send(create(1, "/big", new Uint8Array(1_000_000)));
      await client.reply();
      client.connection.pause();
      client.connection.send(Buffer.concat([getData(2, "/big"), getData(3, "/big")]));
      for (let ping = 0; ping < 10; ping++) {
        await pass(4000);
        client.connection.send(requestBytes(-2, OpCode.ping));
      }
      expect(service.heldBytes).toBeGreaterThan(0);
      client.connection.resume();
      for (const xid of [2, 3, ...Array.from({ length: 10 }, () => -2)]) {
        expect(await client.reply()).toMatchObject({ xid, error: 0 });
      }
      client.connection.pause();
      client.connection.send(getData(4, "/big"));
      await pass(11_000);
      expect(service.connectionCount).toBe(0);
    }));

  test("all of them together hold so much, and beyond it those go that have not read for longest", () =>
    withService(async ({ connect, service, pass }) => {
      const healthy = await connect();
      healthy.connection.send(create(1, "/big", new Uint8Array(1_000_000)));
      await healthy.reply();
      const greedy = [];
      for (let count = 0; count < 150; count++) {
        const client = await connect();
        client.connection.pause();
        client.connection.send(getData(1, "/big"));
        greedy.push(client);
        await pass(5);
      }
      expect(service.heldBytes).toBeGreaterThan(OUTPUT_BYTES_ALL_MAX - 2_000_000);
      expect(service.heldBytes).toBeLessThanOrEqual(OUTPUT_BYTES_ALL_MAX);
      for (const client of greedy) client.connection.resume();
      await pass(100);
      const firstOpen = greedy.findIndex((client) => !client.isClosed);
      expect(firstOpen).toBeGreaterThan(0);
      expect(greedy.slice(firstOpen).every((client) => !client.isClosed)).toBe(true);
      expect(healthy.isClosed).toBe(false);
    }));

  test("one with much to be told lets others have their turn", () =>
    withService(async ({ connect }) => {
      const [hungry, other] = [await connect(), await connect()];
      hungry.connection.send(create(1, "/big", new Uint8Array(300_000)));
      await hungry.reply();
      hungry.connection.send(Buffer.concat(Array.from({ length: 200 }, (_, at) => getData(at, "/big"))));
      other.connection.send(exists(1));
      expect(await other.reply()).toMatchObject({ xid: 1 });
      expect(hungry.frames.length).toBeLessThan(20);
      for (let at = 0; at < 200; at++) expect(await hungry.reply()).toMatchObject({ xid: at, error: 0 });
    }));

  test("events pile up to a bound, then the connection ends", () =>
    withService(async ({ connect, service, pass, logged }) => {
      const [writer, watcher] = [await connect(), await connect()];
      const path = `/${"n".repeat(10_000)}`;
      writer.connection.send(create(1, path));
      await writer.reply();
      watcher.connection.send(
        requestBytes(1, OpCode.addWatch, (to) => {
          to.ustring(path);
          to.int32(0);
        }),
      );
      await watcher.reply();
      watcher.connection.pause();
      const set = requestBytes(2, OpCode.setData, (to) =>
        writeSetDataRequest(to, { path, data: new Uint8Array(0), version: -1 }),
      );
      let most = 0;
      for (let round = 0; round < 50 && service.connectionCount === 2; round++) {
        writer.connection.send(Buffer.concat(Array.from({ length: 100 }, () => set)));
        for (let reply = 0; reply < 100; reply++) await writer.reply();
        most = Math.max(most, service.heldBytes);
      }
      expect(service.connectionCount).toBe(1);
      expect(most).toBeGreaterThan(OUTPUT_BYTES_MAX / 2);
      expect(most).toBeLessThan(OUTPUT_BYTES_MAX * 1.1);
      expect(logged.some(({ event }) => event === "client-does-not-read")).toBe(true);
      await pass(10);
      expect(service.heldBytes).toBe(0);
    }));

  test("requests under way are bounded: the next ones stay in the network until there is room", () =>
    withService(
      async ({ connect, replica, pass, service }) => {
        const client = await connect();
        replica.held = true;
        for (let xid = 1; xid <= 100; xid++) client.connection.send(create(xid, `/n${xid}`));
        await pass(500);
        expect(service.outstanding).toBe(11);
        replica.held = false;
        replica.commitAll();
        for (let xid = 1; xid <= 100; xid++) expect(await client.reply()).toMatchObject({ xid, error: 0 });
        expect(service.outstanding).toBe(0);
      },
      { limits: { outstandingMax: 10 } },
    ));

  test("reads behind a write are bounded too", () =>
    withService(async ({ connect, replica, pass, service }) => {
      const client = await connect();
      replica.held = true;
      client.connection.send(create(1, "/a"));
      for (let xid = 2; xid <= 500; xid++) client.connection.send(exists(xid));
      await pass(500);
      expect(service.outstanding).toBe(101);
      replica.commitAll();
      for (let xid = 1; xid <= 500; xid++) expect(await client.reply()).toMatchObject({ xid });
    }));
});

test.each([1, 2, 3, 4, 5, 6, 7, 8])("mutated requests end their own connection and nobody else's (seed %i)", (seed) =>
  withService(
    async ({ connect, service, pass, logged }) => {
      const random = new SeededRandom(seed);
      const healthy = await connect();
      const good = [
        create(1, "/a", new Uint8Array(20)),
        exists(2, "/a", true),
        getData(3, "/a", true),
        requestBytes(4, OpCode.setWatches, (to) => {
          to.long(0);
          for (let list = 0; list < 3; list++) to.vector(["/a", "/b"], (into, path) => into.ustring(path));
        }),
        requestBytes(5, OpCode.multi, (to) => {
          to.int32(OpCode.check);
          to.boolean(false);
          to.int32(-1);
          to.ustring("/a");
          to.int32(-1);
          to.int32(-1);
          to.boolean(true);
          to.int32(-1);
        }),
        requestBytes(-4, OpCode.auth, (to) => {
          to.int32(0);
          to.ustring("digest");
          to.buffer(new Uint8Array([65, 58, 66]));
        }),
      ];
      for (let round = 0; round < 60; round++) {
        const hostile = await connect();
        for (let part = 0; part < 20 && !hostile.isClosed; part++) {
          const bytes = Uint8Array.from(good[random.between(0, good.length - 1)] ?? []);
          for (let flips = random.between(0, 4); flips > 0; flips--) {
            // Sparing the length most of the time, or nothing gets past it.
            const at = random.between(random.chance(0.1) ? 0 : 4, bytes.length - 1);
            bytes[at] = random.between(0, 255);
          }
          hostile.connection.send(random.chance(0.1) ? bytes.subarray(0, random.between(0, bytes.length)) : bytes);
        }
        await pass(5);
        hostile.connection.destroy();
        healthy.connection.send(exists(round));
        expect(await healthy.reply()).toMatchObject({ xid: round, error: 0 });
      }
      await pass(100);
      expect(service.connectionCount).toBe(1);
      expect([service.outstanding, service.partialBytes, service.heldBytes]).toEqual([0, 0, 0]);
      expect(logged.filter(({ event }) => event === "request-failed")).toEqual([]);
    },
    { seed },
  ),
);
