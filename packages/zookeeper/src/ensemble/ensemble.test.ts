import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { realClock, realNet, realRandom, realResolver } from "@ordinal/io";
import { afterEach, describe, expect, it } from "vitest";

import { ZooKeeperClient } from "../client/zookeeper-client.ts";
import type { Ensemble } from "./ensemble.ts";
import { fourLetterWord } from "./four-letter-word.ts";
import { type EnsembleOptions, startEnsemble } from "./start-ensemble.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(options: EnsembleOptions = {}): Promise<Ensemble> {
  const ensemble = await startEnsemble({ inProcess: true, tickTime: 100, ...options });
  cleanups.push(() => ensemble.stop());
  return ensemble;
}

async function connect(connectString: string): Promise<ZooKeeperClient> {
  const ports = { net: realNet, clock: realClock, random: realRandom, resolver: realResolver };
  const client = new ZooKeeperClient(connectString, { ports, sessionTimeoutMs: 10_000 });
  cleanups.push(() => client.close());
  await client.connected();
  return client;
}

function addressOf(ensemble: Ensemble, index: number): string {
  return ensemble.servers[index]?.address ?? "";
}

async function leaderOf(ensemble: Ensemble): Promise<number> {
  const leader = await ensemble.leader();
  if (leader === undefined) throw new Error("there is no leader");
  return leader;
}

function folder(): string {
  const directory = mkdtempSync(join(tmpdir(), "ordinal-ensemble-test-"));
  cleanups.push(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (data: Uint8Array | null): string => new TextDecoder().decode(data ?? new Uint8Array(0));

describe("an ensemble in one process", () => {
  it("serves from every server as soon as it is there", async () => {
    const ensemble = await start();
    const clients = await Promise.all(ensemble.connectString.split(",").map(connect));
    await clients[0]?.create("/greeting", bytes("hello"));
    for (const client of clients) {
      await client.sync();
      expect(text((await client.getData("/greeting")).data)).toBe("hello");
    }
  });

  it("goes on without a leader that was killed, and takes it back with what it missed", async () => {
    const ensemble = await start();
    const client = await connect(ensemble.connectString);
    await client.create("/before");
    const killed = await leaderOf(ensemble);
    await ensemble.kill(killed);
    expect(ensemble.servers[killed]?.state).toBe("down");
    await ensemble.ready();
    expect(await ensemble.leader()).not.toBe(killed);
    const survivor = await connect(addressOf(ensemble, (killed + 1) % 3));
    await survivor.create("/meanwhile");
    await ensemble.restart(killed);
    const returned = await connect(addressOf(ensemble, killed));
    expect(await returned.getChildren("/")).toEqual(expect.arrayContaining(["before", "meanwhile"]));
  });

  it("has a paused server say nothing until it is resumed", async () => {
    const ensemble = await start();
    const follower = ((await leaderOf(ensemble)) + 1) % 3;
    const { clientPort = 0 } = ensemble.servers[follower] ?? {};
    await ensemble.pause(follower);
    const asked = fourLetterWord(clientPort, "ruok", { timeoutMs: 5000 });
    const client = await connect(addressOf(ensemble, await leaderOf(ensemble)));
    await client.create("/written");
    expect(await Promise.race([asked, client.exists("/written")])).toMatchObject({ version: 0 });
    await ensemble.resume(follower);
    expect(await asked).toBe("imok");
  });

  it("elects another leader while one is paused, and that one follows when it is resumed", async () => {
    const ensemble = await start();
    const paused = await leaderOf(ensemble);
    await ensemble.pause(paused);
    await ensemble.ready({ timeoutMs: 4000 }); // syncLimit is 400 ms, initLimit 6 s
    const next = await leaderOf(ensemble);
    expect(next).not.toBe(paused);
    await ensemble.resume(paused);
    await ensemble.ready();
    expect(await ensemble.leader()).toBe(next);
  });

  it("keeps a server that is cut off from committing, and has it follow after healing", async () => {
    const ensemble = await start();
    const cut = await leaderOf(ensemble);
    const minority = await connect(addressOf(ensemble, cut));
    await ensemble.partition([[cut]]);
    const lost = minority.create("/lost");
    await expect(lost).rejects.toMatchObject({ code: expect.anything() as unknown });
    await ensemble.ready();
    const majority = await connect(addressOf(ensemble, (cut + 1) % 3));
    await majority.create("/kept");
    await ensemble.heal();
    await ensemble.ready();
    await minority.connected();
    await minority.sync();
    expect(await minority.getChildren("/")).toEqual(expect.arrayContaining(["kept"]));
    expect(await minority.exists("/lost")).toBeUndefined();
  });

  it("starts a server again inside its partition, where it serves nobody", async () => {
    const ensemble = await start();
    await ensemble.partition([[0]]);
    await ensemble.restart(0);
    await ensemble.ready();
    expect(await ensemble.leader()).not.toBe(0);
    expect(await fourLetterWord(ensemble.servers[0]?.clientPort ?? 0, "srvr")).toContain("not currently serving");
    await ensemble.heal();
    await ensemble.ready();
    expect(await fourLetterWord(ensemble.servers[0]?.clientPort ?? 0, "srvr")).toContain("Mode: follower");
  });

  it("says that it is not ready where no quorum runs", async () => {
    const ensemble = await start();
    await ensemble.kill(0);
    await ensemble.kill(1);
    await expect(ensemble.ready()).rejects.toMatchObject({ code: "NOT_READY" });
    expect(await ensemble.leader().then((leader) => leader === undefined || leader === 2)).toBe(true);
  });

  it("stands alone with one server, and observes with observers", async () => {
    const alone = await start({ size: 1 });
    expect(await alone.leader()).toBe(0);
    const observed = await start({ size: 4, observers: 1 });
    expect(await fourLetterWord(observed.servers[3]?.clientPort ?? 0, "srvr")).toContain("Mode: observer");
  });

  it("leaves neither files nor listeners behind", async () => {
    const ensemble = await start();
    expect(existsSync(ensemble.directory)).toBe(true);
    await ensemble.stop();
    await ensemble.stop();
    expect(existsSync(ensemble.directory)).toBe(false);
    for (const { clientPort } of ensemble.servers) {
      await expect(realNet.connect({ host: "127.0.0.1", port: clientPort })).rejects.toMatchObject({
        code: "ECONNREFUSED",
      });
    }
    await expect(ensemble.ready()).rejects.toThrow("the ensemble was stopped");
  });

  it("keeps data and logs in a directory it is given", async () => {
    const directory = folder();
    const logFile = join(directory, "all.log");
    const first = await start({ directory, logFile });
    const client = await connect(first.connectString);
    await client.create("/kept");
    await client.close();
    await first.stop();
    const second = await start({ directory, logFile });
    expect(await (await connect(second.connectString)).exists("/kept")).toBeDefined();
    expect(readFileSync(logFile, "utf8")).toMatch(/\[myid:1\][^]*\[myid:3\]/);
  });

  it("passes on lines of zoo.cfg and system properties", async () => {
    const lines = ["maxSessionTimeout=4000", "4lw.commands.whitelist=srvr,conf"];
    const ensemble = await start({ size: 1, lines, properties: { "zookeeper.extendedTypesEnabled": "true" } });
    const { clientPort = 0 } = ensemble.servers[0] ?? {};
    expect(await fourLetterWord(clientPort, "conf")).toContain("maxSessionTimeout=4000");
    expect(await fourLetterWord(clientPort, "ruok")).toContain("not in the whitelist");
    const client = await connect(ensemble.connectString);
    await client.create("/short-lived", null, { mode: "persistentTtl", ttl: 60_000 });
    expect(client.sessionTimeoutMs).toBe(4000);
  });

  it("tells of a port that is taken and of zoo.cfg lines that are wrong", async () => {
    const holder = await realNet.listen({ host: "127.0.0.1", port: 0 }, (connection) => connection.destroy());
    cleanups.push(() => holder.close());
    await expect(start({ size: 1, clientPorts: [holder.address.port] })).rejects.toMatchObject({
      name: "EnsembleError",
      code: "EADDRINUSE",
      message: expect.stringContaining(`${holder.address.port}`) as string,
    });
    await expect(start({ size: 1, lines: ["initLimit=soon"] })).rejects.toThrow(/initLimit/);
  });

  it.each([
    [{ size: 0 }, "size is a whole number from 1"],
    [{ size: 3, observers: 3 }, "observers is a whole number from 0 to 2"],
    [{ tickTime: 0.5 }, "tickTime is a whole number"],
    [{ clientPorts: [2181] }, "clientPorts names 1; there are 3 servers"],
    [{ size: 2, clientPorts: [2181, 2181] }, "names a port twice"],
    [{ lines: ["snapCount"] }, '"snapCount" is no line'],
  ])("refuses %j", async (options, words) => {
    await expect(startEnsemble({ inProcess: true, ...options })).rejects.toThrow(words);
  });

  it("refuses servers that are not there or in two groups", async () => {
    const ensemble = await start({ size: 1 });
    await expect(ensemble.kill(1)).rejects.toThrow("there is no server 1");
    await expect(ensemble.partition([[0], [0]])).rejects.toThrow("server 0 is in two groups");
    await ensemble.kill(0);
    await expect(ensemble.pause(0)).rejects.toThrow("server 0 does not run");
  });
});
