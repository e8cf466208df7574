// Source: org.apache.zookeeper.server.EphemeralType, EphemeralTypeEmulate353.

/** What a node's `ephemeralOwner` says of it. */
export type EphemeralType = "void" | "normal" | "container" | "ttl";

/** System properties that decide how owners are read; they must be the same on every member. */
export interface EphemeralOptions {
  /** `zookeeper.extendedTypesEnabled`: TTL nodes exist, and server ids end at 254. Default false. */
  readonly extendedTypesEnabled: boolean;
  /** `zookeeper.emulate353TTLNodes`: every negative owner but a container's is a TTL node's. Default false. */
  readonly emulate353TtlNodes: boolean;
}

export const CONTAINER_OWNER = -(2n ** 63n);
/** The greatest time to live, in milliseconds: some 34 years. */
export const TTL_MAX = 2 ** 40 - 1;
/** The greatest server id with `extendedTypesEnabled`: 255 would make its sessions look like TTL nodes. */
export const EXTENDED_SERVER_ID_MAX = 0xfe;

const NO_OWNER = 0n;
const TTL_BASE = -(2n ** 56n);
const TTL_BITS = 2n ** 40n - 1n;
const TTL_353_BITS = 2n ** 60n - 1n;

/** Owners whose reserved bits mean nothing that is known count as sessions. */
export function ephemeralType(owner: bigint, options: EphemeralOptions): EphemeralType {
  if (owner === NO_OWNER) return "void";
  if (owner === CONTAINER_OWNER) return "container";
  if (options.extendedTypesEnabled && owner < NO_OWNER) {
    if (options.emulate353TtlNodes || (owner >= TTL_BASE && owner <= TTL_BASE + TTL_BITS)) return "ttl";
  }
  return "normal";
}

/** The owner of a node with this time to live. @param ttl milliseconds, 1 to `TTL_MAX` */
export function ttlToOwner(ttl: number): bigint {
  return TTL_BASE + BigInt(ttl);
}

/** Whether `ttl` may be asked for. */
export function isTtl(ttl: number): boolean {
  return Number.isInteger(ttl) && ttl > 0 && ttl <= TTL_MAX;
}

/** The time to live of a TTL node, in milliseconds. */
export function ttlOf(owner: bigint, options: EphemeralOptions): number {
  return Number(owner & (options.emulate353TtlNodes ? TTL_353_BITS : TTL_BITS));
}
