import { describe, expect, test } from "vitest";

import { ErrorCode } from "../jute/error-code.ts";
import { OpCode } from "../jute/op-code.ts";
import { EventType } from "../jute/proto-records.ts";
import { makeTxn, type Txn, type TxnRecord } from "../jute/txn-records.ts";
import { makeZxid, type Zxid } from "../jute/zxid.ts";
import { checkSession } from "./check-session.ts";
import { Model } from "./model.ts";
import { OPEN_ACL, type Answer, type Operation, type OperationRecord } from "./operation.ts";
import { SessionRecord } from "./session-record.ts";

const ME = 7n;
const OTHER = 8n;
const zxid = (counter: number): Zxid => makeZxid(1, counter);
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

/** A history in which a checker has to find what is wrong: nothing, unless a test makes it so. */
class History {
  readonly model = new Model();
  readonly session = new SessionRecord("test", ME, 1000);
  readonly #txns = new Map<string, Txn>();
  #counter = 0;
  #cxids = new Map<bigint, number>();

  constructor() {
    for (const session of [ME, OTHER]) this.commit(session, { type: OpCode.createSession, timeoutMs: 1000 }, 0);
    this.commit(OTHER, createTxn("/a", "0", 1));
    this.session.events.push({ kind: "connected", lastZxid: zxid(this.#counter) });
  }

  commit(session: bigint, record: TxnRecord, cxid = (this.#cxids.get(session) ?? 0) + 1): Zxid {
    this.#cxids.set(session, cxid);
    const header = { sessionId: session, cxid, zxid: zxid(++this.#counter), timeMs: 0, type: record.type };
    const txn = makeTxn(header, record);
    this.model.apply(txn);
    this.#txns.set(`${session}:${cxid}`, txn);
    return header.zxid;
  }

  reply(operation: Operation, xid: number, at: Zxid, answer: Answer | number, ackedBefore = 0 as Zxid): void {
    const error = typeof answer === "number" ? answer : ErrorCode.ok;
    const outcome = { zxid: at, error, answer: typeof answer === "number" ? undefined : answer };
    const record: OperationRecord = { operation, xid, ackedBefore, outcome };
    this.session.operations.push(record);
    this.session.events.push({ kind: "reply", record });
  }

  /** What a server that is right would answer. */
  read(at: Zxid, path = "/a"): Answer {
    const node = this.model.at(path, at);
    if (node === undefined) throw new Error(`${path} is not there`);
    const { czxid, mzxid, pzxid, version, data, children } = node;
    const stat = { czxid, mzxid, pzxid, version, ctime: 0, mtime: 0, aversion: 0, ephemeralOwner: node.owner };
    const cversion = node.cversion * 2 - children.length;
    return { data, stat: { ...stat, cversion, dataLength: data?.length ?? 0, numChildren: children.length } };
  }

  check(): void {
    checkSession(this.session, this.model, (session, cxid) => this.#txns.get(`${session}:${cxid}`));
  }
}

function createTxn(path: string, data: string, parentCVersion: number): TxnRecord {
  return { type: OpCode.create, path, data: bytes(data), acl: OPEN_ACL, ephemeral: false, parentCVersion };
}

const setTxn = (version: number, data = "x"): TxnRecord => ({
  type: OpCode.setData,
  path: "/a",
  data: bytes(data),
  version,
});
const set = (version = -1, data = "x"): Operation => ({ kind: "set", path: "/a", data: bytes(data), version });
const get = (watch = false): Operation => ({ kind: "get", path: "/a", watch });

describe("a session's history", () => {
  test("in which all is right passes", () => {
    const history = new History();
    const z = history.commit(ME, setTxn(1));
    history.reply(set(), 1, z, history.read(z));
    history.reply(get(true), 2, z, history.read(z));
    const later = history.commit(OTHER, setTxn(2, "y"));
    history.session.events.push({ kind: "event", type: EventType.nodeDataChanged, path: "/a", zxid: later });
    history.reply(get(), 3, later, history.read(later));
    history.check();
  });

  test("an acknowledged write that is not committed is found", () => {
    const history = new History();
    history.reply(set(), 5, zxid(3), history.read(zxid(3)));
    expect(() => history.check()).toThrow("is not among the committed transactions");
  });

  test("a write that is ordered before one that was acknowledged earlier is found", () => {
    const history = new History();
    const mine = history.commit(ME, setTxn(1));
    const acked = history.commit(OTHER, setTxn(2));
    history.reply(set(), 1, mine, history.read(mine), acked);
    expect(() => history.check()).toThrow("was acknowledged before it was asked");
  });

  test("a write that ignores its version is found, and one that is refused without reason", () => {
    const ignored = new History();
    const z = ignored.commit(ME, setTxn(1));
    ignored.reply(set(7), 1, z, ignored.read(z));
    expect(() => ignored.check()).toThrow("was let through with version 7");
    const refused = new History();
    const at = refused.commit(ME, { type: OpCode.error, error: ErrorCode.badVersion });
    refused.reply(set(0), 1, at, ErrorCode.badVersion);
    expect(() => refused.check()).toThrow("without reason");
  });

  test("other data than was asked for is found", () => {
    const history = new History();
    const z = history.commit(ME, setTxn(1, "other"));
    history.reply(set(), 1, z, history.read(z));
    expect(() => history.check()).toThrow("set something else");
  });

  test("a read that goes back is found", () => {
    const history = new History();
    const z = history.commit(OTHER, setTxn(1));
    history.reply(get(), 1, z, history.read(z));
    history.reply(get(), 2, zxid(3), history.read(zxid(3)));
    expect(() => history.check()).toThrow("shows zxid 100000003 after 100000004");
  });

  test("a read of anything but the tree at its zxid is found", () => {
    const history = new History();
    const z = history.commit(OTHER, setTxn(1));
    history.reply(get(), 1, z, history.read(zxid(3)));
    expect(() => history.check()).toThrow("was told");
  });

  test("a sync that does not bring what was acknowledged is found", () => {
    const history = new History();
    const z = history.commit(OTHER, setTxn(1));
    history.reply({ kind: "sync", path: "/" }, 1, zxid(3), {}, z);
    expect(() => history.check()).toThrow("was acknowledged before");
  });

  test("a watch that is told too late, twice, of nothing or wrongly is found", () => {
    const changed = (history: History, type: number = EventType.nodeDataChanged): void => {
      history.session.events.push({ kind: "event", type, path: "/a", zxid: -1 as Zxid });
    };
    const watching = (): History => {
      const history = new History();
      history.reply(get(true), 1, zxid(3), history.read(zxid(3)));
      return history;
    };
    const late = watching();
    const z = late.commit(OTHER, setTxn(1));
    late.reply(get(), 2, z, late.read(z));
    expect(() => late.check()).toThrow("was not told of 100000004");
    const twice = watching();
    twice.commit(OTHER, setTxn(1));
    changed(twice);
    changed(twice);
    expect(() => twice.check()).toThrow("nobody waits for");
    const nothing = watching();
    changed(nothing);
    expect(() => nothing.check()).toThrow("where nothing happened");
    const wrong = watching();
    wrong.commit(OTHER, setTxn(1));
    changed(wrong, EventType.nodeDeleted);
    expect(() => wrong.check()).toThrow("where something else happened");
  });

  test("a watch that is asked for again on another server is told once of all that happened meanwhile", () => {
    const history = new History();
    history.reply(get(true), 1, zxid(3), history.read(zxid(3)));
    history.session.events.push({ kind: "disconnected" });
    history.commit(OTHER, setTxn(1));
    const z = history.commit(OTHER, setTxn(2));
    history.session.events.push({ kind: "connected", lastZxid: zxid(3) });
    history.session.events.push({ kind: "event", type: EventType.nodeDataChanged, path: "/a", zxid: -1 as Zxid });
    const restored = [{ kind: "data", path: "/a" }] as const;
    history.session.events.push({ kind: "seen", zxid: z, restored });
    history.check();
  });

  test("a session that the client was told is over, and lives, is found", () => {
    const history = new History();
    history.session.end = "expired";
    expect(() => history.check()).toThrow("told that it is expired, and it lives");
  });
});

describe("the naive tree refuses", () => {
  test.each<[what: string, record: TxnRecord, error: string]>([
    ["a node that is there", createTxn("/a", "1", 2), "created a second time"],
    ["a child of nobody", createTxn("/b/c", "1", 1), "/b is not there"],
    ["a cversion that skips one", createTxn("/b", "1", 3), "cversion 3 after 1"],
    ["a version that skips one", setTxn(2), "version 2 after 0"],
    ["to delete what is not there", { type: OpCode.delete, path: "/b" }, "/b is not there"],
  ])("%s", (_, record, error) => {
    const history = new History();
    expect(() => history.commit(ME, record)).toThrow(error);
  });

  test("requests of a session in another order, and those of a session that is over", () => {
    const history = new History();
    history.commit(ME, setTxn(1), 5);
    expect(() => history.commit(ME, setTxn(2), 4)).toThrow("ordered after");
    history.commit(ME, { type: OpCode.closeSession, paths: [] }, 9);
    expect(() => history.commit(ME, setTxn(2), 10)).toThrow("which is closed");
  });

  test("ephemerals that outlive their session", () => {
    const history = new History();
    history.commit(ME, {
      type: OpCode.create,
      path: "/e",
      data: null,
      acl: OPEN_ACL,
      ephemeral: true,
      parentCVersion: 2,
    });
    expect(() => history.commit(ME, { type: OpCode.closeSession, paths: [] })).toThrow("outlive it");
  });
});
