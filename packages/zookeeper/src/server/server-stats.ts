import { OpCode } from "../jute/op-code.ts";
import type { Counter } from "./metrics/counter.ts";
import type { ServerMetrics } from "./metrics/server-metrics.ts";
import { Summary } from "./metrics/summary.ts";

// Source: org.apache.zookeeper.server.ServerStats, BufferStats.

/** Counts of a whole server since its start or the last `srst`. Times in milliseconds, sizes in bytes. */
export class ServerStats {
  packetsReceived = 0;
  packetsSent = 0;
  authFailedCount = 0;
  nonMtlsRemoteConnections = 0;
  nonMtlsLocalConnections = 0;
  readonly latency = new Summary();
  /** -1 where there was no response yet. */
  lastResponseBytes = -1;
  minResponseBytes = -1;
  maxResponseBytes = -1;
  readonly #metrics: ServerMetrics;
  readonly #responseBytes: Counter;

  constructor(metrics: ServerMetrics) {
    this.#metrics = metrics;
    this.#responseBytes = metrics.responseBytes;
  }

  /** @param bytes of the reply without its length */
  answered(bytes: number, latencyMs: number, type: number, isWrite: boolean): void {
    this.packetsSent++;
    this.#responseBytes.value += bytes;
    this.lastResponseBytes = bytes;
    if (bytes > this.maxResponseBytes) this.maxResponseBytes = bytes;
    if (bytes < this.minResponseBytes || this.minResponseBytes < 0) this.minResponseBytes = bytes;
    if (type === OpCode.ping) return;
    this.latency.add(latencyMs);
    if (isWrite) this.#metrics.updateLatency.add(latencyMs);
    else this.#metrics.readLatency.add(latencyMs);
  }

  reset(): void {
    this.packetsReceived = 0;
    this.packetsSent = 0;
    this.latency.reset();
    this.lastResponseBytes = -1;
    this.minResponseBytes = -1;
    this.maxResponseBytes = -1;
  }
}
