import type { Clock, NetAddress } from "@ordinal/io";

import type { QuorumConfig } from "../config/quorum-config.ts";
import type { ServerConfig } from "../config/server-config.ts";
import type { Database } from "../tree/database.ts";
import type { Rate } from "./admin/rate.ts";
import type { ClientService } from "./client-service.ts";
import type { Machine } from "./machine.ts";
import type { ServerMetrics } from "./metrics/server-metrics.ts";
import type { ServerStats } from "./server-stats.ts";

/** What the storage tells of itself. */
export interface StorageFacts {
  /** Bytes in the files of each folder. */
  sizes(): Promise<{ snapshotBytes: number; logBytes: number }>;
  readonly lastSnapshot: { readonly zxid: number; readonly atMs: number } | undefined;
}

/** Everything that the operator's windows (four-letter words, admin server, metrics) look at. */
export interface ServerView {
  readonly service: ClientService;
  readonly config: ServerConfig;
  readonly storage: StorageFacts;
  readonly clock: Clock;
  readonly metrics: ServerMetrics;
  readonly stats: ServerStats;
  readonly machine: Machine | undefined;
  /** Monotonic. */
  readonly startedMs: number;
  /** The members in force; undefined: a server alone. */
  quorum(): QuorumConfig | undefined;
  /** Plain client port; undefined while there is none. */
  clientAddress(): NetAddress | undefined;
  secureClientAddress(): NetAddress | undefined;
  /** The original's mask for its trace log, which only `stmk` and `gtmk` look at here. */
  traceMask: bigint;
  /** How often a snapshot may be asked for. */
  readonly snapshotRate: Rate;
}

/** `ZooTrace`'s mask at start: what a client requests, sessions, warnings. */
export const DEFAULT_TRACE_MASK = 306n;

/** The original's word for what a server is now; undefined: it does not serve. */
export function modeOf(view: ServerView): string | undefined {
  return view.service.replica?.role;
}

export function databaseOf(view: ServerView): Database {
  return view.service.database;
}

/** `srst`: all counts begin anew. */
export function resetStats(view: ServerView): void {
  view.stats.reset();
  for (const counter of view.metrics.counters.values()) counter.reset();
  for (const summary of view.metrics.summaries.values()) summary.reset();
}
