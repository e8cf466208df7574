/** One byte of a data directory changed at rest, any byte: refused by name, or harmless, never a state that is shorter or wrong. */
import type { Disk } from "@ordinal/io";
import { RefusedError } from "@ordinal/kit";
import { simulate, type SimulatedHost } from "@ordinal/simulator";
import { describe, expect, test } from "vitest";

import { OpCode } from "../jute/op-code.ts";
import { makeTxn, type Txn } from "../jute/txn-records.ts";
import { makeZxid, type Zxid } from "../jute/zxid.ts";
import type { Database } from "../tree/database.ts";
import { Storage } from "./storage.ts";

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };
const FOLDER = "/data/version-2";

function create(zxid: Zxid): Txn {
  return makeTxn(
    { sessionId: 1n, cxid: 1, zxid, timeMs: 1000, type: OpCode.create },
    { type: OpCode.create, path: `/n${zxid}`, data: new Uint8Array(9), acl: [], ephemeral: false, parentCVersion: -1 },
  );
}

async function open(host: SimulatedHost): Promise<{ storage: Storage; database: Database; disk: Disk }> {
  const { disk, clock, random } = host.start();
  const options = { disk, clock, random, log: SILENT, dataDir: "/data", dataLogDir: "/data" };
  return { ...(await Storage.open({ ...options, snapCount: 8, preAllocSizeKb: 1 })), disk };
}

/** A folder with a snapshot, a log before it and one after it; gives its files. */
async function makeFolder(host: SimulatedHost): Promise<Map<string, Uint8Array>> {
  const { storage, database, disk } = await open(host);
  await storage.setAcceptedEpoch(1);
  await storage.setCurrentEpoch(1);
  for (let counter = 1; counter <= 14; counter++) {
    const txn = create(makeZxid(1, counter));
    storage.append(txn);
    await storage.flush();
    database.apply(txn);
    storage.maybeSnapshot(database);
  }
  await storage.close();
  const files = new Map<string, Uint8Array>();
  for (const name of await disk.list(FOLDER)) {
    const file = await disk.open(`${FOLDER}/${name}`, "read");
    files.set(name, await file.read(0, await file.size()));
    await file.close();
  }
  host.kill();
  return files;
}

async function put(disk: Disk, name: string, content: Uint8Array): Promise<void> {
  const file = await disk.open(`${FOLDER}/${name}`, "create");
  await file.append(content);
  await file.sync();
  await file.close();
}

type Outcome = "refused" | "harmless";

/** Starts on a copy of the folder in which one file is another, and judges what came of it. */
async function startWith(files: ReadonlyMap<string, Uint8Array>, changed: string, content: Uint8Array) {
  return simulate(2, async (world): Promise<Outcome> => {
    const host = world.host("10.0.0.1");
    const { disk } = host.start();
    await disk.makeDirectory(FOLDER);
    for (const [name, bytes] of files) await put(disk, name, name === changed ? content : bytes);
    await disk.syncDirectory(FOLDER);
    host.kill();
    try {
      const { storage, database } = await open(host);
      expect(storage.lastLoggedZxid).toBe(makeZxid(1, 14));
      for (let counter = 1; counter <= 14; counter++)
        expect(database.tree.node(`/n${makeZxid(1, counter)}`)?.dataLength).toBe(9);
      expect(database.digestMismatches).toBe(0);
      expect(storage.currentEpoch).toBe(1);
      return "harmless";
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      expect(error.message).toContain("/data");
      return "refused";
    }
  });
}

const files = await simulate(1, (world) => makeFolder(world.host("10.0.0.1")));

describe.each([...files.keys()])("a changed byte in %s", (name) => {
  test("is refused by name or harmless", { timeout: 120_000 }, async () => {
    const content = files.get(name) ?? new Uint8Array(0);
    const outcomes = { refused: 0, harmless: 0 };
    const end = content.findLastIndex((byte) => byte !== 0) + 2;
    for (let at = 0; at < Math.min(end, content.length); at++) {
      for (const flip of [0xff, 0x01]) {
        const changed = content.slice();
        changed[at] = (changed[at] ?? 0) ^ flip;
        try {
          outcomes[await startWith(files, name, changed)]++;
        } catch (error) {
          throw new Error(`byte ${at} of ${name} xor ${flip}: ${(error as Error).message}`, { cause: error });
        }
      }
    }
    if (name.startsWith("log.")) expect(outcomes.refused + outcomes.harmless).toBeGreaterThan(500);
  });

  test("a file that is cut short is refused by name or harmless", { timeout: 120_000 }, async () => {
    const content = files.get(name) ?? new Uint8Array(0);
    for (let size = 0; size < content.length; size += 7) await startWith(files, name, content.subarray(0, size));
  });
});
