import { readFileSync } from "node:fs";

import { parseProperties } from "../../config/java-properties.ts";
import { ConfigError, Member, QuorumConfig } from "../../config/quorum-config.ts";

/** Entries of a Properties object before its table grows; the original lists servers in the table's order. */
const TABLE_SIZE_MIN = 16;

/**
 * What `config -c` prints: the version, a space and the clients' addresses as a connect string.
 * Source: org.apache.zookeeper.server.util.ConfigUtils.getClientConfigStr.
 *
 * @param config as /zookeeper/config holds it
 */
export function clientConfigText(config: string): string {
  const entries = new Map(parseProperties(config).map(({ key, value }) => [key.trim(), value.trim()]));
  const addresses: string[] = [];
  for (const key of tableOrder([...entries.keys()])) {
    if (!key.startsWith("server.")) continue;
    let member: Member;
    try {
      member = Member.parse(-1, entries.get(key) ?? "");
    } catch (error) {
      if (error instanceof ConfigError) continue;
      throw error;
    }
    addresses.push(member.clientPort === undefined ? "" : `${member.clientHost ?? "0.0.0.0"}:${member.clientPort}`);
  }
  return `${entries.get("version") ?? ""} ${addresses.join(",")}`;
}

/** The members of a dynamic configuration file, checked. Throws `ConfigError`, or the system's error. */
export function readMembersFile(path: string): string {
  return QuorumConfig.parse(readFileSync(path, "utf8")).toString();
}

/** Keys by their place in java.util.concurrent.ConcurrentHashMap, which is what a Properties object goes through. */
function tableOrder(keys: readonly string[]): string[] {
  let size = TABLE_SIZE_MIN;
  while (keys.length >= size * 0.75) size *= 2;
  const place = (key: string): number => {
    let hash = 0;
    for (let at = 0; at < key.length; at++) hash = (Math.imul(hash, 31) + key.charCodeAt(at)) | 0;
    return (hash ^ (hash >>> 16)) & (size - 1);
  };
  return [...keys].sort((one, two) => place(one) - place(two));
}
