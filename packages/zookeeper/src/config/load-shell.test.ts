import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { realDisk } from "@ordinal/io";
import { afterEach, beforeEach, expect, test } from "vitest";

import { makeZxid } from "../jute/zxid.ts";
import { backUpConfig, loadServerConfig, removeNextConfig, writeDynamicConfig, writeNextConfig } from "./load-shell.ts";
import { QuorumConfig } from "./quorum-config.ts";
import type { ServerConfig } from "./server-config.ts";
import { formatProblem } from "./zoo-cfg.ts";

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "zookeeper-config-"));
  file = join(folder, "zoo.cfg");
  mkdirSync(join(folder, "data"));
  writeFileSync(join(folder, "data/myid"), "2\n");
  writeFileSync(file, STATIC.replace("DATA", join(folder, "data")));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const STATIC = `# an ensemble of three
dataDir=DATA
clientPort=2181
initLimit=10
syncLimit=5
reconfigEnabled=true
server.1=zk-0:2888:3888
server.2=zk-1:2888:3888
server.3=zk-2:2888:3888
`;
const NEXT = QuorumConfig.parse(
  "server.2=zk-1:2888:3888;2182\nserver.1=zk-0:2888:3888;2181\nserver.4=zk-3:2888:3888:observer;2181",
).withVersion(makeZxid(1, 15));

async function load(): Promise<ServerConfig> {
  const { config, problems } = await loadServerConfig(realDisk, file);
  expect(problems).toEqual([]);
  if (config === undefined) throw new Error("no configuration");
  return config;
}

async function problems(): Promise<string[]> {
  return (await loadServerConfig(realDisk, file)).problems.map(formatProblem);
}

test("reads zoo.cfg, myid and nothing else", async () => {
  expect(await load()).toMatchObject({ myid: 2, configFile: file, clientPort: 2181, dynamicConfigFile: undefined });
});

test("tells what is missing by its path", async () => {
  rmSync(file);
  expect(await problems()).toEqual([`${file}: ${file} file is missing`]);
  mkdirSync(file);
  expect((await problems())[0]).toMatch(/^\S+zoo\.cfg: cannot read \S+zoo\.cfg: it is a folder, not a file \(EISDIR\)/);
  rmSync(file, { recursive: true });
  writeFileSync(file, `dataDir=${folder}\ndynamicConfigFile=${folder}/nowhere\n`);
  expect(await problems()).toEqual([`${file}:2: Error processing ${folder}/nowhere: the file cannot be read`]);
});

test("does not read what cannot be a configuration by its size", async () => {
  writeFileSync(file, "#".repeat((1 << 20) + 1));
  expect((await problems())[0]).toContain("has 1048577 bytes; at most 1048576 are read");
});

test("what reconfiguration writes is what the next start reads, as the original writes it", async () => {
  const before = await load();
  await backUpConfig(realDisk, before);
  await writeNextConfig(realDisk, before, NEXT);
  expect(readFileSync(`${file}.dynamic.next`, "utf8")).toBe(
    "server.1=zk-0:2888:3888:participant;0.0.0.0:2181\n" +
      "server.2=zk-1:2888:3888:participant;0.0.0.0:2182\n" +
      "server.4=zk-3:2888:3888:observer;0.0.0.0:2181\n" +
      "version=10000000f",
  );
  await writeDynamicConfig(realDisk, before, NEXT);
  const dynamicFile = `${file}.dynamic.10000000f`;
  expect(readFileSync(dynamicFile, "utf8")).not.toContain("version");
  expect(readFileSync(file, "utf8")).toBe(
    `dataDir=${folder}/data\ninitLimit=10\nsyncLimit=5\nreconfigEnabled=true\ndynamicConfigFile=${dynamicFile}\n`,
  );
  expect(readFileSync(`${file}.bak`, "utf8")).toBe(before.initialConfig);

  const after = await load();
  expect(after.quorum?.toString()).toBe(NEXT.toString());
  expect(after.lastSeenQuorum?.toString()).toBe(NEXT.toString());
  expect(after.clientPort).toBe(2182);

  await removeNextConfig(realDisk, after);
  await removeNextConfig(realDisk, after);
  expect((await load()).lastSeenQuorum).toBeUndefined();

  const later = NEXT.withVersion(makeZxid(2, 1));
  await backUpConfig(realDisk, after);
  await writeDynamicConfig(realDisk, after, later);
  expect((await load()).quorum?.version).toBe(makeZxid(2, 1));
  expect(readFileSync(`${file}.bak`, "utf8")).toBe(before.initialConfig);
  expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
});

test("keeps the client port where members have none of their own", async () => {
  await writeDynamicConfig(realDisk, await load(), QuorumConfig.parse("server.2=zk-1:2888:3888\nversion=5"));
  expect(readFileSync(file, "utf8")).toContain("clientPort=2181\n");
});

test("writes nothing for a server whose configuration came from no file", async () => {
  const config: ServerConfig = { ...(await load()), configFile: undefined };
  await writeDynamicConfig(realDisk, config, NEXT);
  await writeNextConfig(realDisk, config, NEXT);
  await backUpConfig(realDisk, config);
  expect(readdirSync(folder).sort()).toEqual(["data", "zoo.cfg"]);
});
