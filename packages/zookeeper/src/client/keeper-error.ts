import { CodedError } from "@ordinal/kit";

import { ErrorCode } from "../jute/error-code.ts";

/** What the original's messages call a code where it is not the code's own name. Source: KeeperException.getCodeMessage. */
const WORDS: ReadonlyMap<number, string> = new Map([
  [ErrorCode.ok, "ok"],
  [ErrorCode.systemError, "SystemError"],
  [ErrorCode.runtimeInconsistency, "RuntimeInconsistency"],
  [ErrorCode.dataInconsistency, "DataInconsistency"],
  [ErrorCode.connectionLoss, "ConnectionLoss"],
  [ErrorCode.marshallingError, "MarshallingError"],
  [ErrorCode.newConfigNoQuorum, "NewConfigNoQuorum"],
  [ErrorCode.reconfigInProgress, "ReconfigInProgress"],
  [ErrorCode.unimplemented, "Unimplemented"],
  [ErrorCode.operationTimeout, "OperationTimeout"],
  [ErrorCode.badArguments, "BadArguments"],
  [ErrorCode.apiError, "APIError"],
  [ErrorCode.noNode, "NoNode"],
  [ErrorCode.noAuth, "NoAuth"],
  [ErrorCode.badVersion, "BadVersion"],
  [ErrorCode.noChildrenForEphemerals, "NoChildrenForEphemerals"],
  [ErrorCode.nodeExists, "NodeExists"],
  [ErrorCode.invalidACL, "InvalidACL"],
  [ErrorCode.authFailed, "AuthFailed"],
  [ErrorCode.notEmpty, "Directory not empty"],
  [ErrorCode.sessionExpired, "Session expired"],
  [ErrorCode.invalidCallback, "Invalid callback"],
  [ErrorCode.sessionMoved, "Session moved"],
  [ErrorCode.notReadOnly, "Not a read-only call"],
  [ErrorCode.ephemeralOnLocalSession, "Ephemeral node on local session"],
  [ErrorCode.noWatcher, "No such watcher"],
  [ErrorCode.reconfigDisabled, "Reconfig is disabled"],
  [ErrorCode.sessionClosedRequireSaslAuth, "Session closed because client failed to authenticate"],
  [ErrorCode.quotaExceeded, "Quota has exceeded"],
  [ErrorCode.throttledOp, "Op throttled due to high load"],
]);

/** The codes without words above, as the original's enumeration spells them. */
const NAMES: ReadonlyMap<number, string> = new Map([
  [ErrorCode.unknownSession, "UNKNOWNSESSION"],
  [ErrorCode.requestTimeout, "REQUESTTIMEOUT"],
]);

const BY_NUMBER: ReadonlyMap<number, keyof typeof ErrorCode> = new Map(
  (Object.keys(ErrorCode) as (keyof typeof ErrorCode)[]).map((name) => [ErrorCode[name], name]),
);

/** A name of `ErrorCode`, or `unknown` for a number that the protocol does not have. */
export type KeeperErrorCode = keyof typeof ErrorCode | "unknown";

/** A server refused a request, or the request has no answer (`connectionLoss`, `sessionExpired`: it may have been carried out). */
export class KeeperError extends CodedError<KeeperErrorCode> {
  /** As on the wire. */
  readonly errorNumber: number;
  /** The client's path, where the request had one. */
  readonly path: string | undefined;

  constructor(errorNumber: number, path?: string) {
    super(BY_NUMBER.get(errorNumber) ?? "unknown", keeperMessage(errorNumber, path));
    this.errorNumber = errorNumber;
    this.path = path;
  }
}

/** A path that no request can carry, in the original's words (its IllegalArgumentException). */
export class BadPathError extends CodedError<"BAD_PATH"> {
  constructor(message: string) {
    super("BAD_PATH", message);
  }
}

function keeperMessage(errorNumber: number, path: string | undefined): string {
  const words = WORDS.get(errorNumber) ?? `Unknown error ${NAMES.get(errorNumber) ?? errorNumber}`;
  return path === undefined || path === "" ? `KeeperErrorCode = ${words}` : `KeeperErrorCode = ${words} for ${path}`;
}
