import { World, type SimulatedHost } from "@ordinal/simulator";
import { expect, test } from "vitest";

import { OpCode } from "../jute/op-code.ts";
import { makeTxn, type Txn } from "../jute/txn-records.ts";
import { makeZxid, type Zxid } from "../jute/zxid.ts";
import { Database } from "../tree/database.ts";
import { Storage } from "./storage.ts";

const LOG = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

function session(zxid: Zxid): Txn {
  const header = { sessionId: BigInt(zxid), cxid: 0, zxid, timeMs: 0, type: OpCode.createSession };
  return makeTxn(header, { type: OpCode.createSession, timeoutMs: 1000 });
}

async function open(world: World, host: SimulatedHost): Promise<Storage> {
  const ports = host.start();
  const { storage } = await world.until(Storage.open({ ...ports, log: LOG, dataDir: "/data", dataLogDir: "/data" }));
  return storage;
}

/** A log that ends with 0x100000001, a snapshot of 0x100000003 that a leader sent, and a log that begins with 0x200000001. */
async function withGap(world: World, host: SimulatedHost): Promise<Storage> {
  const storage = await open(world, host);
  storage.append(session(makeZxid(1, 1)));
  const received = new Database();
  for (const counter of [1, 2, 3]) received.apply(session(makeZxid(1, counter)));
  await world.until(storage.installSnapshot(received));
  await world.until(storage.setAcceptedEpoch(2));
  storage.append(session(makeZxid(2, 1)));
  await world.until(storage.flush());
  return storage;
}

test("a log with a gap, for which a leader's snapshot stands, is not given to learners that need what is missing", async () => {
  const world = new World(1);
  const storage = await withGap(world, world.host("10.0.0.1"));
  const read = async (from: Zxid): Promise<number> => {
    let count = 0;
    for await (const txn of storage.txnsAfter(from, 1e6)) if (txn.header.zxid > from) count++;
    return count;
  };
  await expect(world.until(read(makeZxid(1, 1)))).rejects.toMatchObject({ code: "NOT_IN_LOG" });
  expect(await world.until(read(makeZxid(2, 1)))).toBe(0);
});

test("when that snapshot is damaged the older one and the log are not taken for the whole", async () => {
  const world = new World(1);
  const host = world.host("10.0.0.1");
  await withGap(world, host);
  host.kill();
  const { disk } = host.start();
  const damage = async (): Promise<void> => {
    const file = await disk.open("/data/version-2/snapshot.100000003", "append");
    await file.truncate(20);
    await file.sync();
  };
  await world.until(damage());
  host.kill();
  await expect(open(world, host)).rejects.toMatchObject({ code: "LOG_GAP" });
});
