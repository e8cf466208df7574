export interface NetAddress {
  /** An IP address. */
  readonly host: string;
  readonly port: number;
}

/** A stream of bytes both ways, in order, without loss until it breaks. */
export interface Connection {
  readonly local: NetAddress;
  readonly remote: NetAddress;
  /**
   * The next bytes, or undefined once the peer has ended its side. What is not read is not taken from the peer for long:
   * that is the back-pressure. One read at a time. Rejects (`ECONNRESET`) once the connection is broken.
   */
  read(): Promise<Uint8Array | undefined>;
  /** Takes all bytes and resolves once there is room for more; who does not wait lets memory grow. Rejects when broken. */
  write(bytes: Uint8Array): Promise<void>;
  /** Ends this side after what was written; the peer may go on. */
  end(): void;
  /** Ends both sides at once; what was not sent is dropped. Reads and writes under way reject. */
  destroy(): void;
}

export interface Listener {
  /** With the port that was chosen if it was 0. */
  readonly address: NetAddress;
  /** Takes no more connections; those there are go on. */
  close(): Promise<void>;
}

/** TCP. Errors carry the system's codes: `EADDRINUSE`, `EACCES`, `ECONNREFUSED`, `ETIMEDOUT`. */
export interface Net {
  listen(address: NetAddress, accept: (connection: Connection) => void): Promise<Listener>;
  /** @param options.timeoutMs how long to wait for the peer, by default 10,000 */
  connect(address: NetAddress, options?: { readonly timeoutMs?: number }): Promise<Connection>;
}

export const CONNECT_TIMEOUT_MS = 10_000;
