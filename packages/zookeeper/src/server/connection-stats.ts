import type { Zxid } from "../jute/zxid.ts";

// Source: ServerCnxn (updateStatsForResponse).

/** What `cons` tells of one connection. Times in milliseconds. */
export class ConnectionStats {
  /** Wall time. */
  readonly establishedMs: number;
  packetsReceived = 0;
  packetsSent = 0;
  /** An `OpCode`; undefined: nothing yet. */
  lastOperation: number | undefined = undefined;
  lastCxid = -1;
  lastZxid: Zxid = -1 as Zxid;
  /** Monotonic. */
  lastResponseMs = 0;
  lastLatencyMs = 0;
  maxLatencyMs = 0;
  #minLatencyMs = Number.MAX_SAFE_INTEGER;
  #count = 0;
  #totalLatencyMs = 0;

  constructor(establishedMs: number) {
    this.establishedMs = establishedMs;
  }

  get minLatencyMs(): number {
    return this.#count === 0 ? 0 : this.#minLatencyMs;
  }

  /** Whole milliseconds. */
  get avgLatencyMs(): number {
    return this.#count === 0 ? 0 : Math.floor(this.#totalLatencyMs / this.#count);
  }

  answered(cxid: number, zxid: Zxid, operation: number, latencyMs: number, nowMs: number): void {
    this.packetsSent++;
    // Pings and the like have negative ones; who looks wants to see the client's last real request.
    if (cxid >= 0) this.lastCxid = cxid;
    this.lastZxid = zxid;
    this.lastOperation = operation;
    this.lastResponseMs = nowMs;
    this.lastLatencyMs = latencyMs;
    if (latencyMs < this.#minLatencyMs) this.#minLatencyMs = latencyMs;
    if (latencyMs > this.maxLatencyMs) this.maxLatencyMs = latencyMs;
    this.#count++;
    this.#totalLatencyMs += latencyMs;
  }

  reset(): void {
    this.packetsReceived = 0;
    this.packetsSent = 0;
    this.lastOperation = undefined;
    this.lastCxid = -1;
    this.lastZxid = -1 as Zxid;
    this.lastResponseMs = 0;
    this.lastLatencyMs = 0;
    this.maxLatencyMs = 0;
    this.#minLatencyMs = Number.MAX_SAFE_INTEGER;
    this.#count = 0;
    this.#totalLatencyMs = 0;
  }
}
