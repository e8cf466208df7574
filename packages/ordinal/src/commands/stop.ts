import { homeDirectory, homePaths, isRunning, processStart, readState } from "@ordinal/kubernetes/lab-home";

import { parse, text } from "../arguments.ts";
import { CommandError } from "../usage.ts";

/** Longer than the lab's own bound for ending its pods. */
const STOP_TIMEOUT_MS = 45_000;
const POLL_MS = 20;

export async function run(args: readonly string[]): Promise<number> {
  const home = homePaths(homeDirectory(text(parse(args), "home")));
  const state = readState(home);
  if (!isRunning(state)) {
    process.stdout.write(`No lab is running in ${home.directory}.\n`);
    return 0;
  }
  try {
    process.kill(state.pid, "SIGTERM");
  } catch (error) {
    throw new CommandError(
      `Cannot stop the lab (process ${state.pid}): ${(error as NodeJS.ErrnoException).code === "EPERM" ? "it belongs to another user" : String(error)}.`,
    );
  }
  const deadline = Date.now() + STOP_TIMEOUT_MS;
  while (processStart(state.pid) === state.pidStart) {
    if (Date.now() > deadline)
      throw new CommandError(
        `The lab (process ${state.pid}) still runs after ${STOP_TIMEOUT_MS / 1000} s. \`kill -9 ${state.pid}\` ends it; no acknowledged write is lost.`,
      );
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  process.stdout.write(`The lab in ${home.directory} has stopped. Its objects and volumes are kept.\n`);
  return 0;
}
