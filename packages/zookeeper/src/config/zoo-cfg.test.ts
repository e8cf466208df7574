import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { zxidHex } from "../jute/zxid.ts";
import { parseJvmFlags, splitFlags } from "./system-properties.ts";
import { formatProblem, parseZooCfg, type ConfigSources } from "./zoo-cfg.ts";

const MEMBERS = ["server.1=zk-0:2888:3888", "server.2=zk-1:2888:3888", "server.3=zk-2:2888:3888"];
const ENSEMBLE = ["dataDir=/data", "clientPort=2181", "initLimit=10", "syncLimit=5"];

function parse(lines: readonly string[], sources: Partial<ConfigSources> = {}) {
  return parseZooCfg({ file: "/conf/zoo.cfg", text: lines.join("\n"), ...sources });
}

function configOf(lines: readonly string[], sources: Partial<ConfigSources> = {}) {
  const { config, problems } = parse(lines, sources);
  expect(problems).toEqual([]);
  if (config === undefined) throw new Error("no configuration");
  return config;
}

function problemsOf(lines: readonly string[], sources: Partial<ConfigSources> = {}): string[] {
  const { config, problems } = parse(lines, sources);
  expect(config).toBeUndefined();
  return problems.map(formatProblem);
}

function warningsOf(lines: readonly string[], sources: Partial<ConfigSources> = {}): string[] {
  return parse(lines, sources).warnings.map(formatProblem);
}

describe("zoo.cfg", () => {
  test("needs a data directory only, and has the original's defaults", () => {
    const config = configOf(["dataDir=/data"]);
    expect(config).toMatchObject({
      tickTime: 3000,
      minSessionTimeout: 6000,
      maxSessionTimeout: 60_000,
      dataDir: "/data",
      dataLogDir: "/data",
      clientPort: undefined,
      clientPortAddress: "0.0.0.0",
      maxClientCnxns: 60,
      quorum: undefined,
      snapRetainCount: 3,
      purgeIntervalMs: undefined,
      fourLetterWhitelist: undefined,
      adminEnabled: true,
      adminPort: 8080,
      snapCount: 100_000,
      forceSync: true,
      juteMaxBuffer: 1_048_575,
      globalOutstandingLimit: 1000,
    });
    expect(Object.isFrozen(config)).toBe(true);
  });

  test("of the tutorial makes a member of an ensemble", () => {
    const lines = [
      "clientPort=2181",
      "dataDir=/var/lib/zookeeper/data",
      "dataLogDir=/var/lib/zookeeper/log",
      "tickTime=2000",
      "initLimit=10",
      "syncLimit=2000",
      "maxClientCnxns=60",
      "minSessionTimeout= 4000",
      "maxSessionTimeout= 40000",
      "autopurge.snapRetainCount=3",
      "autopurge.purgeInterval=12",
      ...MEMBERS,
    ];
    const config = configOf(lines, { myid: "1\n" });
    expect(config).toMatchObject({ myid: 1, peerType: "participant", minSessionTimeout: 4000, syncLimit: 2000 });
    expect(config.purgeIntervalMs).toBe(12 * 3_600_000);
    expect(config.dataLogDir).toBe("/var/lib/zookeeper/log");
    expect([...(config.quorum?.voters ?? [])]).toEqual([1, 2, 3]);
    expect(parse(lines, { myid: "1\n" }).warnings).toEqual([]);
  });

  test("reports all its problems at once, each with its line", () => {
    const lines = [
      "tickTime=abc",
      "clientPort=70000",
      "",
      "peerType=king",
      "localSessionsEnabled=maybe",
      "server.1=a:1",
    ];
    expect(problemsOf(lines)).toEqual([
      '/conf/zoo.cfg:1: tickTime: For input string: "abc"',
      "/conf/zoo.cfg: dataDir is not set",
      "/conf/zoo.cfg:4: Unrecognised peertype: king",
      expect.stringMatching(/^\/conf\/zoo\.cfg:6: a:1 does not have the form/),
      "/conf/zoo.cfg:2: port out of range:70000",
      "/conf/zoo.cfg:5: Invalid option maybe for localSessionsEnabled. Choose 'true' or 'false.'",
    ]);
  });

  test.each([
    [["tickTime=0"], {}, "tickTime is not set"],
    [
      ["minSessionTimeout=9000", "maxSessionTimeout=8000"],
      {},
      "minSessionTimeout must not be larger than maxSessionTimeout",
    ],
    [["clientPortAddress=127.0.0.1"], {}, "clientPortAddress is set but clientPort is not set"],
    [["secureClientPortAddress=127.0.0.1"], {}, "secureClientPortAddress is set but secureClientPort is not set"],
    [["electionAlg=2"], {}, "Invalid electionAlg value. Only 3 is supported."],
    [["standaloneEnabled=false"], {}, "standaloneEnabled = false then number of participants should be >0"],
    [["server.1=a:1:2:observer"], {}, "Observers w/o participants is an invalid configuration"],
    [["server.1=a:1:2", "server.2=b:1:2:observer"], {}, "Observers w/o quorum is an invalid configuration"],
    [[...MEMBERS], { myid: "1" }, "initLimit is not set"],
    [[...MEMBERS, "initLimit=5"], { myid: "1" }, "syncLimit is not set"],
    [[...MEMBERS, "initLimit=5", "syncLimit=2"], {}, "myid file is missing"],
    [[...MEMBERS, "initLimit=5", "syncLimit=2"], { myid: "9" }, "My id 9 not in the peer list"],
    [[], { myid: "one" }, "serverid one is not a number"],
    [
      ["quorum.auth.serverRequireSasl=true"],
      {},
      "quorum.auth.enableSasl is disabled, so cannot enable quorum.auth.serverRequireSasl",
    ],
    [["metricsProvider.className=x.Y"], {}, "metrics provider class was not found: x.Y"],
    [["dynamicConfigFile=/dyn"], {}, "Error processing /dyn"],
    [["dynamicConfigFile=/dyn", "server.1=a:1:2"], {}, "parameter: server.1 must be in a separate dynamic config file"],
    [
      ["dynamicConfigFile=/dyn"],
      { dynamic: { file: "/dyn", text: "version=1" } },
      "dynamic file shouldn't have version inside",
    ],
    [["dynamicConfigFile=/dyn"], { dynamic: { file: "/dyn", text: "tickTime=1" } }, "Unrecognised parameter: tickTime"],
  ] satisfies ReadonlyArray<readonly [string[], Partial<ConfigSources>, string]>)(
    "%j with %j is refused: %s",
    (lines, sources, words) => {
      expect(problemsOf(["dataDir=/data", ...lines], sources).join("\n")).toContain(words);
    },
  );

  test("takes members and their version from the dynamic file", () => {
    const dynamic = {
      file: "/conf/zoo.cfg.dynamic.10000000f",
      text: `${MEMBERS.slice(1).join("\n")}\nserver.1=zk-0:2888:3888;10.0.0.1:2180`,
    };
    const lines = [
      "dataDir=/d",
      "initLimit=1",
      "syncLimit=1",
      "reconfigEnabled=true",
      `dynamicConfigFile=${dynamic.file}`,
    ];
    const config = configOf(lines, { dynamic, myid: "1", dynamicNext: "server.1=zk-9:1:2\nversion=200000000" });
    expect(zxidHex(config.quorum?.version ?? (0 as never))).toBe("10000000f");
    expect(config).toMatchObject({ clientPort: 2180, clientPortAddress: "10.0.0.1", reconfigEnabled: true });
    expect(config.lastSeenQuorum?.members.get(1)?.host).toBe("zk-9");
    expect(problemsOf([...lines, "clientPort=2181"], { dynamic, myid: "1" })[0]).toContain(
      "is different from client address found",
    );
  });

  test("one member stands alone unless standaloneEnabled is false", () => {
    const lines = [...ENSEMBLE, "server.1=a:1:2"];
    expect(configOf(lines, { myid: "1" }).quorum).toBeUndefined();
    expect(configOf([...lines, "standaloneEnabled=false"], { myid: "1" }).quorum?.members.size).toBe(1);
  });

  test("the member list decides who observes", () => {
    const lines = [...ENSEMBLE, ...MEMBERS, "server.4=zk-3:2888:3888:observer"];
    expect(configOf([...lines, "peerType=observer"], { myid: "4" }).peerType).toBe("observer");
    expect(warningsOf(lines, { myid: "4" })[0]).toContain(
      "doesn't match peerType (PARTICIPANT). Defaulting to servers list.",
    );
  });

  test("any other key becomes a system property, over those of the command line", () => {
    const properties = parseJvmFlags(
      splitFlags(
        " -Xmx1g -Dzookeeper.snapCount=5 -Dzookeeper.skipACL=yes -Dreadonlymode.enabled=true  -Djute.maxbuffer=0x400000",
      ),
    );
    const config = configOf(["dataDir=/d", "snapCount=1000", "forceSync=no", "4lw.commands.whitelist=ruok, mntr"], {
      properties,
    });
    expect(config).toMatchObject({ snapCount: 1000, forceSync: false, skipAcl: true, readOnlyModeEnabled: true });
    expect(config.juteMaxBuffer).toBe(4 << 20);
    expect(config.fourLetterWhitelist).toEqual(new Set(["ruok", "mntr"]));
    expect(config.properties.get("zookeeper.snapCount")).toBe("1000");
    expect(configOf(["dataDir=/d", "4lw.commands.whitelist=ruok,*"]).fourLetterWhitelist).toBe("*");
  });

  test("tells keys that nothing reads, with what was probably meant", () => {
    const lines = [
      "dataDir=/d",
      "tickTme=2000",
      "zookeeper.snapCount=7",
      "readonlymode.enabled=true",
      "snapCount=10",
      "snapCount=11",
      "ssl.keyStore.location=/k",
    ];
    expect(warningsOf(lines)).toEqual([
      "/conf/zoo.cfg:6: snapCount was already set on line 5; this line counts",
      "/conf/zoo.cfg:2: unknown key tickTme: it sets the property zookeeper.tickTme, which nothing reads",
      expect.stringContaining("/conf/zoo.cfg:3: unknown key zookeeper.snapCount"),
      expect.stringContaining(
        "/conf/zoo.cfg:4: readonlymode.enabled has no effect in this file; give it to the server as -D",
      ),
    ]);
  });

  test("refuses what would leave a server more open than its operator believes", () => {
    const lines = ["dataDir=/d", "sslQuorum=true", "quorum.auth.enableSasl=true", "admin.forceHttps=true"];
    expect(problemsOf(lines, { properties: new Map([["zookeeper.admin.needClientAuth", "true"]]) })).toEqual([
      expect.stringMatching(/^\/conf\/zoo\.cfg:2: sslQuorum=true is not supported/),
      expect.stringMatching(/^\/conf\/zoo\.cfg:3: quorum\.auth\.enableSasl=true is not supported/),
      expect.stringMatching(/^-Dzookeeper\.admin\.needClientAuth: admin\.needClientAuth=true is not supported/),
      expect.stringMatching(/^\/conf\/zoo\.cfg:4: admin\.forceHttps=true is not supported/),
    ]);
    expect(configOf(["dataDir=/d", "sslQuorum=false", "admin.forceHttps=false"])).toBeDefined();
  });

  test("tells settings of the original that do nothing here, and is silent on those that nobody can notice", () => {
    const lines = [
      "dataDir=/d",
      "observerMasterPort=2191",
      "audit.enable=true",
      "nio.numWorkerThreads=8",
      "ssl.quorum.ciphersuites=x",
    ];
    expect(warningsOf(lines, { properties: new Map([["zookeeper.largeRequestThreshold", "9"]]) })).toEqual([
      "/conf/zoo.cfg:2: observerMasterPort has no effect here",
      "-Dzookeeper.largeRequestThreshold: largeRequestThreshold has no effect here",
      "/conf/zoo.cfg:3: audit.enable has no effect here",
      "/conf/zoo.cfg:5: ssl.quorum.ciphersuites has no effect here",
    ]);
  });

  test("keeps three snapshots at least", () => {
    const lines = ["dataDir=/d", "autopurge.snapRetainCount=1", "autopurge.purgeInterval=30m"];
    expect(configOf(lines)).toMatchObject({ snapRetainCount: 3, purgeIntervalMs: 1_800_000 });
    expect(warningsOf(lines)).toEqual(["/conf/zoo.cfg:2: Invalid autopurge.snapRetainCount: 1. Defaulting to 3"]);
    expect(configOf(["dataDir=/d", "autopurge.purgeInterval=0"]).purgeIntervalMs).toBe(0);
  });

  test("meets any text with a configuration or with problems", () => {
    const key = fc.constantFrom(
      "dataDir",
      "tickTime",
      "clientPort",
      "server.1",
      "group.1",
      "weight.2",
      "autopurge.purgeInterval",
      "dynamicConfigFile",
    );
    const line = fc.oneof(
      fc.string(),
      fc.tuple(key, fc.string()).map(([name, value]) => `${name}=${value}`),
    );
    fc.assert(
      fc.property(fc.array(line), fc.option(fc.string(), { nil: undefined }), (lines, myid) => {
        const { config, problems } = parse(lines, { myid });
        expect(config === undefined).toBe(problems.length > 0);
      }),
    );
  });
});
