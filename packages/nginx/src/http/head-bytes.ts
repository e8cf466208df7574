/** The octets of a request's head, wherever they are just now: all offsets count from `base`. */
export class HeadBytes {
  bytes: Buffer = EMPTY;
  base = 0;

  set(bytes: Buffer, base: number): void {
    this.bytes = bytes;
    this.base = base;
  }

  /** A byte string. */
  text(from: number, to: number): string {
    return this.bytes.toString("latin1", this.base + from, this.base + to);
  }
}

const EMPTY = Buffer.alloc(0);

/** Why a request is refused: the status (494 is "header too large", sent as 400) and nginx's words for the error log. */
export interface ParseFailure {
  readonly status: 400 | 414 | 494 | 501 | 505;
  readonly reason: string;
  /** Whether what the client still sends is read and dropped before closing. */
  readonly lingers: boolean;
}

export function refusal(status: ParseFailure["status"], reason: string, lingers = false): ParseFailure {
  return { status, reason, lingers };
}
