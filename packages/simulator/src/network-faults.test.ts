import type { Connection } from "@ordinal/io";
import { describe, expect, test } from "vitest";

import { seedsToTry, simulate } from "./simulate.ts";
import type { World } from "./world.ts";

const A = "127.9.0.1";
const B = "127.9.0.2";
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const passed = (world: World, ms: number): Promise<void> =>
  new Promise((resolve) => void world.clock.setTimer(ms, () => resolve()));

/** A connection from a process on A to one on B. */
async function connected(world: World): Promise<[near: Connection, far: Connection]> {
  const far = new Promise<Connection>((resolve) => {
    void world.host(B).start().net.listen({ host: B, port: 80 }, resolve);
  });
  await passed(world, 1);
  const near = await world.host(A).start().net.connect({ host: B, port: 80 });
  return [near, await far];
}

/** What arrives at a connection, with its end or error, as it comes. */
function follow(connection: Connection): string[] {
  const seen: string[] = [];
  void (async () => {
    for (let chunk = await connection.read(); chunk !== undefined; chunk = await connection.read()) {
      seen.push(Buffer.from(chunk).toString());
    }
    seen.push("end");
  })().catch((error: unknown) => seen.push((error as { code: string }).code));
  return seen;
}

const inWorlds = async (count: number, scenario: (world: World) => Promise<void>): Promise<void> => {
  for (const seed of seedsToTry(count)) await simulate(seed, scenario);
};

describe("a cut link", () => {
  test("holds what is sent, in both directions, and lets it through in order once it is healed", () =>
    inWorlds(10, async (world) => {
      const [near, far] = await connected(world);
      const atFar = follow(far);
      const atNear = follow(near);
      world.network.cut(A, [B]);
      for (let n = 0; n < 5; n++) await near.write(bytes(`${n}`));
      await far.write(bytes("answer"));
      far.end();
      await passed(world, 60_000);
      expect([atFar, atNear]).toEqual([[], []]);
      world.network.heal(A, B);
      await passed(world, 100);
      expect([atFar.join(""), atNear.join("")]).toEqual(["01234", "answerend"]);
    }));

  test("may be cut one way only", () =>
    inWorlds(3, async (world) => {
      const [near, far] = await connected(world);
      const atFar = follow(far);
      const atNear = follow(near);
      world.network.link(A, B).cut();
      await near.write(bytes("lost?"));
      await far.write(bytes("heard"));
      await passed(world, 100);
      expect([atFar, atNear.join("")]).toEqual([[], "heard"]);
    }));

  test("makes a connect wait, and fail when its time is up", () =>
    inWorlds(3, async (world) => {
      await world
        .host(B)
        .start()
        .net.listen({ host: B, port: 80 }, () => {});
      world.network.cut(A, B);
      const { net, clock } = world.host(A).start();
      const before = clock.monotonic();
      await expect(net.connect({ host: B, port: 80 }, { timeoutMs: 500 })).rejects.toMatchObject({ code: "ETIMEDOUT" });
      expect(clock.monotonic() - before).toBe(500);
      const waiting = net.connect({ host: B, port: 80 }, { timeoutMs: 500 });
      await passed(world, 100);
      world.network.healAll();
      (await waiting).destroy();
    }));
});

describe("delays", () => {
  test("follow the link, and connections overtake each other while none is out of order in itself", async () => {
    let overtaken = 0;
    await inWorlds(20, async (world) => {
      const arrived: string[] = [];
      const { net: server } = world.host(B).start();
      await server.listen({ host: B, port: 80 }, (connection) => {
        void (async () => {
          for (let chunk = await connection.read(); chunk !== undefined; chunk = await connection.read()) {
            for (const char of Buffer.from(chunk).toString()) arrived.push(char);
          }
        })();
      });
      const { net } = world.host(A).start();
      const first = await net.connect({ host: B, port: 80 });
      const second = await net.connect({ host: B, port: 80 });
      world.network.link(A, B).delayMs = [10, 50];
      const before = world.clock.monotonic();
      for (const char of "abc") await first.write(bytes(char));
      for (const char of "XYZ") await second.write(bytes(char));
      while (arrived.length < 6) await passed(world, 1);
      expect(world.clock.monotonic() - before).toBeGreaterThanOrEqual(10);
      expect(arrived.filter((char) => char < "a").join("")).toBe("XYZ");
      expect(arrived.filter((char) => char >= "a").join("")).toBe("abc");
      if (arrived.indexOf("X") < arrived.indexOf("c")) overtaken++;
    });
    expect(overtaken).toBeGreaterThan(0);
    expect(overtaken).toBeLessThanOrEqual(20);
  });
});

describe("a host that dies", () => {
  test("killed: its peers' connections break, and its ports refuse", () =>
    inWorlds(5, async (world) => {
      const [near] = await connected(world);
      const atNear = follow(near);
      world.host(B).kill();
      await passed(world, 100);
      expect(atNear).toEqual(["ECONNRESET"]);
      world.host(A).kill();
      const { net } = world.host(A).start();
      await expect(net.connect({ host: B, port: 80 })).rejects.toMatchObject({ code: "ECONNREFUSED" });
    }));

  test("powered off: its peers hear nothing, until they send and it is back without them", () =>
    inWorlds(5, async (world) => {
      const [near] = await connected(world);
      const atNear = follow(near);
      world.host(B).powerOff();
      await near.write(bytes("anybody?"));
      await passed(world, 60_000);
      expect(atNear).toEqual([]);
      world.host(B).start();
      await passed(world, 1000);
      expect(atNear).toEqual(["ECONNRESET"]);
    }));

  test("reset breaks the connections between two hosts for both", () =>
    inWorlds(3, async (world) => {
      const [near, far] = await connected(world);
      const seen = [follow(near), follow(far)];
      world.network.reset(A, B);
      await passed(world, 10);
      expect(seen).toEqual([["ECONNRESET"], ["ECONNRESET"]]);
    }));
});
