/** A data directory goes from the original to ours and back, and each shows its clients the same; the toolkits print the same. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { realClock, realNet, realRandom, realResolver } from "@ordinal/io";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { ZooKeeperClient } from "../../packages/zookeeper/src/client/zookeeper-client.ts";
import { zkServerProgram } from "../../packages/zookeeper/src/container-files.ts";
import type { Acl, Stat } from "../../packages/zookeeper/src/jute/data-records.ts";
import {
  isOriginalInstalled,
  OriginalServer,
  takeMemberAddresses,
} from "../../packages/zookeeper/src/testing/original.ts";

const CLI = join(import.meta.dirname, "../../packages/zookeeper/src/cli");
const NODE = zkServerProgram[0] ?? "";
const OURS: readonly [string, ...string[]] = [NODE, join(CLI, "zk-server/server-entry.ts")];
const ZNODES = 10_000;
/** Requests on the way at once. */
const WINDOW = 200;
const LINES = ["extendedTypesEnabled=true", "snapCount=4000"];
const SESSION_TIMEOUT_MS = 40_000;
const JARS = ["zookeeper", "slf4j-log4j12", "log4j-1.2", "slf4j-api", "commons-cli", "jackson-core"];
const CLASS_PATH = JARS.map((name) => `/usr/share/java/${name}.jar`).join(":");
const hasToolJars = CLASS_PATH.split(":").every((path) => existsSync(path));

const bytes = (text: string): Uint8Array => Buffer.from(text);
const digestAcl: readonly Acl[] = [
  { perms: 1, id: { scheme: "world", id: "anyone" } },
  { perms: 31, id: { scheme: "ip", id: "127.0.0.1" } },
];

function clientOf(port: number): ZooKeeperClient {
  return new ZooKeeperClient(`127.0.0.1:${port}`, {
    ports: { net: realNet, clock: realClock, random: realRandom, resolver: realResolver },
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
  });
}

/** Transactions of every type, under a path of its own; the session of its ephemeral node is left alive. */
async function change(port: number, root: string): Promise<void> {
  const client = clientOf(port);
  await client.create(root, bytes("root"));
  await client.create(`${root}/sequential-`, bytes("s"), { mode: "persistentSequential" });
  await client.create(`${root}/null`, null);
  await client.create(`${root}/acl`, bytes("a"), { acl: digestAcl });
  await client.setAcl(`${root}/null`, digestAcl);
  await client.setData(root, Uint8Array.of(0, 0xff, 10, 13));
  await client.create(`${root}/container`, bytes("c"), { mode: "container" });
  await client.create(`${root}/container/child`, bytes("c"));
  await client.create(`${root}/ttl`, bytes("t"), { mode: "persistentTtl", ttl: 3_600_000 });
  await client.create(`${root}/gone`, bytes("g"));
  await client.delete(`${root}/gone`);
  await client.create(`${root}/ended`, bytes("e"), { mode: "ephemeral" });
  await client.multi([
    { kind: "create", path: `${root}/multi`, data: bytes("m") },
    { kind: "setData", path: `${root}/multi`, data: bytes("mm") },
    { kind: "check", path: `${root}/multi`, version: 1 },
    { kind: "create", path: `${root}/multi/child`, data: bytes("c") },
    { kind: "delete", path: `${root}/multi/child` },
  ]);
  await client.tryMulti([
    { kind: "create", path: `${root}/never` },
    { kind: "delete", path: `${root}/none` },
  ]);
  await expect(client.delete(`${root}/none`)).rejects.toThrow("NoNode");
  await client.close();
  const living = clientOf(port);
  await living.create(`${root}/living`, bytes("l"), { mode: "ephemeral" });
  living.abandon();
}

async function fill(port: number): Promise<void> {
  const client = clientOf(port);
  await client.create("/many", bytes("many"));
  for (let at = 0; at < ZNODES; at += WINDOW) {
    await Promise.all(
      Array.from({ length: WINDOW }, (_unused, index) => client.create(`/many/${at + index}`, bytes(`${at + index}`))),
    );
  }
  await client.close();
}

interface Seen {
  readonly data: string | null;
  readonly stat: Stat;
  readonly acl: readonly Acl[];
}

/** All that a client can see of the tree. */
async function seenBy(port: number): Promise<Map<string, Seen>> {
  const client = clientOf(port);
  const seen = new Map<string, Seen>();
  let level = ["/"];
  while (level.length > 0) {
    const below: string[] = [];
    for (let at = 0; at < level.length; at += WINDOW) {
      await Promise.all(
        level.slice(at, at + WINDOW).map(async (path) => {
          const [{ data, stat }, { acl }, children] = await Promise.all([
            client.getData(path),
            client.getAcl(path),
            client.getChildren(path),
          ]);
          seen.set(path, { data: data === null ? null : Buffer.from(data).toString("latin1"), stat, acl });
          for (const name of children) below.push(path === "/" ? `/${name}` : `${path}/${name}`);
        }),
      );
    }
    level = below;
  }
  await client.close();
  return new Map([...seen].sort(([one], [other]) => (one < other ? -1 : 1)));
}

async function word(server: OriginalServer, name: string): Promise<string> {
  return (await server.fourLetterWord(name)) ?? "";
}

async function mismatchesOf(server: OriginalServer): Promise<number> {
  return Number(/^zk_digest_mismatches_count\s+(\d+)/m.exec(await word(server, "mntr"))?.[1] ?? Number.NaN);
}

/** The sessions with ephemeral nodes, and the nodes: `dump` tells them. */
async function ephemeralsOf(server: OriginalServer): Promise<string[]> {
  const dump = await word(server, "dump");
  return [...dump.matchAll(/^\t(\/\S+)$/gm)].map(([, path = ""]) => path).sort();
}

describe.skipIf(!isOriginalInstalled())("a data directory", () => {
  let folder = "";
  let dataDir = "";

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "ordinal-data-"));
    dataDir = join(folder, "data");
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("goes from the original to ours and back, by kill -9 and by a clean end, and shows the same everywhere", async () => {
    const { members, block } = await takeMemberAddresses(1);
    const [self] = members;
    if (self === undefined) throw new Error("no address");
    const server = (name: string, isOurs: boolean): OriginalServer => {
      const directory = join(folder, name);
      mkdirSync(directory);
      return new OriginalServer({ self, dataDir, directory, lines: LINES, ...(isOurs ? { program: OURS } : {}) });
    };
    const stages = [
      { name: "original", isOurs: false, end: "SIGKILL" },
      { name: "ours", isOurs: true, end: "SIGKILL" },
      { name: "original-again", isOurs: false, end: "SIGTERM" },
      { name: "ours-again", isOurs: true, end: "SIGTERM" },
      { name: "original-at-last", isOurs: false, end: "SIGTERM" },
    ] as const;
    let before: Map<string, Seen> | undefined;
    let ephemerals: string[] = [];
    try {
      for (const { name, isOurs, end } of stages) {
        await using running = server(name, isOurs);
        running.start();
        await running.ready();
        if (before === undefined) await fill(running.clientPort);
        else {
          expect(await ephemeralsOf(running), `ephemeral nodes, ${name}`).toEqual(ephemerals);
          expect(await seenBy(running.clientPort), `the tree, ${name}`).toEqual(before);
        }
        await change(running.clientPort, `/by-${name}`);
        expect(await mismatchesOf(running), `digests, ${name}`).toBe(0);
        before = await seenBy(running.clientPort);
        ephemerals = await ephemeralsOf(running);
        expect(ephemerals).toContain(`/by-${name}/living`);
        await running.kill(end);
      }
      expect(before?.size).toBeGreaterThan(ZNODES);
    } finally {
      await block.release();
    }
  });

  it.skipIf(!hasToolJars)("is printed by our toolkits as by the original's", () => {
    const version2 = join(dataDir, "version-2");
    const names = readdirSync(version2).map((name) => join(version2, name));
    const logs = names.filter((name) => /\/log\.[0-9a-f]+$/.test(name));
    const snapshots = names.filter((name) => /\/snapshot\.[0-9a-f]+$/.test(name));
    expect(logs.length).toBeGreaterThan(3);
    expect(snapshots.length).toBeGreaterThan(2);
    for (const log of logs) {
      expect(ours("zk-txn-log-toolkit", log)).toEqual(originals("server.persistence.TxnLogToolkit", log));
    }
    for (const snapshot of snapshots.slice(-2)) {
      expect(ours("zk-snapshot-toolkit", "-d", snapshot)).toEqual(
        originals("server.SnapshotFormatter", "-d", snapshot),
      );
      const untimed = (text: string): string => text.replace(/"timestamp":\d+/, "");
      expect(untimed(ours("zk-snapshot-toolkit", "-json", snapshot))).toEqual(
        untimed(originals("server.SnapshotFormatter", "-json", snapshot)),
      );
    }
  });
});

function ours(command: string, ...args: string[]): string {
  return execFileSync(NODE, [join(CLI, command, "entry.ts"), ...args], { encoding: "utf8", maxBuffer: 2 ** 28 });
}

function originals(className: string, ...args: string[]): string {
  const java = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Dfile.encoding=UTF-8", "-cp", CLASS_PATH];
  const result = spawnSync("/usr/bin/java", [...java, `org.apache.zookeeper.${className}`, ...args], {
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  expect(result.status, result.stderr).toBe(0);
  return result.stdout;
}
