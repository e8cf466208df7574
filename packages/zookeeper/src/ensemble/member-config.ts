import type { MemberPlace } from "./member.ts";

export interface MemberSettings {
  readonly tickTimeMs: number;
  readonly lines: readonly string[];
}

/** Notices a dead peer in about two seconds, and is patient with a busy machine while a server starts. */
const INIT_LIMIT_TICKS = 60;
const SYNC_LIMIT_TICKS = 4;
const SESSION_TIMEOUT_MAX_MS = 60_000;

/** The zoo.cfg of one server; a key that `lines` say goes before what stands here. */
export function memberConfig(
  place: MemberPlace,
  places: readonly MemberPlace[],
  { tickTimeMs, lines }: MemberSettings,
): string {
  const said = new Set(lines.map((line) => line.split("=")[0]?.trim()));
  const own = [
    `tickTime=${tickTimeMs}`,
    `initLimit=${INIT_LIMIT_TICKS}`,
    `syncLimit=${SYNC_LIMIT_TICKS}`,
    `maxSessionTimeout=${Math.max(SESSION_TIMEOUT_MAX_MS, tickTimeMs * 20)}`,
    `dataDir=${place.dataDir}`,
    `clientPort=${place.clientPort}`,
    "clientPortAddress=127.0.0.1",
    "maxClientCnxns=0",
    "admin.enableServer=false",
    "4lw.commands.whitelist=*",
    ...(place.role === "observer" ? ["peerType=observer"] : []),
    ...(places.length === 1 ? [] : places.map(memberLine)),
  ];
  return [...own.filter((line) => !said.has(line.split("=")[0])), ...lines].join("\n") + "\n";
}

function memberLine({ sid, quorumPort, electionPort, role }: MemberPlace): string {
  return `server.${sid}=127.0.0.1:${quorumPort}:${electionPort}:${role}`;
}

/** Where the other servers connect to when they want this one. */
export function peerAddresses({ quorumPort, electionPort }: MemberPlace): string[] {
  return [`127.0.0.1:${quorumPort}`, `127.0.0.1:${electionPort}`];
}
