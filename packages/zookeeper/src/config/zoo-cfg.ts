/**
 * From zoo.cfg, the dynamic configuration it names, myid and system properties to a configuration, with all problems reported
 * together, in the original's words.
 *
 * Source: org.apache.zookeeper.server.quorum.QuorumPeerConfig.
 */
import type { Zxid } from "../jute/zxid.ts";
import { ConfigError } from "./config-error.ts";
import { ConfigKeys, type ConfigProblem } from "./config-keys.ts";
import { parseProperties, type Property } from "./java-properties.ts";
import { problemWithKey, problemWithProperty, type PropertyProblem } from "./known-properties.ts";
import { parseVersion, QuorumConfig, type MemberRole } from "./quorum-config.ts";
import {
  ANY_ADDRESS,
  DEFAULT_MAX_CLIENT_CNXNS,
  DEFAULT_TICK_TIME,
  settingsOfProperties,
  type ServerConfig,
} from "./server-config.ts";
import type { SystemProperties } from "./system-properties.ts";

export type { ConfigProblem } from "./config-keys.ts";

export interface ParsedConfig {
  /** Undefined if there are problems. */
  readonly config: ServerConfig | undefined;
  /** Each keeps the server from starting. */
  readonly problems: readonly ConfigProblem[];
  /** To be told, and no more. */
  readonly warnings: readonly ConfigProblem[];
}

export interface ConfigSources {
  /** How problems call the file. */
  readonly file: string;
  readonly text: string;
  readonly properties?: SystemProperties | undefined;
  /** The text of the file myid, if there is one. */
  readonly myid?: string | undefined;
  /** The file that `dynamicConfigFile` names. */
  readonly dynamic?: { readonly file: string; readonly text: string } | undefined;
  /** `zoo.cfg.dynamic.next`, if there is one. */
  readonly dynamicNext?: string | undefined;
}

const SNAP_RETAIN_COUNT_MIN = 3;
const MS_OF_UNIT: ReadonlyMap<string, number> = new Map([
  ["MS", 1],
  ["S", 1000],
  ["M", 60_000],
  ["H", 3_600_000],
  ["D", 86_400_000],
]);
const METRICS_PROVIDERS: ReadonlySet<string> = new Set([
  "org.apache.zookeeper.metrics.impl.DefaultMetricsProvider",
  "org.apache.zookeeper.metrics.impl.NullMetricsProvider",
  "org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider",
]);

/** `zoo.cfg:3: tickTime is not set`. */
export function formatProblem(problem: ConfigProblem): string {
  const at = problem.line === undefined ? problem.file : `${problem.file}:${problem.line}`;
  return `${at}: ${problem.message}`;
}

/** What has to be read from disk before `parseZooCfg` can say all: the last values of the keys that name files, where they are there. */
export function filesOf(text: string): Record<"dataDir" | "dataLogDir" | "dynamicConfigFile", string | undefined> {
  const last = new Map(parseProperties(text).map(({ key, value }) => [key.trim(), value.trim()]));
  const [dataDir, dataLogDir] = [last.get("dataDir"), last.get("dataLogDir")];
  return { dataDir, dataLogDir, dynamicConfigFile: last.get("dynamicConfigFile") };
}

export function parseZooCfg(sources: ConfigSources): ParsedConfig {
  return new ConfigParser(sources).parse();
}

class ConfigParser {
  readonly #sources: ConfigSources;
  readonly #keys: ConfigKeys;

  constructor(sources: ConfigSources) {
    this.#sources = sources;
    this.#keys = new ConfigKeys(sources.file, sources.text);
  }

  parse(): ParsedConfig {
    const dynamicConfigFile = this.#keys.text("dynamicConfigFile");
    const tickTime = this.#keys.integer("tickTime", DEFAULT_TICK_TIME, { min: 1, tooSmall: "tickTime is not set" });
    const minSessionTimeout = orDefault(this.#keys.integer("minSessionTimeout", -1, { min: -1 }), tickTime * 2);
    const maxSessionTimeout = orDefault(this.#keys.integer("maxSessionTimeout", -1, { min: -1 }), tickTime * 20);
    if (minSessionTimeout > maxSessionTimeout) {
      this.#keys.problem("maxSessionTimeout", "minSessionTimeout must not be larger than maxSessionTimeout");
    }
    const dataDir = this.#keys.text("dataDir");
    const dataLogDir = this.#keys.text("dataLogDir") ?? dataDir;
    if (dataDir === undefined || dataDir === "") this.#keys.problem("dataDir", "dataDir is not set");
    const initLimit = this.#keys.integer("initLimit", 0, { min: 0 });
    const syncLimit = this.#keys.integer("syncLimit", 0, { min: 0 });
    if (this.#keys.integer("electionAlg", 3) !== 3) {
      this.#keys.problem("electionAlg", "Invalid electionAlg value. Only 3 is supported.");
    }
    const standaloneEnabled = this.#keys.boolean("standaloneEnabled", true);
    const peerTypeSaid = this.#peerType();
    const myid = this.#myid(dataDir);
    const whole = this.#quorum(dynamicConfigFile, standaloneEnabled);
    const quorum = whole !== undefined && (!standaloneEnabled || whole.voters.size > 1) ? whole : undefined;
    if (quorum !== undefined) this.#checkEnsemble(quorum, { initLimit, syncLimit, myid });
    const client = this.#clientAddress("clientPort", myid === undefined ? undefined : whole, myid);
    const secureClient = this.#clientAddress("secureClientPort", myid === undefined ? undefined : whole, myid);
    const isObserver = myid !== undefined && whole?.observers.has(myid) === true;
    const peerType = this.#effectivePeerType(isObserver ? "observer" : "participant", peerTypeSaid);
    this.#checkQuorumSecurity();
    const staticKeys = {
      connectToLearnerMasterLimit: this.#keys.integer("connectToLearnerMasterLimit", 0, { min: 0 }),
      clientPortListenBacklog: this.#keys.integer("clientPortListenBacklog", -1, { min: -1 }),
      maxClientCnxns: this.#keys.integer("maxClientCnxns", DEFAULT_MAX_CLIENT_CNXNS),
      localSessionsEnabled: this.#keys.boolean("localSessionsEnabled", false),
      localSessionsUpgradingEnabled: this.#keys.boolean("localSessionsUpgradingEnabled", false),
      quorumListenOnAllIPs: this.#keys.boolean("quorumListenOnAllIPs", false),
      reconfigEnabled: this.#keys.boolean("reconfigEnabled", false),
      snapRetainCount: this.#snapRetainCount(),
      purgeIntervalMs: this.#purgeInterval(),
      syncEnabled: this.#keys.boolean("syncEnabled", true),
    };
    this.#checkJvmPause();
    this.#checkIgnored();
    const metrics = this.#metrics();
    const properties = this.#properties();
    const byProperties = settingsOfProperties(properties);
    if (this.#keys.problems.length > 0) {
      return { config: undefined, problems: this.#keys.problems, warnings: this.#keys.warnings };
    }
    const config: ServerConfig = {
      configFile: this.#sources.file,
      initialConfig: this.#sources.text,
      dynamicConfigFile,
      myid,
      tickTime,
      initLimit,
      syncLimit,
      dataDir: dataDir as string,
      dataLogDir: dataLogDir as string,
      clientPort: client.port,
      clientPortAddress: client.host,
      secureClientPort: secureClient.port,
      secureClientPortAddress: secureClient.host,
      minSessionTimeout,
      maxSessionTimeout,
      peerType,
      electionAlg: 3,
      standaloneEnabled,
      quorum,
      lastSeenQuorum: this.#lastSeenQuorum(),
      metricsProviderClassName: metrics.className,
      metricsProvider: metrics.settings,
      properties,
      ...staticKeys,
      ...byProperties,
    };
    return { config: Object.freeze(config), problems: [], warnings: this.#keys.warnings };
  }

  #peerType(): MemberRole {
    const text = this.#keys.text("peerType");
    const lower = text?.toLowerCase() ?? "participant";
    if (lower === "observer" || lower === "participant") return lower;
    this.#keys.problem("peerType", `Unrecognised peertype: ${text}`);
    return "participant";
  }

  #effectivePeerType(byServers: MemberRole, said: MemberRole): MemberRole {
    if (byServers !== said) {
      const line = this.#keys.values.get("peerType")?.line;
      this.#keys.warn(
        line,
        `Peer type from servers list (${byServers.toUpperCase()}) doesn't match peerType (${said.toUpperCase()}). Defaulting to servers list.`,
      );
    }
    return byServers;
  }

  #myid(dataDir: string | undefined): number | undefined {
    const text = this.#sources.myid?.split(/\r\n|\r|\n/)[0];
    if (text === undefined) return undefined;
    const value = Number(text);
    if (/^\+?\d{1,16}$/.test(text) && Number.isSafeInteger(value)) return value;
    const shown = text.length > 40 ? `${text.slice(0, 40)}…` : text;
    this.#keys.problems.push({ file: `${dataDir ?? ""}/myid`, line: 1, message: `serverid ${shown} is not a number` });
    return undefined;
  }

  /** The members, whether or not they make an ensemble; undefined if they cannot be read (a problem was noted then). */
  #quorum(dynamicConfigFile: string | undefined, standaloneEnabled: boolean): QuorumConfig | undefined {
    const isMember = (key: string): boolean =>
      key.startsWith("server.") || key.startsWith("group") || key.startsWith("weight");
    for (const key of this.#keys.values.keys()) {
      if (!isMember(key)) continue;
      // What is `server.principal` for SASL is no member: the original would take it for one and fail.
      this.#keys.take(key);
      if (dynamicConfigFile !== undefined) {
        this.#keys.problem(key, `parameter: ${key} must be in a separate dynamic config file`);
      }
    }
    const { dynamic } = this.#sources;
    if (dynamicConfigFile !== undefined && dynamic === undefined) {
      this.#keys.problem("dynamicConfigFile", `Error processing ${dynamicConfigFile}: the file cannot be read`);
      return undefined;
    }
    const properties =
      dynamic === undefined
        ? [...this.#keys.values.values()].filter(({ key }) => isMember(key.trim()))
        : parseProperties(dynamic.text);
    const file = dynamic?.file ?? this.#sources.file;
    const problemsBefore = this.#keys.problems.length;
    for (const property of properties) {
      const message = problemWithMember(property, dynamic !== undefined);
      if (message !== undefined) this.#keys.problems.push({ file, line: property.line, message });
    }
    if (this.#keys.problems.length > problemsBefore) return undefined;
    try {
      const config = QuorumConfig.fromProperties(properties);
      const version = dynamic === undefined ? undefined : versionFromFileName(dynamic.file);
      this.#checkMembers(config, file, standaloneEnabled);
      for (const member of config.members.values()) {
        if (member.ignoredAddresses.length === 0) continue;
        const line = properties.find(({ key }) => key === `server.${member.sid}`)?.line;
        const message = `only the first address of server.${member.sid} is used; ignored: ${member.ignoredAddresses.join(" ")}`;
        this.#keys.warnings.push({ file, line, message });
      }
      return version === undefined ? config : config.withVersion(version);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      this.#keys.problems.push({ file, line: undefined, message: error.message });
      return undefined;
    }
  }

  #checkMembers(config: QuorumConfig, file: string, standaloneEnabled: boolean): void {
    const voters = config.voters.size;
    const problem = (message: string): void => void this.#keys.problems.push({ file, line: undefined, message });
    const warn = (message: string): void => void this.#keys.warnings.push({ file, line: undefined, message });
    if (voters === 0) {
      if (!standaloneEnabled) problem("standaloneEnabled = false then number of participants should be >0");
      else if (config.observers.size > 0) problem("Observers w/o participants is an invalid configuration");
    } else if (voters === 1 && standaloneEnabled) {
      warn("Invalid configuration, only one server specified (ignoring)");
      if (config.observers.size > 0) problem("Observers w/o quorum is an invalid configuration");
    } else if (voters <= 2) {
      warn("No server failure will be tolerated. You need at least 3 servers.");
    } else if (voters % 2 === 0) {
      warn("Non-optimal configuration, consider an odd number of servers.");
    }
  }

  #checkEnsemble(
    quorum: QuorumConfig,
    facts: { readonly initLimit: number; readonly syncLimit: number; readonly myid: number | undefined },
  ): void {
    if (facts.initLimit === 0) this.#keys.problem("initLimit", "initLimit is not set");
    if (facts.syncLimit === 0) this.#keys.problem("syncLimit", "syncLimit is not set");
    if (facts.myid === undefined) {
      if (this.#sources.myid === undefined) this.#keys.problem("dataDir", "myid file is missing");
    } else if (!quorum.members.has(facts.myid)) {
      this.#keys.problem("dataDir", `My id ${facts.myid} not in the peer list`);
    }
  }

  /** The address of this server's own line in the member list goes before the static one, which must not say otherwise. */
  #clientAddress(
    key: "clientPort" | "secureClientPort",
    quorum: QuorumConfig | undefined,
    myid: number | undefined,
  ): { port: number | undefined; host: string } {
    const said = this.#keys.text(key) === undefined ? undefined : this.#keys.integer(key, 0, { min: 0, max: 65_535 });
    const addressKey = `${key}Address`;
    const address = this.#keys.text(addressKey);
    if (said === undefined && address !== undefined) {
      this.#keys.problem(addressKey, `${addressKey} is set but ${key} is not set`);
    }
    const host = address === undefined || address === "" ? ANY_ADDRESS : address.replace(/^\[(.*)\]$/, "$1");
    const member = myid === undefined ? undefined : quorum?.members.get(myid);
    const isSecure = key === "secureClientPort";
    const memberPort = isSecure ? member?.secureClientPort : member?.clientPort;
    const memberHost = (isSecure ? member?.secureClientHost : member?.clientHost) ?? ANY_ADDRESS;
    if (memberPort === undefined) return { port: said, host };
    const isAny = host === ANY_ADDRESS || host === "::";
    if (said !== undefined && (said !== memberPort || (!isAny && host !== memberHost))) {
      const what = isSecure ? "secure client address" : "client address";
      this.#keys.problem(
        key,
        `${what} for this server (id = ${myid}) in static config file is ${host}:${said}` +
          ` is different from ${what} found in dynamic file: ${memberHost}:${memberPort}`,
      );
    }
    return { port: memberPort, host: memberHost };
  }

  /** Servers speak to each other in the clear here: who asked for more must not believe that there is more. */
  #checkQuorumSecurity(): void {
    const enable = "quorum.auth.enableSasl";
    const server = "quorum.auth.serverRequireSasl";
    const learner = "quorum.auth.learnerRequireSasl";
    const isEnabled = this.#keys.boolean(enable, false);
    const serverRequires = this.#keys.boolean(server, false);
    const learnerRequires = this.#keys.boolean(learner, false);
    for (const key of ["learner.saslLoginContext", "server.saslLoginContext", "kerberos.servicePrincipal"]) {
      this.#keys.text(`quorum.auth.${key}`);
    }
    this.#keys.integer("quorum.cnxn.threads.size", 20);
    if (!isEnabled && serverRequires) this.#keys.problem(server, `${enable} is disabled, so cannot enable ${server}`);
    if (!isEnabled && learnerRequires)
      this.#keys.problem(learner, `${enable} is disabled, so cannot enable ${learner}`);
    if (!learnerRequires && serverRequires)
      this.#keys.problem(server, `${learner} is disabled, so cannot enable ${server}`);
    const secure = [...(this.#keys.boolean("sslQuorum", false) ? ["sslQuorum"] : []), ...(isEnabled ? [enable] : [])];
    for (const key of secure) {
      this.#keys.problem(key, `${key}=true is not supported: servers speak to each other in the clear; leave it out`);
    }
  }

  #snapRetainCount(): number {
    const key = "autopurge.snapRetainCount";
    const count = this.#keys.integer(key, SNAP_RETAIN_COUNT_MIN);
    if (count >= SNAP_RETAIN_COUNT_MIN) return count;
    const line = this.#keys.values.get(key)?.line;
    this.#keys.warn(line, `Invalid ${key}: ${count}. Defaulting to ${SNAP_RETAIN_COUNT_MIN}`);
    return SNAP_RETAIN_COUNT_MIN;
  }

  /** A number of hours, or a number with a unit (`30m`). */
  #purgeInterval(): number | undefined {
    const key = "autopurge.purgeInterval";
    const text = this.#keys.text(key);
    if (text === undefined) return undefined;
    const [, count, unit = ""] = /^(-?\d{1,9})(ms|MS|[sSmMhHdD])?$/.exec(text) ?? [];
    if (count === undefined) {
      this.#keys.problem(key, `${key}: For input string: "${text}"`);
      return undefined;
    }
    return Math.max(0, Number(count)) * (MS_OF_UNIT.get(unit === "" ? "H" : unit.toUpperCase()) ?? 0);
  }

  /** There is no virtual machine here that could pause; the keys are checked, so that a file means the same everywhere. */
  #checkJvmPause(): void {
    this.#keys.boolean("jvm.pause.monitor", false);
    for (const name of ["info-threshold.ms", "warn-threshold.ms", "sleep.time.ms"])
      this.#keys.integer(`jvm.pause.${name}`, 0);
  }

  #checkIgnored(): void {
    const isEnabled = this.#keys.boolean("multiAddress.enabled", false);
    this.#keys.boolean("multiAddress.reachabilityCheckEnabled", true);
    this.#keys.integer("multiAddress.reachabilityCheckTimeoutMs", 1000);
    if (isEnabled) {
      const line = this.#keys.values.get("multiAddress.enabled")?.line;
      this.#keys.warn(line, "multiAddress.enabled: of several addresses of a server only the first is used");
    }
    this.#keys.boolean("portUnification", false);
    this.#keys.boolean("sslQuorumReloadCertFiles", false);
    this.#keys.integer("observerMasterPort", 0, { max: 65_535 });
    const ignored = [
      "clientPortListenBacklog",
      "portUnification",
      "sslQuorumReloadCertFiles",
      "observerMasterPort",
      "oraclePath",
    ];
    for (const key of ignored) {
      if (this.#keys.text(key) === undefined) continue;
      this.#keys.warn(this.#keys.values.get(key)?.line, `${key} has no effect here`);
    }
  }

  #metrics(): { className: string; settings: ReadonlyMap<string, string> } {
    const classKey = "metricsProvider.className";
    const className = this.#keys.text(classKey) ?? "org.apache.zookeeper.metrics.impl.DefaultMetricsProvider";
    if (!METRICS_PROVIDERS.has(className)) {
      this.#keys.problem(
        classKey,
        `metrics provider class was not found: ${className}; known are ${[...METRICS_PROVIDERS].join(", ")}`,
      );
    }
    const settings = new Map<string, string>();
    for (const [key, { value }] of this.#keys.values) {
      if (!key.startsWith("metricsProvider.") || key === classKey) continue;
      this.#keys.take(key);
      settings.set(key.slice("metricsProvider.".length), value.trim());
    }
    return { className, settings };
  }

  /** Every key that is none of zoo.cfg's own, as the system property of that name, over those of the command line. */
  #properties(): SystemProperties {
    const properties = new Map(this.#sources.properties);
    for (const [name, value] of properties) {
      if (!name.startsWith("zookeeper.")) continue;
      const problem = problemWithProperty(name.slice("zookeeper.".length), value);
      if (problem !== undefined) this.#tell({ file: `-D${name}`, line: undefined }, problem);
    }
    for (const [key, { value, line }] of this.#keys.values) {
      if (this.#keys.isTaken(key)) continue;
      const problem = problemWithKey(key, value);
      if (problem !== undefined) this.#tell({ file: this.#sources.file, line }, problem);
      properties.set(`zookeeper.${key}`, value.trim());
    }
    return properties;
  }

  #tell(at: { readonly file: string; readonly line: number | undefined }, problem: PropertyProblem): void {
    const list = problem.isFatal ? this.#keys.problems : this.#keys.warnings;
    list.push({ file: at.file, line: at.line, message: problem.message });
  }

  #lastSeenQuorum(): QuorumConfig | undefined {
    if (this.#sources.dynamicNext === undefined) return undefined;
    try {
      return QuorumConfig.parse(this.#sources.dynamicNext);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      this.#keys.warnings.push({ file: `${this.#sources.file}.dynamic.next`, line: undefined, message: error.message });
      return undefined;
    }
  }
}

/** `zoo.cfg.dynamic.100000000` → that version; undefined where a name ends in none. */
export function versionFromFileName(name: string): Zxid | undefined {
  const suffix = name.slice(name.lastIndexOf(".") + 1);
  return name.includes(".") && /^[0-9a-fA-F]{1,14}$/.test(suffix) ? parseVersion(suffix) : undefined;
}

function problemWithMember(property: Property, isDynamicFile: boolean): string | undefined {
  const key = property.key.trim();
  if (isDynamicFile && key === "version") return "dynamic file shouldn't have version inside";
  if (isDynamicFile && !/^(?:server\.|group|weight)/.test(key)) return `Unrecognised parameter: ${key}`;
  if (!key.startsWith("server.")) return undefined;
  try {
    QuorumConfig.fromProperties([property]);
    return undefined;
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}

function orDefault(value: number, fallback: number): number {
  return value === -1 ? fallback : value;
}
