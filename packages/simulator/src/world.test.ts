import { describe, expect, test } from "vitest";

import { seedsToTry, simulate, SimulationError } from "./simulate.ts";
import { World } from "./world.ts";

const SERVER = "127.9.0.1";
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A bit of everything: a server that logs what clients send, its crash in the middle, a cut link. */
async function scenario(world: World): Promise<string[]> {
  const server = world.host(SERVER);
  const answers: string[] = [];
  const serve = async (): Promise<void> => {
    const ports = server.start();
    const store = await ports.openStore("/store");
    await ports.net.listen({ host: SERVER, port: 80 }, (connection) => {
      void (async () => {
        for (let chunk = await connection.read(); chunk !== undefined; chunk = await connection.read()) {
          await store.batch([{ kind: "put", key: ports.random.bytes(4), value: chunk }], {
            sync: world.random.chance(0.5),
          });
          await connection.write(chunk);
        }
        connection.end();
      })().catch(() => connection.destroy());
    });
  };
  const client = async (name: string): Promise<void> => {
    const { net, clock } = world.host(name).start();
    for (let attempt = 0; attempt < 5; attempt++) {
      try {
        const connection = await net.connect({ host: SERVER, port: 80 }, { timeoutMs: 50 });
        clock.setTimer(40, () => connection.destroy()); // a server without power never says that it is gone
        await connection.write(bytes(`${name} ${attempt}`));
        connection.end();
        for (let chunk = await connection.read(); chunk !== undefined; chunk = await connection.read()) {
          answers.push(`${clock.now()} ${Buffer.from(chunk).toString()}`);
        }
      } catch (error) {
        answers.push(`${clock.now()} ${String(error)}`);
      }
    }
  };
  await serve();
  const clients = ["127.9.0.2", "127.9.0.3", "127.9.0.4"];
  const running = clients.map(client);
  const after = (delayMs: number): Promise<void> =>
    new Promise((resolve) => void world.clock.setTimer(delayMs, resolve));
  await after(5);
  server.powerOff();
  await after(20);
  await serve();
  world.network.cut(SERVER, clients);
  await after(30);
  world.network.healAll();
  await Promise.all(running);
  return answers;
}

describe("a world", () => {
  test("does exactly the same from the same seed, and something else from another", async () => {
    const run = async (seed: number): Promise<unknown[]> => {
      const world = new World(seed);
      const answers = await world.until(scenario(world));
      return [world.digest, world.events.nowMs, answers, world.lastEvents];
    };
    const first = await run(42);
    expect(await run(42)).toEqual(first);
    const other = await run(43);
    expect(other[0]).not.toBe(first[0]);
    expect(other[2]).not.toEqual(first[2]);
  });

  test("lets all promises do what they can before time moves on", async () => {
    const world = new World(1);
    const happened: string[] = [];
    world.clock.setTimer(1, () => {
      void (async () => {
        for (let step = 0; step < 100; step++) await Promise.resolve();
        happened.push(`promises at ${world.clock.monotonic()}`);
      })();
    });
    world.clock.setTimer(1, () => happened.push("timer at 1"));
    world.clock.setTimer(1.001, () => happened.push("timer at 1.001"));
    await world.run(2);
    expect(happened).toEqual(["promises at 1", "timer at 1", "timer at 1.001"]);
    expect(world.clock.monotonic()).toBe(2);
  });

  test("takes no real time for a year", async () => {
    const world = new World(1);
    const wall = world.clock.now();
    await world.run(365 * 24 * 3_600_000);
    expect(world.clock.now() - wall).toBe(365 * 24 * 3_600_000);
  });

  test("says that nothing is left to happen, and that time is up", async () => {
    await expect(new World(1).until(new Promise(() => {}))).rejects.toThrow("nothing is left to happen");
    const world = new World(1);
    const again = (): void => void world.clock.setTimer(10, again);
    again();
    await expect(world.until(new Promise(() => {}), 1000)).rejects.toThrow("it still waits after 1000 ms");
  });

  test("a failure prints its seed, the time and the last events", async () => {
    const failing = simulate(99, async (world) => {
      await world.run(0);
      world.note("odd-thing", { n: 1 });
      throw new Error("two leaders");
    });
    await expect(failing).rejects.toThrow(SimulationError);
    await expect(failing).rejects.toThrow(
      /seed 99 failed at 0\.000 ms: two leaders\nORDINAL_SEED=99 .*\n.*\n.*odd-thing \{"n":1\}/,
    );
  });

  test("ORDINAL_SEED chooses one seed", () => {
    expect(seedsToTry(3, {})).toEqual([1, 2, 3]);
    expect(seedsToTry(3, { ORDINAL_SEED: "17" })).toEqual([17]);
  });
});

describe("a host", () => {
  test("runs one process at a time, and none of a dead one's timers and promises go on", async () => {
    const world = new World(1);
    const host = world.host(SERVER);
    const happened: string[] = [];
    const { clock, disk } = host.start();
    expect(() => host.start()).toThrow("a process runs");
    clock.setTimer(5, () => happened.push("dead timer"));
    void disk.makeDirectory("/a").then(() => happened.push("dead promise"));
    host.kill();
    host.start().clock.setTimer(5, () => happened.push("live timer"));
    await world.run(100);
    expect(happened).toEqual(["live timer"]);
  });

  test("has a wall clock of its own that may jump, while monotonic time does not", async () => {
    const world = new World(1);
    const host = world.host(SERVER);
    const { clock } = host.start();
    const [wall, monotonic] = [clock.now(), clock.monotonic()];
    host.clockOffsetMs = -60_000;
    expect([clock.now() - wall, clock.monotonic() - monotonic]).toEqual([-60_000, 0]);
    host.kill();
    expect(host.start().clock.now() - wall).toBe(-60_000);
    expect(world.clock.now()).toBe(wall);
    await Promise.resolve();
  });
});
