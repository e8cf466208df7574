import { BadPathError, KeeperError } from "../../../client/keeper-error.ts";
import type { ZooKeeperClient } from "../../../client/zookeeper-client.ts";
import { ErrorCode } from "../../../jute/error-code.ts";
import {
  LIMITS_NAME,
  limitsPath,
  PROC_PATH,
  QUOTA_PATH,
  STATS_NAME,
  statsPath,
  withoutQuotaPath,
} from "../../../tree/quota.ts";
import { CliError, commandError } from "../cli-error.ts";
import { parseCommandLine, type CommandLine } from "../command-line.ts";
import { usageOf, type Command } from "../command.ts";
import { parseJavaInt, parseJavaLong } from "../java-numbers.ts";
import type { Output } from "../output.ts";
import { StatsText, type StatsKey } from "../stats-track.ts";
import { visitSubTree } from "../sub-tree.ts";

// Sources: SetQuotaCommand, ListQuotaCommand, DelQuotaCommand of org.apache.zookeeper.cli.

const KINDS: readonly { name: string; key: StatsKey; description: string }[] = [
  { name: "n", key: "count", description: "num soft quota" },
  { name: "b", key: "bytes", description: "bytes soft quota" },
  { name: "N", key: "countHardLimit", description: "num hard quota" },
  { name: "B", key: "byteHardLimit", description: "bytes hard quota" },
];

const SET_OPTIONS = {
  options: KINDS.map(({ name, description }) => ({ name, description, hasValue: true })),
  isGroup: true,
  isGroupRequired: true,
};

export const setQuota: Command = {
  name: "setquota",
  usage: "-n|-b|-N|-B val path",
  async run(words, { client, output }) {
    const line = parseCommandLine(SET_OPTIONS, words);
    const [, path] = line.args;
    if (path === undefined) throw new CliError(usageOf(setQuota));
    if (path.startsWith(QUOTA_PATH)) {
      output.printError(`cannot set a quota under the path: ${QUOTA_PATH}`);
      return;
    }
    const limit = limitOf(line, output);
    if (limit === undefined) return;
    try {
      await createQuota(client, path, limit, output);
    } catch (error) {
      throw commandError(error);
    }
  },
};

interface Limit {
  readonly key: StatsKey;
  readonly value: bigint;
}

/** The one limit that was given; what is wrong with it is told. */
function limitOf(line: CommandLine, output: Output): Limit | undefined {
  for (const { name, key } of KINDS) {
    if (!line.has(name)) continue;
    const isCount = key === "count" || key === "countHardLimit";
    const text = line.value(name) ?? "";
    const value = isCount ? parseJavaInt(text) : parseJavaLong(text);
    if (value === undefined) output.printError("NumberFormatException happens when parsing the option value");
    else if (isCount && value <= 0) output.printError("the num quota must be greater than zero");
    else if (value < 0) output.printError("the bytes quota must be greater than or equal to zero");
    else return { key, value: BigInt(value) };
    return undefined;
  }
  return undefined;
}

async function createQuota(client: ZooKeeperClient, path: string, limit: Limit, output: Output): Promise<void> {
  if ((await client.exists(path)) === undefined) throw new BadPathError(`${path} does not exist.`);
  await mustHaveNoQuotaBelow(client, path);
  await mustHaveNoQuotaAbove(client, path);
  if ((await client.exists(QUOTA_PATH)) === undefined) {
    await createIfMissing(client, PROC_PATH);
    await createIfMissing(client, QUOTA_PATH);
  }
  let quotaPath = QUOTA_PATH;
  for (const name of path.split("/").slice(1)) {
    if (name === "") continue;
    quotaPath += `/${name}`;
    if ((await client.exists(quotaPath)) === undefined) await createIfMissing(client, quotaPath);
  }
  const limits = `${quotaPath}/${LIMITS_NAME}`;
  const stats = `${quotaPath}/${STATS_NAME}`;
  if ((await client.exists(limits)) === undefined) {
    const text = new StatsText();
    for (const { key } of KINDS) text.set(key, -1n);
    text.set(limit.key, limit.value);
    await client.create(limits, text.bytes());
    await client.create(stats, Buffer.from("count=0,bytes=0"));
    warnIfExceeded(await readStats(client, limits), await readStats(client, stats), output);
  } else {
    const text = await readStats(client, limits);
    text.set(limit.key, limit.value);
    warnIfExceeded(text, await readStats(client, stats), output);
    await client.setData(limits, text.bytes());
  }
}

async function createIfMissing(client: ZooKeeperClient, path: string): Promise<void> {
  try {
    await client.create(path);
  } catch (error) {
    if (!(error instanceof KeeperError) || error.errorNumber !== ErrorCode.nodeExists) throw error;
  }
}

async function readStats(client: ZooKeeperClient, path: string): Promise<StatsText> {
  const { data } = await client.getData(path);
  return new StatsText(Buffer.from(data ?? []).toString("utf8"));
}

function warnIfExceeded(limits: StatsText, stats: StatsText, output: Output): void {
  const isBelow = (keys: readonly StatsKey[], used: bigint): boolean =>
    keys.some((key) => limits.get(key) > -1n && limits.get(key) < used);
  if (isBelow(["count", "countHardLimit"], stats.get("count"))) {
    output.print(`[Warning]: the count quota you create is less than the existing count:${stats.get("count")}`);
  }
  if (isBelow(["bytes", "byteHardLimit"], stats.get("bytes"))) {
    output.print(`[Warning]: the bytes quota you create is less than the existing bytes:${stats.get("bytes")}`);
  }
}

async function mustHaveNoQuotaBelow(client: ZooKeeperClient, path: string): Promise<void> {
  try {
    await visitSubTree(client, QUOTA_PATH + path, false, async (visited) => {
      if (visited === QUOTA_PATH + path || !(await childrenOf(client, visited)).includes(LIMITS_NAME)) return;
      throw new BadPathError(`${path} has a child ${withoutQuotaPath(visited)} which has a quota`);
    });
  } catch (error) {
    if (!(error instanceof KeeperError) || error.errorNumber !== ErrorCode.noNode) throw error;
  }
}

async function mustHaveNoQuotaAbove(client: ZooKeeperClient, path: string): Promise<void> {
  let above = QUOTA_PATH;
  for (const name of path.split("/").slice(1, -1)) {
    above += `/${name}`;
    const children = await childrenOf(client, above);
    if (children.length === 0) return;
    if (children.includes(LIMITS_NAME)) {
      throw new BadPathError(`${path} has a parent ${withoutQuotaPath(above)} which has a quota`);
    }
  }
}

/** None where the node is gone. */
async function childrenOf(client: ZooKeeperClient, path: string): Promise<string[]> {
  try {
    return await client.getChildren(path);
  } catch (error) {
    if (error instanceof KeeperError && error.errorNumber === ErrorCode.noNode) return [];
    throw error;
  }
}

export const listQuota: Command = {
  name: "listquota",
  usage: "path",
  async run(words, { client, output }) {
    const [, path] = parseCommandLine({ options: [] }, words).args;
    if (path === undefined) throw new CliError(usageOf(listQuota));
    output.printError(`absolute path is ${limitsPath(path)}`);
    try {
      const limits = await readStats(client, limitsPath(path));
      const stats = await readStats(client, statsPath(path));
      output.print(`Output quota for ${path} ${limits}`);
      output.print(`Output stat for ${path} ${stats}`);
    } catch (error) {
      tellMissing(error, path, output);
    }
  },
};

const DELETE_OPTIONS = { options: KINDS.map(({ name, description }) => ({ name, description })), isGroup: true };

export const deleteQuota: Command = {
  name: "delquota",
  usage: "[-n|-b|-N|-B] path",
  async run(words, { client, output }) {
    const line = parseCommandLine(DELETE_OPTIONS, words);
    const [, path] = line.args;
    if (path === undefined) throw new CliError(usageOf(deleteQuota));
    const kind = KINDS.find(({ name }) => line.has(name));
    try {
      const limits = limitsPath(path);
      if ((await client.exists(limits)) === undefined) {
        output.print(`Quota does not exist for ${path}`);
        return;
      }
      const text = await readStats(client, limits);
      if (kind === undefined) {
        await deleteQuotaNodes(client, QUOTA_PATH + path);
        return;
      }
      text.set(kind.key, -1n);
      await client.setData(limits, text.bytes());
    } catch (error) {
      tellMissing(error, path, output);
    }
  },
};

/** With every parent that is left without children. */
async function deleteQuotaNodes(client: ZooKeeperClient, path: string): Promise<void> {
  for (const child of await client.getChildren(path)) await client.delete(`${path}/${child}`);
  for (let at = path; at !== QUOTA_PATH; at = at.slice(0, at.lastIndexOf("/"))) {
    if ((await client.getChildren(at)).length > 0) return;
    await client.delete(at);
  }
}

function tellMissing(error: unknown, path: string, output: Output): void {
  if (!(error instanceof KeeperError) || error.errorNumber !== ErrorCode.noNode) throw commandError(error);
  output.printError(`quota for ${path} does not exist.`);
}
