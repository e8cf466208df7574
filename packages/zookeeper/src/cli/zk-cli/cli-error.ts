import { BadPathError, KeeperError } from "../../client/keeper-error.ts";
import { ErrorCode } from "../../jute/error-code.ts";

// Sources: org.apache.zookeeper.cli.CliException and its kinds, CliWrapperException.

export const EXIT_FAILED = 1;
export const EXIT_INVALID_INVOCATION = 2;
export const EXIT_COMMAND_NOT_FOUND = 127;

/** A command failed: its message goes to standard error, the shell goes on. */
export class CliError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode = EXIT_FAILED) {
    super(message);
    this.exitCode = exitCode;
  }
}

/**
 * What the original does not catch: it ends the program with the first line of a stack trace and 1.
 *
 * @param javaClass by its full name, which is in that line
 */
export class UncaughtError extends Error {
  readonly line: string;
  readonly exitCode: number;

  constructor(javaClass: string, message: string, exitCode = EXIT_FAILED) {
    super(message);
    this.exitCode = exitCode;
    this.line = `Exception in thread "main" ${javaClass}: ${message}`;
  }
}

/** A client's error as a command tells it; anything else is thrown on. */
export function commandError(error: unknown): unknown {
  if (error instanceof BadPathError) return new CliError(error.message);
  if (error instanceof KeeperError) return new CliError(keeperWords(error));
  return error;
}

/** As `commandError`, for the commands of the original that do not expect a path to be wrong. */
export function commandErrorButPath(error: unknown): unknown {
  if (error instanceof BadPathError) return new UncaughtError("java.lang.IllegalArgumentException", error.message);
  return commandError(error);
}

const WORDS: ReadonlyMap<number, string> = new Map([
  [ErrorCode.noNode, "Node does not exist: "],
  [ErrorCode.noChildrenForEphemerals, "Ephemerals cannot have children: "],
  [ErrorCode.nodeExists, "Node already exists: "],
  [ErrorCode.notEmpty, "Node not empty: "],
  [ErrorCode.notReadOnly, "Not a read-only call: "],
  [ErrorCode.invalidACL, "Acl is not valid : "],
  [ErrorCode.noAuth, "Insufficient permission : "],
  [ErrorCode.badArguments, "Arguments are not valid : "],
  [ErrorCode.badVersion, "version No is not valid : "],
  [ErrorCode.quotaExceeded, "Quota has exceeded : "],
]);

function keeperWords(error: KeeperError): string {
  const words = WORDS.get(error.errorNumber);
  if (words !== undefined) return words + (error.path ?? "null");
  if (error.errorNumber === ErrorCode.reconfigInProgress) {
    return "Another reconfiguration is in progress -- concurrent reconfigs not supported (yet)";
  }
  if (error.errorNumber === ErrorCode.newConfigNoQuorum) {
    return "No quorum of new config is connected and up-to-date with the leader of last commmitted config - try invoking reconfiguration after new servers are connected and synced";
  }
  return error.message;
}
