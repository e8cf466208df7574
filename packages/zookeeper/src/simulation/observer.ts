/**
 * Watches every server of a simulated ensemble from inside, after each step: what it applies to its tree, what it commits, when it
 * begins to serve and as what. Says at once when something happens that must not:
 *
 * - two transactions have one zxid, or one transaction has two predecessors: histories are prefixes of each other;
 * - two trees differ at the same zxid;
 * - a leader is established, or a transaction committed, without all that was committed before;
 * - two leaders are established in one epoch.
 *
 * It hooks into the classes themselves, since what it looks for is what the server would never tell.
 */
import type { Txn } from "../jute/txn-records.ts";
import { counterOf, epochOf, zxidHex, type Zxid } from "../jute/zxid.ts";
import type { Replica } from "../peer/replica.ts";
import { ClientService } from "../server/client-service.ts";
import { Database } from "../tree/database.ts";

interface Seen {
  readonly txn: Txn;
  readonly before: Zxid;
  digest: bigint | undefined;
}

interface DatabaseFacts {
  /** The last transaction in the tree: unlike `lastProcessedZxid` never the beginning of an epoch. */
  lastTxn: Zxid;
  isNew: boolean;
}

const NOTHING = 0 as Zxid;

export class Observer {
  readonly #seen = new Map<Zxid, Seen>();
  /** Beginnings of epochs, which are no transactions, and the last transaction before. */
  readonly #epochStarts = new Map<Zxid, Zxid>();
  readonly #databases = new WeakMap<Database, DatabaseFacts>();
  readonly #committed: Txn[] = [];
  readonly #isCommitted = new Set<Zxid>([NOTHING]);
  readonly #leaders = new Map<number, ClientService>();
  readonly #fail: (error: Error) => void;
  #committedTip = NOTHING;

  constructor(fail: (error: Error) => void) {
    this.#fail = fail;
  }

  /** All that is committed, in order. */
  get committed(): readonly Txn[] {
    return this.#committed;
  }

  get leaderships(): number {
    return this.#leaders.size;
  }

  /** The database is at `zxid` now: it was read from a snapshot, or an epoch begins. */
  loaded(database: Database, zxid: Zxid): void {
    const facts = this.#factsOf(database);
    const start = this.#epochStarts.get(zxid);
    if (facts.isNew && (start !== undefined || counterOf(zxid) > 0)) {
      facts.isNew = false;
      facts.lastTxn = start ?? zxid;
    } else if (counterOf(zxid) === 0 && zxid > 0) {
      if (start !== undefined && start !== facts.lastTxn) {
        this.#broken(`epoch ${epochOf(zxid)} begins after ${hex(start)} and after ${hex(facts.lastTxn)}`);
      }
      this.#epochStarts.set(zxid, facts.lastTxn);
    }
  }

  applied(database: Database, txn: Txn): void {
    const facts = this.#factsOf(database);
    facts.isNew = false;
    const { zxid } = txn.header;
    if (zxid <= facts.lastTxn) return; // a replay over a snapshot that has it
    const before = facts.lastTxn;
    facts.lastTxn = zxid;
    const seen = this.#see(txn, before);
    if (database.digestMismatches > 0) {
      const at = database.firstMismatch?.zxid ?? zxid;
      this.#broken(`at ${hex(at)} a tree is not what its leader's was`);
    }
    if (database.isFuzzy) return;
    const { digest } = database.tree;
    seen.digest ??= digest;
    if (seen.digest !== digest) this.#broken(`two trees differ at ${hex(zxid)}`);
  }

  served(service: ClientService, replica: Replica): void {
    if (replica.role === "read-only") return;
    const { lastTxn } = this.#factsOf(service.database);
    const zxid = service.database.lastProcessedZxid;
    this.#commit(lastTxn, `a ${replica.role} begins to serve`);
    if (lastTxn < this.#committedTip && (replica.role === "leader" || replica.role === "standalone")) {
      this.#broken(
        `a ${replica.role} is established with ${hex(lastTxn)}, and ${hex(this.#committedTip)} is committed`,
      );
    }
    if (replica.role !== "leader") return;
    const epoch = epochOf(zxid);
    const other = this.#leaders.get(epoch);
    if (other !== undefined && other !== service) this.#broken(`two leaders are established in epoch ${epoch}`);
    this.#leaders.set(epoch, service);
  }

  committedBy(service: ClientService, txn: Txn): void {
    this.#commit(txn.header.zxid, "a commit");
    const { lastTxn } = this.#factsOf(service.database);
    if (lastTxn !== txn.header.zxid)
      this.#broken(`${hex(txn.header.zxid)} is committed, and the tree is at ${hex(lastTxn)}`);
  }

  /** All up to `zxid` is committed: it extends what was, or is part of it. */
  #commit(zxid: Zxid, what: string): void {
    if (this.#isCommitted.has(zxid)) return;
    const added: Txn[] = [];
    let at = zxid;
    while (at > this.#committedTip) {
      const seen = this.#seen.get(at);
      if (seen === undefined) {
        this.#broken(`${what} with ${hex(at)}, which no tree has`);
        return;
      }
      added.push(seen.txn);
      at = seen.before;
    }
    if (at !== this.#committedTip) {
      this.#broken(
        `${what} with ${hex(zxid)}, whose history has ${hex(at)} and then not ${hex(this.#committedTip)}, which is committed`,
      );
      return;
    }
    for (const txn of added.reverse()) {
      this.#committed.push(txn);
      this.#isCommitted.add(txn.header.zxid);
    }
    this.#committedTip = zxid;
  }

  #see(txn: Txn, before: Zxid): Seen {
    const { zxid } = txn.header;
    const known = this.#seen.get(zxid);
    if (known === undefined) {
      const seen: Seen = { txn, before, digest: undefined };
      this.#seen.set(zxid, seen);
      return seen;
    }
    if (Buffer.compare(known.txn.bytes, txn.bytes) !== 0) this.#broken(`two transactions have the zxid ${hex(zxid)}`);
    if (known.before !== before) {
      this.#broken(`${hex(zxid)} comes after ${hex(known.before)} on one server and after ${hex(before)} on another`);
    }
    return known;
  }

  #factsOf(database: Database): DatabaseFacts {
    let facts = this.#databases.get(database);
    if (facts === undefined) {
      facts = { lastTxn: NOTHING, isNew: true };
      this.#databases.set(database, facts);
    }
    return facts;
  }

  #broken(reason: string): void {
    this.#fail(new Error(reason));
  }
}

const hex = (zxid: Zxid): string => zxidHex(zxid);

/** Who watches now: one simulation runs at a time. */
let current: Observer | undefined;

/** Has `observer` told of all that the servers of this process do, until the next call. */
export function observe(observer: Observer | undefined): void {
  current = observer;
}

const { apply, setLastProcessedZxid } = Database.prototype;
Database.prototype.apply = function (txn) {
  const result = apply.call(this, txn);
  current?.applied(this, txn);
  return result;
};
Database.prototype.setLastProcessedZxid = function (zxid) {
  current?.loaded(this, zxid);
  setLastProcessedZxid.call(this, zxid);
};
const { serve, commit } = ClientService.prototype;
ClientService.prototype.serve = function (replica) {
  current?.served(this, replica);
  serve.call(this, replica);
};
ClientService.prototype.commit = function (txn) {
  const result = commit.call(this, txn);
  current?.committedBy(this, txn);
  return result;
};
