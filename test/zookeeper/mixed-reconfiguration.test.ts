/** One server of ours among three of the original: members leave, come back, observe and hand the lead over, whoever leads. */
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
  type MemberAddress,
  OriginalServer,
  takeMemberAddresses,
} from "../../packages/zookeeper/src/testing/original.ts";

const OURS: readonly [string, ...string[]] = [
  zkServerProgram[0] ?? "",
  join(import.meta.dirname, "../../packages/zookeeper/src/cli/zk-server/server-entry.ts"),
];
const ATTEMPTS = 50;

interface Change {
  readonly joiningServers?: string;
  readonly leavingServers?: string;
}

class MixedLab {
  readonly members: readonly MemberAddress[];
  readonly servers: readonly OriginalServer[];
  readonly written: string[] = [];
  #next = 0;

  constructor(members: readonly MemberAddress[], folder: string, ours: number) {
    this.members = members;
    this.servers = members.map(
      (self) =>
        new OriginalServer({
          self,
          members,
          directory: join(folder, `server-${self.sid}`),
          lines: ["reconfigEnabled=true", "standaloneEnabled=false"],
          jvmFlags: ["-Dzookeeper.skipACL=yes"],
          ...(self.sid === ours ? { program: OURS } : {}),
        }),
    );
  }

  client(servers = this.servers): ZooKeeperClient {
    return new ZooKeeperClient(servers.map((server) => `127.0.0.1:${server.clientPort}`).join(","), {
      ports: { net: realNet, clock: realClock, random: realRandom, resolver: realResolver },
      sessionTimeoutMs: 20_000,
    });
  }

  /** What somebody asks of a client until it is granted; connections end where the lead or a client port changes hands. */
  async insist<T>(ask: (client: ZooKeeperClient) => Promise<T>, servers = this.servers): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const client = this.client(servers);
      try {
        return await ask(client);
      } catch (error) {
        if (attempt === ATTEMPTS) throw error;
        await delay(50);
      } finally {
        client.abandon();
      }
    }
  }

  async write(): Promise<void> {
    const name = `/w${this.#next++}`;
    await this.insist(async (client) => {
      if ((await client.exists(name)) === undefined) await client.create(name);
    });
    this.written.push(name.slice(1));
  }

  /** The sids of the members that then are. */
  async change(change: Change): Promise<string> {
    const whole = { joiningServers: null, leavingServers: null, newMembers: null, curConfigId: -1, ...change };
    const { data } = await this.insist((client) => client.reconfigure(whole));
    await this.write();
    const text = Buffer.from(data ?? []).toString();
    return [...text.matchAll(/^server\.(\d+)=.*:(participant|observer)/gm)]
      .map(([, sid, role]) => (role === "observer" ? `${sid}o` : sid))
      .join(" ");
  }

  line(sid: number, role: "participant" | "observer"): string {
    const member = this.members.find((one) => one.sid === sid);
    return `server.${sid}=127.0.0.1:${member?.quorumPort}:${member?.electionPort}:${role};127.0.0.1:${member?.clientPort}`;
  }

  async mode(sid: number): Promise<string | undefined> {
    const server = this.servers.find((one) => one.sid === sid);
    return /^Mode: (\w+)/m.exec((await server?.fourLetterWord("srvr")) ?? "")?.[1];
  }
}

// Needs the original: apt-get install zookeeper default-jre-headless.
describe.skipIf(!isOriginalInstalled())("a mixed ensemble that is reconfigured", () => {
  it.each([
    { name: "ours leads", ours: 4, others: 1 },
    { name: "the original leads", ours: 2, others: 2 },
  ])("$name: members leave, observe, and the leader goes; nothing is lost", async ({ ours, others }) => {
    const folder = mkdtempSync(join(tmpdir(), "ordinal-reconfiguration-"));
    const { members, block } = await takeMemberAddresses(4);
    const lab = new MixedLab(members, folder, ours);
    try {
      for (const server of lab.servers) server.start();
      for (const server of lab.servers) await server.ready();
      await lab.write();
      expect(await lab.change({ leavingServers: "1" })).toBe("2 3 4");
      expect(await lab.change({ joiningServers: lab.line(1, "participant") })).toBe("1 2 3 4");
      const observer = lab.line(others, "observer");
      expect(await lab.change({ joiningServers: observer })).toContain(`${others}o`);
      await expect.poll(() => lab.mode(others), { timeout: 10_000 }).toBe("observer");
      expect(await lab.change({ joiningServers: lab.line(others, "participant") })).toBe("1 2 3 4");
      const first = [1, 2, 3, 4];
      const modes = await Promise.all(first.map((sid) => lab.mode(sid)));
      const leader = first[modes.indexOf("leader")] ?? 0;
      expect(await lab.change({ leavingServers: String(leader) })).toBe(
        first.filter((sid) => sid !== leader).join(" "),
      );
      await expect.poll(() => lab.mode(leader), { timeout: 10_000 }).toBe("follower");
      expect(await lab.change({ joiningServers: lab.line(leader, "participant") })).toBe("1 2 3 4");
      for (const server of lab.servers) {
        const read = async (client: ZooKeeperClient): Promise<string[]> => {
          await client.sync("/");
          return client.getChildren("/");
        };
        const names = new Set(await lab.insist(read, [server]));
        expect(lab.written.filter((name) => !names.has(name))).toEqual([]);
        expect(await server.fourLetterWord("mntr")).toMatch(/^zk_digest_mismatches_count\s+0$/m);
      }
    } finally {
      for (const server of lab.servers) await server.kill();
      await block.release();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
