import { constants } from "node:os";

import type { ContainerExit } from "./pod-runtime.ts";

/** How a process ended, in the words of a shell: 128 + the signal's number when one ended it. */
export function exitStatus(code: number | null, signal: NodeJS.Signals | number | null | undefined): ContainerExit {
  const number = typeof signal === "string" ? constants.signals[signal] : (signal ?? 0);
  if (number > 0) return { exitCode: 128 + number, signal: number };
  return { exitCode: code ?? 255 };
}
