/**
 * `nslookup HOST [SERVER]` in the words of BusyBox 1.28 (networking/nslookup.c), which the tutorials show: the server with
 * its name, then the host with every address and that address's name. It looks names up like the C library of that
 * image: /etc/hosts, then the search list of /etc/resolv.conf. Imports little, because it is started all the time.
 *
 * `ORDINAL_RESOLV_CONF` names another file than /etc/resolv.conf, for pods that share the machine's file system.
 */
import { Resolver } from "node:dns/promises";
import { readFileSync } from "node:fs";
import { isIP } from "node:net";

import {
  candidates,
  type HostsLine,
  parseHosts,
  parseResolvConf,
  type ResolverConfiguration,
} from "./resolver-configuration.ts";

const USAGE = `Usage: nslookup HOST [SERVER]

Query the nameserver for the IP address of HOST, optionally using SERVER (an address, or ADDRESS:PORT)
`;

process.exitCode = await main(process.argv.slice(2));

async function main(words: readonly string[]): Promise<number> {
  const [host, server] = words;
  if (host === undefined || host === "" || host.startsWith("-") || words.length > 2) {
    process.stderr.write(USAGE);
    return 1;
  }
  const configuration = parseResolvConf(readText(process.env["ORDINAL_RESOLV_CONF"] ?? "/etc/resolv.conf"));
  const hosts = parseHosts(readText("/etc/hosts"));
  const resolver = new Resolver({ timeout: configuration.timeoutMs, tries: configuration.attempts });
  const lookup: Lookup = { configuration, hosts, resolver };
  try {
    resolver.setServers(configuration.nameservers);
    if (server !== undefined) resolver.setServers([await serverAddress(lookup, server)]);
  } catch {
    process.stderr.write(`nslookup: bad address '${server ?? configuration.nameservers.join(" ")}'\n`);
    return 1;
  }
  const asked = withoutPort(resolver.getServers()[0] ?? "");
  process.stdout.write(`${await report(lookup, "Server:", asked)}\n`);
  const answer = await report(lookup, "Name:", host);
  process.stdout.write(answer);
  if (answer !== "") return 0;
  process.stderr.write(`nslookup: can't resolve '${host}'\n`);
  return 1;
}

interface Lookup {
  readonly configuration: ResolverConfiguration;
  readonly hosts: readonly HostsLine[];
  readonly resolver: Resolver;
}

/** The lines about one host; nothing if it cannot be resolved. */
async function report(lookup: Lookup, header: string, host: string): Promise<string> {
  const addresses = await resolveHost(lookup, host);
  if (addresses.length === 0) return "";
  const names = await Promise.all(addresses.map((address) => nameOf(lookup, address)));
  const lines = addresses.map(
    (address, index) => `Address ${index + 1}: ${[address, ...(names[index] ?? [])].join(" ")}\n`,
  );
  return `${header.padEnd(10)} ${host}\n${lines.join("")}`;
}

async function resolveHost({ configuration, hosts, resolver }: Lookup, host: string): Promise<string[]> {
  if (isIP(host) !== 0) return [host];
  const folded = host.toLowerCase();
  const known = hosts.filter((line) => line.names.some((name) => name.toLowerCase() === folded));
  if (known.length > 0) return [...new Set(known.map((line) => line.address))];
  for (const name of candidates(host, configuration)) {
    const found = await Promise.all([none(resolver.resolve4(name)), none(resolver.resolve6(name))]);
    const addresses = found.flat();
    if (addresses.length > 0) return addresses;
  }
  return [];
}

/** The address's own name, in a list that is empty if it has none. */
async function nameOf({ hosts, resolver }: Lookup, address: string): Promise<string[]> {
  const known = hosts.find((line) => line.address === address)?.names[0];
  return known === undefined ? (await none(resolver.reverse(address))).slice(0, 1) : [known];
}

async function serverAddress(lookup: Lookup, server: string): Promise<string> {
  const host = withoutPort(server);
  if (isIP(host) !== 0) return server;
  const [address] = await resolveHost(lookup, host);
  if (address === undefined) throw new Error(`no address for ${host}`);
  return server.replace(host, address);
}

function withoutPort(server: string): string {
  if (isIP(server) !== 0) return server;
  return server.replace(/:[0-9]+$/, "").replace(/^\[(.*)\]$/, "$1");
}

/** What was found, and nothing for every kind of failure: the next name or family is tried then. */
function none(found: Promise<string[]>): Promise<string[]> {
  return found.catch(() => []);
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
