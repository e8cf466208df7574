/**
 * Who belongs to an ensemble and what a quorum of it is: the text of dynamic configuration files, of election notifications,
 * of NEWLEADER and of /zookeeper/config.
 *
 * Source: org.apache.zookeeper.server.quorum.flexible.QuorumMaj and QuorumHierarchical.
 */
import { mustBeZxid, ZERO_ZXID, zxidHex, type Zxid } from "../jute/zxid.ts";
import { ConfigError } from "./config-error.ts";
import { parseProperties, type Property } from "./java-properties.ts";
import { Member } from "./member.ts";

export { ConfigError } from "./config-error.ts";
export { Member, type MemberFacts, type MemberRole } from "./member.ts";

/** Bounds what a peer's text can cost; 255 members with long names need a tenth of it. */
const CONFIG_TEXT_LENGTH_MAX = 1 << 20;
const SID_MAX = Number.MAX_SAFE_INTEGER;

export interface QuorumConfigParts {
  readonly version?: Zxid;
  readonly members: Iterable<Member>;
  /** sid → group; given: quorums are hierarchical, and every participant is in a group. */
  readonly groups?: ReadonlyMap<number, number> | undefined;
  /** sid → weight, 1 where nothing is said; used with groups only. */
  readonly weights?: ReadonlyMap<number, number> | undefined;
}

/** Immutable. */
export class QuorumConfig {
  readonly version: Zxid;
  /** All members by sid, in the order in which the original lists them. */
  readonly members: ReadonlyMap<number, Member>;
  /** The sids of participants. */
  readonly voters: ReadonlySet<number>;
  readonly observers: ReadonlySet<number>;
  /** sid → group of a hierarchical configuration, else undefined. */
  readonly groups: ReadonlyMap<number, number> | undefined;
  readonly weights: ReadonlyMap<number, number>;
  /** Total weights of the groups whose weight is not zero. */
  readonly #groupWeights = new Map<number, number>();
  #text: string | undefined;

  /** A `ConfigError` if a participant is in no group of a hierarchical configuration. */
  constructor(parts: QuorumConfigParts) {
    this.version = parts.version ?? ZERO_ZXID;
    const members = new Map<number, Member>();
    for (const member of parts.members) members.set(member.sid, member);
    this.members = new Map(hashMapOrder([...members.keys()]).map((sid) => [sid, members.get(sid) as Member]));
    this.voters = new Set([...this.members.values()].filter((one) => one.role === "participant").map(({ sid }) => sid));
    this.observers = new Set([...this.members.keys()].filter((sid) => !this.voters.has(sid)));
    this.groups = parts.groups;
    const weights = new Map(parts.weights);
    if (parts.groups !== undefined) {
      for (const sid of this.voters) {
        if (!parts.groups.has(sid)) throw new ConfigError(`Server ${sid}is not in a group`);
        if (!weights.has(sid)) weights.set(sid, 1);
      }
      for (const [sid, group] of parts.groups) {
        const weight = weights.get(sid) ?? 0;
        if (weight > 0) this.#groupWeights.set(group, (this.#groupWeights.get(group) ?? 0) + weight);
      }
    }
    this.weights = weights;
  }

  /**
   * Reads a configuration's text: `server.N=…`, `group.N=…`, `weight.N=…` and `version=<hex>` in any order, other keys being
   * ignored. A `ConfigError` if it is no configuration.
   */
  static parse(text: string): QuorumConfig {
    if (text.length > CONFIG_TEXT_LENGTH_MAX) {
      throw new ConfigError(`a configuration of ${text.length} characters; at most ${CONFIG_TEXT_LENGTH_MAX} are read`);
    }
    return QuorumConfig.fromProperties(parseProperties(text));
  }

  static fromProperties(properties: Iterable<Pick<Property, "key" | "value">>): QuorumConfig {
    const members = new Map<number, Member>();
    const groupLines = new Map<number, string>();
    const weights = new Map<number, number>();
    let isHierarchical = false;
    let version: Zxid = ZERO_ZXID;
    for (const { key, value: untrimmed } of properties) {
      const value = untrimmed.trim();
      if (key.startsWith("server.")) {
        const sid = mustBeSid(key.slice("server.".length));
        members.set(sid, Member.parse(sid, value));
      } else if (key.startsWith("group")) {
        isHierarchical = true;
        groupLines.set(mustBeSid(key.slice(key.indexOf(".") + 1)), value);
      } else if (key.startsWith("weight")) {
        isHierarchical = true;
        weights.set(mustBeSid(key.slice(key.indexOf(".") + 1)), mustBeSid(value));
      } else if (key === "version") {
        version = parseVersion(value);
      }
    }
    if (!isHierarchical) return new QuorumConfig({ version, members: members.values() });
    return new QuorumConfig({ version, members: members.values(), groups: parseGroups(groupLines), weights });
  }

  /** Whether the members of `acks`, of which only participants count, are enough to decide. */
  hasQuorum(acks: Iterable<number>): boolean {
    if (this.groups === undefined) {
      let count = 0;
      for (const sid of acks) if (this.voters.has(sid)) count++;
      return count > Math.floor(this.voters.size / 2);
    }
    const sums = new Map<number, number>();
    for (const sid of acks) {
      const group = this.groups.get(sid);
      if (group !== undefined) sums.set(group, (sums.get(group) ?? 0) + this.weightOf(sid));
    }
    let majorities = 0;
    for (const [group, sum] of sums) {
      const total = this.#groupWeights.get(group);
      if (total !== undefined && sum > Math.floor(total / 2)) majorities++;
    }
    return majorities > Math.floor(this.#groupWeights.size / 2);
  }

  /** 1 for everybody where there are no groups; 0 keeps a server from being elected. */
  weightOf(sid: number): number {
    return this.groups === undefined ? 1 : (this.weights.get(sid) ?? 0);
  }

  withVersion(version: Zxid): QuorumConfig {
    return new QuorumConfig({ version, members: this.members.values(), groups: this.groups, weights: this.weights });
  }

  /** The same version, or the same members and groups whatever the versions: as the original compares them. */
  equals(other: QuorumConfig): boolean {
    return this.version === other.version || this.#body() === other.#body();
  }

  /** The lines and, without a newline after it, `version=<hex>`: byte for byte what the original writes. */
  toString(): string {
    this.#text ??= `${this.#body()}version=${zxidHex(this.version)}`;
    return this.#text;
  }

  #body(): string {
    let text = "";
    for (const member of this.members.values()) text += `${member.line()}\n`;
    if (this.groups === undefined) return text;
    const lists = new Map<number, number[]>();
    for (const sid of hashMapOrder([...this.groups.keys()])) {
      const group = this.groups.get(sid) as number;
      const list = lists.get(group);
      if (list === undefined) lists.set(group, [sid]);
      else list.push(sid);
    }
    for (const group of hashMapOrder([...lists.keys()])) text += `group.${group}=${lists.get(group)?.join(":")}\n`;
    for (const sid of hashMapOrder([...this.weights.keys()])) text += `weight.${sid}=${this.weights.get(sid)}\n`;
    return text;
  }
}

/** The hexadecimal version in a configuration's text or at the end of a dynamic file's name; a `ConfigError` if it is none. */
export function parseVersion(hex: string): Zxid {
  if (hex === "-1" || hex === "ffffffffffffffff") return -1 as Zxid;
  if (!/^[0-9a-fA-F]{1,16}$/.test(hex)) throw new ConfigError(`For input string: "${hex}"`);
  return mustBeZxid(Number(`0x${hex}`));
}

function parseGroups(lines: ReadonlyMap<number, string>): Map<number, number> {
  const groups = new Map<number, number>();
  for (const [group, list] of lines) {
    for (const text of list.split(":")) {
      const sid = mustBeSid(text);
      if (groups.has(sid)) throw new ConfigError(`Server ${sid}is in multiple groups`);
      groups.set(sid, group);
    }
  }
  return groups;
}

function mustBeSid(text: string): number {
  const sid = Number(text);
  if (!/^\d{1,19}$/.test(text) || sid > SID_MAX) throw new ConfigError(`For input string: "${text}"`);
  return sid;
}

/**
 * Keys in the order in which Java's HashMap<Long, …> goes through them, because the original writes its lines that way: by
 * their place in a table that doubles when three quarters of it are taken, from 16 on.
 */
function hashMapOrder(keys: readonly number[]): number[] {
  let size = 16;
  while (keys.length > size * 0.75) size *= 2;
  const bucket = (key: number): number => {
    const hash = (key ^ Math.floor(key / 2 ** 32)) >>> 0;
    return ((hash ^ (hash >>> 16)) & (size - 1)) >>> 0;
  };
  return [...keys].sort((a, b) => bucket(a) - bucket(b) || a - b);
}
