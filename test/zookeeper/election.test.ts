import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { realClock, realNet, realResolver, type Log } from "@ordinal/io";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { QuorumConfig } from "../../packages/zookeeper/src/config/quorum-config.ts";
import { ElectionPort } from "../../packages/zookeeper/src/election/shell.ts";
import type { PortBlock } from "../../packages/zookeeper/src/ensemble/port-block.ts";
import { makeZxid, ZERO_ZXID } from "../../packages/zookeeper/src/jute/zxid.ts";
import {
  isOriginalInstalled,
  memberLines,
  OriginalServer,
  takeMemberAddresses,
  type MemberAddress,
} from "../../packages/zookeeper/src/testing/original.ts";
import { until } from "../eventually.ts";

const QUIET: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

describe.skipIf(!isOriginalInstalled())("our election port among two servers of the original", () => {
  let members: readonly MemberAddress[];
  let block: PortBlock;
  let directory: string;
  const servers = new Map<number, OriginalServer>();
  let port: ElectionPort;

  beforeEach(async () => {
    ({ members, block } = await takeMemberAddresses(3));
    directory = mkdtempSync(join(tmpdir(), "election-"));
    const config = QuorumConfig.parse(`${memberLines(members).join("\n")}\nversion=0`);
    for (const self of members.filter(({ sid }) => sid !== 2)) {
      servers.set(self.sid, new OriginalServer({ members, self, directory: join(directory, String(self.sid)) }));
    }
    // Between the two, so that it calls one and is called by the other.
    port = new ElectionPort({ net: realNet, clock: realClock, resolver: realResolver, log: QUIET, sid: 2, config });
    await port.start();
  });

  afterEach(async () => {
    await port.close();
    for (const server of servers.values()) await server.kill();
    servers.clear();
    await block.release();
    rmSync(directory, { recursive: true, force: true });
  });

  const original = (sid: number): OriginalServer => servers.get(sid) as OriginalServer;

  test("it joins the leader that they have, and another when that one is killed", async () => {
    for (const server of servers.values()) server.start();
    await original(3).ready();
    const joined = await port.lookForLeader({ zxid: ZERO_ZXID, peerEpoch: 0 });
    expect(joined.leader).toBe(3);
    port.settle("following", joined);
    await original(3).kill();
    const search = port.lookForLeader({ zxid: ZERO_ZXID, peerEpoch: 0 });
    expect((await search).leader).toBe(1);
  });

  test("it is elected by them when its log is the newest, and tells who starts later", async () => {
    original(1).start();
    const elected = await port.lookForLeader({ zxid: makeZxid(7, 5), peerEpoch: 7 });
    expect(elected).toMatchObject({ leader: 2, zxid: makeZxid(7, 5), peerEpoch: 7 });
    await until("server 1 follows", () => /FOLLOWING - LEADER ELECTION TOOK/.test(original(1).log()));
    original(3).start();
    await until("server 3 follows", () => /FOLLOWING - LEADER ELECTION TOOK/.test(original(3).log()));
    expect(original(3).log()).not.toContain("LEADING - LEADER ELECTION TOOK");
  });

  test("three with empty logs elect the largest sid", async () => {
    for (const server of servers.values()) {
      server.start();
      await until("its election port is open", () => server.log().includes("my election bind port"));
    }
    expect((await port.lookForLeader({ zxid: ZERO_ZXID, peerEpoch: 0 })).leader).toBe(3);
  });
});
