/** The arguments of `listen` (src/http/ngx_http_core_module.c, ngx_http_core_listen; src/core/ngx_inet.c, ngx_parse_url). */
import { ConfigError } from "./config-error.ts";
import type { SocketAddress } from "./model.ts";
import type { Directive } from "./parse.ts";
import { arg } from "./values.ts";

export interface Listen extends SocketAddress {
  readonly defaultServer: boolean;
  /** Whether it sets options of the socket, which only one `listen` of an address may do. */
  readonly setsOptions: boolean;
  readonly warnings: readonly string[];
  readonly directive: Directive;
}

/** `somaxconn` as nginx asks for it on Linux. */
const BACKLOG = 511;

export function parseListen(directive: Directive): Listen {
  const target = parseTarget(directive);
  let defaultServer = false;
  let setsOptions = false;
  let backlog = BACKLOG;
  let ipv6Only = true;
  let reusePort = false;
  const warnings: string[] = [];
  for (const parameter of directive.args.slice(1)) {
    const [name = "", value] = splitParameter(parameter);
    switch (name) {
      case "default_server":
      case "default":
        defaultServer = true;
        continue;
      case "backlog":
        backlog = Number(value);
        if (!Number.isInteger(backlog) || backlog === 0)
          throw new ConfigError(`invalid backlog "${parameter}"`, directive);
        break;
      case "ipv6only":
        if (!target.host.startsWith("["))
          throw new ConfigError(`ipv6only is not supported on addr "${target.text}"`, directive);
        if (value !== "on" && value !== "off")
          throw new ConfigError(`invalid ipv6only flags "${value ?? ""}"`, directive);
        ipv6Only = value === "on";
        break;
      case "reuseport":
        reusePort = true;
        break;
      case "bind":
      case "deferred":
      case "fastopen":
      case "rcvbuf":
      case "sndbuf":
      case "so_keepalive":
      case "setfib":
      case "accept_filter":
      case "multipath":
        break;
      case "http2":
      case "spdy":
        warnings.push(`the "${name}" parameter of the "listen" directive is not served here`);
        break;
      case "ssl":
      case "quic":
      case "http3":
        throw new ConfigError(
          `the "${name}" parameter of the "listen" directive encrypts and is not served here`,
          directive,
        );
      case "proxy_protocol":
        throw new ConfigError('the "proxy_protocol" parameter of the "listen" directive is not served here', directive);
      default:
        throw new ConfigError(`invalid parameter "${parameter}"`, directive);
    }
    setsOptions = true;
  }
  return { ...target, backlog, ipv6Only, reusePort, defaultServer, setsOptions, warnings, directive };
}

function splitParameter(parameter: string): [string, string | undefined] {
  const equals = parameter.indexOf("=");
  return equals < 0 ? [parameter, undefined] : [parameter.slice(0, equals), parameter.slice(equals + 1)];
}

function parseTarget(directive: Directive): Pick<Listen, "text" | "host" | "port" | "unixPath" | "wildcard"> {
  const text = arg(directive, 0);
  const refuse = (why: string): never => {
    throw new ConfigError(`${why} in "${text}" of the "listen" directive`, directive);
  };
  if (text.startsWith("unix:")) {
    const unixPath = text.slice(5);
    if (unixPath === "") refuse("no path in the unix domain socket");
    if (unixPath.length > 107) refuse("too long path in the unix domain socket");
    return { text, host: "", port: 0, unixPath, wildcard: false };
  }
  const match = /^(?:(\[[0-9A-Fa-f:.]+\])(?::(.*))?|([^:[\]]*):(.*)|([^:[\]]+))$/.exec(text);
  if (match === null) return refuse("invalid host");
  const [, ipv6, ipv6Port, named, namedPort, alone = ""] = match;
  let host = ipv6 ?? named ?? alone;
  let portText = ipv6 === undefined ? namedPort : ipv6Port;
  if (/^\d+$/.test(alone)) {
    host = "*";
    portText = alone;
  }
  if (host === "") return refuse("no host");
  const port = portText === undefined ? 80 : Number(portText);
  if (portText !== undefined && (!/^\d+$/.test(portText) || port < 1 || port > 65535)) refuse("invalid port");
  if (host === "*") host = "0.0.0.0";
  if (host === "localhost") host = "127.0.0.1";
  if (/^[\d.]+$/.test(host) && !/^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.|$)){4}$/.test(host)) refuse("host not found");
  return { text: `${host}:${port}`, host, port, unixPath: undefined, wildcard: host === "0.0.0.0" || host === "[::]" };
}
