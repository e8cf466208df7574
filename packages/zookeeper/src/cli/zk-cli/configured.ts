import { readFileSync } from "node:fs";
import { resolve } from "node:path";

import { optionsOf } from "../../client/client-properties.ts";
import type { ClientOptions } from "../../client/zookeeper-client.ts";
import { parseProperties } from "../../config/java-properties.ts";
import { parseJvmFlags, splitFlags } from "../../config/system-properties.ts";
import { EXIT_INVALID_INVOCATION, UncaughtError } from "./cli-error.ts";

/**
 * What system properties and, before them, a properties file say of a client. Source: ZKClientConfig.
 *
 * @param file the value of `-client-configuration`
 * @param variables names of environment variables with `-D` flags
 */
export async function configuredOptions(
  file: string | undefined,
  variables: readonly string[],
): Promise<Partial<ClientOptions>> {
  const flags = variables.flatMap((name) => splitFlags(process.env[name]));
  const properties = parseJvmFlags(flags);
  if (file !== undefined) for (const [key, value] of readFile(file)) properties.set(key, value);
  return await optionsOf(properties);
}

function readFile(path: string): [string, string][] {
  try {
    return parseProperties(readFileSync(path, "utf8")).map(({ key, value }) => [key.trim(), value.trim()]);
  } catch {
    throw new UncaughtError(
      "org.apache.zookeeper.server.quorum.QuorumPeerConfig$ConfigException",
      `Error while processing ${resolve(path)}`,
      EXIT_INVALID_INVOCATION,
    );
  }
}
