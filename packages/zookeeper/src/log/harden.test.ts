import { World, type SimulatedHost } from "@ordinal/simulator";
import { describe, expect, test } from "vitest";

import { OpCode } from "../jute/op-code.ts";
import { makeTxn, type Txn } from "../jute/txn-records.ts";
import { makeZxid, type Zxid } from "../jute/zxid.ts";
import { Storage } from "./storage.ts";

const LOG = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const zxid = (counter: number, epoch = 1): Zxid => makeZxid(epoch, counter);

function session(counter: number, epoch = 1): Txn {
  const header = {
    sessionId: BigInt(counter),
    cxid: 0,
    zxid: zxid(counter, epoch),
    timeMs: 0,
    type: OpCode.createSession,
  };
  return makeTxn(header, { type: OpCode.createSession, timeoutMs: 1000 });
}

/** Powers fail in many ways: each seed keeps others of the sectors that were not synced. */
const SEEDS = 40;

async function open(world: World, host: SimulatedHost): Promise<Storage> {
  const ports = host.start();
  const options = { ...ports, log: LOG, dataDir: "/data", dataLogDir: "/data", preAllocSizeKb: 1 };
  const { storage } = await world.until(Storage.open(options));
  return storage;
}

function history(world: World, storage: Storage): Promise<Zxid[]> {
  const read = async (): Promise<Zxid[]> => {
    const zxids: Zxid[] = [];
    for await (const txn of storage.txnsAfter(zxid(0), Infinity)) zxids.push(txn.header.zxid);
    return zxids;
  };
  return world.until(read());
}

describe("what a start read and relied on survives the next power failure", () => {
  test("though the process before was killed before its sync", async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const world = new World(seed);
      const host = world.host("10.0.0.1");
      const first = await open(world, host);
      first.append(session(1));
      await world.until(first.flush());
      host.device.stall();
      first.append(session(2));
      await world.run(100);
      host.kill();
      host.device.resume();
      const second = await open(world, host);
      expect(second.lastLoggedZxid).toBe(zxid(2));
      second.append(session(3));
      await world.until(second.flush());
      host.powerOff();
      expect((await open(world, host)).lastLoggedZxid, `seed ${seed}`).toBe(zxid(3));
    }
  });

  test("though the sync of the process before failed", async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const world = new World(seed);
      const host = world.host("10.0.0.1");
      const first = await open(world, host);
      first.append(session(1));
      await world.until(first.flush());
      host.device.failSyncs(1);
      first.append(session(2));
      await expect(world.until(first.flush())).rejects.toMatchObject({ code: "EIO" });
      host.kill();
      const second = await open(world, host);
      const read = second.lastLoggedZxid;
      second.append(session(read === zxid(2) ? 3 : 2));
      await world.until(second.flush());
      const relied = second.lastLoggedZxid;
      host.powerOff();
      expect((await open(world, host)).lastLoggedZxid, `seed ${seed}`).toBe(relied);
    }
  });

  test("though the process before cut its log and a sync failed", async () => {
    let failures = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const world = new World(seed);
      const host = world.host("10.0.0.1");
      const first = await open(world, host);
      for (const counter of [1, 2, 3, 4]) first.append(session(counter));
      await world.until(first.flush());
      const cut = first.truncateLog(zxid(2)).catch(() => failures++);
      await world.run(seed / 4);
      host.device.failSyncs(1);
      await world.until(cut);
      host.kill();
      host.device.failSyncs(0);
      const second = await open(world, host);
      second.append(session(1, 2));
      await world.until(second.flush());
      const relied = await history(world, second);
      host.powerOff();
      expect(await history(world, await open(world, host)), `seed ${seed}`).toEqual(relied);
    }
    expect(failures).toBeGreaterThan(SEEDS / 2);
  });
});

test("a process that ended between a leader's history and that leader's epoch starts, with the history's last epoch", async () => {
  const world = new World(1);
  const host = world.host("10.0.0.1");
  const first = await open(world, host);
  await world.until(first.setAcceptedEpoch(5));
  first.append(session(1));
  first.append(session(1, 4));
  await world.until(first.flush());
  host.kill();
  const second = await open(world, host);
  expect([second.acceptedEpoch, second.currentEpoch]).toEqual([5, 4]);
});
