import type { JuteReader } from "../jute/jute-reader.ts";
import { OpCode } from "../jute/op-code.ts";
import { type Txn, TXN_DIGEST_VERSION } from "../jute/txn-records.ts";
import { type SessionId, ZERO_ZXID, type Zxid } from "../jute/zxid.ts";
import { applyTxn, type TxnResult } from "./apply-txn.ts";
import { DataTree, TREE_DEFAULTS, type TreeOptions } from "./data-tree.ts";
import { DigestHistory, type ZxidDigest } from "./digest-history.ts";
import { SnapshotBodyReader, writeSnapshotBody } from "./snapshot-body.ts";

export type { TxnResult } from "./apply-txn.ts";

/** Where the tree first was not what a digest said. */
export interface DigestMismatch {
  readonly zxid: Zxid;
  readonly expected: bigint;
  readonly actual: bigint;
}

/**
 * What a server knows: the tree and the sessions, as of `lastProcessedZxid`.
 *
 * Source: org.apache.zookeeper.server.ZKDatabase; org.apache.zookeeper.server.persistence.FileTxnSnapLog for sessions.
 */
export class Database {
  readonly tree: DataTree;
  /** Global sessions and their negotiated timeouts in milliseconds. */
  readonly sessions = new Map<SessionId, number>();
  #lastProcessedZxid: Zxid = ZERO_ZXID;
  readonly #history = new DigestHistory();
  /** What the tree must be at a zxid to come: until then it is neither here nor there, and digests say nothing. */
  #expected: ZxidDigest | undefined;
  /** As `#expected`, but nobody said at which zxid it is whole. */
  #isUnsettled = false;
  #digestMismatches = 0;
  #firstMismatch: DigestMismatch | undefined;

  constructor(options: TreeOptions = TREE_DEFAULTS) {
    this.tree = new DataTree(options);
  }

  get lastProcessedZxid(): Zxid {
    return this.#lastProcessedZxid;
  }

  /** After a snapshot was read, and by NEWLEADER. */
  setLastProcessedZxid(zxid: Zxid): void {
    this.#lastProcessedZxid = zxid;
  }

  /** How often the tree was not what a transaction's or snapshot's digest said it is: 0 unless something is broken. */
  get digestMismatches(): number {
    return this.#digestMismatches;
  }

  get firstMismatch(): DigestMismatch | undefined {
    return this.#firstMismatch;
  }

  /** Digests every 128 transactions, the oldest first: the four-letter word `hash`. */
  get digestLog(): readonly ZxidDigest[] {
    return this.#history.log;
  }

  /** What stands behind the body of a snapshot that was written until now. */
  get snapshotDigest(): ZxidDigest {
    return this.#history.last;
  }

  /**
   * Applies a transaction and fires watches before it returns. Replaying one that is in the tree already is harmless as long as
   * all that came after it is replayed too. `lastProcessedZxid` moves when the whole of it is applied: a snapshot that is being
   * written meanwhile must not claim half a multi.
   */
  apply(txn: Txn): TxnResult {
    const { header, record, digest } = txn;
    if (record.type === OpCode.createSession) this.sessions.set(header.sessionId, record.timeoutMs);
    else if (record.type === OpCode.closeSession) this.sessions.delete(header.sessionId);
    const result = applyTxn(this.tree, header, record);
    if (header.zxid > this.#lastProcessedZxid) this.#lastProcessedZxid = header.zxid;
    if (!this.tree.options.digestEnabled) return result;
    const actual = this.tree.digest;
    if (this.#expected !== undefined) {
      this.#meet(this.#expected, header.zxid);
      if (this.#expected !== undefined) return result;
    } else if (this.#isUnsettled) {
      return result;
    } else {
      this.#history.record(header.zxid, actual);
    }
    if (digest?.version === TXN_DIGEST_VERSION && digest.treeDigest !== actual) {
      this.#mismatch(header.zxid, digest.treeDigest, actual);
    }
    return result;
  }

  /**
   * The digest of a snapshot just read, of which `setLastProcessedZxid` was told: transactions up to its zxid were applied while
   * it was written, so until they are replayed the tree is compared with no digest.
   */
  expectDigest(digest: ZxidDigest): void {
    // A leader that had just begun its epoch wrote a zxid of no transaction: nothing was applied while it wrote.
    if (!this.tree.options.digestEnabled || digest.zxid <= 0 || digest.zxid < this.#lastProcessedZxid) return;
    this.#expected = digest;
    this.#meet(digest, this.#lastProcessedZxid);
  }

  /** Whether transactions are missing that were applied while the snapshot was taken that this began with. */
  get isFuzzy(): boolean {
    return this.#isUnsettled || this.#expected !== undefined;
  }

  /**
   * The database was read from a snapshot without a digest: one that a leader sent, or an older server wrote. It may hold a part of
   * what came after it, so until `endFuzzy` it is compared with no digest.
   */
  beginFuzzy(): void {
    this.#isUnsettled = true;
  }

  /** All that may have been applied while the snapshot was taken was applied here too. */
  endFuzzy(): void {
    this.#isUnsettled = false;
  }

  /**
   * The body of a snapshot, from the sessions to the end of the nodes, without the file's header and seals; SNAP is the same.
   * Transactions may be applied between two chunks: then it is a fuzzy snapshot, and all after the `lastProcessedZxid` of its
   * beginning must be replayed over it. Each chunk is memory of its own.
   *
   * @param chunkBytes a chunk ends with the node that makes it so long; 64 KiB if not given
   */
  snapshotChunks(chunkBytes?: number): Generator<Uint8Array, void> {
    return writeSnapshotBody(this.tree, this.sessions, chunkBytes);
  }

  /** Reads such a body, up to its end and no further. Throws a `ProtocolError` for what is none. */
  static readSnapshotBody(reader: JuteReader, options: TreeOptions = TREE_DEFAULTS): Database {
    const database = new Database(options);
    const body = new SnapshotBodyReader(database.tree, database.sessions);
    while (!body.done) body.read(reader);
    return database;
  }

  #meet(expected: ZxidDigest, zxid: Zxid): void {
    if (zxid !== expected.zxid) return;
    this.#expected = undefined;
    if (expected.version !== TXN_DIGEST_VERSION) return;
    const actual = this.tree.digest;
    if (actual !== expected.digest) this.#mismatch(zxid, expected.digest, actual);
  }

  #mismatch(zxid: Zxid, expected: bigint, actual: bigint): void {
    this.#digestMismatches++;
    this.#firstMismatch ??= { zxid, expected, actual };
  }
}
