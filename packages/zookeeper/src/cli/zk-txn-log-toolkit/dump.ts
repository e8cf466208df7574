import { closeSync, openSync, writeSync } from "node:fs";

import { adler32 } from "../../log/adler32.ts";
import { isLog, LOG_HEADER_BYTES, readLogHeader } from "../../log/log-format.ts";
import type { Output } from "../zk-cli/output.ts";
import type { Answers } from "./answers.ts";
import { type LogSource, takeEndOfRecord, takeEntry } from "./log-source.ts";
import { ToolkitError } from "./toolkit-error.ts";
import { txnText } from "./txn-text.ts";

const EXIT_INVALID_INVOCATION = 2;

/** Who was asked said no more. */
export class AbortedError extends Error {}

export interface Dumping {
  readonly source: LogSource;
  /** The log's name without its folder. */
  readonly name: string;
  /** Recovers into this file, which is not there yet; undefined: only prints. */
  readonly fixedPath: string | undefined;
  readonly isVerbose: boolean;
  readonly saysYes: boolean;
  readonly output: Output;
  readonly answers: Answers;
}

/** Prints the entries of a log, and in recovery copies them with right checksums. Source: TxnLogToolkit.dump. */
export function dump(dumping: Dumping): void {
  const { fixedPath, output } = dumping;
  if (fixedPath === undefined) {
    dumpInto(dumping, undefined);
    return;
  }
  const descriptor = openSync(fixedPath, "wx");
  try {
    const fixed = dumpInto(dumping, descriptor);
    output.print(`Recovery file ${fixedPath} has been written with ${fixed} fixed CRC error(s)`);
  } finally {
    closeSync(descriptor);
  }
}

function dumpInto(dumping: Dumping, target: number | undefined): number {
  const { source, output } = dumping;
  const headerBytes = Buffer.from(source.take(LOG_HEADER_BYTES));
  const header = readLogHeader(headerBytes);
  if (!isLog(header)) throw new ToolkitError(`Invalid magic number for ${dumping.name}`, EXIT_INVALID_INVOCATION);
  output.print(
    `ZooKeeper Transactional Log File with dbid ${header.databaseId} txnlog format version ${header.version}`,
  );
  if (target !== undefined) writeWhole(target, headerBytes);
  let fixedCount = 0;
  for (let count = 0; ; count++) {
    const entry = takeEntry(source);
    if (entry === undefined) {
      output.print(`EOF reached after ${count} txns.`);
      return fixedCount;
    }
    const right = BigInt(adler32(entry.bytes));
    let { checksum } = entry;
    if (checksum !== right && isToBeFixed(dumping, target !== undefined, entry.bytes)) {
      checksum = right;
      fixedCount++;
    }
    if (target === undefined || dumping.isVerbose) print(output, entry.bytes);
    if (!takeEndOfRecord(source)) throw new ToolkitError("Last transaction was partial.");
    if (target !== undefined) writeEntryTo(target, checksum, entry.bytes);
  }
}

/** Tells of an entry with a wrong checksum, and asks whether to set it right where that is possible. */
function isToBeFixed({ saysYes, output, answers }: Dumping, recovers: boolean, bytes: Uint8Array): boolean {
  if (recovers && saysYes) {
    print(output, bytes, "CRC FIXED - ");
    return true;
  }
  print(output, bytes, "CRC ERROR - ");
  return recovers && asks(output, answers);
}

function asks(output: Output, answers: Answers): boolean {
  for (;;) {
    output.printRaw("Would you like to fix it (Yes/No/Abort) ? ");
    const answer = answers()?.[0]?.toUpperCase();
    if (answer === undefined) throw new ToolkitError('Exception in thread "main" java.util.NoSuchElementException');
    if (answer === "Y") return true;
    if (answer === "N") return false;
    if (answer === "A") throw new AbortedError();
  }
}

function print(output: Output, bytes: Uint8Array, prefix = ""): void {
  output.print(prefix + txnText(bytes));
}

function writeEntryTo(descriptor: number, checksum: bigint, bytes: Buffer): void {
  const entry = Buffer.alloc(12 + bytes.length + 1);
  entry.writeBigInt64BE(checksum, 0);
  entry.writeInt32BE(bytes.length, 8);
  bytes.copy(entry, 12);
  entry[entry.length - 1] = 0x42;
  writeWhole(descriptor, entry);
}

export function writeWhole(descriptor: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length;) written += writeSync(descriptor, bytes, written);
}
