import { getSystemErrorMessage } from "node:util";

import { CliError, commandErrorButPath } from "../cli-error.ts";
import { parseCommandLine } from "../command-line.ts";
import { usageOf, type Command } from "../command.ts";
import { parseJavaLong } from "../java-numbers.ts";
import { printStat } from "../stat-text.ts";

// Sources: GetConfigCommand, ReconfigCommand, VersionCommand, CloseCommand of org.apache.zookeeper.cli.

const CONFIG_OPTIONS = {
  options: [
    { name: "s", description: "stats" },
    { name: "w", description: "watch" },
    { name: "c", description: "client connection string" },
  ],
};

export const config: Command = {
  name: "config",
  usage: "[-c] [-w] [-s]",
  async run(words, { client, output }) {
    const line = parseCommandLine(CONFIG_OPTIONS, words);
    try {
      const { data, stat } = await client.getConfig(line.has("w"));
      const text = Buffer.from(data ?? Buffer.from("null")).toString("utf8");
      output.print(line.has("c") ? (await import("../client-config-text.ts")).clientConfigText(text) : text);
      if (line.has("s")) printStat(stat, output);
    } catch (error) {
      throw commandErrorButPath(error);
    }
  },
};

const RECONFIG_OPTIONS = {
  options: [
    { name: "s", description: "stats" },
    { name: "v", hasValue: true, description: "required current config version" },
    { name: "file", hasValue: true, description: "path of config file to parse for membership" },
    {
      name: "members",
      hasValue: true,
      description: "comma-separated list of config strings for non-incremental reconfig",
    },
    { name: "add", hasValue: true, description: "comma-separated list of config strings for new servers" },
    { name: "remove", hasValue: true, description: "comma-separated list of server IDs to remove" },
  ],
};

export const reconfig: Command = {
  name: "reconfig",
  usage:
    "[-s] [-v version] [[-file path] | [-members serverID=host:port1:port2;port3[,...]*]] |" +
    " [-add serverId=host:port1:port2;port3[,...]]* [-remove serverId[,...]*]",
  async run(words, { client, output }) {
    const line = parseCommandLine(RECONFIG_OPTIONS, words);
    const isWhole = line.has("file") || line.has("members");
    const isIncremental = line.has("add") || line.has("remove");
    if (!isWhole && !isIncremental) throw new CliError(usageOf(reconfig));
    const version = line.has("v") ? parseJavaLong(line.value("v") ?? "", 16) : -1n;
    if (version === undefined) throw new CliError("-v must be followed by a long (configuration version)");
    if (isWhole && isIncremental) {
      throw new CliError(
        "Can't use -file or -members together with -add or -remove (mixing incremental and non-incremental modes is not allowed)",
      );
    }
    if (line.has("file") && line.has("members")) {
      throw new CliError("Can't use -file and -members together (conflicting non-incremental modes)");
    }
    const valueOf = (name: string): string | null => line.value(name)?.toLowerCase() ?? null;
    const file = line.value("file");
    try {
      const { data, stat } = await client.reconfigure({
        joiningServers: valueOf("add"),
        leavingServers: valueOf("remove"),
        newMembers: file === undefined ? valueOf("members") : await membersOfFile(file),
        curConfigId: Number(version),
      });
      output.print(`Committed new configuration:\n${Buffer.from(data ?? []).toString("utf8")}`);
      if (line.has("s")) printStat(stat, output);
    } catch (error) {
      throw commandErrorButPath(error);
    }
  },
};

async function membersOfFile(path: string): Promise<string> {
  const { readMembersFile } = await import("../client-config-text.ts");
  try {
    return readMembersFile(path);
  } catch (error) {
    throw new CliError(`Error processing ${path}${explain(path, error)}`);
  }
}

/** The words of the JDK for what the system says. */
function explain(path: string, error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!("errno" in error) || typeof error.errno !== "number") return error.message;
  const words = getSystemErrorMessage(error.errno);
  return `${path} (${words.charAt(0).toUpperCase()}${words.slice(1)})`;
}

export const version: Command = {
  name: "version",
  usage: "",
  async run(words, { output }) {
    if (parseCommandLine({ options: [] }, words).args.length > 1) throw new CliError(usageOf(version));
    const { FULL_VERSION } = await import("../../../server/version.ts");
    output.print(`ZooKeeper CLI version: ${FULL_VERSION}`);
  },
};

export const close: Command = {
  name: "close",
  usage: "",
  async run(_words, { client }) {
    await client.close();
  },
};
