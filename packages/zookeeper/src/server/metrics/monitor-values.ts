import { databaseOf, modeOf, type ServerView } from "../server-view.ts";
import { FULL_VERSION } from "../version.ts";
import { PercentileSummary } from "./summary.ts";

// Source: ZooKeeperServer (dumpMonitorValues, registerMetrics), LeaderZooKeeperServer, QuorumZooKeeperServer, DefaultMetricsProvider.

export interface MonitorValue {
  /** Without `zk_`. */
  readonly name: string;
  readonly value: number | string;
  /** How the original prints a number: an average has a fraction even where it is whole. */
  readonly isDouble?: boolean;
}

/** What a Prometheus endpoint tells of each: texts are not told there. */
export interface Gauge {
  readonly name: string;
  readonly value: number;
  readonly isDouble?: boolean;
}

/** Values that are what they are now. */
export function gauges(view: ServerView): Gauge[] {
  const { service, stats, machine } = view;
  const database = databaseOf(view);
  const { tree } = database;
  const facts = service.replica?.facts();
  const leading = facts?.leading;
  const list: Gauge[] = [
    { name: "ephemerals_count", value: tree.ephemeralCount },
    { name: "num_alive_connections", value: service.connectionCount },
    { name: "avg_latency", value: stats.latency.avg, isDouble: true },
    { name: "outstanding_requests", value: service.outstanding },
    { name: "znode_count", value: tree.nodeCount },
    { name: "global_sessions", value: facts?.globalSessions ?? database.sessions.size },
    { name: "non_mtls_remote_conn_count", value: stats.nonMtlsRemoteConnections },
    { name: "last_client_response_size", value: stats.lastResponseBytes },
    { name: "packets_sent", value: stats.packetsSent },
    { name: "packets_received", value: stats.packetsReceived },
    { name: "max_client_response_size", value: stats.maxResponseBytes },
    { name: "connection_drop_probability", value: 0, isDouble: true },
    { name: "watch_count", value: tree.watches.size },
    { name: "auth_failed_count", value: stats.authFailedCount },
    { name: "min_latency", value: stats.latency.min },
    { name: "approximate_data_size", value: tree.approximateDataSize },
    { name: "local_sessions", value: facts?.localSessions ?? 0 },
    { name: "uptime", value: Math.floor(view.clock.monotonic() - view.startedMs) },
    { name: "max_latency", value: stats.latency.max },
    { name: "min_client_response_size", value: stats.minResponseBytes },
    { name: "non_mtls_local_conn_count", value: stats.nonMtlsLocalConnections },
  ];
  const openFiles = machine?.openFileDescriptors();
  const maxFiles = machine?.maxFileDescriptors();
  if (openFiles !== undefined) list.push({ name: "open_file_descriptor_count", value: openFiles });
  if (maxFiles !== undefined) list.push({ name: "max_file_descriptor_count", value: maxFiles });
  if (facts !== undefined && facts.role !== "standalone") list.push({ name: "quorum_size", value: facts.quorumSize });
  if (leading !== undefined) {
    list.push(
      { name: "min_proposal_size", value: leading.proposalSizes.min },
      { name: "max_proposal_size", value: leading.proposalSizes.max },
      { name: "last_proposal_size", value: leading.proposalSizes.last },
      { name: "synced_followers", value: leading.syncedFollowers },
      { name: "synced_non_voting_followers", value: leading.syncedNonVotingFollowers },
      { name: "synced_observers", value: leading.syncedObservers },
      { name: "pending_syncs", value: leading.pendingSyncs },
      { name: "leader_uptime", value: Math.floor(leading.uptimeMs) },
      { name: "learners", value: leading.learners },
    );
  }
  return list;
}

/** What is counted elsewhere than in `ServerMetrics`. */
export function derivedCounters(view: ServerView): MonitorValue[] {
  return [{ name: "digest_mismatches_count", value: databaseOf(view).digestMismatches }];
}

/** All of `mntr`, in its order. */
export function monitorValues(view: ServerView): MonitorValue[] {
  const values: MonitorValue[] = [
    { name: "version", value: FULL_VERSION },
    { name: "server_state", value: modeOf(view) ?? "" },
  ];
  const facts = view.service.replica?.facts();
  if (facts !== undefined && facts.peerState !== "") values.push({ name: "peer_state", value: facts.peerState });
  values.push(...gauges(view));
  for (const [name, counter] of view.metrics.counters) values.push({ name, value: counter.value });
  values.push(...derivedCounters(view));
  for (const [name, summary] of view.metrics.summaries) {
    values.push(
      { name: `avg_${name}`, value: summary.avg, isDouble: true },
      { name: `min_${name}`, value: summary.min },
      { name: `max_${name}`, value: summary.max },
      { name: `cnt_${name}`, value: summary.count },
      { name: `sum_${name}`, value: summary.sum },
    );
    if (!(summary instanceof PercentileSummary)) continue;
    values.push(
      { name: `p50_${name}`, value: summary.percentile(0.5) },
      { name: `p95_${name}`, value: summary.percentile(0.95) },
      { name: `p99_${name}`, value: summary.percentile(0.99) },
      { name: `p999_${name}`, value: summary.percentile(0.999) },
    );
  }
  return values;
}
