/** Names of a server, and the choice among the servers of an address (src/http/ngx_http.c, ngx_http_server_names). */
import { at, ConfigError, type Place } from "./config-error.ts";
import type { Server, ServerName } from "./model.ts";
import { compilePattern } from "./pattern.ts";

/** `.example.com` is two names: itself and everything under it. */
export function parseServerName(text: string, place: Place, warnings: string[]): readonly ServerName[] {
  if (text.startsWith("~")) {
    if (text.length === 1) throw new ConfigError(`empty regex in server name "${text}"`, place);
    return [{ kind: "regex", pattern: compilePattern(text.slice(1), true, place) }];
  }
  const name = text.toLowerCase();
  if (name.includes("/")) warnings.push(`server name "${text}" has suspicious symbols${at(place)}`);
  if (name.startsWith("*.") && !name.slice(2).includes("*")) return [{ kind: "leading-wildcard", name: name.slice(1) }];
  if (name.startsWith(".") && !name.includes("*")) {
    return [
      { kind: "exact", name: name.slice(1) },
      { kind: "leading-wildcard", name },
    ];
  }
  if (name.endsWith(".*") && !name.slice(0, -2).includes("*"))
    return [{ kind: "trailing-wildcard", name: name.slice(0, -1) }];
  return [{ kind: "exact", name }];
}

export interface ChosenServer {
  readonly server: Server;
  /** Captures of a regular expression that chose it. */
  readonly captures: RegExpExecArray | undefined;
}

/** Exact name, longest `*.name`, longest `name.*`, first regular expression, else the default. `host` is validated and lower-case. */
export class ServerNames {
  readonly #default: ChosenServer;
  readonly #exact = new Map<string, ChosenServer>();
  readonly #leading = new Map<string, ChosenServer>();
  readonly #trailing = new Map<string, ChosenServer>();
  readonly #patterns: { readonly expression: RegExp; readonly server: Server }[] = [];

  constructor(defaultServer: Server, servers: readonly Server[]) {
    this.#default = { server: defaultServer, captures: undefined };
    for (const server of servers) {
      for (const name of server.names) {
        if (name.kind === "regex") {
          this.#patterns.push({ expression: name.pattern.expression, server });
          continue;
        }
        const table =
          name.kind === "exact" ? this.#exact : name.kind === "leading-wildcard" ? this.#leading : this.#trailing;
        // The first server of a name keeps it; the configuration warned about the others.
        if (!table.has(name.name)) table.set(name.name, { server, captures: undefined });
      }
    }
  }

  choose(host: string | undefined): ChosenServer {
    if (host === undefined) return this.#default;
    const exact = this.#exact.get(host);
    if (exact !== undefined) return exact;
    if (this.#leading.size > 0) {
      for (let dot = host.indexOf("."); dot >= 0; dot = host.indexOf(".", dot + 1)) {
        const found = dot === 0 ? undefined : this.#leading.get(host.slice(dot));
        if (found !== undefined) return found;
      }
    }
    if (this.#trailing.size > 0) {
      for (let dot = host.lastIndexOf("."); dot > 0; dot = host.lastIndexOf(".", dot - 1)) {
        const found = this.#trailing.get(host.slice(0, dot + 1));
        if (found !== undefined) return found;
      }
    }
    for (const { expression, server } of this.#patterns) {
      const captures = expression.exec(host);
      if (captures !== null) return { server, captures };
    }
    return this.#default;
  }
}
