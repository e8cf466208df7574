/** What clients may ask of a server at most. Bytes, milliseconds, counts. */
export interface ClientLimits {
  /**
   * `jute.maxbuffer`: the longest request; a longer one ends the connection. Greater, and one client may hold more memory;
   * smaller, and requests that other servers take fail here.
   */
  readonly frameBytesMax: number;
  /** `maxClientCnxns`: connections from one address; 0: as many as it likes. */
  readonly connectionsPerAddressMax: number;
  /** `zookeeper.maxCnxns`: connections of all clients; 0: as many as they like. */
  readonly connectionsMax: number;
  /** Bounds of the timeout that a client negotiates. */
  readonly minSessionTimeoutMs: number;
  readonly maxSessionTimeoutMs: number;
  /** `zookeeper.nio.sessionlessCnxnTimeout`: how long a connection may stay without a session. */
  readonly sessionlessTimeoutMs: number;
  /**
   * `zookeeper.globalOutstandingLimit`: requests under way. Beyond it a connection that has some waits with its next ones:
   * they stay in the network. Greater, and more memory is used under overload; smaller, and many clients get less done.
   */
  readonly outstandingMax: number;
}

/** `zookeeper.nio.sessionlessCnxnTimeout` of the original. */
export const SESSIONLESS_DEFAULT_MS = 10_000;
/** The longest first frame; a ConnectRequest has 45 bytes. */
export const CONNECT_FRAME_BYTES_MAX = 16 * 1024;
/** Unfinished requests of all connections together; beyond it, the connection that adds to them ends. */
export const PARTIAL_BYTES_MAX = 128 * 1024 * 1024;
/** Requests of one connection that are here and have to wait before they are told apart; 341 pings. */
export const WAITING_BYTES_MAX = 4096;
/** Replies that are put together before the system is asked to take them. */
export const OUTPUT_HIGH_BYTES = 64 * 1024;
/** What one connection may answer before others have their turn. */
export const TURN_BYTES = 256 * 1024;
/** Replies and events that one client has not taken; beyond it, its connection ends. */
export const OUTPUT_BYTES_MAX = 32 * 1024 * 1024;
/** The same of all clients together; beyond it, those end that have taken nothing for the longest time. */
export const OUTPUT_BYTES_ALL_MAX = 128 * 1024 * 1024;
/** Reads of one connection that wait for an earlier write of it: they are answered at once when it is done. */
export const QUEUED_READS_MAX = 100;
/** Requests of one connection that wait, whatever `outstandingMax` says. */
export const PENDING_MAX = 65_536;
/**
 * Who a client says it is, by auth packets: ids, and the bytes of their names. They go with every write to the leader, which drops
 * a follower that sends more than 4096 of them, or one of more than 64 KiB.
 */
export const AUTH_IDS_MAX = 1024;
export const AUTH_BYTES_MAX = 64 * 1024;
/** A connection that the server has ended gets this long to take what was sent to it. */
export const LINGER_MS = 5000;
