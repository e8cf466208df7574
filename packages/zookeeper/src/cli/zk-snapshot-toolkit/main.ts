/**
 * The command `zkSnapShotToolkit.sh`: prints a snapshot.
 *
 * Source: org.apache.zookeeper.server.SnapshotFormatter; org.apache.zookeeper.ZKUtil.validateFileInput.
 */
import { accessSync, constants, readFileSync, statSync } from "node:fs";
import { basename, resolve } from "node:path";
import { gunzipSync } from "node:zlib";

import { ProtocolError } from "@ordinal/kit";

import { JuteReader } from "../../jute/jute-reader.ts";
import { snapshotsAmong } from "../../log/file-names.ts";
import { unsnapStream } from "../../log/snappy-stream.ts";
import { Database } from "../../tree/database.ts";
import { type Output, standardOutput } from "../zk-cli/output.ts";
import { printDetails, printJson } from "./snapshot-text.ts";

const EXIT_FAILED = 1;
const EXIT_INVALID_INVOCATION = 2;
const MAGIC = 0x5a4b534e;
const HEADER_BYTES = 16;
/** Lines are gathered up to this many characters for one write. */
const CHUNK_CHARACTERS = 64 * 1024;

/**
 * Runs the command line and gives the exit code.
 *
 * @param nowMs wall time, which the JSON tells
 */
export function main(args: readonly string[], output: Output = standardOutput, nowMs = Date.now()): number {
  const at = args.findIndex((word) => word !== "-d" && word !== "-json");
  const path = args[at];
  if (path === undefined || at !== args.length - 1) {
    output.printError("USAGE: SnapshotFormatter [-d|-json] snapshot_file");
    output.printError("       -d dump the data for each znode");
    output.printError("       -json dump znode info in json format");
    return EXIT_INVALID_INVOCATION;
  }
  const problem = problemWith(path);
  if (problem !== undefined) {
    output.printError(problem);
    return EXIT_INVALID_INVOCATION;
  }
  const withData = args.includes("-d");
  const isJson = args.includes("-json");
  if (withData && isJson) {
    output.printError("Cannot specify both data dump (-d) and json mode (-json) in same call");
    return EXIT_INVALID_INVOCATION;
  }
  let database: Database;
  try {
    database = readBody(unpacked(path));
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    const isCut = error.code === "TRUNCATED";
    output.printError(`Exception in thread "main" java.io.${isCut ? "EOFException" : `IOException: ${error.message}`}`);
    return EXIT_FAILED;
  }
  const gathered = new GatheredOutput(output);
  if (isJson) printJson(database, nowMs, gathered);
  else printDetails(database, zxidOf(path), withData, gathered);
  gathered.flush();
  return 0;
}

function problemWith(path: string): string | undefined {
  const absolute = resolve(path);
  const stat = statSync(absolute, { throwIfNoEntry: false });
  if (stat === undefined) return `File '${absolute}' does not exist.`;
  try {
    accessSync(absolute, constants.R_OK);
  } catch {
    return `Read permission is denied on the file '${absolute}'`;
  }
  return stat.isDirectory() ? `'${absolute}' is a directory. it must be a file.` : undefined;
}

/** Its name tells how it is packed. */
function unpacked(path: string): Uint8Array {
  const bytes = readFileSync(path);
  const extension = basename(path).split(".").at(-1)?.toLowerCase();
  if (extension === "snappy") return unsnapStream(bytes);
  if (extension !== "gz") return bytes;
  try {
    return gunzipSync(bytes);
  } catch (error) {
    throw new ProtocolError("BAD_GZIP", error instanceof Error ? error.message : "Not in GZIP format", {
      cause: error,
    });
  }
}

/** The seals are not looked at: a snapshot that is damaged behind its nodes is printed as well. */
function readBody(bytes: Uint8Array): Database {
  const reader = new JuteReader(bytes);
  reader.bytes(HEADER_BYTES);
  reader.seek(0);
  const magic = reader.int32();
  if (magic !== MAGIC) throw new ProtocolError("BAD_SNAPSHOT", `mismatching magic headers ${magic} !=  ${MAGIC}`);
  reader.seek(HEADER_BYTES);
  return Database.readSnapshotBody(reader);
}

function zxidOf(path: string): number {
  return snapshotsAmong([basename(path)])[0]?.zxid ?? -1;
}

/** A line each would be a write each. */
class GatheredOutput {
  readonly #output: Output;
  #text = "";

  constructor(output: Output) {
    this.#output = output;
  }

  print(line: string): void {
    this.printRaw(`${line}\n`);
  }

  printRaw(text: string): void {
    this.#text += text;
    if (this.#text.length >= CHUNK_CHARACTERS) this.flush();
  }

  flush(): void {
    this.#output.printRaw(this.#text);
    this.#text = "";
  }
}
