import { describe, expect, test } from "vitest";

import { ErrorCode } from "../jute/error-code.ts";
import { CreateFlag, OpCode, Permission } from "../jute/op-code.ts";
import { parseTxn } from "../jute/txn-records.ts";
import { deleteContainerRequest } from "./container-sweep.ts";
import { PREPARE_DEFAULTS } from "./prepare-options.ts";
import { LOCAL_OWNER } from "./request.ts";
import {
  check,
  closeSession,
  create,
  createSession,
  multi,
  OPEN,
  PrepareBench,
  recordOf,
  remove,
  request,
  SESSION,
  setAcl,
  setData,
} from "./testing/prepare-bench.ts";

const EXTENDED = { extendedTypesEnabled: true };
const WORLD = { scheme: "world", id: "anyone" };
const READ_ONLY = [{ perms: Permission.read, id: WORLD }];
const OTHER = 0x200n;

function opened(...args: ConstructorParameters<typeof PrepareBench>): PrepareBench {
  const bench = new PrepareBench(...args);
  bench.open(SESSION);
  bench.open(OTHER);
  return bench;
}

function errorOf(bench: PrepareBench, each: Parameters<PrepareBench["run"]>[0]): number {
  return bench.run(each).error;
}

describe("create", () => {
  test("checks in the original's order: each request below fails with the first of its faults", () => {
    const bench = opened();
    bench.run(create({ path: "/closed", acl: READ_ONLY }));
    bench.run(create({ path: "/e", flags: CreateFlag.ephemeral }));
    const unknown = { session: 0x999n };
    const cases: ReadonlyArray<readonly [Parameters<typeof create>[0], Parameters<typeof create>[1], number]> = [
      [{ path: "none", flags: 9 }, unknown, ErrorCode.badArguments],
      [{ path: "none", flags: CreateFlag.persistentTtl }, unknown, ErrorCode.unimplemented],
      [{ path: "none" }, unknown, ErrorCode.sessionExpired],
      [{ path: "none", acl: [] }, {}, ErrorCode.badArguments],
      [{ path: "/none/x", acl: [] }, {}, ErrorCode.invalidACL],
      [{ path: "/none/x/" }, {}, ErrorCode.noNode],
      [{ path: "/closed/./" }, {}, ErrorCode.noNode],
      [{ path: "/closed/x\u0001" }, {}, ErrorCode.noAuth],
      [{ path: "/e/" }, {}, ErrorCode.badArguments],
      [{ path: "/zookeeper/quota" }, {}, ErrorCode.nodeExists],
      [{ path: "/e" }, {}, ErrorCode.nodeExists],
      [{ path: "/e/x" }, {}, ErrorCode.noChildrenForEphemerals],
    ];
    for (const [fields, who, error] of cases) {
      expect([fields.path, errorOf(bench, create(fields, who))]).toEqual([fields.path, error]);
    }
  });

  test("an ephemeral of an unknown session: the session has expired", () => {
    const fields = { path: "/e", flags: CreateFlag.ephemeral };
    expect(errorOf(opened(), create(fields, { session: 0x999n }))).toBe(ErrorCode.sessionExpired);
  });

  test("names of sequential nodes count the parent's creations, those under way included", () => {
    const bench = opened();
    bench.run(create({ path: "/q" }));
    const names = [1, 2, 3].map(() => recordOf(bench.prepare(create({ path: "/q/n-", flags: 2 }))));
    bench.prepare(remove("/q/n-0000000001"));
    names.push(recordOf(bench.prepare(create({ path: "/q/", flags: 3 }))));
    expect(names).toMatchObject([
      { path: "/q/n-0000000000", parentCVersion: 1, ephemeral: false },
      { path: "/q/n-0000000001", parentCVersion: 2 },
      { path: "/q/n-0000000002", parentCVersion: 3 },
      { path: "/q/0000000003", parentCVersion: 4, ephemeral: true },
    ]);
    bench.applyAll();
    expect(bench.database.digestMismatches).toBe(0);
  });

  test("a node with a time to live needs the extended types and a time from 1 on", () => {
    const ttl = (time: number, flags: number = CreateFlag.persistentTtl): ReturnType<typeof create> =>
      create({ path: "/t", flags, ttl: time }, { type: OpCode.createTTL });
    expect(errorOf(opened(), ttl(1))).toBe(ErrorCode.unimplemented);
    const bench = opened({}, EXTENDED);
    for (const time of [0, -1, 2 ** 40]) expect(errorOf(bench, ttl(time))).toBe(ErrorCode.badArguments);
    expect(errorOf(bench, ttl(5, CreateFlag.persistent))).toBe(ErrorCode.badArguments);
    expect(recordOf(bench.prepare(ttl(2 ** 40 - 1)))).toMatchObject({ type: OpCode.createTTL, ttl: 2 ** 40 - 1 });
    expect(errorOf(bench, create({ path: "/u", flags: CreateFlag.persistentTtl }))).toBe(ErrorCode.badArguments);
  });

  test("createTTL for a node without a time to live is refused, or everybody would fail to apply it", () => {
    const fields = { path: "/t", flags: CreateFlag.persistent, ttl: -1 };
    expect(errorOf(opened({}, EXTENDED), create(fields, { type: OpCode.createTTL }))).toBe(ErrorCode.badArguments);
    expect(errorOf(opened(), create(fields, { type: OpCode.createTTL }))).toBe(ErrorCode.badArguments);
  });

  test("nodes below a container, a TTL node and a persistent one are allowed", () => {
    const bench = opened({}, EXTENDED);
    bench.run(create({ path: "/c", flags: CreateFlag.container }, { type: OpCode.createContainer }));
    bench.run(create({ path: "/t", flags: CreateFlag.persistentTtl, ttl: 9 }, { type: OpCode.createTTL }));
    for (const path of ["/c/x", "/t/x", "/c/x/y"]) expect(errorOf(bench, create({ path }))).toBe(ErrorCode.ok);
  });

  test("the digest is that of the node the transaction makes, whatever the flags say", () => {
    const bench = opened();
    bench.run(create({ path: "/a", flags: CreateFlag.container }));
    bench.run(create({ path: "/b", flags: CreateFlag.ephemeral }, { type: OpCode.createContainer }));
    expect(bench.database.digestMismatches).toBe(0);
  });
});

describe("delete", () => {
  test("checks in the original's order", () => {
    const bench = opened();
    bench.run(create({ path: "/closed" }));
    bench.run(create({ path: "/closed/x" }));
    bench.run(setAcl("/closed", READ_ONLY));
    bench.run(create({ path: "/full" }));
    bench.run(create({ path: "/full/x" }));
    const cases: ReadonlyArray<readonly [string, number, number]> = [
      ["/", -1, ErrorCode.badArguments],
      ["/zookeeper", -1, ErrorCode.badArguments],
      ["/zookeeper/config", -1, ErrorCode.badArguments],
      ["none", -1, ErrorCode.badArguments],
      ["", -1, ErrorCode.badArguments],
      ["/none/x", -1, ErrorCode.noNode],
      ["/closed/none", -1, ErrorCode.noAuth],
      ["/none", 7, ErrorCode.noNode],
      ["/full", 7, ErrorCode.badVersion],
      ["/full", 0, ErrorCode.notEmpty],
      ["/full/x", 0, ErrorCode.ok],
    ];
    for (const [path, version, error] of cases) {
      expect([path, errorOf(bench, remove(path, version))]).toEqual([path, error]);
    }
    expect(errorOf(bench, remove("/none", -1, { session: 0x999n }))).toBe(ErrorCode.sessionExpired);
  });

  test("sees children that are on their way, and those that go", () => {
    const bench = opened();
    bench.run(create({ path: "/a" }));
    bench.prepare(create({ path: "/a/x" }));
    expect(recordOf(bench.prepare(remove("/a")))).toEqual({ type: OpCode.error, error: ErrorCode.notEmpty });
    bench.prepare(remove("/a/x"));
    expect(recordOf(bench.prepare(remove("/a")))).toEqual({ type: OpCode.delete, path: "/a" });
    expect(recordOf(bench.prepare(remove("/a")))).toEqual({ type: OpCode.error, error: ErrorCode.noNode });
    expect(recordOf(bench.prepare(create({ path: "/a" })))).toMatchObject({ type: OpCode.create });
    bench.applyAll();
    expect(bench.database.digestMismatches).toBe(0);
  });

  test("a container goes by the server's own request only, and only when it is empty", () => {
    const bench = opened();
    const container = { type: OpCode.createContainer };
    bench.run(create({ path: "/c", flags: CreateFlag.container }, container));
    bench.run(create({ path: "/c/x" }));
    bench.run(create({ path: "/e", flags: CreateFlag.ephemeral }));
    const own = deleteContainerRequest("/c");
    expect(errorOf(bench, own)).toBe(ErrorCode.notEmpty);
    bench.run(remove("/c/x"));
    expect(errorOf(bench, { ...own, sessionId: SESSION, owner: LOCAL_OWNER })).toBe(ErrorCode.unimplemented);
    expect(recordOf(bench.prepare(own))).toEqual({ type: OpCode.deleteContainer, path: "/c" });
    expect(errorOf(bench, deleteContainerRequest("/e"))).toBe(ErrorCode.badVersion);
    expect(errorOf(bench, deleteContainerRequest("/none"))).toBe(ErrorCode.noNode);
  });
});

describe("setData, setACL and check", () => {
  test("setData: path, node, permission, version", () => {
    const bench = opened();
    bench.run(create({ path: "/closed", acl: READ_ONLY }));
    bench.run(create({ path: "/a" }));
    const data = new Uint8Array([1]);
    expect(errorOf(bench, setData("/a/", data))).toBe(ErrorCode.badArguments);
    expect(errorOf(bench, setData("/none", data))).toBe(ErrorCode.noNode);
    expect(errorOf(bench, setData("/closed", data, 7))).toBe(ErrorCode.noAuth);
    expect(errorOf(bench, setData("/a", data, 7))).toBe(ErrorCode.badVersion);
    expect(recordOf(bench.prepare(setData("/a", data, 0)))).toMatchObject({ version: 1 });
    expect(recordOf(bench.prepare(setData("/a", null, 1)))).toMatchObject({ version: 2, data: null });
    expect(recordOf(bench.prepare(setData("/a", data, 0)))).toMatchObject({ error: ErrorCode.badVersion });
  });

  test("versions wrap around past -1, which means any to a request", () => {
    const bench = opened();
    bench.run(create({ path: "/a" }));
    const node = bench.database.tree.node("/a");
    if (node === undefined) throw new Error("no node");
    const next = (version: number): unknown => {
      node.version = version;
      const record = recordOf(bench.prepare(setData("/a", null)));
      bench.applyAll();
      return "version" in record ? record.version : record;
    };
    expect(next(2 ** 31 - 1)).toBe(-(2 ** 31));
    expect(next(-2)).toBe(0);
  });

  test("setACL: path, list, node, permission, version", () => {
    const bench = opened();
    bench.run(create({ path: "/closed", acl: READ_ONLY }));
    bench.run(create({ path: "/a" }));
    expect(errorOf(bench, setAcl("/a/", []))).toBe(ErrorCode.badArguments);
    expect(errorOf(bench, setAcl("/none", []))).toBe(ErrorCode.invalidACL);
    expect(errorOf(bench, setAcl("/none", OPEN))).toBe(ErrorCode.noNode);
    expect(errorOf(bench, setAcl("/closed", OPEN, 7))).toBe(ErrorCode.noAuth);
    expect(errorOf(bench, setAcl("/a", OPEN, 7))).toBe(ErrorCode.badVersion);
    expect(recordOf(bench.prepare(setAcl("/a", OPEN, 0)))).toMatchObject({ version: 1, acl: OPEN });
  });

  test("a list that was prepared counts for the next request", () => {
    const bench = opened();
    bench.run(create({ path: "/a" }));
    bench.prepare(setAcl("/a", READ_ONLY));
    expect(recordOf(bench.prepare(create({ path: "/a/x" })))).toMatchObject({ error: ErrorCode.noAuth });
  });

  test("check says the version after, as the original writes it", () => {
    const bench = opened();
    bench.run(create({ path: "/a" }));
    expect(recordOf(bench.prepare(check("/a", 0)))).toEqual({ type: OpCode.check, path: "/a", version: 1 });
    expect(recordOf(bench.prepare(check("/a", 1)))).toMatchObject({ error: ErrorCode.badVersion });
  });

  test("the root is one node by both its names", () => {
    const bench = opened();
    bench.prepare(create({ path: "/a" }));
    bench.prepare(setData("/", new Uint8Array([1])));
    bench.prepare(create({ path: "/b" }));
    bench.prepare(setAcl("/", READ_ONLY));
    expect(recordOf(bench.prepare(create({ path: "/c" })))).toMatchObject({ error: ErrorCode.noAuth });
    bench.applyAll();
    expect(bench.database.digestMismatches).toBe(0);
  });
});

describe("multi", () => {
  test("all parts have one zxid and see one another", () => {
    const bench = opened();
    const parts = [
      create({ path: "/a" }),
      create({ path: "/a/n", flags: 2 }),
      setData("/a", null, 0),
      check("/a", 1),
      remove("/a/n0000000000"),
      remove("/a"),
    ];
    expect(recordOf(bench.prepare(multi(parts)))).toMatchObject({
      parts: [{ path: "/a" }, { path: "/a/n0000000000" }, { version: 1 }, { version: 2 }, {}, { path: "/a" }],
    });
    bench.applyAll();
    expect(bench.database.tree.node("/a")).toBeUndefined();
    expect(bench.database.digestMismatches).toBe(0);
  });

  test("with a part that fails nothing is done: 0 before, its error, -2 after", () => {
    const bench = opened();
    bench.run(create({ path: "/q" }));
    bench.prepare(create({ path: "/q/n", flags: 2 }));
    const failing = multi([
      create({ path: "/q/n", flags: 2 }),
      setData("/q", new Uint8Array(3)),
      remove("/none"),
      create({ path: "/b" }),
    ]);
    const prepared = bench.prepare(failing);
    expect(recordOf(prepared)).toMatchObject({
      parts: [
        { type: OpCode.create, path: "/q/n0000000001" },
        { type: OpCode.setData },
        { type: OpCode.error, error: ErrorCode.noNode },
        { type: OpCode.error, error: ErrorCode.runtimeInconsistency },
      ],
    });
    expect(prepared).toMatchObject({ txn: { header: { type: OpCode.multi } } });
    // The name that was not used is given again, and the data is as it was.
    expect(recordOf(bench.prepare(create({ path: "/q/n", flags: 2 })))).toMatchObject({ path: "/q/n0000000001" });
    expect(recordOf(bench.prepare(setData("/q", null, 0)))).toMatchObject({ version: 1 });
    const results = bench.applyAll();
    expect(results[1]?.parts?.map(({ error }) => error)).toEqual([0, 0, ErrorCode.noNode, -2]);
    expect(bench.database.digestMismatches).toBe(0);
  });

  test("taking back leaves a deleted node deleted and an ephemeral its owner's", () => {
    const bench = opened();
    bench.run(create({ path: "/gone" }));
    bench.prepare(remove("/gone"));
    bench.prepare(create({ path: "/e", flags: CreateFlag.ephemeral }));
    bench.prepare(multi([create({ path: "/gone" }), remove("/e"), create({ path: "/e" }), remove("/none")]));
    expect(recordOf(bench.prepare(remove("/gone")))).toMatchObject({ error: ErrorCode.noNode });
    expect(recordOf(bench.prepare(closeSession(SESSION)))).toMatchObject({ paths: ["/e"] });
    bench.applyAll();
    expect(bench.database.digestMismatches).toBe(0);
  });

  test("an empty one is a transaction", () => {
    expect(recordOf(opened().prepare(multi([])))).toEqual({ type: OpCode.multi, parts: [] });
  });

  test("create2 inside is a create, and containers are told by their mode", () => {
    const parts = [
      create({ path: "/a" }, { type: OpCode.create2 }),
      create({ path: "/b", flags: CreateFlag.container }),
      create({ path: "/c" }, { type: OpCode.createContainer }),
    ];
    expect(recordOf(opened().prepare(multi(parts)))).toMatchObject({
      parts: [{ type: OpCode.create }, { type: OpCode.createContainer }, { type: OpCode.create }],
    });
  });

  test("a time to live that is missing is a malformed multi, once it is its turn", () => {
    const bench = opened({}, EXTENDED);
    const without = create({ path: "/t", flags: CreateFlag.persistentTtl });
    const marshalling = { type: OpCode.error, error: ErrorCode.marshallingError };
    expect(recordOf(bench.prepare(multi([create({ path: "/a" }), without])))).toEqual(marshalling);
    expect(recordOf(bench.prepare(multi([remove("/none"), without])))).toMatchObject({ parts: [{}, { error: -2 }] });
    expect(recordOf(bench.prepare(create({ path: "/a" })))).toMatchObject({ path: "/a" });
  });

  test("reads, other operations and bytes cut short: MarshallingError", () => {
    const bench = opened();
    const whole = multi([create({ path: "/a" })]);
    const broken = [
      multi([request(OpCode.getData, (writer) => (writer.ustring("/a"), writer.boolean(false)))]),
      multi([setAcl("/a", OPEN)]),
      multi([multi([])]),
      ...[0, 3, 9, 30, whole.record.length - 1].map((end) => ({ ...whole, record: whole.record.subarray(0, end) })),
    ];
    for (const each of broken) {
      expect(recordOf(bench.prepare(each))).toEqual({ type: OpCode.error, error: ErrorCode.marshallingError });
    }
  });
});

describe("sessions", () => {
  test("a request through another owner has moved; after the session came back it is the old one's that has", () => {
    const bench = opened();
    const learner = {};
    const through = (owner: unknown): number => errorOf(bench, remove("/none", -1, { owner }));
    expect(through(learner)).toBe(ErrorCode.sessionMoved);
    bench.sessions.setOwner(SESSION, learner);
    expect(through(learner)).toBe(ErrorCode.noNode);
    expect(through(LOCAL_OWNER)).toBe(ErrorCode.sessionMoved);
  });

  test("a failed request is a transaction of type error, without a digest", () => {
    const prepared = opened().prepare(remove("/none"));
    expect(prepared).toMatchObject({ kind: "txn", txn: { header: { type: OpCode.error }, digest: undefined } });
  });

  test("createSession tracks the session, closeSession has nothing more accepted", () => {
    const bench = opened();
    bench.prepare(createSession(0x300n, 9000));
    expect(bench.sessions.isGlobal(0x300n)).toBe(true);
    bench.prepare(closeSession(0x300n));
    expect(recordOf(bench.prepare(remove("/none", -1, { session: 0x300n })))).toMatchObject({
      error: ErrorCode.sessionExpired,
    });
    expect(recordOf(bench.prepare(createSession(0x300n)))).toMatchObject({ error: ErrorCode.sessionExpired });
  });

  test("closeSession lists the ephemerals that will be there", () => {
    const bench = opened();
    const ephemeral = (path: string, session = SESSION): ReturnType<typeof create> =>
      create({ path, flags: CreateFlag.ephemeral }, { session });
    for (const path of ["/kept", "/deleted", "/taken"]) bench.run(ephemeral(path));
    bench.run(ephemeral("/others", OTHER));
    bench.prepare(remove("/deleted"));
    bench.prepare(remove("/taken"));
    bench.prepare(ephemeral("/taken", OTHER));
    bench.prepare(ephemeral("/coming"));
    bench.prepare(setData("/kept", null));
    bench.prepare(ephemeral("/came-and-went"));
    bench.prepare(remove("/came-and-went"));
    expect(recordOf(bench.prepare(closeSession(SESSION)))).toEqual({
      type: OpCode.closeSession,
      paths: ["/kept", "/coming"],
    });
    bench.applyAll();
    expect(bench.database.digestMismatches).toBe(0);
    expect(bench.database.tree.node("/taken")?.ephemeralOwner).toBe(OTHER);
    expect(bench.preparer.outstanding).toBe(0);
  });

  test("a parent whose last child goes with its session can be deleted at once", () => {
    const bench = opened();
    bench.run(create({ path: "/p" }));
    bench.run(create({ path: "/p/e", flags: CreateFlag.ephemeral }));
    bench.prepare(closeSession(SESSION));
    expect(recordOf(bench.prepare(remove("/p", -1, { session: OTHER })))).toMatchObject({ type: OpCode.delete });
  });

  test("without closeSessionTxn.enabled no path is listed, and no digest stands where a list would", () => {
    const bench = opened({ options: { ...PREPARE_DEFAULTS, closeSessionTxnEnabled: false } });
    bench.run(create({ path: "/e", flags: CreateFlag.ephemeral }));
    const prepared = bench.prepare(closeSession(SESSION));
    if (prepared.kind !== "txn") throw new Error("no transaction");
    expect(parseTxn(prepared.txn.bytes)).toMatchObject({ record: { paths: undefined }, digest: undefined });
    bench.prepare(create({ path: "/after" }, { session: OTHER }));
    bench.applyAll();
    expect(bench.database.tree.node("/e")).toBeUndefined();
    expect(bench.database.digestMismatches).toBe(0);
  });

  test("a list that servers might not read is left out", () => {
    const bench = opened();
    const name = "n".repeat(10_000);
    for (let at = 0; at < 101; at++) bench.run(create({ path: `/${name}${at}`, flags: CreateFlag.ephemeral }));
    expect(recordOf(bench.prepare(closeSession(SESSION)))).toMatchObject({ paths: undefined });
    bench.applyAll();
    expect(bench.database.tree.ephemeralCount).toBe(0);
    bench.run(remove("/none", -1, { session: OTHER }));
    expect(bench.database.digestMismatches).toBe(0);
  });

  test("sync and the requests of a local session take no transaction", () => {
    const bench = opened();
    const sync = request(OpCode.sync, (writer) => writer.ustring("/"));
    expect(bench.prepare(sync)).toEqual({ kind: "ordered" });
    expect(bench.prepare({ ...sync, owner: {} })).toEqual({ kind: "refused", error: ErrorCode.sessionMoved });
    expect(bench.prepare({ ...closeSession(SESSION), localSession: true })).toEqual({ kind: "ordered" });
    expect(bench.sessions.isGlobal(SESSION)).toBe(true);
  });
});

test("what cannot be read is MarshallingError, a type that nobody prepares is Unimplemented", () => {
  const bench = opened();
  const empty = (type: number): ReturnType<typeof request> => request(type, () => {});
  for (const type of [1, 2, 5, 7, 13, 14, 15, 19, 20, 21]) {
    expect(errorOf(bench, empty(type))).toBe(ErrorCode.marshallingError);
  }
  expect(bench.prepare(empty(OpCode.getData))).toEqual({ kind: "refused", error: ErrorCode.unimplemented });
  expect(bench.prepare(empty(77))).toEqual({ kind: "refused", error: ErrorCode.unimplemented });
});

test("without digests transactions carry none", () => {
  const bench = opened({}, { digestEnabled: false });
  expect(bench.prepare(create({ path: "/a" }))).toMatchObject({ txn: { digest: undefined } });
  expect(bench.prepare(multi([remove("/none")]))).toMatchObject({ txn: { digest: undefined } });
});
