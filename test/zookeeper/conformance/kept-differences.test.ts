/** What is told apart on purpose, with both answers: see `packages/zookeeper/docs/differences.md`. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { OpCode } from "../../../packages/zookeeper/src/jute/op-code.ts";
import { type Scenario, play } from "./compare.ts";
import {
  acl,
  addWatch,
  check,
  checkWatches,
  create,
  createContainer,
  empty,
  exists,
  getData,
  type RawRequest,
  record,
  setData,
  sync,
} from "./requests.ts";
import { type Pair, startPair } from "./targets.ts";

describe("what is told apart on purpose", () => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await startPair({ properties: { "zookeeper.enforceQuota": "true" } });
  });
  afterAll(async () => await pair?.[Symbol.asyncDispose]());

  /** What the client `one` got from each. */
  async function answers(scenario: Scenario): Promise<{ original: string[]; ours: string[] }> {
    const [original, ours] = await Promise.all([play(pair.original, scenario), play(pair.ours, scenario)]);
    const ofOne = (lines: readonly string[]): string[] =>
      lines.filter((line) => /^one (?:gets|is closed|is not answered|stays)/.test(line)).map(brief);
    return { original: ofOne(original), ours: ofOne(ours) };
  }

  /** Without xid, zxid and stat. */
  function brief(line: string): string {
    return line
      .replace(/^one (?:gets )?/, "")
      .replace(/ xid \S+ zxid \S+/, "")
      .replace(/ c\S+ m\S+ p\S+ .*/, " stat");
  }

  function asking(...requests: RawRequest[]): Scenario {
    return async (stage) => {
      const one = await stage.connect("one");
      for (const request of requests) if (!one.isClosed) await one.ask(request);
    };
  }

  test("exists of a node that may not be read", async () => {
    const sealed = create("/sealed", { acl: [acl(0, "world", "anyone")] });
    expect(await answers(asking(sealed, exists("/sealed")))).toEqual({
      original: ['create error 0 "/sealed"', "exists error 0 stat"],
      ours: ['create error 0 "/sealed"', "exists error -102"],
    });
  });

  test("watches of two modes on one path", async () => {
    const requests = [
      create("/modes"),
      addWatch("/modes", 0),
      getData("/modes", true),
      setData("/modes", "1"),
      setData("/modes", "2"),
    ];
    const { original, ours } = await answers(asking(...requests));
    const events = (lines: readonly string[]): number => lines.filter((line) => line.startsWith("event")).length;
    expect([events(original), events(ours)]).toEqual([1, 2]);
  });

  test("types of watches that came with 3.9", async () => {
    const requests = [addWatch("/types", 0), checkWatches("/types", 4), checkWatches("/types", 2)];
    const { original, ours } = await answers(asking(...requests));
    expect(original.slice(1)).toEqual(["checkWatches error -5", "checkWatches error 0"]);
    expect(ours.slice(1)).toEqual(["checkWatches error 0", "checkWatches error -121"]);
  });

  test("an IPv6 address in an ACL", async () => {
    expect(await answers(asking(create("/six", { acl: [acl(31, "ip", "::1")] })))).toEqual({
      original: ["create error -114"],
      ours: ['create error 0 "/six"'],
    });
  });

  test("a check alone", async () => {
    expect(await answers(asking(check("/")))).toEqual({ original: [], ours: ["check error -6", "is closed"] });
  });

  test("requests that only servers make", async () => {
    const remove = { type: OpCode.deleteContainer, record: record((to) => to.ustring("/container")) };
    const session = { type: OpCode.createSession, record: record((to) => to.int32(1000)) };
    expect(await answers(asking(createContainer("/container"), remove, exists("/container")))).toEqual({
      original: ['createContainer error 0 "/container" stat', "deleteContainer error -8", "exists error 0 stat"],
      ours: ['createContainer error 0 "/container" stat', "deleteContainer error -6", "is closed"],
    });
    const { original, ours } = await answers(asking(session));
    // A second ConnectResponse, in the place of a reply.
    expect(original).toEqual([expect.stringMatching(/^unasked/)]);
    expect(ours).toEqual(["createSession error -6", "is closed"]);
  });

  test("a wrong password for a session that has a connection", async () => {
    const scenario: Scenario = async (stage) => {
      const one = await stage.connect("one");
      await stage.connect("thief", { sessionId: one.sessionId, password: new Uint8Array(16) });
      await stage.settle();
    };
    const { original, ours } = await answers(scenario);
    expect(original).toEqual(["is closed"]);
    expect(ours).toEqual([]);
  });

  test("limits that are none", async () => {
    const scenario: Scenario = async (stage) => {
      const setup = await stage.connect("setup");
      await setup.ask(create("/nolimit"), create("/zookeeper/quota/nolimit"));
      await setup.ask(create("/zookeeper/quota/nolimit/zookeeper_stats", { data: "count=1,bytes=0" }));
      await setup.ask(create("/zookeeper/quota/nolimit/zookeeper_limits", { data: "count=x,bytes=y" }));
      const one = await stage.connect("one");
      await one.ask(create("/nolimit/a"));
    };
    expect(await answers(scenario)).toEqual({
      original: ["create error -5"],
      ours: ['create error 0 "/nolimit/a"'],
    });
  });

  test("characters beyond the Basic Multilingual Plane", async () => {
    const { original, ours } = await answers(asking(sync("/\u{1f600}")));
    expect(original).toEqual([`sync error 0 "/${"\ufffd".repeat(6)}"`]);
    expect(ours).toEqual(['sync error 0 "/\u{1f600}"']);
  });

  test("a watch of no path", async () => {
    const { original, ours } = await answers(asking(addWatch(null, 0)));
    expect(original[0]).toMatch(/^addWatch error 0/);
    expect(ours[0]).toBe("addWatch error -5");
  });

  test("a time to live that ends the original", async () => {
    const scenario = asking(create("/poison", { flags: 0, ttl: -1 }), empty(OpCode.whoAmI));
    const { original, ours } = await answers(scenario);
    expect(original).toEqual(["is closed createTTL"]);
    expect(ours).toEqual(["createTTL error -8", "whoAmI error 0 ip:127.0.0.1"]);
    await expect(play(pair.original, scenario)).rejects.toThrow("does not tell its zxid");
  });
});
