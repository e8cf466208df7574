export { assert, defined, unreachable } from "./assert.ts";
export { CodedError, hasCode, InvariantError, ProtocolError, RefusedError } from "./errors.ts";
