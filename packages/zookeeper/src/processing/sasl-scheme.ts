import type { AuthScheme } from "./auth-scheme.ts";

// Source: org.apache.zookeeper.server.auth.SASLAuthenticationProvider, KerberosName.

export interface SaslOptions {
  /** `zookeeper.letAnySaslUserDoX`: an id in ACLs that names everybody who came through SASL. */
  readonly letAnySaslUserDoX?: string | undefined;
}

/** The user that a SASL exchange has authenticated. The exchange is its own request; auth packets of this scheme fail. */
export function saslScheme(options: SaslOptions = {}): AuthScheme {
  const { letAnySaslUserDoX } = options;
  return {
    name: "sasl",
    isAuthenticated: true,
    isValid: (id) => !id.includes("@") || /^[^/@]*(?:\/[^/@]*)?@[^/@]*$/.test(id),
    matches: (id, aclId) => id === "super" || id === aclId || aclId === letAnySaslUserDoX,
    userName: (id) => id,
    authenticate: () => [],
  };
}
