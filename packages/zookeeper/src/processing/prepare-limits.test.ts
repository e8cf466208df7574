import { describe, expect, test } from "vitest";

import { ErrorCode } from "../jute/error-code.ts";
import { OpCode, Permission } from "../jute/op-code.ts";
import { AccessControl } from "./access-control.ts";
import { digestId } from "./digest-scheme.ts";
import { PREPARE_DEFAULTS } from "./prepare-options.ts";
import { create, multi, PrepareBench, recordOf, SESSION, setData } from "./testing/prepare-bench.ts";

const READ_ONLY = [{ perms: Permission.read, id: { scheme: "world", id: "anyone" } }];

function opened(parts: ConstructorParameters<typeof PrepareBench>[0] = {}): PrepareBench {
  const bench = new PrepareBench(parts);
  bench.open(SESSION);
  return bench;
}

function errorOf(bench: PrepareBench, each: Parameters<PrepareBench["run"]>[0]): number {
  return bench.run(each).error;
}

describe("permissions", () => {
  const bob = { scheme: "digest", id: digestId("bob:pw") };

  test("`auth` becomes the caller's ids", () => {
    const acl = [{ perms: Permission.all, id: { scheme: "auth", id: "" } }];
    const bench = opened();
    expect(errorOf(bench, create({ path: "/a", acl }))).toBe(ErrorCode.invalidACL);
    const authInfo = [{ scheme: "ip", id: "127.0.0.1" }, bob];
    expect(recordOf(bench.prepare(create({ path: "/a", acl }, { authInfo })))).toMatchObject({
      acl: [{ perms: Permission.all, id: bob }],
    });
    bench.applyAll();
    expect(errorOf(bench, setData("/a", null))).toBe(ErrorCode.noAuth);
    expect(errorOf(bench, setData("/a", null, -1, { authInfo }))).toBe(ErrorCode.ok);
  });

  test("lists of `auth` do not make a multi grow without end", () => {
    const authInfo = Array.from({ length: 50 }, (_unused, at) => ({
      scheme: "digest",
      id: `u${at}:${"x".repeat(50)}`,
    }));
    const acl = [{ perms: Permission.all, id: { scheme: "auth", id: "" } }];
    const parts = Array.from({ length: 1000 }, (_unused, at) => create({ path: `/${at}`, acl }));
    const prepared = opened().prepare(multi(parts, { authInfo }));
    if (prepared.kind !== "txn") throw new Error("no transaction");
    expect(prepared.txn.bytes.length).toBeLessThan(1_000_000);
    expect(prepared.txn.record).toMatchObject({ type: OpCode.multi });
    expect(
      JSON.stringify(recordOf(prepared), (_key, value: unknown) => (value instanceof Uint8Array ? 0 : value)),
    ).toContain(`"error":${ErrorCode.invalidACL}`);
  });

  test("super and skipACL are refused nothing", () => {
    const bench = opened();
    bench.run(create({ path: "/a", acl: READ_ONLY }));
    const authInfo = [{ scheme: "super", id: "" }];
    expect(errorOf(bench, setData("/a", null, -1, { authInfo }))).toBe(ErrorCode.ok);
    const open = opened({ access: new AccessControl({ skipAcl: true }) });
    open.run(create({ path: "/a", acl: READ_ONLY }));
    expect(errorOf(open, setData("/a", null))).toBe(ErrorCode.ok);
  });
});

describe("quotas", () => {
  function withQuota(limits: string, enforceQuota = true): PrepareBench {
    const bench = opened({ options: { ...PREPARE_DEFAULTS, enforceQuota } });
    const node = (path: string, text: string): number =>
      errorOf(bench, create({ path, data: new TextEncoder().encode(text) }));
    const paths = ["/q", "/zookeeper/quota/q", "/zookeeper/quota/q/zookeeper_stats"];
    expect(paths.map((path) => node(path, path.endsWith("stats") ? "count=1,bytes=2" : ""))).toEqual([0, 0, 0]);
    expect(node("/zookeeper/quota/q/zookeeper_limits", limits)).toBe(0);
    return bench;
  }

  test("a hard limit of nodes refuses the next one", () => {
    const bench = withQuota("count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=2");
    expect(errorOf(bench, create({ path: "/q/1" }))).toBe(ErrorCode.ok);
    expect(errorOf(bench, create({ path: "/q/2" }))).toBe(ErrorCode.quotaExceeded);
    expect(errorOf(bench, create({ path: "/elsewhere" }))).toBe(ErrorCode.ok);
    expect(errorOf(bench, setData("/q/1", new Uint8Array(1000)))).toBe(ErrorCode.ok);
    expect(bench.notes).toEqual(['quota-exceeded {"path":"/q","what":"count","current":3,"limit":2,"kind":"hard"}']);
  });

  test("a hard limit of bytes refuses what grows beyond it", () => {
    const bench = withQuota("count=-1,bytes=-1=;byteHardLimit=10;countHardLimit=-1");
    expect(errorOf(bench, setData("/q", new Uint8Array(10)))).toBe(ErrorCode.ok);
    expect(errorOf(bench, setData("/q", new Uint8Array(11)))).toBe(ErrorCode.quotaExceeded);
    expect(errorOf(bench, create({ path: "/q/1", data: null }))).toBe(ErrorCode.ok);
  });

  test("a soft limit is noted only, and without enforceQuota nothing is looked at", () => {
    const soft = withQuota("count=1,bytes=-1");
    expect(errorOf(soft, create({ path: "/q/1" }))).toBe(ErrorCode.ok);
    expect(soft.notes).toEqual(['quota-exceeded {"path":"/q","what":"count","current":2,"limit":1,"kind":"soft"}']);
    const off = withQuota("count=-1,bytes=-1=;countHardLimit=1", false);
    expect(errorOf(off, create({ path: "/q/1" }))).toBe(ErrorCode.ok);
    expect(off.notes).toEqual([]);
  });
});
