import { parseProperties } from "../config/java-properties.ts";
import { ConfigError, Member, QuorumConfig } from "../config/quorum-config.ts";
import { ErrorCode } from "../jute/error-code.ts";
import type { ReconfigRequest } from "../jute/proto-records.ts";
import type { Zxid } from "../jute/zxid.ts";

// Source: org.apache.zookeeper.server.PrepRequestProcessor (case reconfig), QuorumPeerConfig.parseDynamicConfig.

/**
 * The configuration that a reconfig request asks for, or the error that it fails with: a whole list of members, or members
 * that come and go.
 *
 * @param zxid of the transaction: the new configuration's version
 */
export function nextConfig(
  request: ReconfigRequest,
  lastSeen: QuorumConfig,
  zxid: Zxid,
  standaloneEnabled: boolean,
): QuorumConfig | ErrorCode {
  if (request.curConfigId !== -1 && request.curConfigId !== lastSeen.version) return ErrorCode.badVersion;
  const config =
    request.newMembers === null
      ? changedConfig(request, lastSeen, zxid)
      : wholeConfig(request.newMembers, zxid, standaloneEnabled);
  if (typeof config === "number") return config;
  return config.voters.size < (standaloneEnabled ? 2 : 1) ? ErrorCode.badArguments : config;
}

function wholeConfig(newMembers: string, zxid: Zxid, standaloneEnabled: boolean): QuorumConfig | ErrorCode {
  try {
    const properties = parseProperties(newMembers.replaceAll(",", "\n"));
    const isKnown = (key: string): boolean => /^(?:server\.|group|weight)|^version$/.test(key.trim());
    if (!properties.every(({ key }) => isKnown(key))) return ErrorCode.badArguments;
    const config = QuorumConfig.fromProperties(properties).withVersion(zxid);
    // Here the original throws what it does not expect itself.
    const isAlone = config.voters.size === 0 || (config.voters.size === 1 && standaloneEnabled);
    if (isAlone && config.observers.size > 0) return ErrorCode.marshallingError;
    if (config.voters.size === 0 && !standaloneEnabled) return ErrorCode.marshallingError;
    return config;
  } catch (error) {
    if (error instanceof ConfigError) return ErrorCode.badArguments;
    throw error;
  }
}

/** Members that leave and then those that join, who replace one of the same id. Only where a majority decides. */
function changedConfig(request: ReconfigRequest, lastSeen: QuorumConfig, zxid: Zxid): QuorumConfig | ErrorCode {
  if (lastSeen.groups !== undefined) return ErrorCode.badArguments;
  const members = new Map(lastSeen.members);
  for (const leaving of split(request.leavingServers, ",")) {
    const sid = parseSid(leaving);
    if (sid === undefined) return ErrorCode.marshallingError;
    members.delete(sid);
  }
  try {
    for (const joining of split(request.joiningServers, ",")) {
      const [key, address, ...rest] = split(joining, "=");
      if (key === undefined || address === undefined || rest.length > 0) return ErrorCode.badArguments;
      const sid = parseSid(key.slice(key.lastIndexOf(".") + 1));
      if (sid === undefined) return ErrorCode.marshallingError;
      const member = Member.parse(sid, address);
      if (member.clientPort === undefined && member.secureClientPort === undefined) return ErrorCode.badArguments;
      for (const other of members.values()) {
        if (other.sid !== sid && sharesAddress(member, other)) return ErrorCode.badArguments;
      }
      members.set(sid, member);
    }
  } catch (error) {
    if (error instanceof ConfigError) return ErrorCode.badArguments;
    throw error;
  }
  return new QuorumConfig({ version: zxid, members: members.values() });
}

/** Whether two members would listen at the same place. Addresses that mean another host everywhere do not count. */
function sharesAddress(one: Member, other: Member): boolean {
  const taken = new Set(addressesOf(other));
  return addressesOf(one).some((address) => taken.has(address));
}

function addressesOf(member: Member): string[] {
  const { host, quorumPort, electionPort, clientHost, clientPort, secureClientHost, secureClientPort } = member;
  const addresses: Array<readonly [string | undefined, number | undefined]> = [
    [host, quorumPort],
    [host, electionPort],
    [clientHost, clientPort],
    [secureClientHost, secureClientPort],
  ];
  return addresses
    .filter(([name, port]) => port !== undefined && name !== undefined && !isRelativeAddress(name))
    .map(([name, port]) => `${name} ${port}`);
}

/** Every interface, or the host itself. */
function isRelativeAddress(host: string): boolean {
  return /^(?:localhost|0\.0\.0\.0|127\.\d+\.\d+\.\d+|::1?|(?:0:){7}[01])$/i.test(host);
}

function split(text: string | null, separator: string): string[] {
  if (text === null) return [];
  return text
    .split(separator)
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

function parseSid(text: string): number | undefined {
  const sid = Number(text);
  return /^[+-]?\d+$/.test(text) && Number.isSafeInteger(sid) ? sid : undefined;
}
