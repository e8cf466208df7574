import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";

import { hasCode } from "@ordinal/kit";

import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { realClock } from "../real-clock.ts";
import { StoreError } from "../store-error.ts";
import type { Store } from "../store.ts";
import { explainSystemError } from "../system-error.ts";
import { AcknowledgedFile, readAcknowledged, type Acknowledged } from "./acknowledged-file.ts";
import { GroupNumbers } from "./group-numbers.ts";
import { damaged, isCorruption, LevelStore, type Level } from "./level-store.ts";
import { BASE_KEY, decodeNumber, MARKER_RANGE, markerNumber, unsealValue } from "./row.ts";
import { findDamagedTable } from "./table-file.ts";

export interface OpenStoreOptions {
  readonly log?: Log;
  readonly clock?: Clock;
  /**
   * Bytes that LevelDB gathers in memory and in its log before it writes a table file: 64 KiB to 1 GiB, default 4 MiB. More
   * makes heavy writing cheaper, and opening after a crash slower.
   */
  readonly writeBufferBytes?: number;
  /**
   * Whether to read all table files at open and check their checksums; by default true. It takes a few seconds for each gigabyte;
   * without it, rows that damage has made unfindable are not missed.
   */
  readonly verifyTables?: boolean;
}

const WRITE_BUFFER_BYTES = 4 * 1024 * 1024;
/** LevelDB silently moves other values into these bounds, and then the numbering would count wrongly. */
const WRITE_BUFFER_BYTES_MIN = 64 * 1024;
const WRITE_BUFFER_BYTES_MAX = 1024 ** 3;
const ACKNOWLEDGED = "ACKNOWLEDGED";

/**
 * Opens the store in `directory`, which is created if need be, for this process alone.
 *
 * Rejects with a `StoreError`: `STORE_LOCKED` while somebody else has it open, `STORE_DAMAGED` if durable batches are missing
 * or unreadable, `STORE_FAILED` if the system refuses. Nothing is repaired and nothing is deleted.
 */
export async function openStore(directory: string, options: OpenStoreOptions = {}): Promise<Store> {
  const clock = options.clock ?? realClock;
  const writeBufferBytes = options.writeBufferBytes ?? WRITE_BUFFER_BYTES;
  if (writeBufferBytes < WRITE_BUFFER_BYTES_MIN || writeBufferBytes > WRITE_BUFFER_BYTES_MAX) {
    throw new RangeError(
      `a write buffer has ${WRITE_BUFFER_BYTES_MIN} to ${WRITE_BUFFER_BYTES_MAX} bytes, not ${writeBufferBytes}`,
    );
  }
  const path = join(directory, ACKNOWLEDGED);
  let level: Level;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    refuseMissingDatabase(directory, readAcknowledged(path));
    // Loads native code, which most programs that import this package never use.
    const { ClassicLevel } = await import("classic-level");
    level = new ClassicLevel<Uint8Array, Uint8Array>(directory, {
      keyEncoding: "view",
      valueEncoding: "view",
      writeBufferSize: writeBufferBytes,
    });
    await level.open();
  } catch (error) {
    throw openError(error, directory);
  }
  try {
    if (options.verifyTables ?? true) await refuseDamagedTable(directory);
    const found = await readMarkers(level, directory);
    // Read again: only now does this process alone hold the lock.
    const saved = readAcknowledged(path);
    if (saved.kind === "absent" && found.last === 0 && (await isEmpty(level))) {
      const acknowledged = AcknowledgedFile.create(path, () => clock.monotonic());
      return store(acknowledged);
    }
    refuseLostEnd(directory, saved, found.last);
    return store(AcknowledgedFile.open(path, () => clock.monotonic()));

    function store(acknowledged: AcknowledgedFile): Store {
      const numbers = new GroupNumbers(found, writeBufferBytes);
      options.log?.debug("store-opened", { directory, groups: found.last });
      return new LevelStore({ directory, level, acknowledged, numbers, log: options.log });
    }
  } catch (error) {
    await level.close();
    const refusal = openError(error, directory);
    options.log?.error("store-not-opened", { directory, error: refusal });
    throw refusal;
  }
}

/** LevelDB would make an empty database where its files are gone, and the loss would be complete. */
function refuseMissingDatabase(directory: string, saved: Acknowledged): void {
  if (saved.kind === "absent" || existsSync(join(directory, "CURRENT"))) return;
  if (saved.kind === "number" && saved.number === 0) return; // it was never written to
  throw damaged(directory, "its file CURRENT is missing");
}

async function refuseDamagedTable(directory: string): Promise<void> {
  const name = await findDamagedTable(directory);
  if (name !== undefined) throw damaged(directory, `its file ${name} does not match its checksums`);
}

/** Finds the markers and proves that they have no hole. */
async function readMarkers(level: Level, directory: string): Promise<{ oldest: number; last: number }> {
  const base = await level.get(BASE_KEY);
  const baseValue = base === undefined ? undefined : unsealValue(BASE_KEY, base);
  if (base !== undefined && baseValue?.length !== 8) throw damaged(directory, "its oldest batch number is unreadable");
  const oldest = baseValue === undefined ? 1 : decodeNumber(baseValue);
  let last = oldest - 1;
  for await (const [key, value] of level.iterator(MARKER_RANGE)) {
    const number = markerNumber(key);
    if (number === undefined || unsealValue(key, value) === undefined) {
      throw damaged(directory, `the mark of durable batch ${last + 1} is unreadable`);
    }
    if (number !== last + 1) throw damaged(directory, `durable batches ${last + 1} to ${number - 1} are missing`);
    last = number;
  }
  if (baseValue !== undefined && last < oldest) throw damaged(directory, `durable batch ${oldest} is missing`);
  return { oldest, last };
}

function refuseLostEnd(directory: string, saved: Acknowledged, last: number): void {
  if (saved.kind !== "number") {
    throw damaged(directory, `its file ${ACKNOWLEDGED} is ${saved.kind === "absent" ? "missing" : "unreadable"}`);
  }
  if (saved.number > last) throw damaged(directory, `durable batches ${last + 1} to ${saved.number} are missing`);
}

async function isEmpty(level: Level): Promise<boolean> {
  for await (const _key of level.keys({ limit: 1 })) return false;
  return true;
}

function openError(error: unknown, directory: string): StoreError {
  if (error instanceof StoreError) return error;
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  if (hasCode(cause, "LEVEL_LOCKED")) {
    return new StoreError(
      "STORE_LOCKED",
      `the store in ${directory} is in use by another process; stop that one first`,
      {
        cause: error,
      },
    );
  }
  if (isCorruption(error)) return damaged(directory, cause instanceof Error ? cause.message : String(cause), error);
  return new StoreError("STORE_FAILED", explainSystemError(cause, `open the store in ${directory}`), { cause: error });
}
