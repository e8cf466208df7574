/**
 * The command `zkTxnLogToolkit.sh`: prints a transaction log, repairs its checksums, or copies a part of it.
 *
 * Source: org.apache.zookeeper.server.persistence.TxnLogToolkit.
 */
import { accessSync, closeSync, constants, existsSync, fstatSync, openSync } from "node:fs";
import { basename, dirname, join } from "node:path";

import { hasCode, ProtocolError } from "@ordinal/kit";

import { type Output, standardOutput } from "../zk-cli/output.ts";
import { type Answers, standardAnswers } from "./answers.ts";
import { ArgumentError, decodeLong, parseToolkitArguments, type ToolkitArguments, USAGE } from "./arguments.ts";
import { chop } from "./chop.ts";
import { AbortedError, dump } from "./dump.ts";
import { EndOfLogError, LogSource } from "./log-source.ts";
import { ToolkitError } from "./toolkit-error.ts";

const EXIT_FAILED = 1;

/** Runs the command line and gives the exit code. */
export function main(
  args: readonly string[],
  output: Output = standardOutput,
  answers: Answers = standardAnswers(),
): number {
  let parsed: ToolkitArguments;
  try {
    parsed = parseToolkitArguments(args);
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    output.printError(`${error.message}\n`);
    output.print(USAGE);
    return EXIT_FAILED;
  }
  if (parsed.isHelp || parsed.file === undefined) {
    output.print(USAGE);
    return parsed.isHelp ? 0 : EXIT_FAILED;
  }
  try {
    run(parsed.file, parsed, output, answers);
    return 0;
  } catch (error) {
    return tell(error, output);
  }
}

function run(path: string, args: ToolkitArguments, output: Output, answers: Answers): void {
  if (!isReadable(path)) throw new ToolkitError(`File doesn't exist or not readable: ${path}`);
  const fixedPath = args.recovers && args.chopTo === undefined ? `${path}.fixed` : undefined;
  if (fixedPath !== undefined && existsSync(fixedPath)) {
    throw new ToolkitError(`Recovery file ${fixedPath} already exists or not writable`);
  }
  const zxid = args.chopTo === undefined ? undefined : decodeLong(args.chopTo);
  if (args.chopTo !== undefined && zxid === undefined) {
    throw new ToolkitError(
      `Exception in thread "main" java.lang.NumberFormatException: For input string: "${args.chopTo}"`,
    );
  }
  const descriptor = openSync(path, "r");
  try {
    const source = new LogSource(descriptor, fstatSync(descriptor).size);
    if (zxid !== undefined && zxid >= 0n) {
      chop({
        source,
        name: basename(path),
        target: join(dirname(path), `${basename(path)}.chopped${zxid}`),
        zxid,
        output,
      });
      return;
    }
    const { isVerbose, saysYes } = args;
    dump({ source, name: basename(path), fixedPath, isVerbose, saysYes, output, answers });
  } finally {
    closeSync(descriptor);
  }
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch (error) {
    if (hasCode(error, "ENOENT") || hasCode(error, "EACCES") || hasCode(error, "ENOTDIR")) return false;
    throw error;
  }
}

/** What the original ends with: its own words, or the first line of a stack trace where it has none. */
function tell(error: unknown, output: Output): number {
  if (error instanceof AbortedError) {
    output.printError("Recovery aborted.");
    return 0;
  }
  if (error instanceof ToolkitError) {
    output.printError(error.message);
    return error.exitCode;
  }
  if (error instanceof EndOfLogError) {
    output.printError('Exception in thread "main" java.io.EOFException');
    return EXIT_FAILED;
  }
  if (error instanceof ProtocolError || error instanceof RangeError) {
    output.printError(`Exception in thread "main" java.io.IOException: ${error.message}`);
    return EXIT_FAILED;
  }
  if (error instanceof Error && "code" in error) {
    output.printError(error.message);
    return EXIT_FAILED;
  }
  throw error;
}
