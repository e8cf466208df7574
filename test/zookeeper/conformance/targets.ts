/** The original and ours with the same configuration, each alone. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createLog, realClock, realDisk, realNet, realRandom, realResolver } from "@ordinal/io";

import { parseZooCfg } from "../../../packages/zookeeper/src/config/zoo-cfg.ts";
import { startZooKeeper } from "../../../packages/zookeeper/src/server/server.ts";
import {
  isOriginalInstalled,
  type OriginalEnsemble,
  startOriginal,
} from "../../../packages/zookeeper/src/testing/original.ts";
import type { Target } from "./compare.ts";

export interface PairOptions {
  /** Lines of zoo.cfg. */
  readonly lines?: readonly string[];
  /** System properties by name. */
  readonly properties?: Readonly<Record<string, string>>;
}

export interface Pair extends AsyncDisposable {
  readonly original: Target;
  readonly ours: Target;
}

export const JVM_FLAGS = ["-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"];

/** Fails where the original is not installed: a comparison that is skipped proves nothing. */
export function mustHaveOriginal(): void {
  if (isOriginalInstalled()) return;
  throw new Error(
    "These tests compare with the original ZooKeeper server, which is not installed here: " +
      "apt-get install zookeeper default-jre-headless liblog4j1.2-java libslf4j-java util-linux",
  );
}

export async function startPair(options: PairOptions = {}): Promise<Pair> {
  mustHaveOriginal();
  const [original, ours] = await Promise.all([startTheirs(options), startOurs(options)]);
  return {
    original: original.target,
    ours: ours.target,
    async [Symbol.asyncDispose]() {
      await Promise.all([original.ensemble.stop(), ours.stop()]);
    },
  };
}

async function startTheirs({ lines = [], properties = {} }: PairOptions): Promise<{
  target: Target;
  ensemble: OriginalEnsemble;
}> {
  const flags = Object.entries(properties).map(([name, value]) => `-D${name}=${value}`);
  const ensemble = await startOriginal({ lines, jvmFlags: [...JVM_FLAGS, ...flags] });
  return { target: { name: "the original", ports: [ensemble.server(0).clientPort] }, ensemble };
}

export async function startOurs({ lines = [], properties = {} }: PairOptions): Promise<{
  target: Target;
  stop(): Promise<void>;
}> {
  const directory = mkdtempSync(join(tmpdir(), "conformance-"));
  const said = new Set(lines.map((line) => line.split("=")[0]));
  const defaults = [
    "tickTime=2000",
    `dataDir=${directory}`,
    "clientPort=0",
    "clientPortAddress=127.0.0.1",
    "admin.enableServer=false",
    "4lw.commands.whitelist=*",
  ].filter((line) => !said.has(line.split("=")[0]));
  const { config, problems } = parseZooCfg({
    file: join(directory, "zoo.cfg"),
    text: [...defaults, ...lines].join("\n"),
    properties: new Map(Object.entries(properties)),
    myid: undefined,
    dynamic: undefined,
    dynamicNext: undefined,
  });
  if (config === undefined) throw new Error(problems.map(({ message }) => message).join("\n"));
  const server = await startZooKeeper({
    ports: { net: realNet, clock: realClock, random: realRandom, disk: realDisk, resolver: realResolver },
    config,
    log: createLog({ component: "conformance", level: process.env["CONFORMANCE_LOG"] === "1" ? "debug" : "error" }),
  });
  return {
    target: { name: "ours", ports: [server.addresses.client?.port ?? 0] },
    async stop() {
      await server.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
