import { existsSync } from "node:fs";

import { emptyHome, homeDirectory, homePaths, isRunning, readState } from "@ordinal/kubernetes/lab-home";

import { flag, parse, text } from "../arguments.ts";
import { CommandError } from "../usage.ts";

export async function run(args: readonly string[]): Promise<number> {
  const parsed = parse(args, { yes: { type: "boolean" } });
  const home = homePaths(homeDirectory(text(parsed, "home")));
  if (isRunning(readState(home)))
    throw new CommandError(`The lab in ${home.directory} is running. \`ordinal stop\` first.`);
  if (!existsSync(home.directory)) {
    process.stdout.write(`There is no lab in ${home.directory}.\n`);
    return 0;
  }
  if (!existsSync(home.store))
    throw new CommandError(`${home.directory} is not the home of a lab; nothing was deleted.`);
  if (!flag(parsed, "yes"))
    throw new CommandError(
      `This deletes every object, volume and log in ${home.directory}. Say \`ordinal reset --yes\` to do it.`,
    );
  emptyHome(home);
  process.stdout.write(`${home.directory} is empty again.\n`);
  return 0;
}
