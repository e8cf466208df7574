import { join } from "node:path";

import type { Member } from "../../config/member.ts";
import { epochOf, counterOf, zxidHex, type SessionId } from "../../jute/zxid.ts";
import type { Client } from "../client.ts";
import { monitorValues } from "../metrics/monitor-values.ts";
import { operationName } from "../operation-name.ts";
import { databaseOf, modeOf, type ServerView } from "../server-view.ts";
import { FULL_VERSION } from "../version.ts";
import { type AdminCommand, dataCommand } from "./admin-command.ts";
import { HIDDEN, isSecret, withoutSecrets } from "./hidden-settings.ts";
import { JavaDouble, type JsonValue } from "./java-json.ts";

// Source: org.apache.zookeeper.server.admin.Commands: the commands that look and change nothing.

function* connectionInfo(client: Client, isBrief: boolean): Generator<readonly [string, JsonValue]> {
  const { stats } = client;
  yield ["remote_socket_address", client.remoteText.slice(1)];
  yield ["interest_ops", client.interestOps];
  yield ["outstanding_requests", client.outstanding];
  yield ["packets_received", stats.packetsReceived];
  yield ["packets_sent", stats.packetsSent];
  if (isBrief) return;
  yield ["session_id", client.sessionId];
  yield ["last_operation", operationName(stats.lastOperation)];
  yield ["established", stats.establishedMs];
  yield ["session_timeout", client.timeoutMs];
  yield ["last_cxid", stats.lastCxid];
  yield ["last_zxid", stats.lastZxid];
  yield ["last_response_time", Math.floor(stats.lastResponseMs)];
  yield ["last_latency", stats.lastLatencyMs];
  yield ["min_latency", stats.minLatencyMs];
  yield ["avg_latency", stats.avgLatencyMs];
  yield ["max_latency", stats.maxLatencyMs];
}

function* connectionLists(view: ServerView, isBrief: boolean): Generator<readonly [string, JsonValue]> {
  const clients = [...view.service.connections()];
  const infos = (isSecure: boolean): JsonValue =>
    clients
      .filter((client) => client.identity.isSecure === isSecure)
      .map((client) => new Map(connectionInfo(client, isBrief)));
  yield ["connections", infos(false)];
  yield ["secure_connections", infos(true)];
}

const bySession = (entries: Iterable<readonly [SessionId, Iterable<string>]>): JsonValue =>
  new Map([...entries].map(([id, paths]) => [String(id), [...paths]]));

function responseSizes({ stats }: ServerView): JsonValue {
  return {
    last_buffer_size: stats.lastResponseBytes,
    min_buffer_size: stats.minResponseBytes,
    max_buffer_size: stats.maxResponseBytes,
  };
}

async function* serverStats(view: ServerView): AsyncGenerator<readonly [string, JsonValue]> {
  const { service, stats } = view;
  const { snapshotBytes, logBytes } = await view.storage.sizes();
  const leading = service.replica?.facts().leading;
  const { latency } = stats;
  yield ["version", FULL_VERSION];
  yield ["read_only", modeOf(view) === "read-only"];
  yield [
    "server_stats",
    {
      packets_sent: stats.packetsSent,
      packets_received: stats.packetsReceived,
      client_response_stats: responseSizes(view),
      data_dir_size: snapshotBytes,
      log_dir_size: logBytes,
      last_processed_zxid: databaseOf(view).lastProcessedZxid,
      outstanding_requests: service.outstanding,
      server_state: modeOf(view) ?? "",
      avg_latency: new JavaDouble(latency.avg),
      max_latency: latency.max,
      min_latency: latency.min,
      num_alive_client_connections: service.connectionCount,
      auth_failed_count: stats.authFailedCount,
      non_mtlslocal_conn_count: stats.nonMtlsLocalConnections,
      non_mtlsremote_conn_count: stats.nonMtlsRemoteConnections,
      uptime: Math.floor(view.clock.monotonic() - view.startedMs),
      provider_null: false,
    },
  ];
  yield ["client_response", responseSizes(view)];
  if (leading !== undefined) {
    const { last, min, max } = leading.proposalSizes;
    yield ["proposal_stats", { last_buffer_size: last, min_buffer_size: min, max_buffer_size: max }];
  }
  yield ["node_count", databaseOf(view).tree.nodeCount];
}

async function collect(
  ...parts: (Iterable<readonly [string, JsonValue]> | AsyncIterable<readonly [string, JsonValue]>)[]
): Promise<Map<string, JsonValue>> {
  const data = new Map<string, JsonValue>();
  for (const part of parts) for await (const [key, value] of part) data.set(key, value);
  return data;
}

const memberOf = (member: Member): JsonValue => ({
  server_addresses: [`${member.host}:${member.quorumPort}`],
  election_addresses: [`${member.host}:${member.electionPort}`],
  client_address: member.clientPort === undefined ? "" : `${member.clientHost ?? "0.0.0.0"}:${member.clientPort}`,
  learner_type: member.role,
});

function* zabState(view: ServerView): Generator<readonly [string, JsonValue]> {
  const quorum = view.quorum();
  const { myid } = view.config;
  const self = myid === undefined ? undefined : quorum?.members.get(myid);
  if (quorum === undefined || myid === undefined) {
    yield ["voting", false];
    yield ["zabstate", ""];
    return;
  }
  const facts = view.service.replica?.facts();
  const zxid = databaseOf(view).lastProcessedZxid;
  const client = view.clientAddress();
  yield ["myid", myid];
  yield ["is_leader", facts?.role === "leader"];
  yield ["quorum_address", self === undefined ? "" : `${self.host}:${self.quorumPort}`];
  yield ["election_address", self === undefined ? "" : `${self.host}:${self.electionPort}`];
  yield ["client_address", client === undefined ? "" : `${client.host}:${client.port}`];
  yield ["voting", self?.role === "participant"];
  yield ["last_zxid", `0x${zxidHex(zxid)}`];
  yield ["zab_epoch", epochOf(zxid)];
  yield ["zab_counter", counterOf(zxid)];
  yield ["zabstate", facts?.peerState.split(" - ").at(-1) ?? "election"];
}

export const DATA_COMMANDS: readonly AdminCommand[] = [
  dataCommand(["configuration", "conf", "config"], (view) => [
    ["client_port", view.clientAddress()?.port ?? -1],
    ["data_dir", join(view.config.dataDir, "version-2")],
    ["data_log_dir", join(view.config.dataLogDir, "version-2")],
    ["tick_time", view.config.tickTime],
    ["max_client_cnxns", view.config.maxClientCnxns],
    ["min_session_timeout", view.config.minSessionTimeout],
    ["max_session_timeout", view.config.maxSessionTimeout],
    ["server_id", view.quorum() === undefined ? 0 : (view.config.myid ?? 0)],
    ["client_port_listen_backlog", view.config.clientPortListenBacklog],
  ]),
  dataCommand(["connections", "cons"], (view) => connectionLists(view, false)),
  {
    names: ["dirs"],
    method: "GET",
    run: async (view) => {
      const { snapshotBytes, logBytes } = await view.storage.sizes();
      return {
        data: new Map([
          ["datadir_size", snapshotBytes],
          ["logdir_size", logBytes],
        ]),
      };
    },
  },
  dataCommand(["dump"], (view) => [
    ["expiry_time_to_session_ids", expiryTimes(view)],
    ["session_id_to_ephemeral_paths", bySession(databaseOf(view).tree.ephemerals)],
  ]),
  dataCommand(["environment", "env", "envi"], (view) => view.machine?.environment() ?? [], { isAlwaysAnswered: true }),
  dataCommand(["get_trace_mask", "gtmk"], (view) => [["tracemask", view.traceMask]], { isAlwaysAnswered: true }),
  dataCommand(["hash"], (view) => [
    [
      "digests",
      databaseOf(view).digestLog.map(({ zxid, version, digest }) => ({
        zxid,
        digest_version: version,
        digest: BigInt.asIntN(64, digest),
      })),
    ],
  ]),
  dataCommand(["initial_configuration", "icfg"], (view) => [
    ["initial_configuration", withoutSecrets(view.config.initialConfig)],
  ]),
  dataCommand(["is_read_only", "isro"], (view) => [["read_only", modeOf(view) === "read-only"]]),
  dataCommand(["last_snapshot", "lsnp"], ({ storage: { lastSnapshot } }) => [
    ["zxid", lastSnapshot === undefined ? "ffffffffffffffff" : lastSnapshot.zxid.toString(16)],
    ["timestamp", lastSnapshot?.atMs ?? -1],
  ]),
  dataCommand(["leader", "lead"], (view) => {
    const facts = view.service.replica?.facts();
    if (view.quorum() === undefined || facts === undefined) return [["error", "server is not initialized"]];
    const leader = facts.leaderSid === undefined ? undefined : view.quorum()?.members.get(facts.leaderSid);
    return [
      ["is_leader", facts.role === "leader"],
      ["leader_id", facts.leaderSid ?? -1],
      ["leader_ip", leader?.host ?? ""],
    ];
  }),
  dataCommand(
    ["monitor", "mntr"],
    (view) =>
      monitorValues(view).map(({ name, value, isDouble }) => [
        name,
        isDouble === true && typeof value === "number" ? new JavaDouble(value) : value,
      ]),
    { isAlwaysAnswered: true },
  ),
  dataCommand(["observers", "obsr"], (view) => {
    const learners = view.service.replica?.facts().leading?.learnerFacts.filter(({ observer }) => observer) ?? [];
    const infos = learners.map((learner) => ({
      sid: learner.sid,
      established: learner.establishedMs,
      queued_packets: learner.queuedPackets,
      queued_packets_size: learner.queuedBytes,
      packets_received: learner.packetsReceived,
      packets_sent: learner.packetsSent,
      requests: learner.requestsReceived,
      last_zxid: learner.lastZxid,
      remote_socket_address: learner.remote,
    }));
    return [
      ["synced_observers", learners.filter(({ synced }) => synced).length],
      ["observers", infos],
    ];
  }),
  dataCommand(["ruok"], () => []),
  {
    names: ["server_stats", "srvr"],
    method: "GET",
    run: async (view) => ({ data: await collect(serverStats(view)) }),
  },
  {
    names: ["stats", "stat"],
    method: "GET",
    run: async (view) => ({ data: await collect(serverStats(view), connectionLists(view, true)) }),
  },
  dataCommand(
    ["system_properties", "sysp"],
    (view) =>
      [...view.config.properties]
        .sort(([one], [other]) => (one < other ? -1 : 1))
        .map(([name, value]) => [name, isSecret(name) ? HIDDEN : value] as const),
    { isAlwaysAnswered: true },
  ),
  dataCommand(["voting_view"], (view) => {
    const voters = [...(view.quorum()?.members.values() ?? [])].filter(({ role }) => role === "participant");
    return [["current_config", new Map(voters.map((member) => [String(member.sid), memberOf(member)]))]];
  }),
  dataCommand(["watches", "wchc"], (view) => [
    ["session_id_to_watched_paths", bySession(databaseOf(view).tree.watches.data.bySession())],
  ]),
  dataCommand(["watches_by_path", "wchp"], (view) => [
    ["path_to_session_ids", new Map(databaseOf(view).tree.watches.data.byPath())],
  ]),
  dataCommand(["watch_summary", "wchs"], (view) => {
    const { data } = databaseOf(view).tree.watches;
    return [
      ["num_connections", data.watcherCount],
      ["num_paths", data.pathCount],
      ["num_total_watches", data.totalWatches],
    ];
  }),
  dataCommand(["zabstate"], zabState, { isAlwaysAnswered: true }),
];

function expiryTimes(view: ServerView): JsonValue {
  const toWallMs = view.clock.now() - view.clock.monotonic();
  const groups = view.service.replica?.sessionExpiry?.() ?? [];
  return new Map(groups.map(({ deadlineMs, ids }) => [String(Math.floor(deadlineMs + toWallMs)), ids]));
}
