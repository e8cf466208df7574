import { existsSync } from "node:fs";

import { homeDirectory, homePaths } from "@ordinal/kubernetes/lab-home";

import { parse, text } from "../arguments.ts";
import { CommandError } from "../usage.ts";

export async function run(args: readonly string[]): Promise<number> {
  const home = homePaths(homeDirectory(text(parse(args), "home")));
  if (!existsSync(home.kubeconfig))
    throw new CommandError(`No lab was started in ${home.directory} yet: \`ordinal start\` writes the kubeconfig.`);
  process.stdout.write(`${home.kubeconfig}\n`);
  return 0;
}
