import { KeeperError } from "../../../client/keeper-error.ts";
import { ANY_VERSION, OPEN_ACL, type CreateMode } from "../../../client/operation.ts";
import { ErrorCode } from "../../../jute/error-code.ts";
import { TTL_MAX } from "../../../tree/ephemeral-type.ts";
import { parseAcls } from "../acl-text.ts";
import { CliError, commandError } from "../cli-error.ts";
import { parseCommandLine, type CommandLine } from "../command-line.ts";
import { usageOf, type Command } from "../command.ts";
import { mustBeJavaInt, parseJavaInt, parseJavaLong } from "../java-numbers.ts";
import { printStat } from "../stat-text.ts";
import { deleteSubTree } from "../sub-tree.ts";

// Sources: CreateCommand, SetCommand, DeleteCommand, DeleteAllCommand of org.apache.zookeeper.cli.

const CREATE_OPTIONS = {
  options: [
    { name: "e", description: "ephemeral" },
    { name: "s", description: "sequential" },
    { name: "c", description: "container" },
    { name: "t", hasValue: true, description: "ttl" },
  ],
};

export const create: Command = {
  name: "create",
  usage: "[-s] [-e] [-c] [-t ttl] path [data] [acl]",
  async run(words, { client, output }) {
    const line = parseCommandLine(CREATE_OPTIONS, words);
    const [, path, data, acls] = line.args;
    if (path === undefined) throw new CliError(usageOf(create));
    const { mode, ttl } = createMode(line);
    const acl = acls === undefined ? OPEN_ACL : parseAcls(acls, output);
    const bytes = data === undefined ? null : Buffer.from(data);
    try {
      const created = await client.create(path, bytes, { mode, acl, ...(ttl === undefined ? {} : { ttl }) });
      output.printError(`Created ${created}`);
    } catch (error) {
      if (error instanceof KeeperError) {
        if (error.errorNumber === ErrorCode.ephemeralOnLocalSession) {
          output.printError("Unable to create ephemeral node on a local session");
        } else if (error.errorNumber === ErrorCode.invalidACL) {
          output.printError(error.message);
        }
      }
      throw commandError(error);
    }
  },
};

function createMode(line: CommandLine): { mode: CreateMode; ttl: number | undefined } {
  const [isEphemeral, isSequential, isContainer, hasTtl] = ["e", "s", "c", "t"].map((name) => line.has(name));
  if (isContainer && (isEphemeral || isSequential)) {
    throw new CliError("-c cannot be combined with -s or -e. Containers cannot be ephemeral or sequential.");
  }
  const ttl = hasTtl ? parseJavaLong(line.value("t") ?? "") : 0n;
  if (ttl === undefined) throw new CliError("-t argument must be a long value");
  if (hasTtl && isEphemeral) throw new CliError("TTLs cannot be used with Ephemeral znodes");
  if (hasTtl && isContainer) throw new CliError("TTLs cannot be used with Container znodes");
  if (hasTtl) {
    if (ttl <= 0n || ttl > BigInt(TTL_MAX)) {
      throw new CliError(`ttl must be positive and cannot be larger than: ${TTL_MAX}`);
    }
    return { mode: isSequential ? "persistentSequentialTtl" : "persistentTtl", ttl: Number(ttl) };
  }
  if (isContainer) return { mode: "container", ttl: undefined };
  if (isEphemeral) return { mode: isSequential ? "ephemeralSequential" : "ephemeral", ttl: undefined };
  return { mode: isSequential ? "persistentSequential" : "persistent", ttl: undefined };
}

const SET_OPTIONS = {
  options: [
    { name: "s", description: "Print znode stats additionally" },
    { name: "v", hasValue: true, description: "Set with an expected version" },
    // From 3.8.3 and 3.9 on.
    { name: "b", description: "Supply data in base64 format" },
  ],
};

export const set: Command = {
  name: "set",
  usage: "[-s] [-v version] path data",
  async run(words, { client, output }) {
    const line = parseCommandLine(SET_OPTIONS, words);
    const [, path, data] = line.args;
    if (path === undefined || data === undefined) throw new CliError(usageOf(set));
    const version = versionOf(line);
    try {
      const stat = await client.setData(path, Buffer.from(data, line.has("b") ? "base64" : "utf8"), version);
      if (line.has("s")) printStat(stat, output);
    } catch (error) {
      throw commandError(error);
    }
  },
};

const DELETE_OPTIONS = { options: [{ name: "v", hasValue: true, description: "version" }] };

export const deleteNode: Command = {
  name: "delete",
  usage: "[-v version] path",
  async run(words, { client, output }) {
    const line = parseCommandLine(DELETE_OPTIONS, words);
    const [, path, version] = line.args;
    if (path === undefined) throw new CliError(usageOf(deleteNode));
    if (version !== undefined) {
      output.printError("'delete path [version]' has been deprecated. Please use 'delete [-v version] path' instead.");
    }
    try {
      await client.delete(path, versionOf(line));
    } catch (error) {
      throw commandError(error);
    }
  },
};

/** The value of `-v`, by default any version. What is no number ends the original. */
export function versionOf(line: CommandLine): number {
  return line.has("v") ? mustBeJavaInt(line.value("v") ?? "") : ANY_VERSION;
}

const DELETE_ALL_OPTIONS = { options: [{ name: "b", hasValue: true, description: "batch size" }] };
const BATCH_SIZE = 1000;

export const deleteAll: Command = {
  name: "deleteall",
  usage: "path [-b batch size]",
  async run(words, { client, output }) {
    const line = parseCommandLine(DELETE_ALL_OPTIONS, words);
    const [, path] = line.args;
    if (path === undefined) throw new CliError(usageOf(deleteAll));
    const batchSize = line.has("b") ? parseJavaInt(line.value("b") ?? "") : BATCH_SIZE;
    if (batchSize === undefined) throw new CliError("-b argument must be an int value");
    try {
      if (!(await deleteSubTree(client, path, batchSize))) {
        output.printError("Failed to delete some node(s) in the subtree!");
      }
    } catch (error) {
      throw commandError(error);
    }
  },
};
