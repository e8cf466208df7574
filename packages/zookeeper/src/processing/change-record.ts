import type { Acl } from "../jute/data-records.ts";
import type { StatPersisted } from "../tree/digest.ts";

/**
 * A node as it will be once all that is prepared is applied. Mutable, unlike the original's: `OutstandingChanges` copies one
 * before a multi changes it.
 *
 * Source: org.apache.zookeeper.server.ZooKeeperServer.ChangeRecord.
 */
export class ChangeRecord implements StatPersisted {
  /** As the tree has it: "" for the root. */
  readonly path: string;
  /** The last transaction that changes it. */
  zxid: number;
  isDeleted = false;
  childCount = 0;
  acl: readonly Acl[];
  data: Uint8Array | null;
  /** CRC of path and data, and with the stat: see `tree/digest.ts`. Unsigned 32 bits; 0 where digests are off. */
  contentDigest = 0;
  digest = 0;

  czxid = 0;
  mzxid = 0;
  pzxid = 0;
  ctime = 0;
  mtime = 0;
  version = 0;
  cversion = 0;
  aversion = 0;
  ephemeralOwner: bigint;

  constructor(path: string, zxid: number, data: Uint8Array | null, acl: readonly Acl[], ephemeralOwner: bigint) {
    this.path = path;
    this.zxid = zxid;
    this.data = data;
    this.acl = acl;
    this.ephemeralOwner = ephemeralOwner;
  }

  clone(): ChangeRecord {
    const copy = new ChangeRecord(this.path, this.zxid, this.data, this.acl, this.ephemeralOwner);
    return Object.assign(copy, this);
  }
}
