import type { Id } from "../jute/data-records.ts";

/** What becomes of one token. */
export interface SaslStep {
  /** What to answer; undefined: nothing. */
  readonly token?: Uint8Array | undefined;
  /** Who the client is, once it is done. */
  readonly ids?: readonly Id[] | undefined;
  /** An `ErrorCode`: the client is told, and its connection ends. */
  readonly error?: number | undefined;
}

/** The SASL exchange of one connection. */
export interface SaslExchange {
  /** @param token as the client sent it, not trusted */
  evaluate(token: Uint8Array): SaslStep;
}
