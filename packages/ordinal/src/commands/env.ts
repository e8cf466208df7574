import { homeDirectory, homePaths, isRunning, readState } from "@ordinal/kubernetes/lab-home";

import { parse, text } from "../arguments.ts";
import { CommandError } from "../usage.ts";

export async function run(args: readonly string[]): Promise<number> {
  const home = homePaths(homeDirectory(text(parse(args), "home")));
  const state = readState(home);
  if (!isRunning(state))
    throw new CommandError(`No lab is running in ${home.directory}. Start one with \`ordinal start\`.`);
  const lines = {
    ORDINAL_HOME: home.directory,
    KUBECONFIG: home.kubeconfig,
    ORDINAL_API: `https://127.0.0.1:${state.apiPort}`,
    ORDINAL_DNS: `127.0.0.1:${state.dnsPort}`,
  };
  for (const [name, value] of Object.entries(lines)) process.stdout.write(`export ${name}=${quote(value)}\n`);
  return 0;
}

/** For a POSIX shell: homes may hold spaces and quotes. */
function quote(value: string): string {
  return /^[\w./:@-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}
