/** The sockets of a configuration and the servers behind each (src/http/ngx_http.c, ngx_http_add_listen and its kin). */
import { ConfigError } from "./config-error.ts";
import type { Listen } from "./listen.ts";
import type { Address, Server } from "./model.ts";

export interface ServerWithListens {
  readonly server: Server;
  readonly listens: readonly Listen[];
}

interface Entry {
  listen: Listen;
  readonly servers: Server[];
  defaultServer: Server;
  defaultStated: boolean;
  optionsStated: boolean;
}

export function buildAddresses(servers: readonly ServerWithListens[], warnings: string[]): readonly Address[] {
  const entries = new Map<string, Entry>();
  for (const { server, listens } of servers) {
    for (const listen of listens) {
      const entry = entries.get(listen.text);
      if (entry === undefined) {
        entries.set(listen.text, {
          listen,
          servers: [server],
          defaultServer: server,
          defaultStated: listen.defaultServer,
          optionsStated: listen.setsOptions,
        });
        continue;
      }
      if (listen.setsOptions) {
        if (entry.optionsStated) throw new ConfigError(`duplicate listen options for ${listen.text}`, listen.directive);
        entry.optionsStated = true;
        entry.listen = listen;
      }
      if (listen.defaultServer) {
        if (entry.defaultStated)
          throw new ConfigError(`a duplicate default server for ${listen.text}`, listen.directive);
        entry.defaultStated = true;
        entry.defaultServer = server;
      }
      entry.servers.push(server);
    }
  }
  return [...entries.values()].map(({ listen, servers: behind, defaultServer }) => {
    warnAboutConflicts(listen.text, behind, warnings);
    const { text, host, port, unixPath, wildcard, ipv6Only, backlog, reusePort } = listen;
    return { text, host, port, unixPath, wildcard, ipv6Only, backlog, reusePort, defaultServer, servers: behind };
  });
}

function warnAboutConflicts(address: string, servers: readonly Server[], warnings: string[]): void {
  const taken = new Set<string>();
  for (const server of servers) {
    const own =
      server.names.length === 0
        ? [""]
        : server.names.flatMap((name) => (name.kind === "regex" ? [] : [nameText(name)]));
    for (const name of own) {
      // Names are looked at only where there is a choice, so a wrong one elsewhere goes unnoticed, as in the original.
      if (servers.length > 1 && /\*.|\.\./.test(name.replace(/^\*\./, ""))) {
        throw new ConfigError(`invalid server name or wildcard "${name}" on ${address}`);
      }
      if (taken.has(name)) warnings.push(`conflicting server name "${name}" on ${address}, ignored`);
      taken.add(name);
    }
  }
}

function nameText(name: { readonly kind: string; readonly name: string }): string {
  if (name.kind === "leading-wildcard") return `*${name.name}`;
  return name.kind === "trailing-wildcard" ? `${name.name}*` : name.name;
}
