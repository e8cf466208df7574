import { crc32 } from "node:zlib";

// Source: org.apache.zookeeper.server.DigestCalculator (version 2), org.apache.zookeeper.server.util.AdHash.

/** The fields of a node's stat that go to disk: jute's StatPersisted. */
export interface StatPersisted {
  readonly czxid: number;
  readonly mzxid: number;
  readonly pzxid: number;
  readonly ctime: number;
  readonly mtime: number;
  readonly version: number;
  /** As stored: the number of children ever created. */
  readonly cversion: number;
  readonly aversion: number;
  readonly ephemeralOwner: bigint;
}

/** A sum of nodes' digests modulo 2⁶⁴: the same for the same nodes in whatever order they came. */
export class TreeDigest {
  // Two halves: a number alone is exact only up to 2²¹ nodes, and a bigint would be made anew at every change.
  #high = 0;
  #low = 0;

  /** Unsigned 64 bits. */
  get value(): bigint {
    return (BigInt(this.#high >>> 0) << 32n) | BigInt(this.#low);
  }

  add(digest: number): void {
    this.#low += digest;
    if (this.#low >= RANGE) {
      this.#low -= RANGE;
      this.#high = (this.#high + 1) | 0;
    }
  }

  remove(digest: number): void {
    this.#low -= digest;
    if (this.#low < 0) {
      this.#low += RANGE;
      this.#high = (this.#high - 1) | 0;
    }
  }

  clear(): void {
    this.#high = 0;
    this.#low = 0;
  }

  copyFrom(other: TreeDigest): void {
    this.#high = other.#high;
    this.#low = other.#low;
  }
}

const RANGE = 2 ** 32;

/** Whether nodes at this path count in no digest: their contents differ from server to server. */
export function isOutsideDigest(path: string): boolean {
  return path.startsWith("/zookeeper/");
}

/** A node's digest, 0 to 2³² - 1. `path` of the root may be "" or "/". */
export function nodeDigest(path: string, data: Uint8Array | null, stat: StatPersisted): number {
  return isOutsideDigest(path) ? 0 : statDigest(contentDigest(path, data), stat);
}

/** The first part of a node's digest, over its path and data: what a change of a child leaves as it is. */
export function contentDigest(path: string, data: Uint8Array | null): number {
  const digest = path === "/" ? 0 : crc32(path);
  return data === null || data.length === 0 ? digest : crc32(data, digest);
}

const statBytes = new Uint8Array(60);
const statView = new DataView(statBytes.buffer);

/** A node's digest from its first part and its stat. */
export function statDigest(content: number, stat: StatPersisted): number {
  setLong(0, stat.czxid);
  setLong(8, stat.mzxid);
  setLong(16, stat.pzxid);
  setLong(24, stat.ctime);
  setLong(32, stat.mtime);
  statView.setInt32(40, stat.version);
  statView.setInt32(44, stat.cversion);
  statView.setInt32(48, stat.aversion);
  statView.setBigInt64(52, stat.ephemeralOwner);
  return crc32(statBytes, content);
}

function setLong(at: number, value: number): void {
  const high = Math.floor(value / RANGE);
  statView.setInt32(at, high);
  statView.setUint32(at + 4, value - high * RANGE);
}
