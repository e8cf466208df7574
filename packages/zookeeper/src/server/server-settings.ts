import type { ServerConfig } from "../config/server-config.ts";
import { booleanProperty, integerProperty } from "../config/system-properties.ts";
import type { StorageOptions } from "../log/storage.ts";
import { type ClientLimits, SESSIONLESS_DEFAULT_MS } from "./limits.ts";

/** How the configuration wants the data kept. */
export function storageSettings(config: ServerConfig): Omit<StorageOptions, "disk" | "clock" | "random" | "log"> {
  const { properties } = config;
  return {
    dataDir: config.dataDir,
    dataLogDir: config.dataLogDir,
    snapCount: config.snapCount,
    snapSizeLimitKb: config.snapSizeLimitInKb,
    txnLogSizeLimitKb: config.txnLogSizeLimitInKb,
    preAllocSizeKb: config.preAllocSizeKb,
    forceSync: config.forceSync,
    fsyncWarningThresholdMs: integerProperty(properties, "zookeeper.fsync.warningthresholdms", 1000),
    purge: config.purgeIntervalMs !== 0,
    retainCount: config.snapRetainCount,
    compression: compressionOf(properties.get("zookeeper.snapshot.compression.method")),
    trustEmptySnapshot: config.snapshotTrustEmpty,
    dbAutocreate: booleanProperty(properties, "zookeeper.db.autocreate", true),
    datadirAutocreate: booleanProperty(properties, "zookeeper.datadir.autocreate", true),
    standalone: config.quorum === undefined,
    treeOptions: {
      digestEnabled: config.digestEnabled,
      extendedTypesEnabled: config.extendedTypesEnabled,
      emulate353TtlNodes: booleanProperty(properties, "zookeeper.emulate353TTLNodes", false),
    },
  };
}

/** As in the original, whatever is not a method it knows means none. */
function compressionOf(method: string | undefined): "" | "gz" | "snappy" {
  const name = method?.trim().toLowerCase();
  return name === "gz" || name === "snappy" ? name : "";
}

/** What clients may ask at most. */
export function clientLimits(config: ServerConfig): ClientLimits {
  return {
    frameBytesMax: config.juteMaxBuffer,
    connectionsPerAddressMax: config.maxClientCnxns,
    connectionsMax: config.maxCnxns,
    minSessionTimeoutMs: config.minSessionTimeout,
    maxSessionTimeoutMs: config.maxSessionTimeout,
    sessionlessTimeoutMs: integerProperty(
      config.properties,
      "zookeeper.nio.sessionlessCnxnTimeout",
      SESSIONLESS_DEFAULT_MS,
    ),
    outstandingMax: config.globalOutstandingLimit,
  };
}
