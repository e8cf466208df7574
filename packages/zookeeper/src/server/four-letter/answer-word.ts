import { join } from "node:path";

import { unreachable } from "@ordinal/kit";

import { sessionHex, zxidHex } from "../../jute/zxid.ts";
import type { Client } from "../client.ts";
import { javaDate, javaDouble } from "../java-text.ts";
import { monitorValues } from "../metrics/monitor-values.ts";
import { databaseOf, modeOf, resetStats, type ServerView } from "../server-view.ts";
import { FULL_VERSION } from "../version.ts";
import { connectionLine } from "./connection-line.ts";
import type { FourLetterWord } from "./four-letter-words.ts";

// Source: org.apache.zookeeper.server.command.*.

const NOT_SERVING = "This ZooKeeper instance is not currently serving requests\n";
/** Words that are answered whatever the server does. */
const ALWAYS: ReadonlySet<FourLetterWord> = new Set(["ruok", "envi", "gtmk", "stmk", "isro"]);

/** Whether a client may say this word. */
export function isAllowed(word: FourLetterWord, view: ServerView, from: Client): boolean {
  const { fourLetterWhitelist: list, readOnlyModeEnabled } = view.config;
  // zkServer.sh asks srvr, clients that look for a server to write to ask isro.
  if (word === "srvr" || (word === "isro" && readOnlyModeEnabled)) return true;
  if (list === undefined) return from.isLocalPeer;
  return list === "*" || list.has(word);
}

/** The text that answers a four-letter word. */
export function answerWord(
  view: ServerView,
  word: FourLetterWord,
  argument: Uint8Array,
  from: Client,
): string | Promise<string> {
  const { log } = view.service;
  if (!isAllowed(word, view, from)) {
    log.debug("word-refused", { message: `Command ${word} is not executed because it is not in the whitelist.` });
    return `${word} is not executed because it is not in the whitelist.\n`;
  }
  log.info("four-letter-word", { message: `Processing ${word} command from ${from.remoteText}` });
  if (!ALWAYS.has(word) && !view.service.isServing) return NOT_SERVING;
  switch (word) {
    case "ruok":
      return "imok";
    case "srvr":
      return serverText(view, "");
    case "stat":
      return serverText(view, clientsText(view));
    case "cons":
      return `${connectionLines(view, false)}\n`;
    case "crst":
      for (const connection of view.service.connections()) connection.stats.reset();
      return "Connection stats reset.\n";
    case "srst":
      resetStats(view);
      return "Server stats reset.\n";
    case "conf":
      return confText(view);
    case "dirs":
      return dirsText(view);
    case "dump":
      return dumpText(view);
    case "envi":
      return environmentText(view);
    case "gtmk":
      return String(view.traceMask);
    case "stmk":
      view.traceMask = Buffer.from(argument).readBigInt64BE(0);
      return String(view.traceMask);
    case "hash":
      return databaseOf(view)
        .digestLog.map(({ zxid, digest }) => `${zxidHex(zxid)}: ${BigInt.asIntN(64, digest)}\n`)
        .join("");
    case "isro":
      return isroText(view);
    case "mntr":
      return monitorText(view);
    case "wchs":
      return `${databaseOf(view).tree.watches.data.summary()}\n`;
    case "wchp":
      return `${databaseOf(view).tree.watches.data.dumpByPath()}\n`;
    case "wchc":
      return `${databaseOf(view).tree.watches.data.dumpByWatcher()}\n`;
    default:
      return unreachable(word, "four-letter word");
  }
}

function isroText(view: ServerView): string {
  const mode = modeOf(view);
  if (mode === undefined) return "null";
  return mode === "read-only" ? "ro" : "rw";
}

/** `srvr`, and with the clients `stat`. */
function serverText(view: ServerView, clients: string): string {
  const { service, stats } = view;
  const database = databaseOf(view);
  const mode = modeOf(view);
  const facts = service.replica?.facts();
  const { latency } = stats;
  let text = `Zookeeper version: ${FULL_VERSION}\n`;
  if (mode === "read-only") text += "READ-ONLY mode; serving only read-only clients\n";
  text += clients;
  text += `Latency min/avg/max: ${latency.min}/${javaDouble(latency.avg)}/${latency.max}\n`;
  text += `Received: ${stats.packetsReceived}\nSent: ${stats.packetsSent}\n`;
  text += `Connections: ${service.connectionCount}\nOutstanding: ${service.outstanding}\n`;
  text += `Zxid: 0x${zxidHex(database.lastProcessedZxid)}\nMode: ${mode}\nNode count: ${database.tree.nodeCount}\n`;
  if (facts?.leading !== undefined) {
    const { last, min, max } = facts.leading.proposalSizes;
    text += `Proposal sizes last/min/max: ${last}/${min}/${max}\n`;
  }
  return text;
}

function clientsText(view: ServerView): string {
  return `Clients:\n${connectionLines(view, true)}\n`;
}

function connectionLines(view: ServerView, isBrief: boolean): string {
  let text = "";
  for (const connection of view.service.connections()) text += `${connectionLine(connection, isBrief)}\n`;
  return text;
}

async function confText(view: ServerView): Promise<string> {
  const { config } = view;
  const { snapshotBytes, logBytes } = await view.storage.sizes();
  const quorum = view.quorum();
  const self = config.myid === undefined ? undefined : quorum?.members.get(config.myid);
  const lines: Array<readonly [string, string | number]> = [
    ["clientPort", view.clientAddress()?.port ?? -1],
    ["secureClientPort", view.secureClientAddress()?.port ?? -1],
    ["dataDir", join(config.dataDir, "version-2")],
    ["dataDirSize", snapshotBytes],
    ["dataLogDir", join(config.dataLogDir, "version-2")],
    ["dataLogSize", logBytes],
    ["tickTime", config.tickTime],
    ["maxClientCnxns", config.maxClientCnxns],
    ["minSessionTimeout", config.minSessionTimeout],
    ["maxSessionTimeout", config.maxSessionTimeout],
    ["clientPortListenBacklog", config.clientPortListenBacklog],
    ["serverId", quorum === undefined ? 0 : (config.myid ?? 0)],
  ];
  if (quorum !== undefined) {
    lines.push(
      ["initLimit", config.initLimit],
      ["syncLimit", config.syncLimit],
      ["electionAlg", config.electionAlg],
      ["electionPort", self?.electionPort ?? -1],
      ["quorumPort", self?.quorumPort ?? -1],
      ["peerType", config.peerType === "observer" ? 1 : 0],
      ["membership", ` \n${quorum.toString()}`],
    );
  }
  const text = lines.map(([key, value]) => (key === "membership" ? `membership:${value}` : `${key}=${value}\n`));
  return text.join("");
}

async function dirsText(view: ServerView): Promise<string> {
  const { snapshotBytes, logBytes } = await view.storage.sizes();
  return `datadir_size: ${snapshotBytes}\nlogdir_size: ${logBytes}\n`;
}

function environmentText(view: ServerView): string {
  const entries = view.machine?.environment() ?? [["zookeeper.version", FULL_VERSION] as const];
  return `Environment:\n${entries.map(([key, value]) => `${key}=${value}\n`).join("")}`;
}

function monitorText(view: ServerView): string {
  return monitorValues(view)
    .map(({ name, value, isDouble }) => {
      const text = isDouble === true && typeof value === "number" ? javaDouble(value) : String(value);
      return `zk_${name}\t${text}\n`;
    })
    .join("");
}

function dumpText(view: ServerView): string {
  return `SessionTracker dump:\n${sessionsText(view)}ephemeral nodes dump:\n${databaseOf(view).tree.dumpEphemerals()}Connections dump:\n${expiringConnections(view)}`;
}

/** A learner knows the sessions and their timeouts, not when they expire: the leader does that. */
function sessionsText(view: ServerView): string {
  const groups = view.service.replica?.sessionExpiry?.();
  if (groups !== undefined) {
    const toWallMs = view.clock.now() - view.clock.monotonic();
    let text = `Session Sets (${groups.length})/(${groups.reduce((sum, { ids }) => sum + ids.length, 0)}):\n`;
    for (const { deadlineMs, ids } of groups) {
      text += `${ids.length} expire at ${javaDate(deadlineMs + toWallMs)}:\n`;
      for (const id of ids) text += `\t0x${sessionHex(id)}\n`;
    }
    return text;
  }
  const sessions = [...databaseOf(view).sessions].sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0));
  const lines = sessions.map(([id, timeoutMs]) => `0x${sessionHex(id)}\t${timeoutMs}ms\n`);
  return `Global Sessions(${sessions.length}):\n${lines.join("")}`;
}

function expiringConnections(view: ServerView): string {
  const toWallMs = view.clock.now() - view.clock.monotonic();
  // Told in groups that expire together, as wide as a connection without a session may live.
  const stepMs = view.service.limits.sessionlessTimeoutMs;
  const groups = new Map<number, string[]>();
  let count = 0;
  for (const connection of view.service.connections()) {
    const atMs = connection.lastHeardMs + connection.timeoutMs;
    const expiresMs = (Math.floor(atMs / stepMs) + 1) * stepMs;
    const line = `\tip: ${connection.remoteText} sessionId: 0x${sessionHex(connection.sessionId)}\n`;
    const group = groups.get(expiresMs);
    if (group === undefined) groups.set(expiresMs, [line]);
    else group.push(line);
    count++;
  }
  let text = `Connections Sets (${groups.size})/(${count}):\n`;
  for (const [expiresMs, lines] of [...groups].sort(([one], [other]) => one - other)) {
    text += `${lines.length} expire at ${javaDate(expiresMs + toWallMs)}:\n${lines.join("")}`;
  }
  return text;
}
