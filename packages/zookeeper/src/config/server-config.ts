/**
 * The configuration of one server, read once, checked and frozen.
 *
 * Source: org.apache.zookeeper.server.quorum.QuorumPeerConfig, org.apache.zookeeper.server.ServerConfig.
 */
import type { MemberRole, QuorumConfig } from "./quorum-config.ts";
import { booleanProperty, integerProperty, type SystemProperties } from "./system-properties.ts";

/** Keys keep their spelling of zoo.cfg; times without a unit in their name are milliseconds. */
export interface ServerConfig {
  /** The path of zoo.cfg, if the configuration came from a file: where reconfiguration writes. */
  readonly configFile: string | undefined;
  /** zoo.cfg as it was. */
  readonly initialConfig: string;
  readonly dynamicConfigFile: string | undefined;
  /** What the file myid says; undefined without one (a server that stands alone needs none). */
  readonly myid: number | undefined;
  /** The basic unit of time. Default 3000. Smaller notices dead peers and clients sooner and costs more pings. */
  readonly tickTime: number;
  /** In ticks: how long a follower may take to connect and synchronise. 0 if unset (standalone only). */
  readonly initLimit: number;
  /** In ticks: how long a peer may be silent. 0 if unset (standalone only). */
  readonly syncLimit: number;
  /** In ticks: how long a learner tries to reach its leader; 0: as initLimit. */
  readonly connectToLearnerMasterLimit: number;
  readonly dataDir: string;
  /** Where transaction logs go; by default `dataDir`. */
  readonly dataLogDir: string;
  /** Undefined: no plain client port. 0: any free one. */
  readonly clientPort: number | undefined;
  /** A name or address; by default every interface (`0.0.0.0`, which includes IPv6 where there is one). */
  readonly clientPortAddress: string;
  readonly secureClientPort: number | undefined;
  readonly secureClientPortAddress: string;
  /** Shown by `conf`, and nothing else; -1: unset. */
  readonly clientPortListenBacklog: number;
  /** Connections from one IP address; 0 or less: no limit. Default 60. */
  readonly maxClientCnxns: number;
  readonly minSessionTimeout: number;
  readonly maxSessionTimeout: number;
  readonly localSessionsEnabled: boolean;
  readonly localSessionsUpgradingEnabled: boolean;
  /** By the server list, if there is one. */
  readonly peerType: MemberRole;
  readonly electionAlg: 3;
  readonly quorumListenOnAllIPs: boolean;
  readonly standaloneEnabled: boolean;
  readonly reconfigEnabled: boolean;
  /** The ensemble; undefined: this server stands alone. */
  readonly quorum: QuorumConfig | undefined;
  /** What `zoo.cfg.dynamic.next` holds: a configuration that was proposed and not activated when the server stopped. */
  readonly lastSeenQuorum: QuorumConfig | undefined;
  /** Snapshots (and the logs they need) that are kept, 3 at least. */
  readonly snapRetainCount: number;
  /** 0: never purge. Undefined: nothing was said, and old files go after each snapshot. */
  readonly purgeIntervalMs: number | undefined;
  /** Observers write transactions to disk. */
  readonly syncEnabled: boolean;
  readonly metricsProviderClassName: string;
  /** `metricsProvider.<name>` but the class name. */
  readonly metricsProvider: ReadonlyMap<string, string>;
  /** `*`, or the words that every client may say; undefined: nothing was said. */
  readonly fourLetterWhitelist: "*" | ReadonlySet<string> | undefined;
  readonly adminEnabled: boolean;
  readonly adminPort: number;
  readonly adminAddress: string;
  /** `/commands`. */
  readonly adminCommandUrl: string;
  readonly snapCount: number;
  readonly snapSizeLimitInKb: number;
  readonly preAllocSizeKb: number;
  readonly txnLogSizeLimitInKb: number;
  readonly forceSync: boolean;
  readonly commitLogCount: number;
  readonly globalOutstandingLimit: number;
  /** `jute.maxbuffer`: the longest request. */
  readonly juteMaxBuffer: number;
  readonly readOnlyModeEnabled: boolean;
  readonly extendedTypesEnabled: boolean;
  readonly digestEnabled: boolean;
  readonly skipAcl: boolean;
  readonly enforceQuota: boolean;
  readonly snapshotTrustEmpty: boolean;
  readonly leaderServes: boolean;
  /** Connections in all; 0: no limit. */
  readonly maxCnxns: number;
  /** A JAAS file: `java.security.auth.login.config`. */
  readonly loginConfig: string | undefined;
  /** All system properties, those of zoo.cfg included. */
  readonly properties: SystemProperties;
}

export const DEFAULT_TICK_TIME = 3000;
export const DEFAULT_MAX_CLIENT_CNXNS = 60;
export const DEFAULT_JUTE_MAX_BUFFER = 0xfffff;
export const ANY_ADDRESS = "0.0.0.0";

/** What system properties alone decide. */
export function settingsOfProperties(properties: SystemProperties) {
  const integer = (name: string, fallback: number): number =>
    integerProperty(properties, `zookeeper.${name}`, fallback);
  const boolean = (name: string, fallback: boolean): boolean =>
    booleanProperty(properties, `zookeeper.${name}`, fallback);
  return {
    fourLetterWhitelist: parseWhitelist(properties.get("zookeeper.4lw.commands.whitelist")),
    adminEnabled: boolean("admin.enableServer", true),
    adminPort: integer("admin.serverPort", 8080),
    adminAddress: properties.get("zookeeper.admin.serverAddress") ?? ANY_ADDRESS,
    adminCommandUrl: properties.get("zookeeper.admin.commandURL") ?? "/commands",
    snapCount: Math.max(2, integer("snapCount", 100_000)),
    snapSizeLimitInKb: integer("snapSizeLimitInKb", 4_194_304),
    preAllocSizeKb: integer("preAllocSize", 65_536),
    txnLogSizeLimitInKb: integer("txnLogSizeLimitInKb", -1),
    forceSync: properties.get("zookeeper.forceSync")?.trim() !== "no",
    commitLogCount: Math.max(1, integer("commitLogCount", 500)),
    globalOutstandingLimit: integer("globalOutstandingLimit", 1000),
    juteMaxBuffer: integerProperty(properties, "jute.maxbuffer", DEFAULT_JUTE_MAX_BUFFER),
    readOnlyModeEnabled: booleanProperty(properties, "readonlymode.enabled", false),
    extendedTypesEnabled: boolean("extendedTypesEnabled", false),
    digestEnabled: boolean("digest.enabled", true),
    skipAcl: properties.get("zookeeper.skipACL")?.trim() === "yes",
    enforceQuota: boolean("enforceQuota", false),
    snapshotTrustEmpty: boolean("snapshot.trust.empty", false),
    leaderServes: properties.get("zookeeper.leaderServes")?.trim() !== "no",
    maxCnxns: integer("maxCnxns", 0),
    loginConfig: properties.get("java.security.auth.login.config"),
  } as const;
}

function parseWhitelist(text: string | undefined): "*" | ReadonlySet<string> | undefined {
  if (text === undefined) return undefined;
  const words = new Set(
    text
      .split(",")
      .map((word) => word.trim())
      .filter((word) => word !== ""),
  );
  return words.has("*") ? "*" : words;
}
