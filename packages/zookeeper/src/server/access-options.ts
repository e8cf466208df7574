import type { ServerConfig } from "../config/server-config.ts";
import { booleanProperty } from "../config/system-properties.ts";
import type { AccessOptions } from "../processing/access-control.ts";

const SASL_PROVIDER = "org.apache.zookeeper.server.auth.SASLAuthenticationProvider";
const X509_PROVIDER = "org.apache.zookeeper.server.auth.X509AuthenticationProvider";

/** Which schemes the configuration switches on. Source: org.apache.zookeeper.server.auth.ProviderRegistry, QuorumPeerConfig. */
export function accessOptions(config: ServerConfig): AccessOptions {
  const { properties } = config;
  const providers = new Set<string>();
  for (const [name, value] of properties) if (name.startsWith("zookeeper.authProvider.")) providers.add(value.trim());
  const withX509 = config.secureClientPort !== undefined || providers.has(X509_PROVIDER);
  return {
    skipAcl: config.skipAcl,
    digest: booleanProperty(properties, "zookeeper.DigestAuthenticationProvider.enabled", true) && {
      superDigest: properties.get("zookeeper.DigestAuthenticationProvider.superDigest"),
      algorithm: properties.get("zookeeper.DigestAuthenticationProvider.digestAlg"),
    },
    x509: withX509 ? { superUser: properties.get("zookeeper.X509AuthenticationProvider.superUser") } : undefined,
    sasl: providers.has(SASL_PROVIDER)
      ? { letAnySaslUserDoX: properties.get("zookeeper.letAnySaslUserDoX") }
      : undefined,
  };
}
