import { booleanProperty, integerProperty } from "../../config/system-properties.ts";
import { zxidHex } from "../../jute/zxid.ts";
import { databaseOf, resetStats, type ServerView } from "../server-view.ts";
import { type AdminCommand, type CommandResult, dataCommand } from "./admin-command.ts";
import { takeSnapshot } from "./snapshot-stream.ts";

// Source: org.apache.zookeeper.server.admin.Commands: the commands that change something.

const BAD_REQUEST = 400;
const TOO_MANY_REQUESTS = 429;
const UNAVAILABLE = 503;
/** `admin.rateLimiterIntervalInMS`: a snapshot costs memory and time. */
const SNAPSHOT_INTERVAL_MS = 300_000;

export const ACTING_COMMANDS: readonly AdminCommand[] = [
  dataCommand(["connection_stat_reset", "crst"], ({ service }) => {
    for (const client of service.connections()) client.stats.reset();
    return [];
  }),
  dataCommand(["stat_reset", "srst"], (view) => {
    resetStats(view);
    return [];
  }),
  dataCommand(
    ["set_trace_mask", "stmk"],
    (view, { query }) => {
      const text = query.get("traceMask");
      if (text === null) return [["error", "setTraceMask requires long traceMask argument"]];
      if (!/^[+-]?\d{1,19}$/.test(text)) {
        return [["error", `setTraceMask requires long traceMask argument, got ${text}`]];
      }
      view.traceMask = BigInt.asIntN(64, BigInt(text));
      return [["tracemask", view.traceMask]];
    },
    { isAlwaysAnswered: true },
  ),
  { names: ["snapshot", "snap"], method: "GET", needsAuthorization: true, run: sendSnapshot },
  { names: ["shed_connections", "shed"], method: "POST", needsAuthorization: true, run: shedConnections },
];

async function shedConnections(view: ServerView, request: { body(): Promise<Uint8Array> }): Promise<CommandResult> {
  const refuse = (error: string): CommandResult => ({ data: new Map([["error", error]]), status: BAD_REQUEST });
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(await request.body()));
  } catch (error) {
    return refuse(`Invalid JSON or failed to read request body: ${error instanceof Error ? error.message : ""}`);
  }
  if (typeof json !== "object" || json === null || !("percentage" in json)) {
    return refuse("Missing required field: percentage");
  }
  const percentage = Math.trunc(Number(json.percentage)) || 0;
  if (percentage < 0 || percentage > 100) return refuse("Percentage must be between 0 and 100");
  const clients = [...view.service.connections()];
  const count = Math.floor((clients.length * percentage) / 100);
  // Which ones does not matter as long as it is not always the same: every n-th.
  for (let at = 0; at < count; at++) {
    clients[Math.floor((at * clients.length) / count)]?.close("shed_connections_command");
  }
  view.service.log.info("connections-shed", {
    message: `Shed ${count} out of ${clients.length} connections (${percentage}%)`,
  });
  return {
    data: new Map([
      ["connections_shed", count],
      ["percentage_requested", percentage],
    ]),
  };
}

/** Takes a snapshot; with `streaming=true`, which is the default, its bytes are the answer. */
function sendSnapshot(view: ServerView, { query }: { readonly query: URLSearchParams }): CommandResult {
  const { properties } = view.config;
  const nothing = new Map<string, never>();
  if (!booleanProperty(properties, "zookeeper.admin.snapshot.enabled", true)) {
    return { data: nothing, status: UNAVAILABLE };
  }
  const intervalMs = integerProperty(properties, "zookeeper.admin.rateLimiterIntervalInMS", SNAPSHOT_INTERVAL_MS);
  if (!view.snapshotRate.allows(view.clock.monotonic(), intervalMs))
    return { data: nothing, status: TOO_MANY_REQUESTS };
  const { zxid, bytes, parts } = takeSnapshot(databaseOf(view));
  const headers = { last_zxid: `0x${zxidHex(zxid)}`, snapshot_size: String(bytes) };
  const isStreaming = (query.get("streaming") ?? "true").toLowerCase() === "true";
  return { data: nothing, headers, ...(isStreaming && { stream: inTurns(parts) }) };
}

async function* inTurns(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}
