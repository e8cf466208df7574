import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { CreateFlag, OpCode } from "../jute/op-code.ts";
import { parseTxn } from "../jute/txn-records.ts";
import type { SessionId } from "../jute/zxid.ts";
import type { Request } from "./request.ts";
import {
  check,
  closeSession,
  create,
  createSession,
  multi,
  OPEN,
  PrepareBench,
  remove,
  request,
  setAcl,
  setData,
} from "./testing/prepare-bench.ts";

const SESSIONS: readonly SessionId[] = [0x1n, 0x2n, -5n];
const NAMES = ["/a", "/b", "/a/x", "/a/y", "/b/x", "/a/x/1"];
const ENABLED = { extendedTypesEnabled: true };

const session = fc.constantFrom(...SESSIONS);
const path = fc.constantFrom(...NAMES, "/", "/zookeeper", "/zookeeper/q", "", "/a/", "x", "/a//x");
const version = fc.constantFrom(-1, -1, -1, 0, 1, 2);
const data = fc.option(fc.uint8Array({ maxLength: 20 }), { nil: null });
const acl = fc.constantFrom(OPEN, OPEN, [], [{ perms: 1, id: { scheme: "world", id: "anyone" } }]);

const part = (who: SessionId): fc.Arbitrary<Request> =>
  fc.oneof(
    fc
      .record({ path, data, flags: fc.constantFrom(0, 0, 0, 1, 1, 2, 3, 4, 9) })
      .map((fields) => create(fields, { session: who })),
    fc.tuple(path, version).map(([at, expected]) => remove(at, expected, { session: who })),
    fc.tuple(path, data, version).map(([at, bytes, expected]) => setData(at, bytes, expected, { session: who })),
    fc.tuple(path, version).map(([at, expected]) => check(at, expected, { session: who })),
  );

const anyRequest: fc.Arbitrary<Request> = session.chain((who) =>
  fc.oneof(
    { weight: 10, arbitrary: part(who) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(path, acl, version)
        .map(([at, list, expected]) => setAcl(at, list, expected, { session: who })),
    },
    { weight: 3, arbitrary: fc.array(part(who), { maxLength: 5 }).map((parts) => multi(parts, { session: who })) },
    {
      weight: 1,
      arbitrary: fc
        .record({ path })
        .map((fields) =>
          create({ ...fields, flags: CreateFlag.container }, { session: who, type: OpCode.createContainer }),
        ),
    },
    {
      weight: 1,
      arbitrary: fc
        .record({ path, ttl: fc.constantFrom(1, 5000, 0) })
        .map((fields) =>
          create({ ...fields, flags: CreateFlag.persistentTtl }, { session: who, type: OpCode.createTTL }),
        ),
    },
    { weight: 1, arbitrary: fc.bigInt(100n, 105n).map((id) => createSession(id)) },
    { weight: 1, arbitrary: fc.constant(closeSession(who)) },
  ),
);

function opened(): PrepareBench {
  const bench = new PrepareBench({}, ENABLED);
  for (const id of SESSIONS) bench.open(id);
  return bench;
}

describe("preparing ahead of applying", () => {
  test("gives the transactions that preparing one at a time gives", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyRequest, fc.nat(3)), { maxLength: 60 }), (steps) => {
        const ahead = opened();
        const oneByOne = opened();
        for (const [each, applies] of steps) {
          const early = ahead.prepare(each);
          const late = oneByOne.prepare(each);
          oneByOne.applyAll();
          if (early.kind === "txn" && late.kind === "txn") {
            expect(early.txn.header).toEqual(late.txn.header);
            expect(early.txn.digest).toEqual(late.txn.digest);
          }
          expect(comparable(early)).toEqual(comparable(late));
          for (let at = 0; at < applies; at++) ahead.applyNext();
        }
        ahead.applyAll();
        expect(ahead.database.tree.digest).toBe(oneByOne.database.tree.digest);
        expect(ahead.database.digestMismatches).toBe(0);
        expect(oneByOne.database.digestMismatches).toBe(0);
        expect(ahead.preparer.outstanding).toBe(0);
      }),
      { numRuns: 400 },
    );
  });

  test("predicts the digest of the tree after every transaction", () => {
    fc.assert(
      fc.property(fc.array(anyRequest, { maxLength: 60 }), (requests) => {
        const bench = opened();
        const predicted = requests.flatMap((each) => {
          const prepared = bench.prepare(each);
          return prepared.kind === "txn" ? [prepared.txn.digest?.treeDigest] : [];
        });
        for (const digest of predicted) {
          bench.applyNext();
          if (digest !== undefined) expect(bench.database.tree.digest).toBe(digest);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("writes transactions that read back as they are", () => {
    fc.assert(
      fc.property(fc.array(anyRequest, { maxLength: 20 }), (requests) => {
        const bench = opened();
        for (const each of requests) {
          const prepared = bench.prepare(each);
          if (prepared.kind !== "txn") continue;
          const read = parseTxn(prepared.txn.bytes);
          expect(read.header).toEqual(prepared.txn.header);
          expect(plain(read.record)).toEqual(plain(prepared.txn.record));
          expect(read.digest).toEqual(prepared.txn.digest);
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe("whatever bytes a client sends", () => {
  const types = Object.values(OpCode);

  test("preparing answers, and never throws", () => {
    fc.assert(
      fc.property(fc.constantFrom(...types), fc.uint8Array({ maxLength: 60 }), (type, bytes) => {
        const bench = opened();
        const prepared = bench.prepare(request(type, (writer) => writer.bytes(bytes), { session: 1n }));
        expect(["txn", "ordered", "refused"]).toContain(prepared.kind);
        bench.applyAll();
        expect(bench.database.digestMismatches).toBe(0);
      }),
      { numRuns: 2000 },
    );
  });

  test("a request cut short or changed is prepared as something, and later ones are right", () => {
    fc.assert(
      fc.property(
        anyRequest,
        fc.nat(200),
        fc.nat(255),
        fc.array(anyRequest, { maxLength: 5 }),
        (each, at, byte, more) => {
          const bench = opened();
          const changed = each.record.slice();
          if (at < changed.length) changed[at] = byte;
          for (const record of [each.record.subarray(0, at % (each.record.length + 1)), changed]) {
            bench.prepare({ ...each, record });
          }
          for (const one of more) bench.prepare(one);
          bench.applyAll();
          expect(bench.database.digestMismatches).toBe(0);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

function comparable(prepared: ReturnType<PrepareBench["prepare"]>): unknown {
  return prepared.kind === "txn" ? plain(prepared.txn.record) : prepared;
}

/** Buffers and views of them as plain arrays; a closed session's paths in order, which is left to each server. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, each: unknown) => {
      if (key === "paths" && Array.isArray(each)) return [...(each as string[])].sort();
      return each instanceof Uint8Array ? { bytes: [...each] } : each;
    }),
  );
}
