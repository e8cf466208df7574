import { Counter } from "./counter.ts";
import { PercentileSummary, type Summary } from "./summary.ts";

// Source: org.apache.zookeeper.server.ServerMetrics.

/**
 * What a server counts, by the original's names without `zk_`. What the original counts of its own threads and queues, which
 * are not here, is not there.
 */
export class ServerMetrics {
  readonly counters = new Map<string, Counter>();
  readonly summaries = new Map<string, Summary>();

  readonly bytesReceivedCount = this.#counter("bytes_received_count");
  readonly watchBytes = this.#counter("watch_bytes");
  readonly responseBytes = this.#counter("response_bytes");
  readonly connectionRequestCount = this.#counter("connection_request_count");
  readonly connectionRevalidateCount = this.#counter("connection_revalidate_count");
  readonly connectionDropCount = this.#counter("connection_drop_count");
  readonly connectionRejected = this.#counter("connection_rejected");
  readonly sessionlessConnectionsExpired = this.#counter("sessionless_connections_expired");
  readonly cnxnClosedWithoutZkServerRunning = this.#counter("cnxn_closed_without_zk_server_running");
  readonly largeRequestsRejected = this.#counter("large_requests_rejected");
  readonly unsuccessfulHandshake = this.#counter("unsuccessful_handshake");
  readonly insecureAdmin = this.#counter("insecure_admin_count");

  readonly readLatency = this.#percentiles("readlatency");
  readonly updateLatency = this.#percentiles("updatelatency");
  readonly propagationLatency = this.#percentiles("propagation_latency");

  counter(name: string): Counter {
    return this.counters.get(name) ?? this.#counter(name);
  }

  #counter(name: string): Counter {
    const counter = new Counter();
    this.counters.set(name, counter);
    return counter;
  }

  #percentiles(name: string): PercentileSummary {
    const summary = new PercentileSummary();
    this.summaries.set(name, summary);
    return summary;
  }
}
