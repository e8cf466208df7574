/** What resolv.conf(5) and hosts(5) say to a program that looks up names. Lines that make no sense are skipped, as libc does. */
import { isIP } from "node:net";

export interface ResolverConfiguration {
  /** In the order they are asked, `IP`, `IP:PORT` or `[IP]:PORT`; never empty. */
  readonly nameservers: readonly string[];
  readonly search: readonly string[];
  /** A name with at least this many dots is tried as it is before the search list. */
  readonly ndots: number;
  readonly timeoutMs: number;
  readonly attempts: number;
}

const NAMESERVERS_MAX = 3;

export function parseResolvConf(text: string): ResolverConfiguration {
  const nameservers: string[] = [];
  let search: readonly string[] = [];
  const options = new Map<string, number>();
  for (const line of text.split("\n")) {
    const [keyword, ...words] = line
      .replace(/[#;].*/, "")
      .trim()
      .split(/\s+/);
    if (keyword === "nameserver" && nameservers.length < NAMESERVERS_MAX && isNameserver(words[0] ?? "")) {
      nameservers.push(words[0] ?? "");
    } else if (keyword === "search" || keyword === "domain") {
      search = words;
    } else if (keyword === "options") {
      for (const word of words) {
        const [name, value] = word.split(":");
        if (name !== undefined && /^[0-9]{1,3}$/.test(value ?? "")) options.set(name, Number(value));
      }
    }
  }
  return {
    nameservers: nameservers.length > 0 ? nameservers : ["127.0.0.1"],
    search,
    ndots: Math.min(options.get("ndots") ?? 1, 15),
    timeoutMs: 1000 * Math.max(1, Math.min(options.get("timeout") ?? 5, 30)),
    attempts: Math.max(1, Math.min(options.get("attempts") ?? 2, 5)),
  };
}

/** Whole names to try, in order. A final dot says that the name is whole already. */
export function candidates(name: string, configuration: ResolverConfiguration): string[] {
  if (name.endsWith(".")) return [name.slice(0, -1)];
  const expanded = configuration.search.map((domain) => `${name}.${domain.replace(/\.$/, "")}`.replace(/\.$/, ""));
  const dots = name.split(".").length - 1;
  return dots >= configuration.ndots ? [name, ...expanded] : [...expanded, name];
}

export interface HostsLine {
  readonly address: string;
  /** The first is the canonical one. */
  readonly names: readonly string[];
}

export function parseHosts(text: string): HostsLine[] {
  return text.split("\n").flatMap((line) => {
    const [address, ...names] = line.replace(/#.*/, "").trim().split(/\s+/);
    return address !== undefined && isIP(address) !== 0 && names.length > 0 ? [{ address, names }] : [];
  });
}

function isNameserver(text: string): boolean {
  const address = /^\[([^\]]+)\]:[0-9]+$/.exec(text)?.[1] ?? (isIP(text) === 6 ? text : text.replace(/:[0-9]+$/, ""));
  return isIP(address) !== 0;
}
