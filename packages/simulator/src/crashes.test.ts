/** What the simulated store and disk keep when a process or a machine dies, and how they fail. */
import type { Disk, Store } from "@ordinal/io";
import { describe, expect, test } from "vitest";

import { seedsToTry, simulate } from "./simulate.ts";
import type { SimulatedHost } from "./simulated-host.ts";
import type { World } from "./world.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const put = (key: string, value = key) => ({ kind: "put", key: bytes(key), value: bytes(value) }) as const;

async function keys(store: Store): Promise<string[]> {
  const found: string[] = [];
  for await (const [key] of store.iterate()) found.push(Buffer.from(key).toString());
  return found;
}

const inWorlds = async (
  count: number,
  scenario: (world: World, host: SimulatedHost) => Promise<void>,
): Promise<void> => {
  for (const seed of seedsToTry(count)) await simulate(seed, (world) => scenario(world, world.host("127.9.0.1")));
};

/** Lets `ms` virtual milliseconds pass in the middle of a scenario. */
const passed = (world: World, ms: number): Promise<void> =>
  new Promise((resolve) => void world.clock.setTimer(ms, () => resolve()));

describe("a store after a crash", () => {
  test("has every batch whose sync was acknowledged, whole ones of the rest, and the kill of a process loses none", async () => {
    let lostOnPowerOff = 0;
    let keptOnPowerOff = 0;
    await inWorlds(60, async (world, host) => {
      const store = await host.start().openStore("/s");
      const acknowledged = new Set<string>();
      const written = new Set<string>();
      for (let n = 0; n < 40; n++) {
        const name = String(n).padStart(2, "0");
        const sync = world.random.chance(0.3);
        const done = store.batch([put(`${name}a`), put(`${name}b`)], { sync }).then(() => {
          written.add(name);
          if (sync) acknowledged.add(name);
        });
        if (world.random.chance(0.5)) await done;
      }
      await passed(world, world.random.float() * 10);
      const power = world.random.chance(0.5);
      if (power) host.powerOff();
      else host.kill();
      const found = await keys(await host.start().openStore("/s"));
      const names = new Set(found.map((key) => key.slice(0, 2)));
      expect(found).toHaveLength(names.size * 2); // never half a batch
      for (const name of power ? acknowledged : written) expect(names).toContain(name);
      const atRisk = [...written].filter((name) => power && !acknowledged.has(name));
      keptOnPowerOff += atRisk.filter((name) => names.has(name)).length;
      lostOnPowerOff += atRisk.filter((name) => !names.has(name)).length;
    });
    expect(lostOnPowerOff).toBeGreaterThan(0);
    expect(keptOnPowerOff).toBeGreaterThan(0);
  });

  test("an unsynced batch may be lost where a later synced one is kept, as LevelDB does", async () => {
    let holes = 0;
    await inWorlds(200, async (_world, host) => {
      const store = await host.start().openStore("/s");
      await store.batch([put("unsynced")]);
      await store.batch([put("synced")], { sync: true });
      host.powerOff();
      const found = await keys(await host.start().openStore("/s"));
      expect(found).toContain("synced");
      if (!found.includes("unsynced")) holes++;
    });
    expect(holes).toBeGreaterThan(0);
  });

  test("can be opened by the next process though the dead one never closed it", () =>
    inWorlds(1, async (_world, host) => {
      await host.start().openStore("/s");
      host.kill();
      const store = await host.start().openStore("/s");
      expect(await keys(store)).toEqual([]);
    }));

  test("says that it is damaged", () =>
    inWorlds(1, async (_world, host) => {
      host.damageStore("/s");
      await expect(host.start().openStore("/s")).rejects.toMatchObject({ code: "STORE_DAMAGED" });
    }));
});

describe("a store on a failing disk", () => {
  test.each([
    ["a sync fails", (host: SimulatedHost) => host.device.failSyncs(), /input\/output error/],
    ["a write fails", (host: SimulatedHost) => host.device.failWrites(), /input\/output error/],
    ["the disk is full", (host: SimulatedHost) => (host.device.freeBytes = 3), /no space left/],
  ])("takes nothing more once %s, until it is opened anew", (_what, fail, words) =>
    inWorlds(3, async (_world, host) => {
      const ports = host.start();
      const store = await ports.openStore("/s");
      await store.batch([put("kept")], { sync: true });
      fail(host);
      const failed = { code: "STORE_FAILED", message: expect.stringMatching(words) };
      await expect(store.batch([put("failed")], { sync: true })).rejects.toMatchObject(failed);
      host.device.freeBytes = Number.POSITIVE_INFINITY;
      await expect(store.batch([put("later")])).rejects.toMatchObject(failed);
      expect(await keys(store)).toEqual(["kept"]);
      await store.close();
      const again = await ports.openStore("/s");
      await again.batch([put("zz")], { sync: true });
      const found = await keys(again);
      expect(found.filter((key) => key !== "failed")).toEqual(["kept", "zz"]);
    }),
  );

  test("waits while syncs stall, and shares one sync afterwards", () =>
    inWorlds(3, async (world, host) => {
      const store = await host.start().openStore("/s");
      host.device.stall();
      const done: string[] = [];
      const first = store.batch([put("a")], { sync: true }).then(() => done.push("a"));
      await passed(world, 1000);
      const others = ["b", "c", "d"].map((key) => store.batch([put(key)], { sync: true }).then(() => done.push(key)));
      await passed(world, 1000);
      expect(done).toEqual([]);
      expect(await keys(store)).toEqual([]);
      host.device.resume();
      await Promise.all([first, ...others]);
      expect(done).toEqual(["a", "b", "c", "d"]);
      const syncs = world.lastEvents.filter((event) => event.includes("store-wrote"));
      expect(syncs).toHaveLength(2);
    }));
});

describe("a file after a power failure", () => {
  test("has what was synced, and of the rest a torn prefix at most", async () => {
    const outcomes = new Set<string>();
    await inWorlds(80, async (_world, host) => {
      const { disk } = host.start();
      const file = await disk.open("/log", "create");
      await disk.syncDirectory("/");
      await file.append(bytes("synced."));
      await file.sync();
      await file.append(bytes("unsynced"));
      host.powerOff();
      const content = await contentOf(host.start().disk, "/log");
      expect(content).toMatch(/^synced\.(u?n?s?y?n?c?e?d?|\0{1,8})$/);
      const rest = content.slice(7);
      outcomes.add(rest === "" ? "none" : rest.startsWith("\0") ? "zeros" : rest === "unsynced" ? "all" : "torn");
    });
    expect([...outcomes].sort()).toEqual(["all", "none", "torn", "zeros"]);
  });

  test("has, of what was written over, any of the sectors, and the old content of the others", async () => {
    const outcomes = new Set<string>();
    await inWorlds(80, async (_world, host) => {
      const { disk } = host.start();
      const file = await disk.open("/log", "create");
      await disk.syncDirectory("/");
      await file.append(new Uint8Array(1536).fill(0x2e));
      await file.sync();
      await file.write(400, new Uint8Array(800).fill(0x77));
      host.powerOff();
      const content = await contentOf(host.start().disk, "/log");
      expect(content).toMatch(/^\.{400}(\.{112}|w{112})(\.{512}|w{512})(\.{176}|w{176})\.{336}$/);
      outcomes.add([400, 512, 1024].map((at) => content[at]).join(""));
    });
    expect([...outcomes].sort()).toEqual(["...", "..w", ".w.", ".ww", "w..", "w.w", "ww.", "www"]);
  });

  test("keeps exactly what a test says, and a process ends before the operation that a test names", async () => {
    await inWorlds(1, async (_world, host) => {
      const { disk } = host.start();
      const file = await disk.open("/log", "create");
      await disk.syncDirectory("/");
      const operations = host.device.operations;
      await new Promise<void>((stopped) => {
        host.device.stopBefore(operations + 3, stopped);
        void file
          .append(new Uint8Array(512).fill(0x61))
          .then(() => file.append(new Uint8Array(600).fill(0x62)))
          .then(() => file.append(new Uint8Array(1).fill(0x63)));
      });
      const asked: string[] = [];
      host.powerOff({
        names: (_directory, count) => count,
        pieces: (path) => (index, count) => {
          asked.push(`${path} ${index}/${count}`);
          return index !== 1;
        },
      });
      expect(asked).toEqual(["/log 0/3", "/log 1/3", "/log 2/3"]);
      expect(await contentOf(host.start().disk, "/log")).toBe("a".repeat(512) + "\0".repeat(512) + "b".repeat(88));
    });
  });

  test("its name is lost unless the folder was synced, its contents are not enough", async () => {
    let lost = 0;
    await inWorlds(30, async (_world, host) => {
      const { disk } = host.start();
      await (await disk.open("/kept", "create")).sync();
      await disk.syncDirectory("/");
      await (await disk.open("/risked", "create")).sync();
      host.powerOff();
      const names = await host.start().disk.list("/");
      expect(names).toContain("kept");
      if (!names.includes("risked")) lost++;
    });
    expect(lost).toBeGreaterThan(0);
    expect(lost).toBeLessThan(30);
  });

  test("a rename is there or is not, and never both or none of the names", async () => {
    const outcomes = new Set<string>();
    await inWorlds(30, async (_world, host) => {
      const { disk } = host.start();
      for (const name of ["old", "new"]) {
        const file = await disk.open(`/${name}`, "create");
        await file.append(bytes(name));
        await file.sync();
      }
      await disk.syncDirectory("/");
      await disk.rename("/new", "/old");
      host.powerOff();
      const after = host.start().disk;
      outcomes.add(`${(await after.list("/")).join()}:${await contentOf(after, "/old")}`);
    });
    expect([...outcomes].sort()).toEqual(["new,old:old", "old:new"]);
  });

  test("a kill loses nothing that was written", () =>
    inWorlds(5, async (_world, host) => {
      const { disk } = host.start();
      await (await disk.open("/log", "create")).append(bytes("unsynced"));
      host.kill();
      expect(await contentOf(host.start().disk, "/log")).toBe("unsynced");
    }));

  test("what a failed sync gave up stays lost, though later syncs succeed", () =>
    inWorlds(20, async (_world, host) => {
      const { disk } = host.start();
      const file = await disk.open("/log", "create");
      await disk.syncDirectory("/");
      await file.append(bytes("good"));
      await file.sync();
      await file.append(bytes("lost"));
      host.device.failSyncs();
      await expect(file.sync()).rejects.toMatchObject({ code: "EIO" });
      expect(Buffer.from(await file.read(0, 100)).toString()).toBe("goodlost"); // the system still shows it
      await file.append(bytes("more"));
      await file.sync();
      host.powerOff();
      expect(await contentOf(host.start().disk, "/log")).toBe("good\0\0\0\0more");
    }));
});

describe("a full disk", () => {
  test("takes a part of an append, and more once a file is removed", () =>
    inWorlds(2, async (_world, host) => {
      const { disk } = host.start();
      const file = await disk.open("/log", "create");
      host.device.freeBytes = 10;
      await file.append(bytes("123456"));
      await expect(file.append(bytes("abcdefgh"))).rejects.toMatchObject({ code: "ENOSPC" });
      expect(Buffer.from(await file.read(0, 100)).toString()).toBe("123456abcd");
      await disk.remove("/log");
      expect(host.device.freeBytes).toBe(10);
    }));
});

async function contentOf(disk: Disk, path: string): Promise<string> {
  const file = await disk.open(path, "read");
  return Buffer.from(await file.read(0, await file.size())).toString();
}
