import { closeSync, openSync } from "node:fs";

import { ProtocolError } from "@ordinal/kit";

import { JuteReader } from "../../jute/jute-reader.ts";
import { readTxnHeader } from "../../jute/txn-records.ts";
import { counterOf, epochOf, type Zxid, zxidHex } from "../../jute/zxid.ts";
import { adler32 } from "../../log/adler32.ts";
import { isLog, LOG_HEADER_BYTES, readLogHeader, writeEntry, ENTRY_OVERHEAD_BYTES } from "../../log/log-format.ts";
import type { Output } from "../zk-cli/output.ts";
import { writeWhole } from "./dump.ts";
import { EndOfLogError, type LogSource, takeEndOfRecord, takeEntry } from "./log-source.ts";

export interface Chopping {
  readonly source: LogSource;
  readonly name: string;
  /** Where the copy goes; what is there is replaced. */
  readonly target: string;
  readonly zxid: bigint;
  readonly output: Output;
}

/**
 * Copies a log up to and with a transaction. What goes wrong is a line of the output and nothing else: the original ends with 0
 * then too. Source: TxnLogToolkit.chop, org.apache.zookeeper.server.util.LogChopper.
 */
export function chop(chopping: Chopping): void {
  const descriptor = openSync(chopping.target, "w");
  try {
    if (!chopInto(chopping, descriptor)) chopping.output.print(`Got exception: Failed to chop ${chopping.name}`);
  } catch (error) {
    const isExpected = error instanceof ChopError || error instanceof ProtocolError || error instanceof RangeError;
    if (error instanceof EndOfLogError) chopping.output.print("Got exception: null");
    else if (isExpected) chopping.output.print(`Got exception: ${error.message}`);
    else throw error;
  } finally {
    closeSync(descriptor);
  }
}

class ChopError extends Error {}

function chopInto({ source, zxid, output }: Chopping, target: number): boolean {
  const headerBytes = Buffer.from(source.take(LOG_HEADER_BYTES));
  const header = readLogHeader(headerBytes);
  if (!isLog(header)) {
    output.printError("Invalid magic number in txn log file");
    return false;
  }
  output.print(
    `ZooKeeper Transactional Log File with dbid ${header.databaseId} txnlog format version ${header.version}`,
  );
  writeWhole(target, headerBytes);
  let previous: Zxid | undefined;
  let hasZxid = false;
  for (let count = 0; ; count++) {
    const entry = takeEntry(source);
    if (entry === undefined) {
      output.print(`EOF reached after ${count} txns.`);
      return false;
    }
    const right = adler32(entry.bytes);
    if (entry.checksum !== BigInt(right)) throw new ChopError(`CRC doesn't match ${entry.checksum} vs ${right}`);
    const at = readTxnHeader(new JuteReader(entry.bytes)).zxid;
    if (!takeEndOfRecord(source)) {
      output.print("Last transaction was partial.");
      throw new ChopError("Last transaction was partial.");
    }
    if (previous !== undefined) tellGap(previous, at, output);
    if (BigInt(at) > zxid) {
      if (hasZxid) {
        output.print(`Chopping at ${zxid.toString(16)} new log has ${count} records`);
        return true;
      }
      output.print(`This log does not contain zxid ${zxid.toString(16)}`);
      return false;
    }
    previous = at;
    hasZxid ||= BigInt(at) === zxid;
    const copy = Buffer.allocUnsafe(entry.bytes.length + ENTRY_OVERHEAD_BYTES);
    writeEntry(copy, 0, entry.bytes);
    writeWhole(target, copy);
  }
}

function tellGap(previous: Zxid, at: Zxid, output: Output): void {
  if (at === previous + 1) return;
  const between = `between ${zxidHex(previous)} and ${zxidHex(at)}`;
  if (epochOf(at) === epochOf(previous)) output.print(`There is intra-epoch gap ${between}`);
  else if (counterOf(at) !== 1) output.print(`There is inter-epoch gap ${between}`);
}
