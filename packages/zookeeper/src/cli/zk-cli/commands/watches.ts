import { WatcherType } from "../../../client/client-watches.ts";
import { AddWatchMode } from "../../../client/zookeeper-client.ts";
import { CliError, commandError, commandErrorButPath } from "../cli-error.ts";
import { parseCommandLine } from "../command-line.ts";
import { usageOf, type Command } from "../command.ts";

// Sources: AddWatchCommand, RemoveWatchesCommand of org.apache.zookeeper.cli.

const ADD_OPTIONS = { options: [{ name: "m", hasValue: true, description: "" }] };
const MODES: ReadonlyMap<string, number> = new Map([
  ["PERSISTENT", AddWatchMode.persistent],
  ["PERSISTENT_RECURSIVE", AddWatchMode.persistentRecursive],
]);

export const addWatch: Command = {
  name: "addWatch",
  usage:
    "[-m mode] path # optional mode is one of [PERSISTENT, PERSISTENT_RECURSIVE] - default is PERSISTENT_RECURSIVE",
  async run(words, { client }) {
    const line = parseCommandLine(ADD_OPTIONS, words);
    const [, path, extra] = line.args;
    // The original keeps the mode of the last -m for later commands of the shell, against its own words; here its words hold.
    const mode = line.has("m") ? MODES.get((line.value("m") ?? "").toUpperCase()) : AddWatchMode.persistentRecursive;
    if (path === undefined || extra !== undefined || mode === undefined) throw new CliError(usageOf(addWatch));
    try {
      await client.addWatch(path, mode);
    } catch (error) {
      throw commandErrorButPath(error);
    }
  },
};

/** In the order in which the original looks for them. */
const TYPES: readonly { name: string; type: WatcherType; description: string }[] = [
  { name: "c", type: WatcherType.children, description: "child watcher type" },
  { name: "d", type: WatcherType.data, description: "data watcher type" },
  // From 3.9 on.
  { name: "p", type: WatcherType.persistent, description: "persistent watcher type" },
  { name: "r", type: WatcherType.persistentRecursive, description: "persistent recursive watcher type" },
  { name: "a", type: WatcherType.any, description: "any watcher type" },
];
const REMOVE_OPTIONS = {
  options: [...TYPES, { name: "l", description: "remove locally when there is no server connection" }],
};

export const removeWatches: Command = {
  name: "removewatches",
  usage: "path [-c|-d|-a] [-l]",
  async run(words, { client }) {
    const line = parseCommandLine(REMOVE_OPTIONS, words);
    const [, path] = line.args;
    if (path === undefined) throw new CliError(usageOf(removeWatches));
    const type = TYPES.find(({ name }) => line.has(name))?.type ?? WatcherType.any;
    try {
      await client.removeAllWatches(path, type, line.has("l"));
    } catch (error) {
      throw commandError(error);
    }
  },
};
