/** What a server holds and its next leader does not goes for good: out of the log, and out of the snapshots. */
import { World, type SimulatedHost } from "@ordinal/simulator";
import { expect, test } from "vitest";

import { OpCode } from "../jute/op-code.ts";
import { makeTxn, type Txn } from "../jute/txn-records.ts";
import { makeZxid, type Zxid } from "../jute/zxid.ts";
import type { PeerParts } from "../peer/peer-parts.ts";
import { settleDatabase } from "../peer/settle-database.ts";
import { Database } from "../tree/database.ts";
import { CommittedLog } from "../zab/committed-log.ts";
import { Storage, type StorageOptions } from "./storage.ts";

const LOG = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

function create(zxid: Zxid, path: string, bytes = 10): Txn {
  const header = { sessionId: 1n, cxid: 1, zxid, timeMs: 0, type: OpCode.create };
  const data = new Uint8Array(bytes);
  return makeTxn(header, { type: OpCode.create, path, data, acl: [], ephemeral: false, parentCVersion: -1 });
}

function open(world: World, host: SimulatedHost, options: Partial<StorageOptions> = {}) {
  const ports = host.start();
  return world.until(
    Storage.open({ ...ports, log: LOG, dataDir: "/data", dataLogDir: "/data", preAllocSizeKb: 4, ...options }),
  );
}

function has(database: Database, path: string): boolean {
  return database.tree.node(path) !== undefined;
}

test("a snapshot that is under way when a role ends has all that was committed, though the next leader takes back what came after it", async () => {
  const world = new World(1);
  const { storage, database } = await open(world, world.host("10.0.0.1"), { snapCount: 2 });
  const committed = new CommittedLog();
  for (let counter = 1; counter <= 4; counter++) {
    const txn = create(makeZxid(1, counter), `/n${counter}`, 200_000);
    storage.append(txn);
    await world.until(storage.flush());
    database.apply(txn);
  }
  const header = { sessionId: 1n, cxid: 1, zxid: makeZxid(1, 5), timeMs: 0, type: OpCode.delete };
  const uncommitted = makeTxn(header, { type: OpCode.delete, path: "/n4" });
  storage.append(uncommitted);
  await world.until(storage.flush());
  storage.maybeSnapshot(database);
  const parts = { storage, serverSide: { database }, committed } as unknown as PeerParts;
  await world.until(settleDatabase(parts, () => [uncommitted]));
  expect(has(database, "/n4")).toBe(false);
  await world.run(1000);
  const cut = await world.until(storage.truncateLog(makeZxid(1, 4)));
  expect(has(cut, "/n4")).toBe(true);
});

test("a leader's snapshot that is older than this server's own is what a restart finds", async () => {
  const world = new World(1);
  const host = world.host("10.0.0.1");
  const { storage } = await open(world, host);
  const theirs = (...names: readonly string[]): Database => {
    const database = new Database();
    for (const [at, name] of names.entries()) database.apply(create(makeZxid(1, at + 1), `/${name}`));
    return database;
  };
  await world.until(storage.installSnapshot(theirs("a", "b", "never-committed")));
  await world.until(storage.installSnapshot(theirs("a", "b")));
  host.kill();
  const { storage: again, database } = await open(world, host);
  expect(again.lastLoggedZxid).toBe(makeZxid(1, 2));
  expect([has(database, "/b"), has(database, "/never-committed")]).toEqual([true, false]);
});

test("a log can be cut at the beginning of its last epoch, which is no transaction's zxid", async () => {
  for (const before of [[], [makeZxid(1, 1)]]) {
    const world = new World(1);
    const host = world.host("10.0.0.1");
    const { storage } = await open(world, host);
    for (const zxid of [...before, makeZxid(2, 1), makeZxid(2, 2)]) storage.append(create(zxid, `/n${zxid}`));
    const cut = await world.until(storage.truncateLog(makeZxid(2, 0)));
    expect(cut.lastProcessedZxid).toBe(before.at(-1) ?? 0);
    const again = create(makeZxid(2, 1), "/again");
    storage.append(again);
    await world.until(storage.flush());
    host.kill();
    const { database } = await open(world, host);
    expect([database.lastProcessedZxid, has(database, "/again")]).toEqual([makeZxid(2, 1), true]);
    expect(has(database, `/n${makeZxid(2, 1)}`)).toBe(false);
  }
});

test("a log cannot be cut at the beginning of an epoch of which it has no first transaction", async () => {
  const world = new World(1);
  const { storage } = await open(world, world.host("10.0.0.1"));
  storage.append(create(makeZxid(1, 1), "/one"));
  storage.append(create(makeZxid(3, 1), "/three"));
  const cut = world.until(storage.truncateLog(makeZxid(2, 0)));
  await expect(cut).rejects.toMatchObject({ code: "NOT_IN_LOG" });
});

test("what is in the log already is told durable without holding back what came before it", async () => {
  const world = new World(1);
  const { storage } = await open(world, world.host("10.0.0.1"));
  const one = create(makeZxid(1, 1), "/one");
  storage.append(one);
  storage.append(create(makeZxid(1, 2), "/two"));
  storage.append(one);
  await world.until(storage.flush());
  expect(storage.durableZxid).toBe(makeZxid(1, 2));
});

test("logs that are rolled by their size count together for the next snapshot", async () => {
  const world = new World(1);
  const { storage, database } = await open(world, world.host("10.0.0.1"), { snapCount: 10, txnLogSizeLimitKb: 1 });
  for (let counter = 1; counter <= 12; counter++) {
    const txn = create(makeZxid(1, counter), `/n${counter}`, 600);
    storage.append(txn);
    await world.until(storage.flush());
    database.apply(txn);
    storage.maybeSnapshot(database);
  }
  await world.run(100);
  expect(storage.lastSnapshot?.zxid).toBeGreaterThan(0);
});

test("a server without forceSync starts after a power failure that took what it had acknowledged", async () => {
  const world = new World(1);
  const host = world.host("10.0.0.1");
  const { storage } = await open(world, host, { forceSync: false });
  for (let counter = 1; counter <= 4; counter++) {
    storage.append(create(makeZxid(1, counter), `/n${counter}`));
    await world.until(storage.flush());
    await world.run(1500);
  }
  // The file's name is on disk, as a second later it mostly is; what was written to it is not.
  host.powerOff({ names: (_directory, count) => count, pieces: () => () => false });
  const again = await open(world, host, { forceSync: false });
  expect(again.storage.lastLoggedZxid).toBe(0);
});
