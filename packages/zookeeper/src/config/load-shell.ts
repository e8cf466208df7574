/**
 * Reads a server's configuration from disk, and writes what reconfiguration changes of it.
 *
 * Source: org.apache.zookeeper.server.quorum.QuorumPeerConfig.parse, writeDynamicConfig, editStaticConfig, backupOldConfig.
 */
import { isAbsolute, join, resolve } from "node:path";

import { explainSystemError, type Disk } from "@ordinal/io";
import { hasCode } from "@ordinal/kit";

import { zxidHex } from "../jute/zxid.ts";
import { parseProperties } from "./java-properties.ts";
import type { QuorumConfig } from "./quorum-config.ts";
import type { ServerConfig } from "./server-config.ts";
import type { SystemProperties } from "./system-properties.ts";
import { filesOf, parseZooCfg, type ConfigProblem, type ParsedConfig } from "./zoo-cfg.ts";

/** A configuration is read whole; a file longer than this is something else. */
const CONFIG_BYTES_MAX = 1 << 20;

/** Reads zoo.cfg and the files it leads to. Never rejects: what cannot be read is among the problems. */
export async function loadServerConfig(disk: Disk, file: string, properties?: SystemProperties): Promise<ParsedConfig> {
  const problems: ConfigProblem[] = [];
  const read = async (path: string): Promise<string | undefined> => {
    try {
      return await readText(disk, path);
    } catch (error) {
      problems.push({ file: path, line: undefined, message: explainSystemError(error, `read ${path}`) });
      return undefined;
    }
  };
  const text = await read(file);
  if (text === undefined) {
    if (problems.length === 0) problems.push({ file, line: undefined, message: `${file} file is missing` });
    return { config: undefined, problems, warnings: [] };
  }
  const { dataDir, dynamicConfigFile } = filesOf(text);
  const myid = dataDir === undefined ? undefined : await read(join(dataDir, "myid"));
  const dynamicText = dynamicConfigFile === undefined ? undefined : await read(dynamicConfigFile);
  const dynamicNext = dynamicConfigFile === undefined ? undefined : await read(nextDynamicFile(file));
  const dynamic = dynamicText === undefined ? undefined : { file: dynamicConfigFile ?? "", text: dynamicText };
  const parsed = parseZooCfg({ file, text, properties, myid, dynamic, dynamicNext });
  if (problems.length === 0) return parsed;
  return { config: undefined, problems: [...problems, ...parsed.problems], warnings: parsed.warnings };
}

/**
 * Makes `quorum` the configuration of the next start: writes `zoo.cfg.dynamic.<hex version>` and has zoo.cfg name it, without
 * the members that it may have held itself. Both files are replaced in one step each, the dynamic one first, and are durable
 * when it resolves.
 */
export async function writeDynamicConfig(disk: Disk, config: ServerConfig, quorum: QuorumConfig): Promise<void> {
  const { configFile } = config;
  if (configFile === undefined) return;
  const dynamicFile = resolve(`${configFile}.dynamic.${zxidHex(quorum.version)}`);
  await replaceFile(disk, dynamicFile, sortedLines(quorum, false));
  const own = config.myid === undefined ? undefined : quorum.members.get(config.myid);
  const kept = parseProperties((await readText(disk, configFile)) ?? config.initialConfig).filter(
    ({ key }) =>
      !/^(?:server\.|group|weight|dynamicConfigFile|peerType)/.test(key) &&
      !(own?.clientPort !== undefined && key.startsWith("clientPort")) &&
      !(own?.secureClientPort !== undefined && key.startsWith("secureClientPort")),
  );
  const lines = kept.map(({ key, value }) => `${key}=${value.trim()}\n`).join("");
  await replaceFile(disk, configFile, `${lines}dynamicConfigFile=${dynamicFile}\n`);
}

/** Keeps a configuration that is proposed and not active yet as `zoo.cfg.dynamic.next`. */
export async function writeNextConfig(disk: Disk, config: ServerConfig, quorum: QuorumConfig): Promise<void> {
  if (config.configFile === undefined) return;
  await replaceFile(disk, nextDynamicFile(config.configFile), sortedLines(quorum, true));
}

/** Forgets the proposed configuration, if there is one. */
export async function removeNextConfig(disk: Disk, config: ServerConfig): Promise<void> {
  if (config.configFile === undefined) return;
  try {
    await disk.remove(nextDynamicFile(config.configFile));
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
}

/** Keeps a zoo.cfg with members in it as `zoo.cfg.bak` before reconfiguration takes them out. */
export async function backUpConfig(disk: Disk, config: ServerConfig): Promise<void> {
  const { configFile } = config;
  if (configFile === undefined || config.dynamicConfigFile !== undefined) return;
  if (config.quorum === undefined || !config.reconfigEnabled) return;
  await replaceFile(disk, `${configFile}.bak`, config.initialConfig);
}

function nextDynamicFile(configFile: string): string {
  return `${configFile}.dynamic.next`;
}

function sortedLines(quorum: QuorumConfig, withVersion: boolean): string {
  return quorum
    .toString()
    .split("\n")
    .filter((line) => withVersion || !line.startsWith("version"))
    .sort()
    .join("\n");
}

/** Undefined if there is no such file. */
async function readText(disk: Disk, path: string): Promise<string | undefined> {
  try {
    const file = await disk.open(path, "read");
    try {
      const size = await file.size();
      if (size > CONFIG_BYTES_MAX) throw new Error(`${path} has ${size} bytes; at most ${CONFIG_BYTES_MAX} are read`);
      return new TextDecoder().decode(await file.read(0, size));
    } finally {
      await file.close();
    }
  } catch (error) {
    if (hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR")) return undefined;
    throw error;
  }
}

async function replaceFile(disk: Disk, path: string, text: string): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    await disk.remove(temporary);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
  const file = await disk.open(temporary, "create");
  try {
    await file.append(new TextEncoder().encode(text));
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.rename(temporary, path);
  await disk.syncDirectory(isAbsolute(path) ? join(path, "..") : resolve(path, ".."));
}
