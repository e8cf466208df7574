import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";

import { type Id, readAcl, readStat } from "../jute/data-records.ts";
import { ErrorCode } from "../jute/error-code.ts";
import { JuteReader } from "../jute/jute-reader.ts";
import { JuteWriter } from "../jute/jute-writer.ts";
import { CreateFlag, OpCode, Permission } from "../jute/op-code.ts";
import {
  EventType,
  readClientInfo,
  readMultiHeader,
  readReplyHeader,
  writeMultiHeader,
  writeSetWatchesRequest,
} from "../jute/proto-records.ts";
import { ZERO_ZXID } from "../jute/zxid.ts";
import type { WatchEvent, Watcher } from "../tree/watch-manager.ts";
import { AccessControl } from "./access-control.ts";
import { answerRead, answerSync, answerWrite, mayHear, MULTI_READ_BYTES_MAX, type ReadContext } from "./answer.ts";
import { digestId } from "./digest-scheme.ts";
import {
  create,
  createSession,
  multi,
  OPEN,
  PrepareBench,
  remove,
  SESSION,
  setAcl,
  setData,
} from "./testing/prepare-bench.ts";

const BOB: Id = { scheme: "digest", id: digestId("bob:pw") };
const BODY = 20;

let bench: PrepareBench;
let events: WatchEvent[];
let context: ReadContext;

beforeEach(() => {
  bench = new PrepareBench();
  bench.open(SESSION);
  events = [];
  const watcher: Watcher = { sessionId: SESSION, process: (event) => events.push(event) };
  context = { database: bench.database, access: new AccessControl(), watcher, authInfo: [], sessionId: SESSION };
});

interface Answer {
  readonly error: number;
  readonly body: JuteReader;
  readonly bytes: Uint8Array;
}

function ask(type: number, write: (writer: JuteWriter) => void, as: Partial<ReadContext> = {}): Answer {
  const record = new JuteWriter();
  write(record);
  const writer = new JuteWriter();
  const error = answerRead({ xid: 7, type, record: record.written() }, { ...context, ...as }, writer);
  return taken(writer.written(), error);
}

/** Checks the frame and the header, which everything that is answered has. */
function taken(bytes: Uint8Array, error: number): Answer {
  const body = new JuteReader(bytes);
  expect(body.int32()).toBe(bytes.length - 4);
  const header = readReplyHeader(body);
  expect(header).toEqual({ xid: 7, zxid: bench.database.lastProcessedZxid, error });
  if (error !== 0) expect(bytes.length).toBe(BODY);
  return { error, body, bytes };
}

const read = (type: number, path: string, watch = false, as: Partial<ReadContext> = {}): Answer =>
  ask(type, (writer) => (writer.ustring(path), writer.boolean(watch)), as);
const names = (body: JuteReader): string[] => body.vector((from) => from.ustring()).sort();
const told = (): Array<readonly [number, string]> => events.map(({ type, path }) => [type, path]);

describe("reads", () => {
  test("getData gives data and stat", () => {
    bench.run(create({ path: "/a", data: new Uint8Array([1, 2]) }));
    bench.run(create({ path: "/a/x", data: null }));
    const { body } = read(OpCode.getData, "/a");
    expect([...(body.buffer() ?? [])]).toEqual([1, 2]);
    expect(readStat(body)).toMatchObject({ version: 0, cversion: 1, numChildren: 1, dataLength: 2 });
    expect(read(OpCode.getData, "/a/x").body.buffer()).toBeNull();
  });

  test("a missing node is NoNode, a hidden one NoAuth, each for every read of nodes", () => {
    bench.run(create({ path: "/hidden", acl: [{ perms: Permission.all, id: BOB }] }, { authInfo: [BOB] }));
    for (const type of [OpCode.getData, OpCode.exists, OpCode.getChildren, OpCode.getChildren2]) {
      expect([type, read(type, "/none").error]).toEqual([type, ErrorCode.noNode]);
      expect([type, read(type, "/hidden", true).error]).toEqual([type, ErrorCode.noAuth]);
      expect([type, read(type, "/hidden", false, { authInfo: [BOB] }).error]).toEqual([type, ErrorCode.ok]);
    }
    for (const type of [OpCode.getACL, OpCode.getAllChildrenNumber]) {
      const path = (at: string) => (writer: JuteWriter) => writer.ustring(at);
      expect(ask(type, path("/none")).error).toBe(ErrorCode.noNode);
      expect(ask(type, path("/hidden")).error).toBe(ErrorCode.noAuth);
    }
    expect(bench.database.tree.watches.size).toBe(0);
  });

  test("children, their stat and their number at any depth", () => {
    for (const path of ["/a", "/a/x", "/a/y", "/a/x/1"]) bench.run(create({ path }));
    expect(names(read(OpCode.getChildren, "/a").body)).toEqual(["x", "y"]);
    const { body } = read(OpCode.getChildren2, "/a");
    expect(names(body)).toEqual(["x", "y"]);
    expect(readStat(body).numChildren).toBe(2);
    expect(ask(OpCode.getAllChildrenNumber, (writer) => writer.ustring("/a")).body.int32()).toBe(3);
  });

  test("getACL shows hashes of passwords to who may administer, and x to who may read", () => {
    const acl = [
      { perms: Permission.read, id: { scheme: "world", id: "anyone" } },
      { perms: Permission.all, id: BOB },
    ];
    bench.run(create({ path: "/a", acl }, { authInfo: [BOB] }));
    const seenBy = (authInfo: readonly Id[]): unknown =>
      ask(OpCode.getACL, (writer) => writer.ustring("/a"), { authInfo }).body.vector(readAcl);
    expect(seenBy([BOB])).toEqual(acl);
    expect(seenBy([])).toEqual([acl[0], { perms: Permission.all, id: { scheme: "digest", id: "bob:x" } }]);
  });

  test("getEphemerals gives the session's own, by prefix", () => {
    for (const path of ["/e1", "/e2", "/x"]) bench.run(create({ path, flags: CreateFlag.ephemeral }));
    bench.run(createSession(9n));
    bench.run(create({ path: "/other", flags: CreateFlag.ephemeral }, { session: 9n }));
    const below = (prefix: string | null): string[] =>
      names(ask(OpCode.getEphemerals, (writer) => writer.ustring(prefix)).body);
    expect(below("/e")).toEqual(["/e1", "/e2"]);
    for (const all of ["/", "", " ", null]) expect(below(all)).toEqual(["/e1", "/e2", "/x"]);
  });

  test("multiRead answers each part, errors among them", () => {
    bench.run(create({ path: "/a", data: new Uint8Array([5]) }));
    const part = (writer: JuteWriter, type: number, path: string): void => {
      writeMultiHeader(writer, { type, done: false, error: -1 });
      writer.ustring(path);
      writer.boolean(true);
    };
    const { body } = ask(OpCode.multiRead, (writer) => {
      part(writer, OpCode.getData, "/a");
      part(writer, OpCode.getData, "/none");
      part(writer, OpCode.getChildren, "/a");
      writeMultiHeader(writer, { type: -1, done: true, error: -1 });
    });
    expect(readMultiHeader(body)).toEqual({ type: OpCode.getData, done: false, error: 0 });
    expect([...(body.buffer() ?? [])]).toEqual([5]);
    readStat(body);
    expect(readMultiHeader(body)).toEqual({ type: OpCode.error, done: false, error: ErrorCode.noNode });
    expect(body.int32()).toBe(ErrorCode.noNode);
    expect(readMultiHeader(body)).toEqual({ type: OpCode.getChildren, done: false, error: 0 });
    expect(names(body)).toEqual([]);
    expect(readMultiHeader(body)).toEqual({ type: -1, done: true, error: -1 });
    expect(body.remaining).toBe(0);
    expect(bench.database.tree.watches.size).toBe(0);
  });

  test("multiRead with a write in it is MarshallingError", () => {
    const { record } = multi([create({ path: "/a" })]);
    expect(ask(OpCode.multiRead, (writer) => writer.bytes(record)).error).toBe(ErrorCode.marshallingError);
  });

  test("a multiRead of one large node again and again ends before it fills the memory", () => {
    const data = new Uint8Array(1_000_000);
    bench.run(create({ path: "/a", data }));
    const times = (count: number) => (writer: JuteWriter) => {
      for (let at = 0; at < count; at++) {
        writeMultiHeader(writer, { type: OpCode.getData, done: false, error: -1 });
        writer.ustring("/a");
        writer.boolean(false);
      }
      writeMultiHeader(writer, { type: -1, done: true, error: -1 });
    };
    const fit = Math.ceil(MULTI_READ_BYTES_MAX / data.length);
    expect(ask(OpCode.multiRead, times(fit)).error).toBe(ErrorCode.ok);
    expect(ask(OpCode.multiRead, times(50_000)).error).toBe(ErrorCode.marshallingError);
  });

  test("whoAmI says the users of the connection's ids", () => {
    const authInfo = [{ scheme: "ip", id: "10.0.0.1" }, BOB, { scheme: "super", id: "" }];
    expect(ask(OpCode.whoAmI, () => {}, { authInfo }).body.vector(readClientInfo)).toEqual([
      { authScheme: "ip", user: "10.0.0.1" },
      { authScheme: "digest", user: "bob" },
      { authScheme: "super", user: "" },
    ]);
  });
});

describe("watches", () => {
  test("getData and exists watch data, getChildren watches children; a failed getData watches nothing", () => {
    bench.run(create({ path: "/a" }));
    read(OpCode.getData, "/none", true);
    read(OpCode.getData, "/a", true);
    read(OpCode.exists, "/b", true);
    read(OpCode.getChildren2, "/a", true);
    bench.run(create({ path: "/none" }));
    bench.run(setData("/a", null));
    bench.run(create({ path: "/b" }));
    bench.run(create({ path: "/a/x" }));
    expect(told()).toEqual([
      [EventType.nodeDataChanged, "/a"],
      [EventType.nodeCreated, "/b"],
      [EventType.nodeChildrenChanged, "/a"],
    ]);
  });

  test("an event goes only to who may read the node", () => {
    bench.run(create({ path: "/a" }));
    read(OpCode.getData, "/a", true);
    bench.run(setAcl("/a", [{ perms: Permission.all, id: BOB }], -1, { authInfo: [BOB] }));
    bench.run(setData("/a", null, -1, { authInfo: [BOB] }));
    const [event] = events;
    if (event === undefined) throw new Error("no event");
    expect(mayHear(event, context.access, [BOB])).toBe(true);
    expect(mayHear(event, context.access, [])).toBe(false);
    expect(mayHear({ ...event, acl: undefined }, context.access, [])).toBe(true);
  });

  test("addWatch watches for long, removeWatches and checkWatches say NoWatcher where there is none", () => {
    const at = (type: number, path: string, kind: number): Answer =>
      ask(type, (writer) => (writer.ustring(path), writer.int32(kind)));
    expect(at(OpCode.addWatch, "/a", 0).body.int32()).toBe(0);
    expect(at(OpCode.addWatch, "/a", 2).error).toBe(ErrorCode.marshallingError);
    bench.run(create({ path: "/a" }));
    bench.run(create({ path: "/a/x" }));
    bench.run(remove("/a/x"));
    expect(told().map(([type]) => type)).toEqual([1, 4, 4]);
    expect(at(OpCode.checkWatches, "/a", 3).error).toBe(ErrorCode.ok);
    expect(at(OpCode.checkWatches, "/a", 2).error).toBe(ErrorCode.noWatcher);
    expect(at(OpCode.removeWatches, "/a", 4).error).toBe(ErrorCode.ok);
    expect(at(OpCode.removeWatches, "/a", 3).error).toBe(ErrorCode.noWatcher);
    for (const kind of [0, 6, -1]) expect(at(OpCode.checkWatches, "/a", kind).error).toBe(ErrorCode.marshallingError);
  });

  test("setWatches tells what was missed and watches the rest", () => {
    bench.run(create({ path: "/old" }));
    const seen = bench.database.lastProcessedZxid;
    bench.run(create({ path: "/new" }));
    const request = {
      relativeZxid: seen,
      dataWatches: ["/old", "/new", "/gone"],
      existWatches: ["/new", "/none"],
      childWatches: ["/", "/gone"],
      persistentWatches: ["/p"],
      persistentRecursiveWatches: [],
    };
    const { bytes } = ask(OpCode.setWatches2, (writer) => writeSetWatchesRequest(writer, request, true));
    expect(bytes.length).toBe(BODY);
    expect(told()).toEqual([
      [EventType.nodeDataChanged, "/new"],
      [EventType.nodeDeleted, "/gone"],
      [EventType.nodeCreated, "/new"],
      [EventType.nodeChildrenChanged, "/"],
      [EventType.nodeDeleted, "/gone"],
    ]);
    expect(bench.database.tree.watches.size).toBe(4);
  });
});

describe("replies", () => {
  test("follow each other in one buffer, and an error takes back what was written of its body", () => {
    bench.run(create({ path: "/a", data: new Uint8Array(10) }));
    const writer = new JuteWriter();
    const record = (path: string): Uint8Array => {
      const to = new JuteWriter();
      to.ustring(path);
      to.boolean(false);
      return to.written();
    };
    for (const path of ["/a", "/none", "/a"]) {
      answerRead({ xid: 7, type: OpCode.getData, record: record(path) }, context, writer);
    }
    const lengths: number[] = [];
    const reader = new JuteReader(writer.written());
    while (reader.remaining > 0) lengths.push(reader.bytes(reader.int32()).length);
    expect(lengths).toEqual([98, 16, 98]);
  });

  test("any bytes are answered, with MarshallingError where they are no request", () => {
    const types = Object.values(OpCode);
    fc.assert(
      fc.property(fc.constantFrom(...types), fc.uint8Array({ maxLength: 40 }), (type, bytes) => {
        const { error } = ask(type, (writer) => writer.bytes(bytes));
        expect(Number.isInteger(error)).toBe(true);
      }),
      { numRuns: 3000 },
    );
    expect(ask(OpCode.getData, () => {}).error).toBe(ErrorCode.marshallingError);
    expect(ask(77, () => {}).error).toBe(ErrorCode.unimplemented);
  });
});

describe("answers to writes", () => {
  function answer(each: Parameters<PrepareBench["run"]>[0]): Answer {
    const result = bench.run(each);
    const writer = new JuteWriter();
    const zxid = bench.database.lastProcessedZxid;
    const error = answerWrite({ cxid: 7, type: each.type }, result, zxid, bench.database, writer);
    return taken(writer.written(), error);
  }

  test("create says its path, create2 and containers the stat too, setData and setACL the stat", () => {
    const { body, bytes } = answer(create({ path: "/s-", flags: 2 }));
    expect(body.ustring()).toBe("/s-0000000000");
    expect(body.position).toBe(bytes.length);
    for (const [type, flags] of [
      [OpCode.create2, 0],
      [OpCode.createContainer, CreateFlag.container],
    ] as const) {
      const reply = answer(create({ path: `/${type}`, flags }, { type })).body;
      expect(reply.ustring()).toBe(`/${type}`);
      expect(readStat(reply)).toMatchObject({ dataLength: 3, ephemeralOwner: 0n });
    }
    expect(readStat(answer(setData("/15", null)).body).version).toBe(1);
    expect(readStat(answer(setAcl("/15", OPEN)).body).aversion).toBe(1);
    expect(answer(remove("/15")).bytes.length).toBe(BODY);
    expect(answer(remove("/15")).error).toBe(ErrorCode.noNode);
  });

  test("a multi says what each part did; failed, its header has no error", () => {
    const { body } = answer(multi([create({ path: "/a" }), setData("/a", null), remove("/a")]));
    expect(readMultiHeader(body)).toEqual({ type: OpCode.create, done: false, error: 0 });
    expect(body.ustring()).toBe("/a");
    expect(readMultiHeader(body)).toEqual({ type: OpCode.setData, done: false, error: 0 });
    expect(readStat(body).version).toBe(1);
    expect(readMultiHeader(body)).toEqual({ type: OpCode.delete, done: false, error: 0 });
    expect(readMultiHeader(body)).toEqual({ type: -1, done: true, error: -1 });
    const failed = answer(multi([create({ path: "/a" }), remove("/none"), create({ path: "/b" })]));
    expect(failed.error).toBe(0);
    for (const error of [0, ErrorCode.noNode, ErrorCode.runtimeInconsistency]) {
      expect(readMultiHeader(failed.body)).toEqual({ type: OpCode.error, done: false, error });
      expect(failed.body.int32()).toBe(error);
    }
  });

  test("a session that moved gets no reply, alone and inside a multi", () => {
    const moved = remove("/none", -1, { owner: {} });
    for (const each of [moved, multi([moved], { owner: {} })]) {
      const writer = new JuteWriter();
      const error = answerWrite({ cxid: 7, type: each.type }, bench.run(each), ZERO_ZXID, bench.database, writer);
      expect([error, writer.length]).toEqual([ErrorCode.sessionMoved, 0]);
    }
  });

  test("sync says its path", () => {
    const record = new JuteWriter();
    record.ustring("/a");
    const writer = new JuteWriter();
    const zxid = bench.database.lastProcessedZxid;
    answerSync({ cxid: 7, record: record.written() }, zxid, writer);
    expect(taken(writer.written(), 0).body.ustring()).toBe("/a");
    expect(answerSync({ cxid: 7, record: new Uint8Array(2) }, zxid, new JuteWriter())).toBe(ErrorCode.marshallingError);
  });
});
