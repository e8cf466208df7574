import { describe, expect, test } from "vitest";

import { OpCode } from "../../jute/op-code.ts";
import { writeCreateRequest, writeWatchableRequest } from "../../jute/proto-records.ts";
import { withService, type ServiceFixture } from "../testing/service-fixture.ts";
import { FULL_VERSION } from "../version.ts";
import { FOUR_LETTER_WORDS } from "./four-letter-words.ts";

const LOCAL = "127.0.0.1";
const OPEN_ACL = [{ perms: 31, id: { scheme: "world", id: "anyone" } }];

async function say({ open }: ServiceFixture, word: string, from = LOCAL): Promise<string> {
  return (await open(from)).say(word);
}

describe("who may say what", () => {
  test("without a whitelist everything to this machine, srvr alone to others", () =>
    withService(async (fixture) => {
      expect(await say(fixture, "ruok")).toBe("imok");
      for (const word of FOUR_LETTER_WORDS) {
        if (word === "srvr" || word === "stmk") continue;
        expect(await say(fixture, word, "10.0.0.9")).toBe(
          `${word} is not executed because it is not in the whitelist.\n`,
        );
      }
      expect(await say(fixture, "srvr", "10.0.0.9")).toContain("Mode: standalone\n");
    }));

  test("a whitelist says it for everybody, and srvr is always in it", () =>
    withService(
      async (fixture) => {
        expect(await say(fixture, "ruok", "10.0.0.9")).toBe("imok");
        expect(await say(fixture, "isro", "10.0.0.9")).toBe("rw");
        expect(await say(fixture, "mntr")).toBe("mntr is not executed because it is not in the whitelist.\n");
        expect(await say(fixture, "srvr")).toContain("Mode: standalone\n");
      },
      { lines: ["4lw.commands.whitelist=ruok, isro"] },
    ));

  test("an asterisk lets everybody say everything", () =>
    withService(
      async (fixture) => {
        expect(await say(fixture, "wchs", "10.0.0.9")).toBe("0 connections watching 0 paths\nTotal watches:0\n");
      },
      { lines: ["4lw.commands.whitelist=*"] },
    ));

  test("four letters that are no word end the connection without one", () =>
    withService(async (fixture) => {
      expect(await say(fixture, "abcd")).toBe("");
    }));
});

test("the answers of a server that does nothing", () =>
  withService(async (fixture) => {
    expect(await say(fixture, "srvr")).toBe(
      `Zookeeper version: ${FULL_VERSION}\nLatency min/avg/max: 0/0.0/0\nReceived: 1\nSent: 0\nConnections: 1\n` +
        "Outstanding: 0\nZxid: 0x0\nMode: standalone\nNode count: 5\n",
    );
    expect(await say(fixture, "dirs")).toBe("datadir_size: 424\nlogdir_size: 67108880\n");
    expect(await say(fixture, "conf")).toBe(
      "clientPort=2181\nsecureClientPort=-1\ndataDir=/data/version-2\ndataDirSize=424\ndataLogDir=/data/version-2\n" +
        "dataLogSize=67108880\ntickTime=2000\nmaxClientCnxns=60\nminSessionTimeout=4000\nmaxSessionTimeout=40000\n" +
        "clientPortListenBacklog=-1\nserverId=0\n",
    );
    expect(await say(fixture, "crst")).toBe("Connection stats reset.\n");
    expect(await say(fixture, "srst")).toBe("Server stats reset.\n");
    expect(await say(fixture, "hash")).toBe("");
    expect(await say(fixture, "gtmk")).toBe("306");
    expect(await say(fixture, "stmk\0\0\0\0\0\0\u0001\u0002")).toBe("258");
    expect(await say(fixture, "gtmk")).toBe("258");
    expect(await say(fixture, "wchc")).toBe("\n");
    expect(await say(fixture, "isro")).toBe("rw");
    fixture.replica.role = "read-only";
    expect(await say(fixture, "isro")).toBe("ro");
    expect(await say(fixture, "stat")).toMatch(/^READ-ONLY mode; serving only read-only clients$/m);
  }));

test("clients, watches and ephemerals show", () =>
  withService(async (fixture) => {
    const client = await fixture.open("10.0.0.7");
    const { sessionId } = await client.handshake();
    const session = `0x${sessionId.toString(16)}`;
    const { port } = client.connection.local;
    client.request(1, OpCode.create, (to) =>
      writeCreateRequest(to, { path: "/e", data: null, acl: OPEN_ACL, flags: 1, ttl: undefined }),
    );
    client.request(2, OpCode.exists, (to) => writeWatchableRequest(to, { path: "/w", watch: true }));
    await client.reply();
    await client.reply();
    expect(await say(fixture, "cons")).toMatch(
      new RegExp(
        `^ /10\\.0\\.0\\.7:${port}\\[1\\]\\(queued=0,recved=3,sent=3,sid=${session},lop=EXIS,est=\\d+,to=10000,lcxid=0x2,lzxid=0x2,` +
          `lresp=\\d+,llat=0,minlat=0,avglat=0,maxlat=0\\)\n /127\\.0\\.0\\.1:\\d+\\[0\\]\\(queued=0,recved=1,sent=0\\)\n\n$`,
      ),
    );
    expect(await say(fixture, "stat")).toContain(`Clients:\n /10.0.0.7:${port}[1](queued=0,recved=3,sent=3)\n`);
    expect(await say(fixture, "wchs")).toBe("1 connections watching 1 paths\nTotal watches:1\n");
    expect(await say(fixture, "wchp")).toBe(`/w\n\t${session}\n\n`);
    expect(await say(fixture, "wchc")).toBe(`${session}\n\t/w\n\n`);
    const dump = await say(fixture, "dump");
    expect(dump).toContain(`Sessions with Ephemerals (1):\n${session}:\n\t/e\n`);
    expect(dump).toMatch(/^Connections Sets \(\d\)\/\(2\):$/m);
    expect(dump).toContain(`\tip: /10.0.0.7:${port} sessionId: ${session}\n`);
    const values = new Map(
      (await say(fixture, "mntr")).split("\n").map((line) => line.split("\t") as [string, string]),
    );
    expect(values.get("zk_version")).toBe(FULL_VERSION);
    expect(values.get("zk_server_state")).toBe("standalone");
    expect(values.get("zk_ephemerals_count")).toBe("1");
    expect(values.get("zk_watch_count")).toBe("1");
    expect(values.get("zk_znode_count")).toBe("6");
    expect(values.get("zk_avg_latency")).toBe("0.0");
    expect(values.get("zk_cnt_updatelatency")).toBe("1");
  }));

test("a server without a role says so, but lives", () =>
  withService(
    async (fixture) => {
      expect(await say(fixture, "ruok")).toBe("imok");
      expect(await say(fixture, "isro")).toBe("null");
      for (const word of ["srvr", "stat", "mntr", "cons", "conf", "dirs", "dump", "wchs", "srst", "crst", "hash"]) {
        expect(await say(fixture, word)).toBe("This ZooKeeper instance is not currently serving requests\n");
      }
    },
    { serving: false },
  ));

test("who ends its side behind the word still gets the answer, though it took a look at the disk", () =>
  withService(async (fixture) => {
    const client = await fixture.open(LOCAL);
    const answer = client.say("dirs");
    client.connection.end();
    expect(await answer).toBe("datadir_size: 424\nlogdir_size: 67108880\n");
  }));

test("each word is told in the log as the original tells it", () =>
  withService(async (fixture) => {
    await say(fixture, "ruok");
    expect(fixture.logged.find(({ event }) => event === "four-letter-word")?.message).toMatch(
      /^Processing ruok command from \/127\.0\.0\.1:\d+$/,
    );
  }));
