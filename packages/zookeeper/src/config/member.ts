/**
 * One server of an ensemble, as a `server.N=` line says it.
 *
 * Source: org.apache.zookeeper.server.quorum.QuorumPeer.QuorumServer, org.apache.zookeeper.server.util.ConfigUtils.getHostAndPort.
 */
import { ConfigError } from "./config-error.ts";

export type MemberRole = "participant" | "observer";

export interface MemberFacts {
  readonly sid: number;
  /** A name or an address, without brackets. */
  readonly host: string;
  readonly quorumPort: number;
  readonly electionPort: number;
  readonly role: MemberRole;
  /** What stands after `;`. Undefined where the clients' port is in the static configuration. */
  readonly clientHost?: string | undefined;
  readonly clientPort?: number | undefined;
  /** What stands after a second `;` (from 3.10 on). */
  readonly secureClientHost?: string | undefined;
  readonly secureClientPort?: number | undefined;
}

const WRONG_FORMAT =
  " does not have the form server_config or server_config;client_config" +
  " where server_config is the pipe separated list of host:port:port or host:port:port:type" +
  " and client_config is port or host:port";

export class Member implements MemberFacts {
  readonly sid: number;
  readonly host: string;
  readonly quorumPort: number;
  readonly electionPort: number;
  readonly role: MemberRole;
  readonly clientHost: string | undefined;
  readonly clientPort: number | undefined;
  readonly secureClientHost: string | undefined;
  readonly secureClientPort: number | undefined;
  /** Further addresses of the same server (`a:1:2|b:1:2`), which are not used here. */
  readonly ignoredAddresses: readonly string[];

  constructor(facts: MemberFacts & { readonly ignoredAddresses?: readonly string[] }) {
    this.sid = facts.sid;
    this.host = facts.host;
    this.quorumPort = facts.quorumPort;
    this.electionPort = facts.electionPort;
    this.role = facts.role;
    this.clientHost = facts.clientHost;
    this.clientPort = facts.clientPort;
    this.secureClientHost = facts.secureClientHost;
    this.secureClientPort = facts.secureClientPort;
    this.ignoredAddresses = facts.ignoredAddresses ?? [];
  }

  /**
   * Reads what stands after `server.N=`; a `ConfigError` in the original's words if it is no such thing.
   *
   * @param sid the N
   */
  static parse(sid: number, text: string): Member {
    const [servers = "", client = "", secureClient = "", ...rest] = text.trim().split(";");
    if (rest.length > 0) throw new ConfigError(text + WRONG_FORMAT);
    const [first = "", ...others] = servers.split("|");
    const parts = hostAndPorts(first);
    const [host = "", quorumPortText = "", electionPortText = "", roleText] = parts;
    if (parts.length < 3 || parts.length > 4 || host === "") throw new ConfigError(text + WRONG_FORMAT);
    const quorumPort = mustBePort(host, quorumPortText);
    const electionPort = mustBePort(host, electionPortText);
    if (quorumPort === electionPort) {
      throw new ConfigError(
        `Client and election port must be different! Please update the configuration file on server.${sid}`,
      );
    }
    const role = roleText === undefined ? "participant" : mustBeRole(roleText);
    const clientAddress = parseClientAddress(client, text);
    const secureAddress = parseClientAddress(secureClient, text);
    return new Member({
      sid,
      host: canonicalHost(host),
      quorumPort,
      electionPort,
      role,
      clientHost: clientAddress?.host,
      clientPort: clientAddress?.port,
      secureClientHost: secureAddress?.host,
      secureClientPort: secureAddress?.port,
      ignoredAddresses: others,
    });
  }

  /** What stands after `server.N=`: `zk-0:2888:3888:participant;0.0.0.0:2181`. */
  address(): string {
    let text = `${delimited(this.host)}:${this.quorumPort}:${this.electionPort}:${this.role}`;
    if (this.clientPort !== undefined) text += `;${delimited(this.clientHost ?? ANY_HOST)}:${this.clientPort}`;
    if (this.secureClientPort !== undefined) {
      text += this.clientPort === undefined ? ";;" : ";";
      text += `${delimited(this.secureClientHost ?? ANY_HOST)}:${this.secureClientPort}`;
    }
    return text;
  }

  /** `server.1=zk-0:2888:3888:participant`. */
  line(): string {
    return `server.${this.sid}=${this.address()}`;
  }

  equals(other: Member): boolean {
    return this.line() === other.line();
  }
}

const ANY_HOST = "0.0.0.0";

function parseClientAddress(text: string, whole: string): { host: string; port: number } | undefined {
  if (text === "") return undefined;
  const parts = hostAndPorts(text);
  if (parts.length > 2) throw new ConfigError(whole + WRONG_FORMAT);
  const host = parts.length === 2 ? canonicalHost(parts[0] ?? "") : ANY_HOST;
  return { host, port: mustBePort(host, parts.at(-1) ?? "") };
}

/** `host:1:2` or `[ipv6]:1:2` in parts; the address without its brackets. */
export function hostAndPorts(text: string): string[] {
  const trimmed = text.trim();
  if (!trimmed.startsWith("[")) return trimmed.split(":");
  const end = trimmed.indexOf("]");
  if (end < 0) throw new ConfigError(`${trimmed} starts with '[' but has no matching ']:'`);
  if (end + 2 === trimmed.length) throw new ConfigError(`${trimmed} doesn't have a port after colon`);
  const host = trimmed.slice(1, end);
  return end + 2 < trimmed.length ? [host, ...trimmed.slice(end + 2).split(":")] : [host];
}

function mustBePort(host: string, text: string): number {
  if (!/^\+?\d{1,10}$/.test(text)) throw new ConfigError(`Address unresolved: ${host}:${text}`);
  const port = Number(text);
  if (port > 65_535) throw new ConfigError(`port out of range:${text}`);
  return port;
}

function mustBeRole(text: string): MemberRole {
  const role = text.trim().toLowerCase();
  if (role === "participant" || role === "observer") return role;
  throw new ConfigError(`Unrecognised peertype: ${text}`);
}

function delimited(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

/** IPv6 addresses as Java prints them, eight groups without `::`; everything else as it is. */
function canonicalHost(host: string): string {
  if (!host.includes(":") || !/^[0-9a-fA-F:]+$/.test(host)) return host;
  const [head = "", tail, ...more] = host.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const missing = 8 - left.length - right.length;
  if (more.length > 0 || missing < 0 || (tail === undefined && missing !== 0)) return host;
  const groups = [...left, ...Array.from({ length: missing }, () => "0"), ...right];
  if (groups.some((group) => group === "" || group.length > 4)) return host;
  return groups.map((group) => Number.parseInt(group, 16).toString(16)).join(":");
}
