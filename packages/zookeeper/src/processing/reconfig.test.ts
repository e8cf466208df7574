import { describe, expect, test } from "vitest";

import { QuorumConfig } from "../config/quorum-config.ts";
import { ErrorCode } from "../jute/error-code.ts";
import { OpCode, Permission } from "../jute/op-code.ts";
import { mustBeZxid } from "../jute/zxid.ts";
import { PREPARE_DEFAULTS } from "./prepare-options.ts";
import type { Ensemble } from "./prepare.ts";
import { PrepareBench, reconfig, recordOf, SESSION } from "./testing/prepare-bench.ts";

const line = (sid: number, role = "participant"): string => `server.${sid}=h${sid}:2888:3888:${role};0.0.0.0:2181`;
const CURRENT = QuorumConfig.parse([1, 2, 3].map((sid) => line(sid)).join("\n") + "\nversion=100000000");
const ROOT = [{ scheme: "super", id: "" }];
const OPTIONS = { ...PREPARE_DEFAULTS, reconfigEnabled: true };

function bench(ensemble: Partial<Ensemble> = {}, options = OPTIONS): PrepareBench {
  const whole: Ensemble = {
    lastSeenConfig: () => CURRENT,
    currentConfig: () => CURRENT,
    isQuorumSynced: () => true,
    ...ensemble,
  };
  const made = new PrepareBench({ options, ensemble: whole });
  made.open(SESSION);
  return made;
}

function errorOf(fields: Parameters<typeof reconfig>[0], on = bench(), authInfo = ROOT): number {
  return on.run(reconfig(fields, { authInfo })).error;
}

function sidsAfter(fields: Parameters<typeof reconfig>[0]): number[] {
  const prepared = bench().prepare(reconfig(fields, { authInfo: ROOT }));
  return prepared.kind === "txn" ? [...(prepared.config?.members.keys() ?? [])] : [];
}

describe("reconfig", () => {
  test("writes the new members to /zookeeper/config, with its zxid as the version", () => {
    const made = bench();
    const prepared = made.prepare(reconfig({ joining: line(4), leaving: "2" }, { authInfo: ROOT }));
    const text = `${line(1)}\n${line(3)}\n${line(4)}\nversion=100000002`;
    expect(recordOf(prepared)).toEqual({
      type: OpCode.reconfig,
      path: "/zookeeper/config",
      data: Buffer.from(text),
      version: -1,
    });
    expect(prepared).toMatchObject({ config: { version: mustBeZxid(0x1_0000_0002) } });
    made.applyAll();
    expect(made.database.digestMismatches).toBe(0);
  });

  test("members come and go, or are all said anew", () => {
    expect(sidsAfter({ leaving: "3" })).toEqual([1, 2]);
    expect(sidsAfter({ leaving: " 3 , 9" })).toEqual([1, 2]);
    expect(sidsAfter({ joining: `${line(4)},${line(5, "observer")}` })).toEqual([1, 2, 3, 4, 5]);
    expect(sidsAfter({ joining: line(3, "observer") })).toEqual([1, 2, 3]);
    expect(sidsAfter({ members: [line(7), line(8)].join(",") })).toEqual([7, 8]);
    expect(sidsAfter({ members: [line(7), line(8)].join("\n"), from: 0x1_0000_0000 })).toEqual([7, 8]);
  });

  test("is refused where it is off, where a server is alone, and to who may not", () => {
    expect(errorOf({ leaving: "3" }, bench({}, PREPARE_DEFAULTS))).toBe(ErrorCode.reconfigDisabled);
    const alone = new PrepareBench({ options: OPTIONS });
    alone.open(SESSION);
    expect(errorOf({ leaving: "3" }, alone)).toBe(ErrorCode.unimplemented);
    expect(errorOf({ leaving: "3" }, bench(), [])).toBe(ErrorCode.noAuth);
  });

  test("only one at a time, only from the version that was seen, only with a quorum of the new members", () => {
    const next = CURRENT.withVersion(mustBeZxid(0x1_0000_0001));
    expect(errorOf({ leaving: "3" }, bench({ lastSeenConfig: () => next }))).toBe(ErrorCode.reconfigInProgress);
    expect(errorOf({ leaving: "3", from: 7 })).toBe(ErrorCode.badVersion);
    expect(errorOf({ leaving: "3" }, bench({ isQuorumSynced: () => false }))).toBe(ErrorCode.newConfigNoQuorum);
  });

  test("what is no configuration, or leaves too few voters, is BadArguments", () => {
    const wrong = [
      { leaving: "2,3" },
      { joining: "server.4" },
      { joining: "server.4=h4:2888:3888" },
      { joining: "server.4=h1:2888:3888;2181" },
      { joining: "server.4=h4:2888:2888;2181" },
      { members: line(1) },
      { members: "tickTime=7" },
      { members: `${line(1)}\n${line(2)}\nclientPort=7` },
    ];
    for (const fields of wrong) expect([fields, errorOf(fields)]).toEqual([fields, ErrorCode.badArguments]);
    expect(errorOf({ leaving: "x" })).toBe(ErrorCode.marshallingError);
    expect(errorOf({ members: `${line(1)}\n${line(2, "observer")}` })).toBe(ErrorCode.marshallingError);
  });

  test("a server of its own may remain where there is no standalone mode", () => {
    const options = { ...OPTIONS, standaloneEnabled: false };
    expect(errorOf({ leaving: "2,3" }, bench({}, options))).toBe(ErrorCode.ok);
    expect(errorOf({ leaving: "1,2,3" }, bench({}, options))).toBe(ErrorCode.badArguments);
  });

  test("members that change one by one need a majority quorum", () => {
    const groups = `${CURRENT.toString()}\ngroup.1=1:2:3`;
    const hierarchical = QuorumConfig.parse(groups);
    const ensemble = { lastSeenConfig: () => hierarchical, currentConfig: () => hierarchical };
    expect(errorOf({ leaving: "3" }, bench(ensemble))).toBe(ErrorCode.badArguments);
  });
});

test("who may write /zookeeper/config may reconfigure", () => {
  const made = bench();
  const node = made.database.tree.node("/zookeeper/config");
  if (node === undefined) throw new Error("no node");
  node.acl = made.database.tree.acls.use([{ perms: Permission.write, id: { scheme: "ip", id: "127.0.0.1" } }]);
  expect(errorOf({ leaving: "3" }, made, [{ scheme: "ip", id: "127.0.0.1" }])).toBe(ErrorCode.ok);
});
