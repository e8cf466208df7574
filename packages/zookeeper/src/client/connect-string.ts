import { RefusedError } from "@ordinal/kit";

// Source: org.apache.zookeeper.client.ConnectStringParser.

export const DEFAULT_CLIENT_PORT = 2181;

export interface ServerAddress {
  /** A host name or an IP address, without brackets. */
  readonly host: string;
  readonly port: number;
}

export interface ConnectString {
  /** At least one, in the order given. */
  readonly servers: readonly ServerAddress[];
  /** Every path of the client lies below it; empty where there is none, else without a slash at its end. */
  readonly chroot: string;
}

/**
 * Takes `host:port,host:port/chroot` apart; a port that is missing is 2181, an IPv6 address stands in brackets.
 * A `RefusedError` with code `BAD_CONNECT_STRING` names what is wrong.
 */
export function parseConnectString(text: string): ConnectString {
  const slash = text.indexOf("/");
  const chroot = slash < 0 ? "" : text.slice(slash);
  const servers = (slash < 0 ? text : text.slice(0, slash))
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map(parseServer);
  if (servers.length === 0) throw bad(`no server in "${text}"`);
  if (chroot.length > 1 && chroot.endsWith("/")) throw bad("Path must not end with / character");
  return { servers, chroot: chroot === "/" ? "" : chroot };
}

/** An address as connect strings write it. */
export function formatServer({ host, port }: ServerAddress): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

function parseServer(part: string): ServerAddress {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(part);
  if (bracketed !== null) return { host: bracketed[1] ?? "", port: parsePort(bracketed[2] ?? "", part) };
  const colon = part.lastIndexOf(":");
  if (colon < 0) return { host: part, port: DEFAULT_CLIENT_PORT };
  return { host: part.slice(0, colon), port: parsePort(part.slice(colon + 1), part) };
}

function parsePort(text: string, part: string): number {
  if (text === "") return DEFAULT_CLIENT_PORT;
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 0xffff) throw bad(`"${text}" in "${part}" is not a port`);
  return port;
}

function bad(message: string): RefusedError<"BAD_CONNECT_STRING"> {
  return new RefusedError("BAD_CONNECT_STRING", message);
}
