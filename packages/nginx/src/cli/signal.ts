/** `-s`: a signal to the server whose pid file the configuration names (src/os/unix/ngx_process.c, ngx_os_signal_process). */
import { readFileSync } from "node:fs";

import { describeErrno } from "../static/errno.ts";
import { errorCode } from "../static/file-cache.ts";
import type { CliOptions } from "./options.ts";

const SIGNALS = { stop: "SIGTERM", quit: "SIGQUIT", reopen: "SIGUSR1", reload: "SIGHUP" } as const;
const NUMBERS = { SIGTERM: 15, SIGQUIT: 3, SIGUSR1: 10, SIGHUP: 1 } as const;

/** Undefined when the signal was sent, else what the command says. */
export function sendSignal(
  name: NonNullable<CliOptions["signal"]>,
  pidPath: string,
  systemPath: string,
): string | undefined {
  let text: string;
  try {
    text = readFileSync(Buffer.from(systemPath, "latin1"), "latin1");
  } catch (error) {
    return `[error] open() "${pidPath}" failed (${describeErrno(errorCode(error))})`;
  }
  const digits = text.replace(/[\r\n]+$/, "");
  if (!/^\d+$/.test(digits) || Number(digits) === 0) return `[error] invalid PID number "${digits}" in "${pidPath}"`;
  const signal = SIGNALS[name];
  try {
    process.kill(Number(digits), signal);
    return undefined;
  } catch (error) {
    return `[alert] kill(${digits}, ${NUMBERS[signal]}) failed (${describeErrno(errorCode(error))})`;
  }
}
