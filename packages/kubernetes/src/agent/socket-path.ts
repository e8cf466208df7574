import { existsSync, openSync } from "node:fs";
import { join } from "node:path";

/**
 * A path for a Unix socket in `directory` that fits into the 107 bytes a socket's address has, however long the folder's own
 * path is: through a descriptor of the folder, kept open as long as the process lives.
 */
export function socketPath(directory: string, name: string): string {
  if (!existsSync("/proc/self/fd")) return join(directory, name);
  return `/proc/self/fd/${openSync(directory, "r")}/${name}`;
}

/** The agent's socket for exec, attach, logs and port-forward; and the lab's, behind which its API is. */
export const AGENT_SOCKET = "agent.sock";
export const API_SOCKET = "api.sock";
