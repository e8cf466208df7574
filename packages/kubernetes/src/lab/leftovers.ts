import { rmSync } from "node:fs";

import { sweepLeftovers } from "../runtime/index.ts";
import { type Home, type LabState, processStart } from "./home.ts";
import { LabError } from "./lab-error.ts";

/** The kernel ends a killed lab's pods within milliseconds; a machine out of memory may take longer. */
const AGENT_END_TIMEOUT_MS = 10_000;
const POLL_MS = 5;

/**
 * Makes sure that nothing of the home's last lab lives before a new one starts pods: two processes for one ordinal would write the
 * same volume. The agent of a killed lab ends by itself; what still lives after a moment is ended here, by its recorded identity.
 */
export async function endLeftovers(home: Home, previous: LabState | undefined): Promise<void> {
  const pid = previous?.agentPid;
  if (pid !== undefined && previous?.agentPidStart !== undefined && previous.agentPidStart !== "") {
    const deadline = Date.now() + AGENT_END_TIMEOUT_MS;
    let killed = false;
    while (processStart(pid) === previous.agentPidStart) {
      if (Date.now() > deadline)
        throw new LabError(
          `The agent of this home's last lab (process ${pid}) does not end. End it (\`kill -9 ${pid}\`), then start again.`,
        );
      if (!killed && Date.now() > deadline - AGENT_END_TIMEOUT_MS / 2) {
        process.kill(pid, "SIGKILL");
        killed = true;
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
  await sweepLeftovers(home.directory);
  rmSync(home.forwards, { force: true });
}
