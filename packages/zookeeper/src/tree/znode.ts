import type { StatPersisted } from "./digest.ts";

/** Data up to this length is kept as a string of bytes: a quarter of what a Uint8Array of 100 bytes costs. */
const STRING_BYTES_MAX = 2048;
const RANGE = 2 ** 32;
const NO_OWNER = 0n;
const EMPTY = new Uint8Array(0);
const NO_CHILDREN: ReadonlySet<string> = new Set();

/**
 * A node of the tree. There are many of them: zxids and times lie here as two 32-bit halves (a number that is no small integer
 * is an object of its own in V8), short data as a string, and a set of children only where there are some.
 *
 * Source: org.apache.zookeeper.server.DataNode.
 */
export class Znode implements StatPersisted {
  /** The key of its list in the tree's ACL table. */
  acl: number;
  version = 0;
  /** As stored: the number of children ever created. Clients see `2 · cversion - numChildren`. */
  cversion = 0;
  aversion = 0;
  ephemeralOwner: bigint = NO_OWNER;
  /** CRC-32 of path and data, and with the stat: see `digest.ts`. Signed 32 bits; kept by the tree. */
  contentDigest = 0;
  digest = 0;

  #data: string | Uint8Array | null;
  #children: Set<string> | undefined = undefined;
  #czxidHigh = 0;
  #czxidLow = 0;
  #mzxidHigh = 0;
  #mzxidLow = 0;
  #pzxidHigh = 0;
  #pzxidLow = 0;
  #ctimeHigh = 0;
  #ctimeLow = 0;
  #mtimeHigh = 0;
  #mtimeLow = 0;

  /** Takes a copy of `data`. */
  constructor(data: Uint8Array | null, acl: number) {
    this.#data = pack(data);
    this.acl = acl;
  }

  /** Not to be written to: it may be the node's own memory, or a copy. */
  get data(): Uint8Array | null {
    const data = this.#data;
    if (typeof data !== "string") return data;
    return data.length === 0 ? EMPTY : Buffer.from(data, "latin1");
  }

  set data(data: Uint8Array | null) {
    this.#data = pack(data);
  }

  /** In bytes; 0 for null. */
  get dataLength(): number {
    return this.#data?.length ?? 0;
  }

  get children(): ReadonlySet<string> {
    return this.#children ?? NO_CHILDREN;
  }

  get numChildren(): number {
    return this.#children?.size ?? 0;
  }

  addChild(name: string): void {
    (this.#children ??= new Set()).add(name);
  }

  removeChild(name: string): void {
    if (this.#children?.delete(name) === true && this.#children.size === 0) this.#children = undefined;
  }

  get czxid(): number {
    return this.#czxidHigh * RANGE + (this.#czxidLow >>> 0);
  }

  set czxid(value: number) {
    this.#czxidHigh = Math.floor(value / RANGE);
    this.#czxidLow = value | 0;
  }

  get mzxid(): number {
    return this.#mzxidHigh * RANGE + (this.#mzxidLow >>> 0);
  }

  set mzxid(value: number) {
    this.#mzxidHigh = Math.floor(value / RANGE);
    this.#mzxidLow = value | 0;
  }

  get pzxid(): number {
    return this.#pzxidHigh * RANGE + (this.#pzxidLow >>> 0);
  }

  set pzxid(value: number) {
    this.#pzxidHigh = Math.floor(value / RANGE);
    this.#pzxidLow = value | 0;
  }

  get ctime(): number {
    return this.#ctimeHigh * RANGE + (this.#ctimeLow >>> 0);
  }

  set ctime(value: number) {
    this.#ctimeHigh = Math.floor(value / RANGE);
    this.#ctimeLow = value | 0;
  }

  get mtime(): number {
    return this.#mtimeHigh * RANGE + (this.#mtimeLow >>> 0);
  }

  set mtime(value: number) {
    this.#mtimeHigh = Math.floor(value / RANGE);
    this.#mtimeLow = value | 0;
  }
}

/** A copy of its own, since what comes in is a view of a packet. */
function pack(data: Uint8Array | null): string | Uint8Array | null {
  if (data === null) return null;
  if (data.length === 0) return "";
  if (data.length > STRING_BYTES_MAX) return data.slice();
  return Buffer.from(data.buffer, data.byteOffset, data.length).toString("latin1");
}
