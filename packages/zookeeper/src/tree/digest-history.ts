import type { JuteReader } from "../jute/jute-reader.ts";
import type { JuteWriter } from "../jute/jute-writer.ts";
import { TXN_DIGEST_VERSION } from "../jute/txn-records.ts";
import { ZERO_ZXID, type Zxid } from "../jute/zxid.ts";

/** The tree's digest at a zxid. Source: org.apache.zookeeper.server.DataTree.ZxidDigest. */
export interface ZxidDigest {
  readonly zxid: Zxid;
  readonly version: number;
  /** Unsigned 64 bits. */
  readonly digest: bigint;
}

/** Every how many transactions a digest is kept: 0x80, so that lists of several servers line up. */
const DIGEST_LOG_INTERVAL = 128;
const DIGEST_LOG_MAX = 1024;

/** Digests of the tree at some zxids, for the four-letter word `hash`, and at the last one, for snapshots. */
export class DigestHistory {
  #last: ZxidDigest = { zxid: ZERO_ZXID, version: TXN_DIGEST_VERSION, digest: 0n };
  readonly #log: ZxidDigest[] = [];

  /** Oldest first. */
  get log(): readonly ZxidDigest[] {
    return this.#log;
  }

  /** Of zxid 0 before the first. */
  get last(): ZxidDigest {
    return this.#last;
  }

  record(zxid: Zxid, digest: bigint): void {
    this.#last = { zxid, version: TXN_DIGEST_VERSION, digest };
    if (zxid % DIGEST_LOG_INTERVAL !== 0) return;
    this.#log.push(this.#last);
    if (this.#log.length > DIGEST_LOG_MAX) this.#log.shift();
  }
}

/** As it stands behind the nodes of a snapshot file. */
export function writeZxidDigest(writer: JuteWriter, { zxid, version, digest }: ZxidDigest): void {
  writer.long(zxid);
  writer.int32(version);
  writer.int64(BigInt.asIntN(64, digest));
}

/** Before version 2 the digest was hexadecimal text. */
export function readZxidDigest(reader: JuteReader): ZxidDigest {
  const zxid = reader.zxid();
  const version = reader.int32();
  if (version >= TXN_DIGEST_VERSION) return { zxid, version, digest: BigInt.asUintN(64, reader.int64()) };
  const text = reader.nullableString() ?? "";
  return { zxid, version, digest: /^[0-9a-f]{1,16}$/i.test(text) ? BigInt(`0x${text}`) : 0n };
}
