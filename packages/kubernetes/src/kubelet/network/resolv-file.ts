import type { Pod } from "kubernetes-types/core/v1.d.ts";

interface Resolver {
  readonly servers: readonly string[];
  readonly searches: readonly string[];
  readonly options: readonly string[];
}

export interface ResolvContext {
  readonly clusterDomain: string;
  readonly clusterDNS: string;
  /** The machine's own /etc/resolv.conf, for `dnsPolicy: Default`. */
  readonly hostFile: string;
}

/** /etc/resolv.conf of a pod, as kubernetes `pkg/kubelet/network/dns` makes it. The search path follows the policy, then dnsConfig. */
export function resolvFile(pod: Pod, context: ResolvContext): string {
  const { spec, metadata } = pod;
  const config = spec?.dnsConfig;
  const base = resolverOf(spec?.dnsPolicy ?? "ClusterFirst", metadata?.namespace ?? "default", context);
  const options = new Map(base.options.map((option) => splitOption(option)));
  for (const { name, value } of config?.options ?? []) if (name !== undefined) options.set(name, value ?? "");
  const searches = unique([...base.searches, ...(config?.searches ?? [])]);
  const lines = [
    ...(searches.length === 0 ? [] : [`search ${searches.join(" ")}`]),
    ...unique([...base.servers, ...(config?.nameservers ?? [])]).map((server) => `nameserver ${server}`),
    ...(options.size === 0
      ? []
      : [`options ${[...options].map(([name, value]) => (value === "" ? name : `${name}:${value}`)).join(" ")}`]),
  ];
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}

function resolverOf(policy: string, namespace: string, context: ResolvContext): Resolver {
  if (policy === "None") return { servers: [], searches: [], options: [] };
  if (policy === "Default") return parseResolver(context.hostFile);
  const { clusterDomain } = context;
  return {
    servers: [context.clusterDNS],
    searches: [`${namespace}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain],
    options: ["ndots:5"],
  };
}

function parseResolver(text: string): Resolver {
  const servers: string[] = [];
  let searches: string[] = [];
  let options: string[] = [];
  for (const line of text.split("\n")) {
    const [word, ...rest] = line.trim().split(/\s+/);
    if (word === "nameserver" && rest[0] !== undefined) servers.push(rest[0]);
    else if (word === "search") searches = rest;
    else if (word === "options") options = rest;
  }
  return { servers, searches, options };
}

function splitOption(option: string): [string, string] {
  const colon = option.indexOf(":");
  return colon === -1 ? [option, ""] : [option.slice(0, colon), option.slice(colon + 1)];
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}
