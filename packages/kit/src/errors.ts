/**
 * The three families of errors. Code that handles an error asks for its family or its `code`, never for its words:
 * messages are for people and may change, codes are stable.
 */
export class CodedError<Code extends string = string> extends Error {
  readonly code: Code;

  constructor(code: Code, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** The peer sent what its protocol does not allow. End the connection; nothing of ours is at fault. */
export class ProtocolError<Code extends string = string> extends CodedError<Code> {}

/** The request cannot be granted for a reason that is expected to happen. Tell the client and carry on. */
export class RefusedError<Code extends string = string> extends CodedError<Code> {}

/** Something that this program relies on is not so. Stop the server and keep its disk for who examines it. */
export class InvariantError<Code extends string = string> extends CodedError<Code> {}

/** Whether `error` carries this code, whoever threw it: Node's own errors have `code` too. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
