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
  /**
   * From now on what arrives is handed to `receiver`, without a promise for each chunk: for servers with many connections. Once
   * only, instead of `read`. What has arrived before is handed over soon, not during this call.
   */
  receive(receiver: Receiver): void;
  /** Hands nothing more to the receiver and soon takes nothing more from the peer, until `resume`. */
  pause(): void;
  resume(): void;
  /**
   * Takes all bytes at once. True: the system has them, and they are the caller's own again. False: there is no room; they must
   * not be touched any more, and the receiver's `drained` says when all that was sent is with the system. Who goes on
   * sending until then lets memory grow. On a broken or ended connection it drops the bytes and says true: `closed` tells.
   */
  send(bytes: Uint8Array): boolean;
  /** Ends both sides in order: what was written is still sent, if the peer takes it; what arrives is dropped. */
  close(): void;
}

/** What takes the bytes of a connection as they arrive. Never called from within one of the connection's own methods. */
export interface Receiver {
  /** The next bytes, which are the receiver's to keep. */
  data(bytes: Uint8Array): void;
  /** The peer has ended its side; it may still read. */
  ended(): void;
  /** There is room again after a `send` that said there was none. */
  drained(): void;
  /** The connection is over: broken, destroyed, or ended by both sides. The last call, made once. */
  closed(): void;
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
