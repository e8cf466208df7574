import { BadPathError, KeeperError } from "../../../client/keeper-error.ts";
import { ErrorCode } from "../../../jute/error-code.ts";
import { CliError, commandError } from "../cli-error.ts";
import { formatHelp, parseCommandLine, type CommandLine, type OptionsSpec } from "../command-line.ts";
import { usageOf, type Command } from "../command.ts";
import type { Output } from "../output.ts";
import { javaList, printStat, sorted } from "../stat-text.ts";
import { visitSubTree } from "../sub-tree.ts";

// Sources: LsCommand, GetCommand, StatCommand, SyncCommand, GetEphemeralsCommand, GetAllChildrenNumberCommand of
// org.apache.zookeeper.cli.

const NO_OPTIONS: OptionsSpec = { options: [] };

/**
 * Takes `get path watch` for `get path -w`, as the original does: the third word becomes the option, whichever it is.
 *
 * @param advice what the original says then
 */
function parseWithOldWatch(spec: OptionsSpec, words: readonly string[], output: Output, advice: string): CommandLine {
  const line = parseCommandLine(spec, words);
  if (line.args.length <= 2) return line;
  output.printError(advice);
  return parseCommandLine(spec, words.with(2, "-w"));
}

const LS_OPTIONS = {
  options: [
    { name: "?", description: "help" },
    { name: "s", description: "stat" },
    { name: "w", description: "watch" },
    { name: "R", description: "recurse" },
  ],
};

export const ls: Command = {
  name: "ls",
  usage: "[-s] [-w] [-R] path",
  async run(words, { client, output }) {
    if (parseCommandLine(LS_OPTIONS, words).has("?"))
      output.print(formatHelp("ls [options] path", LS_OPTIONS).trimEnd());
    const advice = "'ls path [watch]' has been deprecated. Please use 'ls [-w] path' instead.";
    const line = parseWithOldWatch(LS_OPTIONS, words, output, advice);
    const [, path] = line.args;
    if (path === undefined) throw new CliError(usageOf(ls));
    try {
      if (line.has("R")) {
        await visitSubTree(client, path, line.has("w"), (visited) => output.print(visited));
        return;
      }
      const { children, stat } = await client.getChildren2(path, line.has("w"));
      output.print(javaList(sorted(children)));
      if (line.has("s")) printStat(stat, output);
    } catch (error) {
      throw commandError(error);
    }
  },
};

const GET_OPTIONS = {
  options: [
    { name: "s", description: "Print znode stats additionally" },
    { name: "w", description: "Watch for changes on the znode" },
    // From 3.8.3 and 3.9 on.
    { name: "b", description: "Output data in base64 format" },
    { name: "x", description: "Output data in hexdump format" },
  ],
};

export const get: Command = {
  name: "get",
  usage: "[-s] [-w] path",
  async run(words, { client, output }) {
    const advice = "'get path [watch]' has been deprecated. Please use 'get [-s] [-w] path' instead.";
    const line = parseWithOldWatch(GET_OPTIONS, words, output, advice);
    const [, path] = line.args;
    if (path === undefined) throw new CliError(usageOf(get));
    try {
      const { data, stat } = await client.getData(path, line.has("w"));
      const bytes = Buffer.from(data ?? Buffer.from("null"));
      if (line.has("x")) output.print((await import("../hex-dump.ts")).hexDump(bytes));
      else output.print(bytes.toString(line.has("b") ? "base64" : "utf8"));
      if (line.has("s")) printStat(stat, output);
    } catch (error) {
      throw commandError(error);
    }
  },
};

const STAT_OPTIONS = { options: [{ name: "w", description: "watch" }] };

export const stat: Command = {
  name: "stat",
  usage: "[-w] path",
  async run(words, { client, output }) {
    const advice = "'stat path [watch]' has been deprecated. Please use 'stat [-w] path' instead.";
    const line = parseWithOldWatch(STAT_OPTIONS, words, output, advice);
    const [, path] = line.args;
    if (path === undefined) throw new CliError(usageOf(stat));
    try {
      const found = await client.exists(path, line.has("w"));
      if (found === undefined) throw new KeeperError(ErrorCode.noNode, path);
      printStat(found, output);
    } catch (error) {
      throw commandError(error);
    }
  },
};

export const sync: Command = {
  name: "sync",
  usage: "path",
  async run(words, { client, output }) {
    const [, path] = parseCommandLine(NO_OPTIONS, words).args;
    if (path === undefined) throw new CliError(usageOf(sync));
    try {
      await client.sync(path);
      output.print("Sync is OK");
    } catch (error) {
      if (error instanceof BadPathError) throw commandError(error);
      if (!(error instanceof KeeperError)) throw error;
      output.print(`Sync has failed. rc=${error.errorNumber}`);
    }
  },
};

export const getEphemerals: Command = {
  name: "getEphemerals",
  usage: "path",
  async run(words, { client, output }) {
    const [, path] = parseCommandLine(NO_OPTIONS, words).args;
    try {
      output.print(javaList(await client.getEphemerals(path)));
    } catch (error) {
      throw commandError(error);
    }
  },
};

export const getAllChildrenNumber: Command = {
  name: "getAllChildrenNumber",
  usage: "path",
  async run(words, { client, output }) {
    const [, path] = parseCommandLine(NO_OPTIONS, words).args;
    if (path === undefined) throw new CliError(usageOf(getAllChildrenNumber));
    try {
      output.print(String(await client.getAllChildrenNumber(path)));
    } catch (error) {
      throw commandError(error);
    }
  },
};
