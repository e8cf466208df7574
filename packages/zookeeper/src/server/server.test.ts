import { createLog } from "@ordinal/io";
import { simulate, type World } from "@ordinal/simulator";
import { describe, expect, test } from "vitest";

import type { ServerConfig } from "../config/server-config.ts";
import { parseZooCfg } from "../config/zoo-cfg.ts";
import { OpCode } from "../jute/op-code.ts";
import { writeCreateRequest, writeWatchableRequest } from "../jute/proto-records.ts";
import { type RunningServer, startZooKeeper } from "./server.ts";
import { RawClient } from "./testing/raw-client.ts";
import { testConfig } from "./testing/service-fixture.ts";

const OPEN_ACL = [{ perms: 31, id: { scheme: "world", id: "anyone" } }];
const CLIENT = "10.0.0.99";
const quiet = createLog({ component: "test", write: () => {} });

type Host = ReturnType<ReturnType<World["host"]>["start"]>;

const start = (ports: Host, config: ServerConfig): Promise<RunningServer> =>
  startZooKeeper({ ports, config, log: quiet });

async function create(client: RawClient, path: string, flags = 0): Promise<number> {
  client.request(1, OpCode.create, (to) =>
    writeCreateRequest(to, { path, data: null, acl: OPEN_ACL, flags, ttl: undefined }),
  );
  return (await client.reply()).error;
}

async function exists(client: RawClient, path: string): Promise<boolean> {
  client.request(2, OpCode.exists, (to) => writeWatchableRequest(to, { path, watch: false }));
  return (await client.reply()).error === 0;
}

describe("a server alone", () => {
  test("serves what it served before it was stopped, and before its machine lost power", () =>
    simulate(1, async (world) => {
      const config = testConfig(["preAllocSize=64"]);
      const net = world.host(CLIENT).start().net;
      const address = { host: "10.0.0.1", port: 2181 };
      const first = await start(world.host(address.host).start(), config);
      const client = await RawClient.open(net, address);
      const { sessionId, password } = await client.handshake();
      expect(await create(client, "/kept")).toBe(0);
      expect(await create(client, "/ephemeral", 1)).toBe(0);
      await first.stop();
      world.host(address.host).kill();
      await start(world.host(address.host).start(), config);
      const again = await RawClient.open(net, address);
      expect(await again.handshake({ sessionId, password })).toMatchObject({ sessionId });
      expect(await create(again, "/more")).toBe(0);
      world.host(address.host).powerOff();
      await start(world.host(address.host).start(), config);
      const last = await RawClient.open(net, address);
      await last.handshake();
      for (const path of ["/kept", "/ephemeral", "/more"]) expect(await exists(last, path)).toBe(true);
      // Nobody came back for the first session: its time runs out, and what it made goes with it.
      await new Promise((resolve) => {
        world.clock.setTimer(15_000, () => resolve(undefined));
      });
      const after = await RawClient.open(net, address);
      await after.handshake();
      expect([await exists(after, "/kept"), await exists(after, "/ephemeral")]).toEqual([true, false]);
    }));

  test("a port that is taken rejects the start, and leaves nothing open", () =>
    simulate(2, async (world) => {
      const ports = world.host("10.0.0.1").start();
      const taken = await ports.net.listen({ host: "10.0.0.1", port: 2181 }, () => {});
      await expect(start(ports, testConfig())).rejects.toMatchObject({ code: "EADDRINUSE" });
      await taken.close();
      await (await start(ports, testConfig())).stop();
    }));

  test("a disk that fails ends it, and nothing is acknowledged after that", () =>
    simulate(3, async (world) => {
      const host = world.host("10.0.0.1");
      const server = await start(host.start(), testConfig(["preAllocSize=64"]));
      const client = await RawClient.open(world.host(CLIENT).start().net, { host: "10.0.0.1", port: 2181 });
      await client.handshake();
      host.device.failSyncs(1000);
      const answer = create(client, "/lost").catch(() => "none");
      expect(await server.failed).toBeInstanceOf(Error);
      expect(await answer).toBe("none");
      expect(server.view.service.isServing).toBe(false);
    }));
});

test("three servers: a write on one is read on another after a sync, also when the leader dies", () =>
  simulate(4, async (world) => {
    const hosts = ["10.0.0.1", "10.0.0.2", "10.0.0.3"];
    const members = hosts.map((host, at) => `server.${at + 1}=${host}:2888:3888`);
    const configs = hosts.map((_, at) => {
      const text = [
        "tickTime=500",
        "initLimit=10",
        "syncLimit=5",
        "dataDir=/data",
        "clientPort=2181",
        "preAllocSize=64",
        ...members,
      ];
      const { config } = parseZooCfg({
        file: "zoo.cfg",
        text: text.join("\n"),
        properties: new Map(),
        myid: String(at + 1),
        dynamic: undefined,
        dynamicNext: undefined,
      });
      if (config === undefined) throw new Error("the configuration is wrong");
      return config;
    });
    const servers = await Promise.all(
      hosts.map((host, at) => start(world.host(host).start(), configs[at] as ServerConfig)),
    );
    const ready = async (count: number): Promise<void> => {
      while (servers.filter(({ view }) => view.service.isServing).length < count) {
        await new Promise((resolve) => {
          world.clock.setTimer(50, () => resolve(undefined));
        });
      }
    };
    const net = world.host(CLIENT).start().net;
    const connect = async (host: string): Promise<RawClient> => {
      const client = await RawClient.open(net, { host, port: 2181 });
      await client.handshake();
      return client;
    };
    await ready(3);
    const leader = servers.findIndex(({ view }) => view.service.replica?.role === "leader");
    const [one, other] = hosts.filter((_, at) => at !== leader) as [string, string];
    expect(await create(await connect(one), "/a")).toBe(0);
    const reader = await connect(other);
    reader.request(9, OpCode.sync, (to) => to.ustring("/"));
    expect(await reader.reply()).toMatchObject({ xid: 9, error: 0 });
    expect(await exists(reader, "/a")).toBe(true);
    world.host(hosts[leader] ?? "").kill();
    servers.splice(leader, 1);
    await reader.until(() => reader.isClosed);
    await ready(2);
    const survivor = await connect(other);
    expect(await exists(survivor, "/a")).toBe(true);
    expect(await create(survivor, "/b")).toBe(0);
  }));
