import { realClock, realNet, realRandom, realResolver } from "@ordinal/io";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { Ensemble } from "../ensemble/ensemble.ts";
import { startEnsemble } from "../ensemble/start-ensemble.ts";
import { EventType, KeeperState } from "../jute/proto-records.ts";
import type { ClientNet } from "./client-ports.ts";
import { WatcherType } from "./client-watches.ts";
import { describeEvent, type WatchedEvent } from "./watched-event.ts";
import { AddWatchMode, ZooKeeperClient, type ClientOptions } from "./zookeeper-client.ts";

const ports = { net: realNet, clock: realClock, random: realRandom, resolver: realResolver };
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const text = (data: Uint8Array | null): string => Buffer.from(data ?? []).toString();

let ensemble: Ensemble;
beforeAll(async () => {
  ensemble = await startEnsemble({ size: 1, inProcess: true, lines: ["extendedTypesEnabled=true"] });
});
afterAll(() => ensemble.stop());

function open(options: Partial<ClientOptions> = {}, chroot = ""): ZooKeeperClient {
  return new ZooKeeperClient(ensemble.connectString + chroot, { ports, ...options });
}

describe("requests", () => {
  test("nodes of every kind", async () => {
    await using client = open();
    expect(await client.create("/kinds", bytes("x"))).toBe("/kinds");
    const { path, stat } = await client.create2("/kinds/e", null, { mode: "ephemeral" });
    expect(path).toBe("/kinds/e");
    expect(stat.ephemeralOwner).toBe(client.sessionId);
    expect(await client.create("/kinds/s-", null, { mode: "persistentSequential" })).toBe("/kinds/s-0000000001");
    await client.create("/kinds/c", null, { mode: "container" });
    await client.create("/kinds/t", null, { mode: "persistentTtl", ttl: 100_000 });
    expect((await client.getChildren("/kinds")).sort()).toEqual(["c", "e", "s-0000000001", "t"]);
    expect((await client.getChildren2("/kinds")).stat.numChildren).toBe(4);
    expect(await client.getEphemerals("/kinds")).toEqual(["/kinds/e"]);
    expect(await client.getAllChildrenNumber("/kinds")).toBe(4);
    expect((await client.setData("/kinds", bytes("y"), 0)).version).toBe(1);
    expect(text((await client.getData("/kinds")).data)).toBe("y");
    await client.sync("/kinds");
    await client.delete("/kinds/c");
    expect(await client.exists("/kinds/c")).toBeUndefined();
  });

  test("several at once, all or nothing, and several reads", async () => {
    await using client = open();
    await client.create("/multi");
    const results = await client.multi([
      { kind: "create", path: "/multi/a", data: bytes("1") },
      { kind: "setData", path: "/multi/a", data: bytes("2") },
      { kind: "check", path: "/multi/a", version: 1 },
      { kind: "create", path: "/multi/gone", withStat: true },
      { kind: "delete", path: "/multi/gone" },
    ]);
    expect(results.map(({ kind }) => kind)).toEqual(["create", "setData", "check", "create", "delete"]);
    const failing = [
      { kind: "delete", path: "/multi/a" },
      { kind: "check", path: "/multi/none", version: 0 },
    ] as const;
    await expect(client.multi(failing)).rejects.toMatchObject({ code: "noNode", path: "/multi/none" });
    expect(await client.tryMulti(failing)).toEqual([
      { kind: "error", error: 0 },
      { kind: "error", error: -101 },
    ]);
    expect(
      await client.multiRead([
        { kind: "getData", path: "/multi/a" },
        { kind: "getChildren", path: "/multi/none" },
        { kind: "getChildren", path: "/multi" },
      ]),
    ).toMatchObject([{ data: bytes("2") }, { kind: "error", error: -101 }, { children: ["a"] }]);
  });

  test("identities and access", async () => {
    await using client = open();
    await client.addAuth("digest", bytes("user:pass"));
    await client.create("/private", null, { acl: [{ perms: 31, id: { scheme: "auth", id: "" } }] });
    expect((await client.getAcl("/private")).acl[0]?.id.scheme).toBe("digest");
    expect(await client.whoAmI()).toContainEqual({ authScheme: "digest", user: "user" });
    await using stranger = open();
    await expect(stranger.getData("/private")).rejects.toMatchObject({ code: "noAuth" });
    await client.setAcl("/private", [{ perms: 1, id: { scheme: "world", id: "anyone" } }]);
    await stranger.getData("/private");
  });

  test("a refused identity ends the session", async () => {
    const events: string[] = [];
    const client = open({ watcher: (event) => void events.push(describeEvent(event)) });
    await expect(client.addAuth("nonsense", null)).rejects.toMatchObject({ code: "authFailed" });
    await expect(client.getData("/")).rejects.toMatchObject({ code: "authFailed" });
    expect(client.state).toBe("AUTH_FAILED");
    await client.close();
    expect(events).toEqual([
      "WatchedEvent state:SyncConnected type:None path:null",
      "WatchedEvent state:AuthFailed type:None path:null",
    ]);
  });

  test.each(["", "a", "/a/", "//a", "/a/../b", "/a\0"])("the path %j is refused before it is sent", async (path) => {
    await using client = open();
    await expect(client.getData(path)).rejects.toMatchObject({ code: "BAD_PATH" });
  });

  test("paths are below the chroot, in answers and events too", async () => {
    await using outside = open();
    await outside.create("/root");
    const events: WatchedEvent[] = [];
    await using client = open({}, "/root");
    await client.addWatch("/", AddWatchMode.persistentRecursive, (event) => void events.push(event));
    expect(await client.create("/a")).toBe("/a");
    await client.setData("/", bytes("x"));
    expect(await client.multi([{ kind: "create", path: "/b" }])).toMatchObject([{ path: "/b" }]);
    expect((await outside.getChildren("/root")).sort()).toEqual(["a", "b"]);
    expect(events.filter(({ path }) => path !== null).map(({ path }) => path)).toEqual(["/a", "/", "/b"]);
  });
});

describe("sessions", () => {
  test("a session of before goes on with its id and password", async () => {
    const first = open();
    await first.create("/mine", null, { mode: "ephemeral" });
    const session = { id: first.sessionId, password: first.sessionPassword };
    first.abandon();
    await using second = open({ session });
    expect((await second.exists("/mine"))?.ephemeralOwner).toBe(session.id);
    expect(second.sessionId).toBe(session.id);
  });

  test("a session that is over is told as expired", async () => {
    const states: number[] = [];
    const session = { id: 77n, password: new Uint8Array(16) };
    const client = open({ session, watcher: ({ state }) => void states.push(state) });
    await expect(client.connected()).rejects.toMatchObject({ code: "sessionExpired" });
    await expect(client.getData("/")).rejects.toMatchObject({ code: "sessionExpired" });
    expect(states).toEqual([KeeperState.expired]);
    expect(client.state).toBe("CLOSED");
  });

  test("closing takes the ephemeral nodes away; leaving without a word does not", async () => {
    await using witness = open();
    const closing = open();
    await closing.create("/closing", null, { mode: "ephemeral" });
    const leaving = open();
    await leaving.create("/leaving", null, { mode: "ephemeral" });
    await closing.close();
    leaving.abandon();
    expect(await witness.exists("/closing")).toBeUndefined();
    expect(await witness.exists("/leaving")).toBeDefined();
    await expect(closing.getData("/")).rejects.toMatchObject({ code: "sessionExpired" });
  });

  test("watches are set again on a new connection, and tell what was missed meanwhile", async () => {
    const events: string[] = [];
    const hear = (event: WatchedEvent): void => {
      if (event.type !== EventType.none) events.push(`${event.type} ${event.path}`);
    };
    const connected = Promise.withResolvers<void>();
    await using client = open({
      watcher: ({ state }) => {
        if (state === KeeperState.disconnected) connected.resolve();
      },
    });
    await using other = open();
    for (const path of ["/data", "/gone", "/parent", "/quiet", "/stays"]) await other.create(path);
    await client.getData("/data", hear);
    await client.getData("/gone", hear);
    await client.exists("/unborn", hear);
    await client.getChildren("/parent", hear);
    await client.getData("/quiet", hear);
    await client.addWatch("/stays", AddWatchMode.persistent, hear);
    client.disconnect();
    await connected.promise;
    await other.multi([
      { kind: "setData", path: "/data", data: null },
      { kind: "delete", path: "/gone" },
      { kind: "create", path: "/unborn" },
      { kind: "create", path: "/parent/child" },
    ]);
    await client.connected();
    await client.sync("/");
    expect(events.sort()).toEqual(["1 /unborn", "2 /gone", "3 /data", "4 /parent"]);
    await other.setData("/quiet", null);
    await other.setData("/stays", null);
    await client.sync("/");
    expect(events.slice(4)).toEqual(["3 /quiet", "3 /stays"]);
  });

  test("an event comes before the answer that shows its change", async () => {
    await using client = open();
    await client.create("/order");
    const seen: string[] = [];
    await client.getData("/order", () => void seen.push("event"));
    const write = client.setData("/order", bytes("1")).then(() => seen.push("write"));
    const read = client.getData("/order").then(() => seen.push("read"));
    await Promise.all([write, read]);
    expect(seen).toEqual(["event", "write", "read"]);
  });

  test("removed watches tell so, and others stay", async () => {
    await using client = open();
    const events: number[] = [];
    const one = (event: WatchedEvent): void => void events.push(event.type);
    const two = (event: WatchedEvent): void => void events.push(-event.type);
    await client.create("/removed");
    await client.getData("/removed", one);
    await client.getData("/removed", two);
    await client.removeWatches("/removed", one);
    await expect(client.removeWatches("/removed", one, WatcherType.data)).rejects.toMatchObject({ code: "noWatcher" });
    await client.setData("/removed", null);
    expect(events).toEqual([EventType.dataWatchRemoved, -EventType.nodeDataChanged]);
  });

  test("requests on the way when a connection breaks fail; a later one finds another connection", async () => {
    await using client = open();
    await client.create("/lost");
    const id = client.sessionId;
    const request = client.getData("/lost");
    client.disconnect();
    await expect(request).rejects.toMatchObject({ code: "connectionLoss" });
    await client.getData("/lost");
    expect(client.sessionId).toBe(id);
  });

  test("without any server requests fail once all have been tried", async () => {
    let tries = 0;
    const net: ClientNet = {
      connect() {
        tries++;
        return Promise.reject(Object.assign(new Error("refused"), { code: "ECONNREFUSED" }));
      },
    };
    const client = new ZooKeeperClient("127.0.0.1:1,127.0.0.1:2,127.0.0.1:3", { ports: { ...ports, net } });
    await expect(client.getData("/")).rejects.toMatchObject({ code: "connectionLoss" });
    expect(tries).toBe(3);
    await client.close();
  });

  test("a server that says nothing is given up, by the session's timeout", async () => {
    const listener = await realNet.listen({ host: "127.0.0.1", port: 0 }, () => undefined);
    const client = new ZooKeeperClient(`127.0.0.1:${listener.address.port}`, { ports, sessionTimeoutMs: 60 });
    await expect(client.getData("/")).rejects.toMatchObject({ code: "connectionLoss" });
    client.abandon();
    await listener.close();
  });
});
