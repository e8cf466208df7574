import type { ZooKeeperClient } from "../../client/zookeeper-client.ts";
import type { Output } from "./output.ts";

/** What a command works with. */
export interface CommandContext {
  readonly client: ZooKeeperClient;
  readonly output: Output;
}

/** One command of the shell, by the file of its topic. */
export interface Command {
  readonly name: string;
  /** What follows the name in the usage; words of the original 3.8.0. */
  readonly usage: string;
  /** @param words the name first; throws `CliError` or `UncaughtError` */
  run(words: readonly string[], context: CommandContext): Promise<void>;
}

export function usageOf({ name, usage }: Pick<Command, "name" | "usage">): string {
  return `${name} ${usage}`;
}
