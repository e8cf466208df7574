import { usageOf, type Command } from "./command.ts";
import type { Output } from "./output.ts";

type Load = () => Promise<Command>;

/** A command's file is read when the command is used, so that one command starts quickly; the usage has to know all. */
const COMMANDS: ReadonlyMap<string, Load> = new Map<string, Load>([
  ["addWatch", async () => (await import("./commands/watches.ts")).addWatch],
  ["addauth", async () => (await import("./commands/access.ts")).addAuth],
  ["close", async () => (await import("./commands/ensemble.ts")).close],
  ["config", async () => (await import("./commands/ensemble.ts")).config],
  ["create", async () => (await import("./commands/nodes.ts")).create],
  ["delete", async () => (await import("./commands/nodes.ts")).deleteNode],
  ["deleteall", async () => (await import("./commands/nodes.ts")).deleteAll],
  ["delquota", async () => (await import("./commands/quotas.ts")).deleteQuota],
  ["get", async () => (await import("./commands/reads.ts")).get],
  ["getAcl", async () => (await import("./commands/access.ts")).getAcl],
  ["getAllChildrenNumber", async () => (await import("./commands/reads.ts")).getAllChildrenNumber],
  ["getEphemerals", async () => (await import("./commands/reads.ts")).getEphemerals],
  ["listquota", async () => (await import("./commands/quotas.ts")).listQuota],
  ["ls", async () => (await import("./commands/reads.ts")).ls],
  ["reconfig", async () => (await import("./commands/ensemble.ts")).reconfig],
  ["removewatches", async () => (await import("./commands/watches.ts")).removeWatches],
  ["set", async () => (await import("./commands/nodes.ts")).set],
  ["setAcl", async () => (await import("./commands/access.ts")).setAcl],
  ["setquota", async () => (await import("./commands/quotas.ts")).setQuota],
  ["stat", async () => (await import("./commands/reads.ts")).stat],
  ["sync", async () => (await import("./commands/reads.ts")).sync],
  ["version", async () => (await import("./commands/ensemble.ts")).version],
  ["whoami", async () => (await import("./commands/access.ts")).whoAmI],
]);

/** What the shell does itself, and its usage. Source: the static part of ZooKeeperMain. */
const SHELL_COMMANDS: ReadonlyMap<string, string> = new Map([
  ["connect", "host:port"],
  ["history", ""],
  ["printwatches", "on|off"],
  ["quit", ""],
  ["redo", "cmdno"],
]);

/** Every command by name, in the order of the usage. */
export const COMMAND_NAMES: readonly string[] = [...COMMANDS.keys(), ...SHELL_COMMANDS.keys()].sort();

export function isCommand(name: string): boolean {
  return COMMANDS.has(name) || SHELL_COMMANDS.has(name);
}

/** The command to run, or undefined for one of the shell's own. */
export async function loadCommand(name: string): Promise<Command | undefined> {
  return await COMMANDS.get(name)?.();
}

/** Source: ZooKeeperMain.usage. */
export async function printUsage(output: Output): Promise<void> {
  output.printError("ZooKeeper -server host:port -client-configuration properties-file cmd args");
  for (const name of COMMAND_NAMES) {
    const usage = SHELL_COMMANDS.get(name);
    const command = usage === undefined ? await loadCommand(name) : { name, usage };
    if (command !== undefined) output.printError(`\t${usageOf(command)}`);
  }
}
