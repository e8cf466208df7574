/** An ensemble could not be started, or did not become ready. The message says which server, why, and what to do. */
export class EnsembleError extends Error {
  /** The system's code, `EADDRINUSE` for a port that is taken; `NOT_READY` when the time was up. */
  readonly code: string | undefined;

  constructor(message: string, options: { readonly code?: string | undefined; readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = "EnsembleError";
    this.code = options.code;
  }
}
