import type { SystemProperties } from "../config/system-properties.ts";
import { booleanProperty, integerProperty } from "../config/system-properties.ts";
import type { ClientOptions } from "./zookeeper-client.ts";

/**
 * What the original's properties say of a client; packages for TLS and SASL are read only when a property asks for them.
 *
 * Sources: org.apache.zookeeper.client.ZKClientConfig, org.apache.zookeeper.common.ClientX509Util.
 */
export async function optionsOf(properties: SystemProperties): Promise<Partial<ClientOptions>> {
  const frameBytesMax = integerProperty(properties, "jute.maxbuffer", 0);
  return {
    requestTimeoutMs: integerProperty(properties, "zookeeper.request.timeout", 0),
    isWatchResetDisabled: booleanProperty(properties, "zookeeper.disableAutoWatchReset", false),
    ...(frameBytesMax > 0 ? { frameBytesMax } : {}),
  };
}
