/**
 * Every crash, one by one: the machine loses power before the n-th operation of the disk, for every n, and of what was not synced
 * nothing survives, everything, or the first k sectors, for every k. What a start then finds has all that was said to be durable.
 */
import { simulate, type SimulatedHost } from "@ordinal/simulator";
import { describe, expect, test } from "vitest";

import { OpCode } from "../jute/op-code.ts";
import { makeTxn, type Txn } from "../jute/txn-records.ts";
import { makeZxid, ZERO_ZXID, type Zxid } from "../jute/zxid.ts";
import { Database } from "../tree/database.ts";
import { Storage } from "./storage.ts";

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };
const SESSION = 0x100_0000_0000_0001n;

function create(zxid: Zxid, name: string, bytes = 20): Txn {
  return makeTxn(
    { sessionId: SESSION, cxid: 1, zxid, timeMs: 1000, type: OpCode.create },
    {
      type: OpCode.create,
      path: `/${name}`,
      data: new Uint8Array(bytes),
      acl: [],
      ephemeral: false,
      parentCVersion: -1,
    },
  );
}

/** What the world was told before the crash. */
interface Told {
  /** Histories by their last zxid: a truncation or a snapshot of the leader's replaces one by another. */
  appended: Zxid[];
  durable: Zxid;
  /** The history may have been replaced by the one that ends here. */
  replacing: Zxid | undefined;
  acceptedEpoch: number;
  currentEpoch: number;
}

type Work = (storage: Storage, database: Database, told: Told) => Promise<void>;

async function open(host: SimulatedHost): Promise<{ storage: Storage; database: Database }> {
  const { disk, clock, random } = host.start();
  return Storage.open({
    disk,
    clock,
    random,
    log: SILENT,
    dataDir: "/data",
    dataLogDir: "/data",
    snapCount: 6,
    preAllocSizeKb: 4,
  });
}

function track(storage: Storage, told: Told): void {
  storage.onDurable = (zxid) => {
    if (zxid > told.durable) told.durable = zxid;
  };
}

async function write(storage: Storage, database: Database, told: Told, zxids: readonly Zxid[], bytes?: number) {
  for (const zxid of zxids) {
    const txn = create(zxid, `n${zxid}`, bytes);
    told.appended.push(zxid);
    storage.append(txn);
    if (zxid % 2 === 0) await storage.flush();
    database.apply(txn);
    storage.maybeSnapshot(database);
  }
  await storage.flush();
}

const range = (epoch: number, from: number, to: number): Zxid[] =>
  Array.from({ length: to - from + 1 }, (_, at) => makeZxid(epoch, from + at));

/** Names of the nodes of a history. */
const namesOf = (zxids: readonly Zxid[]): string[] => zxids.map((zxid) => `n${zxid}`).sort();

const WORKS: Readonly<Record<string, Work>> = {
  "appending, rolling and snapshots": async (storage, database, told) => {
    await write(storage, database, told, range(1, 1, 12));
    await write(storage, database, told, range(1, 13, 15), 1500);
    await storage.close();
  },
  "the files of epochs": async (storage, database, told) => {
    for (const epoch of [1, 2]) {
      await storage.setAcceptedEpoch(epoch);
      told.acceptedEpoch = epoch;
      await write(storage, database, told, range(epoch, 1, 2));
      await storage.setCurrentEpoch(epoch);
      told.currentEpoch = epoch;
    }
  },
  "cutting the log": async (storage, database, told) => {
    await write(storage, database, told, range(1, 1, 3));
    for (const zxid of range(1, 4, 6)) {
      told.appended.push(zxid);
      storage.append(create(zxid, `n${zxid}`));
    }
    await storage.flush();
    told.replacing = makeZxid(1, 4);
    const cut = await storage.truncateLog(makeZxid(1, 4));
    told.replacing = undefined;
    told.appended = range(1, 1, 4);
    told.durable = makeZxid(1, 4);
    await write(storage, cut, told, range(2, 1, 2));
  },
  "taking a leader's snapshot": async (storage, database, told) => {
    await write(storage, database, told, range(1, 1, 4));
    const theirs = new Database();
    const history = [...range(1, 1, 3), ...range(2, 1, 9)];
    for (const zxid of history) theirs.apply(create(zxid, `n${zxid}`));
    told.replacing = makeZxid(2, 9);
    await storage.installSnapshot(theirs);
    told.replacing = undefined;
    told.appended = history;
    told.durable = makeZxid(2, 9);
    await write(storage, theirs, told, range(2, 10, 12));
  },
};

interface Crash {
  readonly before: number;
  /** How many sectors survive of each file's unsynced part. */
  readonly sectors: number;
  /** Whether unsynced names do. */
  readonly names: boolean;
}

/** Runs the work up to the crash; gives how many operations it took, and the most sectors that were at risk. */
async function crash(work: Work, { before, sectors, names }: Crash): Promise<{ operations: number; atRisk: number }> {
  return simulate(1, async (world) => {
    const host = world.host("10.0.0.1");
    const told: Told = {
      appended: [],
      durable: ZERO_ZXID,
      replacing: undefined,
      acceptedEpoch: 0,
      currentEpoch: 0,
    };
    const stopped = new Promise<"stopped">((resolve) => host.device.stopBefore(before, () => resolve("stopped")));
    const done = (async () => {
      const { storage, database } = await open(host);
      track(storage, told);
      await work(storage, database, told);
    })();
    await Promise.race([stopped, done]);
    const { operations } = host.device;
    host.device.stopBefore(0, () => undefined);
    let atRisk = 0;
    host.powerOff({
      names: (_directory, count) => (names ? count : 0),
      pieces: () => (index, count) => {
        atRisk = Math.max(atRisk, count);
        return index < sectors;
      },
    });
    await verify(host, told);
    return { operations, atRisk };
  });
}

async function verify(host: SimulatedHost, told: Told): Promise<void> {
  const { storage, database } = await open(host);
  const last = storage.lastLoggedZxid;
  const found = [...(database.tree.node("/")?.children ?? [])].filter((name) => name !== "zookeeper").sort();
  const histories = [told.appended.filter((zxid) => zxid <= last)];
  if (told.replacing !== undefined)
    histories.push([...range(1, 1, 3), ...range(2, 1, 9)].filter((zxid) => zxid <= last));
  expect(histories.map(namesOf)).toContainEqual(found);
  const least = told.replacing === undefined ? told.durable : Math.min(told.durable, told.replacing);
  expect(last).toBeGreaterThanOrEqual(least);
  expect(last).toBeLessThanOrEqual(Math.max(ZERO_ZXID, told.replacing ?? ZERO_ZXID, ...told.appended));
  expect(database.digestMismatches).toBe(0);
  expect(storage.acceptedEpoch).toBeGreaterThanOrEqual(told.acceptedEpoch);
  expect(storage.currentEpoch).toBeGreaterThanOrEqual(told.currentEpoch);
  expect(storage.currentEpoch).toBeLessThanOrEqual(storage.acceptedEpoch);
  // It goes on from there, and a start after it has that too.
  const epoch = Math.floor(last / 2 ** 32) + 1;
  await storage.setAcceptedEpoch(Math.max(epoch, storage.acceptedEpoch));
  await storage.setCurrentEpoch(storage.acceptedEpoch);
  const next = create(makeZxid(epoch, 1), "after");
  database.apply(next);
  storage.append(next);
  await storage.flush();
  host.powerOff({ names: () => 0, pieces: () => () => false });
  const again = await open(host);
  expect(again.storage.lastLoggedZxid).toBe(next.header.zxid);
  expect(again.database.tree.digest).toBe(database.tree.digest);
}

describe.each(Object.entries(WORKS))("a crash at any point of %s", (_name, work) => {
  test("loses nothing that was durable and brings nothing that was not appended", { timeout: 120_000 }, async () => {
    let crashes = 0;
    let torn = 0;
    let total = Infinity;
    for (let before = 1; before <= total; before++) {
      const all = await crash(work, { before, sectors: Infinity, names: true });
      if (all.operations < before) total = all.operations;
      await crash(work, { before, sectors: 0, names: false });
      for (let sectors = 1; sectors < all.atRisk; sectors++) {
        await crash(work, { before, sectors, names: false });
        torn++;
      }
      crashes += 2;
    }
    expect(crashes).toBeGreaterThan(40);
    expect(torn).toBeGreaterThan(0);
  });
});
