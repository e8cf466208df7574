import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { makeZxid, type Zxid } from "../jute/zxid.ts";
import { ConfigError, Member, QuorumConfig } from "./quorum-config.ts";

/** What QuorumMaj and QuorumHierarchical 3.8.0 print for these files, and which subsets of participants they call a quorum. */
const AS_THE_ORIGINAL: ReadonlyArray<{ readonly text: string; readonly printed: string; readonly quorums: string }> = [
  {
    text: `server.1=zk-0.zk-hs.default.svc.cluster.local:2888:3888
server.2=zk-1:2888:3888:participant;2181
server.3=[::1]:2888:3888:observer;[fe80::1]:2182
version=1000000ab`,
    printed: `server.1=zk-0.zk-hs.default.svc.cluster.local:2888:3888:participant
server.2=zk-1:2888:3888:participant;0.0.0.0:2181
server.3=[0:0:0:0:0:0:0:1]:2888:3888:observer;[fe80:0:0:0:0:0:0:1]:2182
version=1000000ab`,
    quorums: "00010001",
  },
  {
    text: `server.1=a:1:2
server.2=b:1:2
server.3=c:1:2
server.4=d:1:2
server.5=e:1:2
server.6=f:1:2
server.7=g:1:2:observer
group.1=1:2:3
group.2=4:5
group.20=6
weight.1=2
weight.6=0
weight.7=3
version=ff`,
    printed: `server.1=a:1:2:participant
server.2=b:1:2:participant
server.3=c:1:2:participant
server.4=d:1:2:participant
server.5=e:1:2:participant
server.6=f:1:2:participant
server.7=g:1:2:observer
group.1=1:2:3
group.2=4:5
group.20=6
weight.1=2
weight.2=1
weight.3=1
weight.4=1
weight.5=1
weight.6=0
weight.7=3
version=ff`,
    quorums:
      "00000000000000000000000000010101000000000000000000000000000101010000000000000000000000000001010100000000000000000000000000010101",
  },
];

const REFUSED: ReadonlyArray<readonly [line: string, words: string]> = [
  ["server.1=a:1:1", "Client and election port must be different! Please update the configuration file on server.1"],
  ["server.1=a:1", "a:1 does not have the form server_config or server_config;client_config"],
  ["server.1=a:x:1", "Address unresolved: a:x"],
  ["server.1=a:1:2:bogus", "Unrecognised peertype: bogus"],
  ["server.1=a:1:70000", "port out of range:70000"],
  ["server.x=a:1:2", 'For input string: "x"'],
  ["server.1=[::1:1:2", "[::1:1:2 starts with '[' but has no matching ']:'"],
  ["server.1=a:1:2;h:1:3", "a:1:2;h:1:3 does not have the form"],
  ["server.1=a:1:2\nserver.2=b:1:2\ngroup.1=1", "Server 2is not in a group"],
  ["server.1=a:1:2\ngroup.1=1\ngroup.2=1", "Server 1is in multiple groups"],
  ["version=xyz", 'For input string: "xyz"'],
];

describe("the configuration of an ensemble", () => {
  test.each(AS_THE_ORIGINAL)("prints what the original prints ($printed)", ({ text, printed }) => {
    expect(QuorumConfig.parse(text).toString()).toBe(printed);
    expect(QuorumConfig.parse(printed).toString()).toBe(printed);
  });

  test.each(AS_THE_ORIGINAL)("calls the same sets a quorum ($printed)", ({ text, quorums }) => {
    const config = QuorumConfig.parse(text);
    const sids = [...config.members.keys()];
    let found = "";
    for (let mask = 0; mask < 1 << sids.length; mask++) {
      const acks = sids.filter((sid, index) => (mask >> index) & 1 && config.voters.has(sid));
      found += config.hasQuorum(new Set(acks)) ? "1" : "0";
    }
    expect(found).toBe(quorums);
  });

  test("lists members in the order of the original's hash table", () => {
    const sids = [5, 100, 16, 48, 7, 9, 11, 13, 200, 255, 80, 3, 1];
    const members = sids.map((sid) => Member.parse(sid, `h${sid}:2888:3888`));
    expect([...new QuorumConfig({ members }).members.keys()]).toEqual([
      1, 3, 100, 5, 7, 200, 9, 11, 13, 16, 48, 80, 255,
    ]);
  });

  test.each(REFUSED)("refuses %s in the original's words", (text, words) => {
    expect(() => QuorumConfig.parse(text)).toThrow(ConfigError);
    expect(() => QuorumConfig.parse(text)).toThrow(words);
  });

  test("does not count observers and strangers", () => {
    const config = QuorumConfig.parse("server.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2\nserver.4=d:1:2:observer");
    expect(config.hasQuorum([1, 4, 99])).toBe(false);
    expect(config.hasQuorum([1, 3])).toBe(true);
    expect([...config.observers]).toEqual([4]);
  });

  test("uses the first of several addresses and knows the others", () => {
    const member = Member.parse(1, "a:1:2|b:1:2");
    expect(member.host).toBe("a");
    expect(member.ignoredAddresses).toEqual(["b:1:2"]);
  });

  test("is the same for the same version, or for the same members", () => {
    const one = QuorumConfig.parse("server.1=a:1:2\nversion=1");
    expect(one.equals(QuorumConfig.parse("server.9=z:1:2\nversion=1"))).toBe(true);
    expect(one.equals(one.withVersion(makeZxid(3, 4)))).toBe(true);
    expect(one.equals(QuorumConfig.parse("server.1=b:1:2\nversion=2"))).toBe(false);
  });

  test("survives its own text, whatever the members", () => {
    const port = fc.integer({ min: 0, max: 65_534 });
    const member = fc.record({
      sid: fc.integer({ min: 0, max: 255 }),
      host: fc.stringMatching(/^[a-z][a-z0-9.-]{0,30}$/),
      quorumPort: port,
      role: fc.constantFrom("participant" as const, "observer" as const),
      clientPort: fc.option(port, { nil: undefined }),
      secureClientPort: fc.option(port, { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(member, { maxLength: 20 }), fc.nat(), (facts, version) => {
        const members = facts.map((one) => new Member({ ...one, electionPort: one.quorumPort + 1 }));
        const config = new QuorumConfig({ members, version: version as Zxid });
        const again = QuorumConfig.parse(config.toString());
        expect(again.toString()).toBe(config.toString());
        expect(again.version).toBe(config.version);
        expect([...again.voters].sort()).toEqual([...config.voters].sort());
      }),
    );
  });

  test("meets any text with a configuration or a ConfigError", () => {
    const line = fc.oneof(
      fc.string(),
      fc.string().map((text) => `server.1=${text}`),
      fc.string().map((text) => `group.1=${text}`),
    );
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        try {
          QuorumConfig.parse(lines.join("\n"));
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError);
        }
      }),
    );
    expect(() => QuorumConfig.parse("#".repeat(2 << 20))).toThrow(ConfigError);
  });
});
