/** Servers of ours and of the original in one ensemble: each is killed in turn, nothing is lost, and all trees agree. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { realClock, realNet, realRandom, realResolver } from "@ordinal/io";
import { describe, expect, it } from "vitest";

import { ZooKeeperClient } from "../../packages/zookeeper/src/client/zookeeper-client.ts";
import { zkServerProgram } from "../../packages/zookeeper/src/container-files.ts";
import {
  isOriginalInstalled,
  OriginalServer,
  takeMemberAddresses,
} from "../../packages/zookeeper/src/testing/original.ts";

const OURS: readonly [string, ...string[]] = [
  zkServerProgram[0] ?? "",
  join(import.meta.dirname, "../../packages/zookeeper/src/cli/zk-server/server-entry.ts"),
];
const WRITES_A_TURN = 150;

function clientOf(connectString: string): ZooKeeperClient {
  return new ZooKeeperClient(connectString, {
    ports: { net: realNet, clock: realClock, random: realRandom, resolver: realResolver },
    sessionTimeoutMs: 20_000,
  });
}

/** Creates nodes one after the other, whatever happens to the servers, and keeps the names of those it was told of. */
class Writer {
  readonly acknowledged: string[] = [];
  readonly #client: ZooKeeperClient;
  #next = 0;

  constructor(connectString: string) {
    this.#client = clientOf(connectString);
  }

  async write(count: number): Promise<void> {
    const until = this.acknowledged.length + count;
    while (this.acknowledged.length < until) {
      const name = `/w${this.#next++}`;
      try {
        await this.#client.create(name, Buffer.from(name));
        this.acknowledged.push(name);
      } catch {
        await delay(20); // its outcome is not known; another name is tried
      }
    }
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}

async function mismatches(server: OriginalServer): Promise<number> {
  const mntr = (await server.fourLetterWord("mntr")) ?? "";
  return Number(/^zk_digest_mismatches_count\s+(\d+)/m.exec(mntr)?.[1] ?? Number.NaN);
}

async function leaderOf(servers: readonly OriginalServer[]): Promise<number | undefined> {
  for (const server of servers)
    if (/^Mode: leader$/m.test((await server.fourLetterWord("srvr")) ?? "")) return server.sid;
  return undefined;
}

// What it is run for is that ours follows, and that ours leads: the largest id leads a new ensemble.
const ARRANGEMENTS = [
  { name: "one of ours, which leads first", ours: [3], firstLeader: 3 },
  { name: "one of ours, which follows first", ours: [1], firstLeader: 3 },
  { name: "two of ours", ours: [1, 3], firstLeader: 3 },
];

describe.skipIf(!isOriginalInstalled())("a mixed ensemble", () => {
  it.each(ARRANGEMENTS)("$name: survives kill -9 of each member in turn", async ({ ours, firstLeader }) => {
    const folder = mkdtempSync(join(tmpdir(), "ordinal-mixed-"));
    const { members, block } = await takeMemberAddresses(3);
    const servers = members.map(
      (self) =>
        new OriginalServer({
          self,
          members,
          directory: join(folder, `server-${self.sid}`),
          ...(ours.includes(self.sid) ? { program: OURS } : {}),
        }),
    );
    const connectString = servers.map((server) => `127.0.0.1:${server.clientPort}`).join(",");
    const writer = new Writer(connectString);
    try {
      for (const server of servers) server.start();
      for (const server of servers) await server.ready();
      expect(await leaderOf(servers)).toBe(firstLeader);
      const leaders = new Set<number>();
      await writer.write(WRITES_A_TURN);
      for (const victim of [...servers].reverse()) {
        const writing = writer.write(WRITES_A_TURN * 2);
        await delay(50);
        await victim.kill();
        await writing;
        leaders.add((await leaderOf(servers)) ?? 0);
        victim.start();
        await victim.ready();
        await writer.write(WRITES_A_TURN);
      }
      expect(leaders.size).toBeGreaterThan(1);
      for (const server of servers) {
        expect(await server.ready()).toMatch(/leader|follower/);
        await using reader = clientOf(`127.0.0.1:${server.clientPort}`);
        await reader.sync("/");
        const names = new Set(await reader.getChildren("/"));
        const lost = writer.acknowledged.filter((name) => !names.has(name.slice(1)));
        expect(lost, `server ${server.sid}`).toEqual([]);
        expect(await mismatches(server), `digests of server ${server.sid}`).toBe(0);
      }
    } catch (error) {
      const logs = servers.map((server) => `--- server ${server.sid}\n${server.log().slice(-3000)}`).join("\n");
      throw new Error(`${error instanceof Error ? error.message : String(error)}\n${logs}`, { cause: error });
    } finally {
      await writer.close();
      for (const server of servers) await server.kill();
      await block.release();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
