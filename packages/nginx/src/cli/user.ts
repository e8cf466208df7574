/** The `user` directive: whom the server becomes after it has opened its sockets and logs. */
import { readFileSync } from "node:fs";

import type { MainConfig } from "../config/model.ts";

/** Whether this process can become somebody else: root, outside a user namespace that knows nobody but root. */
export function canChangeUser(): boolean {
  if (process.getuid?.() !== 0) return false;
  try {
    const [, , count] = readFileSync("/proc/self/uid_map", "latin1").trim().split(/\s+/);
    return readFileSync("/proc/self/uid_map", "latin1").trim().includes("\n") || Number(count) > 1;
  } catch {
    return true;
  }
}

export const USER_IGNORED =
  'the "user" directive makes sense only if the master process runs with super-user privileges, ignored';

/** Throws an Error in nginx's words. Does nothing without a `user` directive or without the privilege. */
export function changeUser(user: MainConfig["user"]): void {
  if (user === undefined || !canChangeUser()) return;
  const group = user.group ?? primaryGroup(user.name);
  if (group === undefined) throw new Error(`getpwnam("${user.name}") failed`);
  try {
    (process as Initgroups).initgroups?.(user.name, group);
    process.setgid?.(group);
    process.setuid?.(user.name);
  } catch (error) {
    const unknownGroup = user.group !== undefined && (error as NodeJS.ErrnoException).code === "ERR_UNKNOWN_CREDENTIAL";
    throw new Error(
      unknownGroup ? `getgrnam("${user.group}") failed` : `setuid(${user.name}) failed: ${(error as Error).message}`,
      { cause: error },
    );
  }
}

/** Node has it on POSIX; its type declarations do not. */
type Initgroups = NodeJS.Process & { initgroups?: (user: string, extraGroup: string | number) => void };

function primaryGroup(name: string): number | undefined {
  for (const line of readFileSync("/etc/passwd", "latin1").split("\n")) {
    const [entry, , , gid] = line.split(":");
    if (entry === name && gid !== undefined) return Number(gid);
  }
  return undefined;
}
